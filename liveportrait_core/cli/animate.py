"""liveportrait animate: a picture or video moved as a driver moves."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import torch

from ..animation.animation import Animation
from ..animation.estimate import LIBRARY_BYTES, estimate, model_bytes
from ..animation.render import RenderedFrame, render
from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..command_options import (
    IdleDriver,
    ModelOptions,
    OutputOptions,
    PartOptions,
    ReportOptions,
    SpeechDriver,
)
from ..config.arguments import from_arguments
from ..errors import counted
from ..imaging.tensors import Part, Pixels
from ..media.clips import clip_of, limited_pixels
from ..media.images import write_image
from ..media.video import VideoReader
from ..model import LivePortraitModel
from ..motion.life import IDLE_FPS, idle_motion
from ..motion.life_options import IdleOptions
from ..motion.speech_options import SpeechOptions
from ..motion.timeline import Timeline
from ..motion.timeline_motion import motion_of_timeline
from ..motion.types import Motion
from ..options import AnimateOptions
from ..pipeline import prepare
from ..speech.talking import motion_of_speech
from .inputs import Driver, Picture, Speech, frames_of, open_driver, open_source
from .outputs import Output, with_masks
from .panels import Panels
from .progress import ProgressBar, is_shown
from .runtime import load
from .sound import sound_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a command line says, and its files opened."""

    options: AnimateOptions
    written: OutputOptions
    model: ModelOptions
    report: ReportOptions
    source: Picture | VideoReader
    driving: Driver
    output: Output
    speech: SpeechOptions
    sound: VideoReader | Speech | None


def run(args: argparse.Namespace) -> int:
    """Animate, and say where the result is."""
    start = time.monotonic()
    job = _open(args)
    with torch.inference_mode():
        model = load(job.model)
        source = frames_of(job.source, keep_alpha=job.output.keeps_alpha)
        driving = _driving(job, model.preset.space)
        if is_shown(job.report.progress):
            _say_estimate(model, source, driving, job.options)
        with ProgressBar("Reading  ", shown=job.report.progress) as bar:
            animation = prepare(model, source, driving, job.options, progress=bar)
        states = _write(animation, job)
    _report(args, job, animation, states, time.monotonic() - start)
    return 0


def _say_estimate(
    model: LivePortraitModel,
    source: Pixels | VideoReader,
    driving: Pixels | VideoReader | Motion,
    options: AnimateOptions,
) -> None:
    """Say on stderr what a long animation will take."""
    made = estimate(
        model,
        clip_of(source, "source"),
        driving if isinstance(driving, Motion) else clip_of(driving, "driver"),
        options,
        is_video=isinstance(source, VideoReader),
    )
    if made is not None:
        more = LIBRARY_BYTES + model_bytes(model)
        sys.stderr.write(f"{replace(made, num_bytes=made.num_bytes + more)}\n")


def _open(args: argparse.Namespace) -> _Job:
    """The inputs opened and the output checked, before anything slow."""
    options, written = from_arguments(AnimateOptions, args), from_arguments(OutputOptions, args)
    parts = from_arguments(PartOptions, args)
    source = open_source(args.source, parts.source)
    driving = open_driver(args.driving, from_arguments(IdleDriver, args), parts.driving)
    driver = args.driving or Path("--idle")
    output = Output(
        path=args.output or Path(f"{args.source.stem}--{driver.stem.removeprefix('--')}.mp4"),
        one_frame=_gives_one_frame(source, driving),
        masked=written.mask,
    )
    output.check(written, args.source, driver, pastes=options.pastes)
    sound = sound_of(
        written.audio if output.holds_sound else "none",
        {"driving": driving, "source": source},
        {"driving": driver, "source": args.source},
    )
    return _Job(
        options=options,
        written=written,
        model=from_arguments(ModelOptions, args),
        report=from_arguments(ReportOptions, args),
        source=source,
        driving=driving,
        output=output,
        speech=from_arguments(SpeechDriver, args).speech,
        sound=sound,
    )


