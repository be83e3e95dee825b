"""liveportrait edit: a picture, or every frame of a video, with another expression."""

from __future__ import annotations

import argparse
import json
import logging
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import torch

from ..animation.animation import Animation
from ..animation.render import render
from ..command_options import ModelOptions, OutputOptions, PartOptions, ReportOptions
from ..config.arguments import from_arguments
from ..config.fields import values_of
from ..constants import FRAME_NAME
from ..errors import MediaError, counted
from ..media.atomic import check_output
from ..media.images import IMAGE_SUFFIXES, write_image
from ..media.video import VideoReader
from ..motion.control_tools import changed_controls
from ..motion.expression_options import ExpressionOptions
from ..motion.slider_options import Sliders
from ..options import AnimateOptions, Edit
from ..pipeline import prepare
from .expression import Expression, open_expression
from .inputs import Picture, frames_of, holds_alpha, open_source
from .outputs import Output
from .progress import ProgressBar
from .runtime import load
from .sound import sound_of

_LOG = logging.getLogger(__name__)


def run(args: argparse.Namespace) -> int:
    """Edit, and say where the result is."""
    source = open_source(args.picture, from_arguments(PartOptions, args).source)
    edit, asked = from_arguments(Edit, args), from_arguments(ExpressionOptions, args)
    inputs = [args.picture] if asked.like is None else [args.picture, asked.like]
    if isinstance(source, Picture):
        _check_name(args.output)
        check_output(args.output, *inputs, suffixes=IMAGE_SUFFIXES)
    else:
        output = Output(path=args.output, one_frame=False)
        output.check(OutputOptions(), *inputs, pastes=True)
    expression = open_expression(asked)
    with torch.inference_mode():
        animation = _prepared(args, source, edit, expression)
        if isinstance(source, Picture):
            size = _write_picture(args, source, animation)
        else:
            size = _write_video(args, source, animation)
    _report(args, animation, edit, expression, size)
    return 0


def _check_name(output: Path) -> None:
    """Refuse a folder, which stands for numbered frames, for one picture."""
    if output.name == FRAME_NAME:
        raise MediaError(
            f"The output {output.parent} is a folder, and one picture comes out; the name of a "
            f"picture is expected, as {output.parent / 'edited.png'}."
        )


def _prepared(
    args: argparse.Namespace,
    source: Picture | VideoReader,
    edit: Edit,
    expression: Expression | None,
) -> Animation:
    """The source with the expression, or the sliders alone on a picture as they ever were."""
    report = from_arguments(ReportOptions, args)
    options = from_arguments(AnimateOptions, args)
    model = load(from_arguments(ModelOptions, args))
    frames = frames_of(source, keep_alpha=holds_alpha(args.output))
    if isinstance(source, Picture) and expression is None:
        return prepare(model, frames, edit, options)
    made = expression or Expression()
    if isinstance(source, VideoReader):
        _name_idle(made, edit.sliders)
    held = replace(
        options.driving, eyes_open=edit.eyes_open, lip_open=edit.lip_open, stitch=edit.stitch
    )
    with ProgressBar("Reading  ", shown=report.progress) as bar:
        return prepare(
            model,
            frames,
            made.motion(model, edit.sliders, options),
            replace(options, driving=held),
            progress=bar,
        )


def _name_idle(expression: Expression, sliders: Sliders) -> None:
    """Warn of what a video keeps of its own."""
    if {"shift_x", "shift_y", "zoom"} & changed_controls(expression.controls).keys():
        _LOG.warning("A video keeps its own place and size: shift_x, shift_y and zoom do nothing.")
    if sliders.zoom != 1:
        _LOG.warning("A video keeps its own size: --zoom does nothing.")


def _write_picture(
    args: argparse.Namespace, source: Picture, animation: Animation
) -> tuple[int, int]:
    result = next(render(animation)).picture
    fits = source.alpha is not None and source.alpha.shape == result.shape[:2]
    keeps_alpha = fits and holds_alpha(args.output)
    write_image(args.output, result, source.alpha if keeps_alpha else None)
    return result.shape[1], result.shape[0]


def _write_video(
    args: argparse.Namespace, source: VideoReader, animation: Animation
) -> tuple[int, int]:
    output, written = Output(path=args.output, one_frame=False), OutputOptions()
    sound = sound_of(
        None if output.holds_sound else "none", {"source": source}, {"source": args.picture}
    )
    size = (0, 0)
    with (
        ProgressBar("Rendering", shown=from_arguments(ReportOptions, args).progress) as bar,
        closing(render(animation, bar)) as frames,
        output.writer(
            animation.fps,
            crf=written.crf,
            audio_path=None if sound is None else sound.path,
            audio_start_s=Fraction(0) if sound is None else sound.start_s,
        ) as writer,
    ):
        for frame in frames:
            writer.write(frame.picture, frame.changed)
            size = frame.picture.shape[1], frame.picture.shape[0]
    return size


def _report(
    args: argparse.Namespace,
    animation: Animation,
    edit: Edit,
    expression: Expression | None,
    size: tuple[int, int],
) -> None:
    width, height = size
    is_video = animation.is_video
    if not from_arguments(ReportOptions, args).json:
        frames = f", {counted(len(animation), 'frame')}" if is_video else ""
        print(f"{args.output}: {width} x {height}{frames}")
        return
    summary = {
        "output": str(args.output),
        "width": width,
        "height": height,
        "frames": len(animation),
        "sliders": values_of(edit.sliders),
        "controls": {} if expression is None else changed_controls(expression.controls),
        "model": animation.model.origin,
        "warnings": args.warnings.texts,
    }
    print(json.dumps(summary, indent=2))
