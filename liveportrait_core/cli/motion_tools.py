"""liveportrait motion: timeline, layer, join, change, compare."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..command_options import TimelineFileOptions
from ..config.arguments import from_arguments
from ..constants import COMPACT_SPACE
from ..media.atomic import check_output
from ..media.images import IMAGE_SUFFIXES, write_image
from ..media.motion_file import MOTION_SUFFIXES, load_motion
from ..media.timeline_file import load_timeline
from ..motion.change import change_motion
from ..motion.layers import layer_motions
from ..motion.sequence import join_motions
from ..motion.timeline_motion import check_played, motion_of_timeline
from ..motion.tool_options import ChangeOptions, JoinOptions, LayerOptions
from ..networks.phonemes import SAMPLE_RATE_HZ
from ..viz.motion_plot import plot_motions
from .inputs import open_speech
from .saved_motion import save_and_tell


def run(args: argparse.Namespace) -> int:
    """The action that was named."""
    actions = {
        "timeline": _timeline,
        "layer": _layer,
        "join": _join,
        "change": _change,
        "compare": _compare,
    }
    actions[args.action](args)
    return 0


def _timeline(args: argparse.Namespace) -> None:
    _check_output(args, args.text, *args.files)
    options = from_arguments(TimelineFileOptions, args)
    timeline = load_timeline(args.text)
    check_played(timeline, len(args.files), f"Name more motion files behind {args.text}")
    motions = [load_motion(file) for file in args.files]
    beneath = motions[0].space if motions else COMPACT_SPACE
    shape_map = shipped_blendshape_map(options.space or beneath)
    sound_s = None
    if options.sound is not None:
        sound_s = len(open_speech(options.sound).sound) / SAMPLE_RATE_HZ
    save_and_tell(motion_of_timeline(timeline, shape_map, motions, sound_s=sound_s), args)


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
