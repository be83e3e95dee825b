"""liveportrait motion: layer, join, change, compare."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..config.arguments import from_arguments
from ..media.atomic import check_output
from ..media.images import IMAGE_SUFFIXES, write_image
from ..media.motion_file import MOTION_SUFFIXES, load_motion
from ..motion.change import change_motion
from ..motion.layers import layer_motions
from ..motion.sequence import join_motions
from ..motion.tool_options import ChangeOptions, JoinOptions, LayerOptions
from ..viz.motion_plot import plot_motions
from .saved_motion import save_and_tell


def run(args: argparse.Namespace) -> int:
    """The action that was named."""
    actions = {"layer": _layer, "join": _join, "change": _change, "compare": _compare}
    actions[args.action](args)
    return 0


def _layer(args: argparse.Namespace) -> None:
    _check_output(args, args.base, args.over)
    options = from_arguments(LayerOptions, args)
    made = layer_motions(load_motion(args.base), load_motion(args.over), options)
    save_and_tell(made, args)


def _join(args: argparse.Namespace) -> None:
    _check_output(args, *args.files)
    options = from_arguments(JoinOptions, args)
    motions = [load_motion(file) for file in args.files]
    save_and_tell(join_motions(motions, options.blend_frames), args)


def _change(args: argparse.Namespace) -> None:
    _check_output(args, args.file)
    options = from_arguments(ChangeOptions, args)
    save_and_tell(change_motion(load_motion(args.file), options), args)


def _check_output(args: argparse.Namespace, *inputs: Path) -> None:
    check_output(args.output, *inputs, suffixes=MOTION_SUFFIXES)


def _compare(args: argparse.Namespace) -> None:
    check_output(args.output, *args.files, suffixes=IMAGE_SUFFIXES)
    named = {
        file.name if args.files.count(file) == 1 else f"{file.name} ({number})": load_motion(file)
        for number, file in enumerate(args.files, 1)
    }
    picture = plot_motions(named)
    write_image(args.output, picture)
    print(f"{args.output}: {picture.shape[1]} x {picture.shape[0]}")
