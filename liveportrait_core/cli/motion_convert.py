"""liveportrait motion convert: formats, keypoint spaces, face capture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..command_options import ConvertOptions, ReportOptions
from ..config.arguments import from_arguments
from ..config.fields import values_of
from ..constants import COMPACT_SPACE
from ..errors import MediaError, MotionSpaceError, about, counted
from ..media.atomic import check_output
from ..media.blendshape_file import is_capture, load_blendshapes, save_blendshapes
from ..media.blendshape_map_file import load_blendshape_map
from ..media.motion_file import MOTION_SUFFIXES, check_writable, load_motion
from ..media.motion_import import refuse_options
from ..motion.blendshape_map import BlendshapeMap, blendshapes_of_motion, motion_of_blendshapes
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshape_tools import retime_blendshapes
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.conversion import convert_motion
from ..motion.edit import retime
from ..motion.types import Motion
from .saved_motion import save_and_tell

CAPTURE_OUT: Final = ".csv"


def run(args: argparse.Namespace) -> int:
    """Read, convert, write, and say what was lost."""
    check_output(args.output, args.file, suffixes=(*MOTION_SUFFIXES, CAPTURE_OUT))
    options = from_arguments(ConvertOptions, args)
    _check_space(options, args.file, args.output)
    content = _read(args.file, options)
    if Path(args.output).suffix.lower() == CAPTURE_OUT:
        _save_capture(content, options, args)
    else:
        _save_motion(content, options, args)
    return 0


def _check_space(options: ConvertOptions, file: Path, output: Path) -> None:
    """Refuse a keypoint space that the output cannot hold, before anything is read."""
    if output.suffix.lower() == CAPTURE_OUT:
        if options.to is not None:
            with about("to"):
                raise MotionSpaceError(
                    f"--to is {options.to}, and {output} holds blendshapes, which have no keypoint "
                    "space. Leave --to out, or name a motion file."
                )
        return
    if options.to is not None or is_capture(file):
        check_writable(options.to or COMPACT_SPACE, output)


def _read(file: Path, options: ConvertOptions) -> Motion | Blendshapes:
    _refuse_idle_options(options, file)
    if is_capture(file):
        shapes = load_blendshapes(file, options.capture)
        return shapes if options.fps is None else retime_blendshapes(shapes, options.fps)
    motion = load_motion(file, options.reading, space=options.space)
    return motion if options.fps is None else retime(motion, options.fps)


def _refuse_idle_options(options: ConvertOptions, file: Path) -> None:
    """Refuse options that a file of this kind has no use for."""
    if is_capture(file):
        refuse_options(options.reading, str(file))
        idle = {"space": options.space is not None}
        kinds = ("face capture", "motion files")
    else:
        usual, given = values_of(CaptureOptions()), values_of(options.capture)
        idle = {name: given[name] != usual[name] for name in usual}
        kinds = ("a motion file", "files of face capture")
    for name in (name for name, is_given in idle.items() if is_given):
        with about(name):
            raise MediaError(
                f"{file} is {kinds[0]}, and --{name.replace('_', '-')} is given, which only "
                f"{kinds[1]} need. Leave it out."
            )


def _save_motion(
    content: Motion | Blendshapes, options: ConvertOptions, args: argparse.Namespace
) -> None:
    if isinstance(content, Blendshapes):
        motion = motion_of_blendshapes(content, _map_of(options.to or COMPACT_SPACE, options))
        losses = _not_shown(content, motion.space, options)
        save_and_tell(motion, args, losses=losses, program=options.program)
        return
    if options.to is None or options.to == content.space:
        save_and_tell(content, args, program=options.program)
        return
    maps = (_map_of(space, options) for space in (content.space, options.to))
    converted = convert_motion(content, *maps)
    loss = (
        f"{converted.lost:.0%} of the expression's movement is lost: the 52 blendshapes do not "
        f"carry it from {content.space} to {options.to}."
    )
    save_and_tell(converted.motion, args, losses=[loss], program=options.program)


def _save_capture(
    content: Motion | Blendshapes, options: ConvertOptions, args: argparse.Namespace
) -> None:
    losses: list[str] = []
    if isinstance(content, Motion):
        shape_map = _map_of(content.space, options)
        converted = convert_motion(content, shape_map, shape_map)
        content = blendshapes_of_motion(content, shape_map)
        losses.append(
            f"{converted.lost:.0%} of the expression's movement is lost: the 52 blendshapes do not "
            "carry it."
        )
    if unknown := [name for name in ARKIT_SHAPES if name not in content.known]:
        losses.append(f"Not known, written as 0: {', '.join(unknown)}.")
    save_blendshapes(content, args.output)
    summary = {"output": str(args.output), "frames": len(content), "fps": str(content.fps)}
    if from_arguments(ReportOptions, args).json:
        known = sorted(content.known)
        warnings = args.warnings.texts
        print(json.dumps({**summary, "known": known, "losses": losses, "warnings": warnings}))
        return
    frames, shapes = counted(len(content), "frame"), counted(len(content.known), "shape")
    print("\n  ".join([f"{args.output}: {frames} of {shapes}", *losses]))


def _not_shown(shapes: Blendshapes, space: str, options: ConvertOptions) -> list[str]:
    """A sentence that names shapes that move and that the keypoints do not show."""
    lacking = sorted(
        name
        for name in shapes.known - _map_of(space, options).shown
        if bool(shapes.shape(name).any())
    )
    return [f"Not shown by {space}: {', '.join(lacking)}."] if lacking else []


def _map_of(space: str, options: ConvertOptions) -> BlendshapeMap:
    """The user's own map where it is of the space, or the one that comes with the library."""
    if options.map is not None:
        own = load_blendshape_map(options.map)
        if own.space == space:
            return own
    return shipped_blendshape_map(space)
