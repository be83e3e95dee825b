"""liveportrait edit: one picture with another expression."""

from __future__ import annotations

import argparse
import json

import torch

from ..animation.render import render
from ..command_options import ModelOptions, ReportOptions
from ..config.arguments import from_arguments
from ..config.fields import values_of
from ..errors import MediaError
from ..media.atomic import check_output
from ..media.images import IMAGE_SUFFIXES, write_image
from ..options import AnimateOptions, Edit
from ..pipeline import prepare
from .inputs import Picture, frames_of, holds_alpha, open_source
from .runtime import load


def run(args: argparse.Namespace) -> int:
    """Edit, and say where the result is."""
    picture = open_source(args.picture)
    if not isinstance(picture, Picture):
        raise MediaError(
            f"{args.picture} is a video; one picture is expected. Take a frame of it, or move it "
            "with 'liveportrait animate'."
        )
    check_output(args.output, args.picture, suffixes=IMAGE_SUFFIXES)
    edit = from_arguments(Edit, args)
    keeps_alpha = holds_alpha(args.output)
    with torch.inference_mode():
        animation = prepare(
            load(from_arguments(ModelOptions, args)),
            frames_of(picture, keep_alpha=keeps_alpha),
            edit,
            from_arguments(AnimateOptions, args),
        )
        result = next(render(animation)).picture
    fits = picture.alpha is not None and picture.alpha.shape == result.shape[:2]
    write_image(args.output, result, picture.alpha if fits and keeps_alpha else None)
    if from_arguments(ReportOptions, args).json:
        summary = {
            "output": str(args.output),
            "width": result.shape[1],
            "height": result.shape[0],
            "sliders": values_of(edit.sliders),
            "model": animation.model.origin,
            "warnings": args.warnings.texts,
        }
        print(json.dumps(summary, indent=2))
    else:
        print(f"{args.output}: {result.shape[1]} x {result.shape[0]}")
    return 0
