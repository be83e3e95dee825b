"""liveportrait motion: extract, idle, speech, info."""

from __future__ import annotations

import argparse
import json
from typing import Final

import torch

from ..command_options import (
    IdleFileOptions,
    ModelOptions,
    PartOptions,
    ReportOptions,
    SpeechFileOptions,
)
from ..config.arguments import from_arguments
from ..errors import MediaError
from ..media.atomic import check_output
from ..media.motion_file import (
    MOTION_SUFFIXES,
    check_writable,
    is_motion,
    load_motion,
)
from ..motion.life import idle_motion
from ..options import AnimateOptions
from ..pipeline import read_motion
from ..speech.features import read_features
from ..speech.joyvasa_file import load_speaker
from ..speech.talking import motion_of_speech
from .inputs import frames_of, open_source, open_speech
from .progress import ProgressBar
from .runtime import load
from .saved_motion import describe, line_of, save_and_tell

LABELS: Final = {
    "space": "keypoint space",
    "producer": "made by",
    "reference_frame": "neutral frame",
    "shots": "shots",
    "measured_frames": "frames with a measured face",
    "absent": "channels it lacks",
    "parts": "parts of the face",
    "absolute": "absolute channels or parts",
    "from_shut_lips": "closes a source's lips first",
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
    actions = {"extract": _extract, "idle": _idle, "speech": _speech, "info": _info}
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
    save_and_tell(motion.to("cpu"), args)
    return 0


def _idle(args: argparse.Namespace) -> int:
    check_output(args.output, suffixes=MOTION_SUFFIXES)
    options = from_arguments(IdleFileOptions, args)
    check_writable(options.space, args.output)
    save_and_tell(idle_motion(options.space, options.idle, options.fps), args)
    return 0


def _speech(args: argparse.Namespace) -> int:
    check_output(args.output, args.sound, suffixes=MOTION_SUFFIXES)
    options = from_arguments(SpeechFileOptions, args)
    check_writable(options.space, args.output)
    sound = open_speech(args.sound).sound
    model = None if options.weights is None else load_speaker(options.weights)
    motion = motion_of_speech(
        sound,
        options.space,
        options.speech,
        fps=options.fps,
        model=model,
        encoder_output=None if options.features is None else read_features(options.features),
    )
    save_and_tell(motion, args)
    return 0


def _info(args: argparse.Namespace) -> int:
    motion = load_motion(args.file)
    described = describe(motion)
    if from_arguments(ReportOptions, args).json:
        print(json.dumps({"file": str(args.file), **described}, indent=2))
        return 0
    print(f"{args.file}: {line_of(motion)}")
    for name, label in LABELS.items():
        print(f"  {label:28} {_shown(described[name])}")
    return 0


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
