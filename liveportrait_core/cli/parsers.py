"""The commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from .. import __version__
from .arguments import (
    Parser,
    add_face_options,
    add_finder_options,
    add_model_options,
    add_report_options,
    frame_rate,
    number,
    openness,
    whole_number,
)

Subparsers = Any  # argparse's own name for it is private

SLIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "blink": "both eyes: -20 shut, 5 wide",
        "wink": "one eye shut: 0 to 39",
        "eyebrow": "brows: -30 frowning, 30 raised",
        "gaze_x": "-30 to 30; positive looks to the picture's right",
        "gaze_y": "-63 to 63; positive looks up",
        "smile": "-0.3 to 1.3",
        "lip_open": "-90 pressed to 120 wide open",
        "pout": "mouth to one side: -0.09 to 0.09 crop units",
        "purse": "-20 broad to 15 pursed",
        "grin": "teeth: 0 to 15",
        "shift_x": "-0.19 to 0.19 crop units",
        "shift_y": "-0.19 to 0.19 crop units; positive is down",
        "zoom": "multiplies the face's size: 0.9 to 1.2",
        "pitch_deg": "head up and down, -15 to 15 degrees",
        "yaw_deg": "head to the sides, -25 to 25 degrees",
        "roll_deg": "head tilted, -15 to 15 degrees",
    }
)
"""Sliders of `Expression` and what they do."""
SLIDER_OPTIONS: Final = MappingProxyType(
    {
        **{name: f"--{name.replace('_', '-')}" for name in SLIDERS},
        "lip_open": "--mouth",  # --lip-open orders an opening, as in animate
        "pitch_deg": "--pitch",
        "yaw_deg": "--yaw",
        "roll_deg": "--roll",
    }
)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `args.module` names the module that runs it."""
    parser = Parser(prog="liveportrait", description="Animate a portrait from one picture.")
    parser.add_argument("--version", action="version", version=f"liveportrait-suite {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    _add_animate(commands)
    _add_edit(commands)
    _add_motion(commands)
    _add_models(commands)
    doctor = commands.add_parser(
        "doctor",
        help="what is installed, which devices there are, which weights were found",
        description="Tell versions, devices, codecs, and weights with their licences.",
    )
    doctor.add_argument("--json", action="store_true", help="print it as one JSON object")
    doctor.set_defaults(module="doctor", action="doctor")
    return parser


def _add_animate(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "animate",
        help="move a portrait, or a film of one, as a driver moves",
        description="Move the face of SOURCE as the face of DRIVING moves.",
    )
    parser.add_argument("source", metavar="SOURCE", type=Path, help="picture or video to move")
    parser.add_argument(
        "driving",
        metavar="DRIVING",
        type=Path,
        help="picture, video or motion file (.safetensors, .pkl) that shows how",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="video to write (.mp4, .mov, .m4v), or a picture when the result is one frame "
        "(default: SOURCE--DRIVING.mp4 in the current folder)",
    )
    _add_driving_options(parser)
    add_face_options(parser, whose="source")
    add_face_options(parser, whose="driver", prefix="driving-")
    add_finder_options(parser)
    add_model_options(parser)
    _add_output_options(parser)
    add_report_options(parser)
    parser.set_defaults(module="animate", action="animate")


def _add_driving_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("motion")
    group.add_argument(
        "--region",
        choices=("all", "expression", "pose", "lip", "eyes"),
        default="all",
        help="what the driver moves: everything; the face but not the head (expression, lip, "
        "eyes); the head alone (pose) (default: %(default)s)",
    )
    group.add_argument(
        "--motion",
        choices=("relative", "absolute"),
        default="relative",
        help="relative: as much as the driver moved from its reference frame; absolute: exactly "
        "as the driver (default: %(default)s)",
    )
    group.add_argument(
        "--reference",
        type=whole_number(0),
        metavar="N",
        help="driving frame that counts as neutral, from 0 (default: the first, or the motion "
        "file's own)",
    )
    group.add_argument(
        "--driving-option",
        choices=("expression-friendly", "pose-friendly"),
        default="expression-friendly",
        help="animals: carry travel over by the face's size, or not; people: no difference "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--gain",
        type=number,
        default=1.0,
        metavar="FACTOR",
        help="multiplies how far the keypoints travel (default: %(default)s)",
    )
    _add_smoothing_options(group)
    group.add_argument(
        "--stitch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the shoulders in place (default: on)",
    )
    _add_openness_options(group)
    group.add_argument(
        "--compat",
        choices=("none", "published"),
        default="none",
        help="published: do everything as the published LivePortrait does; it makes a source "
        "at most 1280 pixels long, with even sides, and takes a square driver as it is unless "
        "told --driving-box or --no-driving-already-cropped (default: %(default)s)",
    )


def _add_smoothing_options(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--smooth",
        action=argparse.BooleanOptionalAction,
        help="smooth the motion over time (default: when a video drives a video)",
    )
    group.add_argument(
        "--smooth-variance",
        type=number,
        metavar="V",
        help="strength of smoothing, the variance of one observation (default: 3e-7)",
    )


def _add_openness_options(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--eyes-open",
        type=openness,
        metavar="driver|N",
        help="open the eyes as the driver does, or to a number, 0 shut to 0.8 wide "
        "(default: as the motion says)",
    )
    group.add_argument(
        "--lip-open",
        type=openness,
        metavar="driver|N",
        help="open the lip, likewise (default: as the motion says)",
    )
    group.add_argument(
        "--retarget",
        choices=("add", "replace"),
        default="add",
        help="add: --eyes-open and --lip-open on top of the motion; replace: they alone, with "
        "relative motion (default: %(default)s)",
    )
    group.add_argument(
        "--normalize-lip",
        action="store_true",
        help="close the source's lip first; relative motion without --eyes-open and --lip-open",
    )
    group.add_argument(
        "--source-video-eyes",
        action="store_true",
        help="hold a source video's eyes as open as in its first frame",
    )


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--no-paste-back",
        action="store_true",
        help="write the painted face crops instead of whole frames",
    )
    group.add_argument(
        "--side-by-side", action="store_true", help="show driver, source and result in a row"
    )
    group.add_argument(
        "--crf",
        type=whole_number(0),
        default=18,
        help="quality of the video, 0 lossless to 51 worst (default: %(default)s)",
    )
    group.add_argument(
        "--audio",
        choices=("driving", "source", "none"),
        help="whose sound the video gets (default: the driver's if it has any, else the source's)",
    )


