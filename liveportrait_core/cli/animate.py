"""liveportrait animate: a picture or video moved as a driver moves."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch

from ..animation.animation import Animation
from ..animation.render import RenderedFrame, render
from ..command_options import ModelOptions, OutputOptions, ReportOptions
from ..config.arguments import from_arguments
from ..errors import MediaError
from ..imaging.tensors import Pixels
from ..media.clips import limited_pixels
from ..media.images import IMAGE_SUFFIXES, is_image, write_image
from ..media.video import VideoReader, VideoWriter
from ..media.video_writer import WRITABLE_SUFFIXES
from ..motion.types import Motion
from ..options import AnimateOptions
from ..pipeline import prepare
from .inputs import (
    Picture,
    check_output,
    frames_of,
    holds_alpha,
    open_driving,
    open_source,
)
from .panels import Panels
from .progress import ProgressBar
from .runtime import load
from .sound import sound_path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a command line says, and its files opened."""

    options: AnimateOptions
    written: OutputOptions
    model: ModelOptions
    report: ReportOptions
    source: Picture | VideoReader
    driving: Picture | VideoReader | Motion
    output: Path
    audio_path: Path | None

    @property
    def one_frame(self) -> bool:
        """True when one picture comes out."""
        driving = self.driving
        one = len(driving) == 1 if isinstance(driving, Motion) else isinstance(driving, Picture)
        return isinstance(self.source, Picture) and one


def run(args: argparse.Namespace) -> int:
    """Animate, and say where the result is."""
    start = time.monotonic()
    job = _open(args)
    with torch.inference_mode():
        model = load(job.model)
        with ProgressBar("Reading  ", shown=job.report.progress) as bar:
            animation = prepare(
                model,
                frames_of(job.source, keep_alpha=holds_alpha(job.output)),
                job.driving if isinstance(job.driving, Motion) else frames_of(job.driving),
                job.options,
                progress=bar,
            )
        states = _write(animation, job)
    _report(args, job, animation, states, time.monotonic() - start)
    return 0


def _open(args: argparse.Namespace) -> _Job:
    """The inputs opened and the output checked, before anything slow."""
    options, written = from_arguments(AnimateOptions, args), from_arguments(OutputOptions, args)
    source = open_source(args.source)
    driving = open_driving(args.driving)
    output = args.output or Path(f"{args.source.stem}--{args.driving.stem}.mp4")
    suffixes = {*WRITABLE_SUFFIXES, *IMAGE_SUFFIXES}
    check_output(output, args.source, args.driving, suffixes=suffixes)
    job = _Job(
        options=options,
        written=written,
        model=from_arguments(ModelOptions, args),
        report=from_arguments(ReportOptions, args),
        source=source,
        driving=driving,
        output=output,
        audio_path=sound_path(
            written.audio,
            {"driving": driving, "source": source},
            {"driving": args.driving, "source": args.source},
        ),
    )
    if is_image(output) and not job.one_frame:
        raise MediaError(
            f"The output {output} is a picture, but the result has many frames. Name it .mp4."
        )
    return job


def _write(animation: Animation, job: _Job) -> Counter[str]:
    """Render and write every frame; gives how many there were of each state."""
    states: Counter[str] = Counter()
    panels = Panels(animation, job.driving) if job.written.side_by_side else None
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar("Rendering", shown=job.report.progress))
        frames = _pictures(render(animation, bar), panels, states)
        if is_image(job.output):
            _write_picture(next(frames), job)
            return states
        crf, audio_path = job.written.crf, job.audio_path
        writer = VideoWriter(job.output, animation.fps, crf=crf, audio_path=audio_path)
        stack.enter_context(writer)
        for frame in frames:
            writer.write(frame)
    return states


def _pictures(
    frames: Iterator[RenderedFrame], panels: Panels | None, states: Counter[str]
) -> Iterator[Pixels]:
    for frame in frames:
        states[frame.state] += 1
        yield panels.row(frame) if panels is not None else frame.picture


def _write_picture(picture: Pixels, job: _Job) -> None:
    assert isinstance(job.source, Picture)
    alpha = job.source.alpha
    if alpha is not None and job.options.driving.published:
        alpha = limited_pixels(alpha)
    fits = alpha is not None and alpha.shape == picture.shape[:2] and not job.written.side_by_side
    write_image(job.output, picture, alpha if fits and holds_alpha(job.output) else None)


def _report(
    args: argparse.Namespace,
    job: _Job,
    animation: Animation,
    states: Counter[str],
    seconds: float,
) -> None:
    frames = len(animation)
    if not job.report.json:
        rate = "" if is_image(job.output) else f" at {float(animation.fps):g} frames/s"
        plural = "s" if frames > 1 else ""
        print(f"{job.output}: {frames} frame{plural}{rate}, made in {seconds:.1f} s")
        return
    summary = {
        "output": str(job.output),
        "frames": frames,
        "fps": _ratio(animation.fps),
        "source": {"path": str(args.source), "frames": len(animation.read)},
        "driving": {"path": str(args.driving), "frames": len(animation.driving)},
        "frame_states": dict(states),
        "audio": str(job.audio_path) if job.audio_path else None,
        "model": {"preset": animation.model.preset.name, "origin": animation.model.origin},
        "device": str(animation.model.device),
        "dtype": job.model.dtype,
        "seconds": round(seconds, 3),
        "warnings": args.warnings.messages,
    }
    print(json.dumps(summary, indent=2))


def _ratio(fps: Fraction) -> str:
    return f"{fps.numerator}/{fps.denominator}"
