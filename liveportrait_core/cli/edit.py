"""liveportrait edit: one picture with another expression."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction

import torch

from ..animation.edit import edit_keypoints
from ..animation.read import read_source
from ..animation.readers import FaceReaders
from ..errors import MediaError
from ..media.clips import Frames
from ..media.images import IMAGE_SUFFIXES, write_image
from ..motion.expression import Expression
from ..options import AnimateOptions
from ..pipeline import Animation
from .animate import ALPHA_SUFFIXES
from .faces import face_choice, framing
from .inputs import Picture, check_output, open_source
from .parsers import SLIDERS
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
    sliders = sliders_of(args)
    keeps_alpha = args.output.suffix.lower() in ALPHA_SUFFIXES
    rgb = picture.rgb if keeps_alpha else picture.on_white()
    with torch.inference_mode():
        animation = _edited(args, Frames((rgb,)), sliders)
        result = next(animation.render()).picture
    fits = picture.alpha is not None and picture.alpha.shape == result.shape[:2]
    write_image(args.output, result, picture.alpha if fits and keeps_alpha else None)
    if args.json:
        summary = {
            "output": str(args.output),
            "width": result.shape[1],
            "height": result.shape[0],
            "sliders": {name: getattr(sliders, name) for name in SLIDERS},
            "model": animation.model.origin,
            "warnings": args.warnings.messages,
        }
        print(json.dumps(summary, indent=2))
    else:
        print(f"{args.output}: {result.shape[1]} x {result.shape[0]}")
    return 0


def sliders_of(args: argparse.Namespace) -> Expression:
    """The sliders that were given; the others stay where they leave the face alone."""
    given = {name: getattr(args, name) for name in SLIDERS}
    return Expression(**{name: value for name, value in given.items() if value is not None})


def _edited(args: argparse.Namespace, frames: Frames, sliders: Expression) -> Animation:
    model = load(args)
    reader = FaceReaders(model, args.face_models).reader(face_choice(args, is_still=True))
    options = AnimateOptions(
        source_framing=framing(args), paste_back=not args.no_paste_back, chunk=args.chunk
    )
    read = read_source(model, frames, reader, options.source_framing)
    keypoints = edit_keypoints(
        model,
        read.motion,
        sliders,
        eyes_open=args.eyes,
        lip_open=args.lip,
        stitched=args.stitch,
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