def _driving(job: _Job, space: str) -> Pixels | VideoReader | Motion:
    """What drives, for a model of a keypoint space."""
    fps = job.source.fps if isinstance(job.source, VideoReader) else IDLE_FPS
    if isinstance(job.driving, IdleOptions):
        return idle_motion(space, job.driving, fps)
    if isinstance(job.driving, Timeline):
        timeline = replace(job.driving, fps=job.driving.fps or fps)
        return motion_of_timeline(timeline, shipped_blendshape_map(space))
    if isinstance(job.driving, Speech):
        return motion_of_speech(job.driving.sound, space, job.speech, fps=fps)
    return job.driving if isinstance(job.driving, Motion) else frames_of(job.driving)


def _gives_one_frame(source: Picture | VideoReader, driving: Driver) -> bool:
    one = len(driving) == 1 if isinstance(driving, Motion) else isinstance(driving, Picture)
    return isinstance(source, Picture) and one


def _write(animation: Animation, job: _Job) -> Counter[str]:
    """Render and write every frame; gives how many there were of each state."""
    states: Counter[str] = Counter()
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar("Rendering", shown=job.report.progress))
        rendered = stack.enter_context(closing(render(animation, bar)))
        frames = _pictures(rendered, animation, job, states)
        if job.output.is_picture:
            _write_picture(next(frames)[0], job)
            return states
        writer = job.output.writer(
            animation.fps,
            crf=job.written.crf,
            audio_path=None if job.sound is None else job.sound.path,
            audio_start_s=Fraction(0) if job.sound is None else job.sound.start_s,
        )
        write = stack.enter_context(writer).write
        for frame, changed in frames:
            write(frame, changed)
    return states


def _pictures(
    frames: Iterator[RenderedFrame], animation: Animation, job: _Job, states: Counter[str]
) -> Iterator[tuple[Pixels, Part | None]]:
    """What is written of each frame, and which part of it changed; their states are counted."""

    def counted() -> Iterator[RenderedFrame]:
        for frame in frames:
            states[frame.state] += 1
            yield frame

    if job.written.side_by_side:
        panels = Panels(animation, job.driving)
        return ((panels.row(frame), None) for frame in counted())
    if job.output.masked:
        return ((picture, None) for picture in with_masks(counted(), animation))
    return ((frame.picture, frame.changed) for frame in counted())


def _write_picture(picture: Pixels, job: _Job) -> None:
    assert isinstance(job.source, Picture)
    if job.output.masked:
        write_image(job.output.path, picture[:, :, :3], picture[:, :, 3])
        return
    alpha = job.source.alpha
    if alpha is not None and job.options.driving.published:
        alpha = limited_pixels(alpha)
    fits = alpha is not None and alpha.shape == picture.shape[:2] and not job.written.side_by_side
    write_image(job.output.path, picture, alpha if fits and job.output.keeps_alpha else None)


def _report(
    args: argparse.Namespace,
    job: _Job,
    animation: Animation,
    states: Counter[str],
    seconds: float,
) -> None:
    frames = len(animation)
    if not job.report.json:
        rate = "" if job.output.is_picture else f" at {float(animation.fps):g} frames/s"
        print(f"{job.output.path}: {counted(frames, 'frame')}{rate}, made in {seconds:.1f} s")
        return
    summary = {
        "output": str(job.output.path),
        "frames": frames,
        "fps": _ratio(animation.fps),
        "source": {"path": str(args.source), "frames": len(animation.read)},
        "driving": {
            "path": None if args.driving is None else str(args.driving),
            "frames": len(animation.driving),
        },
        "frame_states": dict(states),
        "audio": None if job.sound is None else str(job.sound.path),
        "model": {"preset": animation.model.preset.name, "origin": animation.model.origin},
        "device": str(animation.model.device),
        "dtype": job.model.dtype,
        "seconds": round(seconds, 3),
        "warnings": args.warnings.texts,
    }
    print(json.dumps(summary, indent=2))


def _ratio(fps: Fraction) -> str:
    return f"{fps.numerator}/{fps.denominator}"
