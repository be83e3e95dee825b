"""liveportrait motion: extract, idle, info, convert."""

from __future__ import annotations

import argparse
import json
from typing import Any, Final

import torch
from torch import Tensor

from ..command_options import (
    ConvertOptions,
    IdleFileOptions,
    ModelOptions,
    PartOptions,
    ReportOptions,
)
from ..config.arguments import from_arguments
from ..errors import MediaError, counted
from ..media.atomic import check_output
from ..media.motion_file import (
    MOTION_SUFFIXES,
    check_writable,
    is_motion,
    load_motion,
    save_motion,
)
from ..motion.edit import retime
from ..motion.life import idle_motion
from ..motion.types import Motion
from ..options import AnimateOptions
from ..pipeline import read_motion
from .inputs import frames_of, open_source
from .progress import ProgressBar
from .runtime import load

LABELS: Final = {
    "space": "keypoint space",
    "producer": "made by",
    "reference_frame": "neutral frame",
    "shots": "shots",
    "measured_frames": "frames with a measured face",
    "absent": "channels it lacks",
    "absolute": "absolute channels",
    "canonical": "canonical keypoints",
    "pitch_deg": "pitch, degrees",
    "yaw_deg": "yaw, degrees",
    "roll_deg": "roll, degrees",
    "scale": "scale",
    "translation_x": "translation x, crop units",
    "translation_y": "translation y, crop units",
    "expression": "expression, crop units",
    "eyes_open": "eye opening, height/width",
    "lip_open": "lip opening, height/width",
}
"""What is printed of a motion, by its name in the JSON summary."""


def run(args: argparse.Namespace) -> int:
    """The action that was named."""
    actions = {"extract": _extract, "idle": _idle, "info": _info, "convert": _convert}
    return actions[args.action](args)


def _extract(args: argparse.Namespace) -> int:
    if is_motion(args.clip):
        raise MediaError(
            f"{args.clip} is a motion file already; a video or picture is expected. Use "
            "'liveportrait motion convert' to write it in another format."
        )
    clip = open_source(args.clip, from_arguments(PartOptions, args).source)
    check_output(args.output, args.clip, suffixes=MOTION_SUFFIXES)
    options = from_arguments(AnimateOptions, args)
    shown = from_arguments(ReportOptions, args).progress
    with torch.inference_mode():
        model = load(from_arguments(ModelOptions, args))
        check_writable(model.preset.space, args.output)
        with ProgressBar("Reading", shown=shown) as bar:
            motion = read_motion(model, frames_of(clip), options, progress=bar)
    _save(motion.to("cpu"), args)
    return 0


def _idle(args: argparse.Namespace) -> int:
    check_output(args.output, suffixes=MOTION_SUFFIXES)
    options = from_arguments(IdleFileOptions, args)
    check_writable(options.space, args.output)
    _save(idle_motion(options.space, options.idle, options.fps), args)
    return 0


def _convert(args: argparse.Namespace) -> int:
    check_output(args.output, args.file, suffixes=MOTION_SUFFIXES)
    options = from_arguments(ConvertOptions, args)
    motion = load_motion(args.file, space=options.space)
    if options.fps is not None:
        motion = retime(motion, options.fps)
    _save(motion, args)
    return 0


def _save(motion: Motion, args: argparse.Namespace) -> None:
    losses = save_motion(motion, args.output)
    if from_arguments(ReportOptions, args).json:
        summary = {"output": str(args.output), **describe(motion), "losses": losses}
        print(json.dumps({**summary, "warnings": args.warnings.texts}, indent=2))
        return
    print(f"{args.output}: {_line(motion)}")
    for loss in losses:
        print(f"  {loss}")


def _info(args: argparse.Namespace) -> int:
    motion = load_motion(args.file)
    described = describe(motion)
    if from_arguments(ReportOptions, args).json:
        print(json.dumps({"file": str(args.file), **described}, indent=2))
        return 0
    print(f"{args.file}: {_line(motion)}")
    for name, label in LABELS.items():
        print(f"  {label:28} {_shown(described[name])}")
    return 0


def describe(motion: Motion) -> dict[str, Any]:
    """What a motion holds, as plain values."""
    pose = dict(zip(("pitch_deg", "yaw_deg", "roll_deg"), motion.pose_deg.unbind(1), strict=True))
    measured = len(motion)
    if motion.validity is not None:
        measured = int((motion.validity == 1).sum())
    return {
        "frames": len(motion),
        "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
        "duration_s": round(float(len(motion) / motion.fps), 3),
        "space": motion.space,
        "producer": motion.producer or "not known",
        "reference_frame": motion.reference_frame,
        "shots": len(motion.shot_slices),
        "measured_frames": measured,
        "absent": sorted(motion.absent),
        "absolute": sorted(motion.absolute),
        "canonical": motion.canonical is not None,
        **{name: _range(values) for name, values in pose.items()},
        "scale": _range(motion.scale),
        "translation_x": _range(motion.translation[:, 0]),
        "translation_y": _range(motion.translation[:, 1]),
        "expression": _range(motion.expression),
        "eyes_open": None if motion.eyes_open is None else _range(motion.eyes_open),
        "lip_open": None if motion.lip_open is None else _range(motion.lip_open),
    }


def _range(values: Tensor) -> list[float]:
    return [round(float(values.min()), 4), round(float(values.max()), 4)]


def _line(motion: Motion) -> str:
    seconds = float(len(motion) / motion.fps)
    return f"{counted(len(motion), 'frame')} at {float(motion.fps):g} a second, {seconds:.2f} s"


def _shown(value: object) -> str:
    match value:
        case [float() as low, float() as high]:
            return f"{low:g} to {high:g}"
        case []:
            return "none"
        case None:
            return "not known"
        case list():
            return ", ".join(str(item) for item in value)
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