def _add_edit(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "edit",
        help="change the expression of one picture with sliders",
        description="Change the face of PICTURE: sliders at 0 (zoom at 1) leave it as it is.",
    )
    parser.add_argument("picture", metavar="PICTURE", type=Path, help="picture to change")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help="picture to write: .png, .jpg, .webp, .bmp, .tif",
    )
    group = parser.add_argument_group("sliders")
    for name, text in SLIDERS.items():
        group.add_argument(SLIDER_OPTIONS[name], dest=name, type=number, metavar="V", help=text)
    group.add_argument(
        "--eyes-open", dest="eyes", type=number, metavar="N", help="opening, 0 shut to 0.8 wide"
    )
    group.add_argument(
        "--lip-open", dest="lip", type=number, metavar="N", help="opening, 0 shut to 0.8 wide"
    )
    group.add_argument(
        "--stitch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the shoulders in place (default: on)",
    )
    parser.add_argument(
        "--no-paste-back",
        action="store_true",
        help="write the painted face crop instead of the whole picture",
    )
    add_face_options(parser, whose="picture")
    add_finder_options(parser)
    add_model_options(parser)
    parser.add_argument(
        "--json", action="store_true", help="print a summary as one JSON object on stdout"
    )
    parser.set_defaults(module="edit", action="edit")


def _add_motion(commands: Subparsers) -> None:
    motion = commands.add_parser("motion", help="take, look at and convert motion files")
    actions = motion.add_subparsers(metavar="ACTION", required=True, dest="motion_action")
    extract = actions.add_parser(
        "extract",
        help="take the motion of a video or picture",
        description="Write the motion of the face in CLIP to a file that can drive a source.",
    )
    extract.add_argument("clip", metavar="CLIP", type=Path, help="video or picture of a face")
    extract.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help="motion file: .safetensors (ours), or .pkl (published template)",
    )
    add_face_options(extract, whose="clip")
    add_finder_options(extract)
    add_model_options(extract)
    add_report_options(extract)
    extract.set_defaults(module="motion", action="extract")

    show = actions.add_parser("info", help="tell what a motion file holds")
    show.add_argument("file", metavar="FILE", type=Path, help="motion file")
    show.add_argument("--json", action="store_true", help="print it as one JSON object")
    show.set_defaults(module="motion", action="info")

    convert = actions.add_parser(
        "convert",
        help="write a motion file in the other format",
        description="Read the motion file IN and write it as OUT; the endings tell the formats.",
    )
    convert.add_argument("file", metavar="IN", type=Path, help=".safetensors or .pkl")
    convert.add_argument("output", metavar="OUT", type=Path, help=".safetensors or .pkl")
    convert.add_argument(
        "--fps", type=frame_rate, help="retime to these frames per second (default: its own)"
    )
    convert.add_argument("--space", help="keypoint space, where the file tells a wrong one")
    convert.add_argument("--json", action="store_true", help="print a summary as JSON")
    convert.set_defaults(module="motion", action="convert")


def _add_models(commands: Subparsers) -> None:
    models = commands.add_parser("models", help="list, check, convert and download weights")
    actions = models.add_subparsers(metavar="ACTION", required=True, dest="models_action")
    listing = actions.add_parser("list", help="files of weights, their makers and licences")
    listing.add_argument("--json", action="store_true", help="print it as one JSON object")
    listing.set_defaults(module="models", action="list")

    check = actions.add_parser("check", help="load models and say whether they are whole")
    check.add_argument(
        "model", metavar="MODEL", nargs="*", help="names or paths (default: default)"
    )
    check.add_argument("--json", action="store_true", help="print it as one JSON object")
    check.set_defaults(module="models", action="check")

    convert = actions.add_parser(
        "convert",
        help="write a model in the other layout, bit for bit",
        description="IN is our file or a published folder, OUT becomes the other one.",
    )
    convert.add_argument("input", metavar="IN", help="a .safetensors file of ours, or a folder")
    convert.add_argument("output", metavar="OUT", type=Path, help="a folder, or .safetensors file")
    convert.set_defaults(module="models", action="convert")

    download = actions.add_parser(
        "download",
        help="fetch published weights; nothing else ever downloads",
        description="Fetch files of weights from where their makers publish them. An interrupted "
        "download goes on where it stopped when the same command is run again.",
    )
    download.add_argument(
        "name",
        metavar="NAME",
        nargs="+",
        help="human, animal, or file names from 'models list'",
    )
    download.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder for them, as models/liveportrait of ComfyUI or pretrained_weights",
    )
    download.add_argument(
        "--layout",
        choices=("comfyui", "published"),
        default="comfyui",
        help="file names and formats: ComfyUI's safetensors, or the published .pth "
        "(default: %(default)s)",
    )
    download.add_argument(
        "--mirror", metavar="URL", help="fetch from here instead, same file names below"
    )
    download.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="a progress bar on stderr (default: when stderr is a terminal)",
    )
    download.set_defaults(module="models", action="download")
