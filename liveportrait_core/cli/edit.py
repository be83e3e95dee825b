"""liveportrait edit: one picture with another expression."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction

import torch

from ..animation.edit import edit_keypoints
from ..animation.read import read_source
from ..animation.readers import FaceChoice, FaceReaders
from ..command_options import ModelOptions, ReportOptions
from ..errors import MediaError
from ..media.clips import Frames
from ..media.images import IMAGE_SUFFIXES, write_image
from ..option_arguments import from_arguments
from ..option_fields import values_of
from ..options import AnimateOptions, Edit
from ..pipeline import Animation
from .animate import ALPHA_SUFFIXES
from .inputs import Picture, check_output, open_source
from .runtime import load


def run(args: argparse.Namespace) -> int:
    """Edit, and say where the result is."""
    picture = open_source(args.picture)
    if not isinstance(picture, Picture):
        raise MediaError(
            f"{args.picture} is a video, and one picture was wanted. Take a frame of it, or move "
            "it with 'liveportrait animate'."
        )
    check_output(args.output, args.picture, suffixes=IMAGE_SUFFIXES)
    edit = from_arguments(Edit, args)
    keeps_alpha = args.output.suffix.lower() in ALPHA_SUFFIXES
    rgb = picture.rgb if keeps_alpha else picture.on_white()
    with torch.inference_mode():
        animation = _edited(args, Frames((rgb,)), edit)
        result = next(animation.render()).picture
    fits = picture.alpha is not None and picture.alpha.shape == result.shape[:2]
    write_image(args.output, result, picture.alpha if fits and keeps_alpha else None)
    if from_arguments(ReportOptions, args).json:
        summary = {
            "output": str(args.output),
            "width": result.shape[1],
            "height": result.shape[0],
            "sliders": values_of(edit.sliders),
            "model": animation.model.origin,
            "warnings": args.warnings.messages,
        }
        print(json.dumps(summary, indent=2))
    else:
        print(f"{args.output}: {result.shape[1]} x {result.shape[0]}")
    return 0


def _edited(args: argparse.Namespace, frames: Frames, edit: Edit) -> Animation:
    options = from_arguments(AnimateOptions, args)
    model = load(from_arguments(ModelOptions, args))
    choice = FaceChoice(
        role="source",
        box=options.source_face.box,
        already_cropped=bool(options.source_framing.already_cropped),
        face_index=options.source_face.index,
        is_still=True,
    )
    reader = FaceReaders(model, options.face_models).reader(choice)
    read = read_source(model, frames, reader, options.source_framing)
    keypoints = edit_keypoints(
        model,
        read.motion,
        edit.sliders,
        eyes_open=edit.eyes_open,
        lip_open=edit.lip_open,
        stitched=edit.stitch,
    )
    return Animation(
        model=model,
        source=frames,
        is_video=False,
        read=read,
        keypoints=keypoints,
        driving=read.motion,
        driving_read=None,
        options=options,
        fps=Fraction(25),
    )
