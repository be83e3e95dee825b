"""Live Portrait: a portrait that follows a webcam, run after run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import torch
from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.options import AnimateOptions, FaceOptions
from ..liveportrait_core.sessions.live_options import LiveOptions
from . import library, runtime
from .adapt.clips import clip_of, exact_fps, still_of
from .adapt.images import checked_images, image_of, pixels_of
from .adapt.running import Running
from .fields import (
    DEFAULT_FPS,
    FACE_INDEX,
    REGION,
    STITCH,
    images_field,
    model_field,
    options_field,
)
from .keypoints import with_choices
from .schema import field, schema
from .sockets import LoadedModel, checked
from .widgets import OptionWidget

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core.constants import Region
    from ..liveportrait_core.sessions.live import LiveState
    from ..liveportrait_core.sessions.loop import RateMeter

STRENGTH, SMOOTHING, HOLD, REST = (
    OptionWidget(spec=spec_of(LiveOptions, name), id=name)
    for name in ("strength", "smoothing", "hold", "rest")
)
PASTE_BACK: Final = OptionWidget(spec=spec_of(AnimateOptions, "paste_back"), id="paste_back")
BY_THE_CLOCK: Final = 0.0
SAYS: Final[dict[LiveState, str]] = {
    "waiting": "no face is seen yet",
    "following": "following",
    "held": "the face is lost: held",
    "resting": "the face is lost: at rest",
}


class LivePortrait(io.ComfyNode):
    """A portrait that follows a face, one run for each picture of a webcam."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_LivePortrait",
            display_name="Live Portrait",
            description="Moves a portrait as the newest picture of a webcam shows it. Each run "
            "goes on where the last one ended: face, neutral frame, smoothing.",
            stage="animate",
            search_aliases=[
                *("live", "webcam", "realtime", "real-time", "streaming", "camera"),
                *("vtuber", "puppet", "face tracking", "LivePortraitRealtime"),
            ],
            inputs=[
                model_field(),
                images_field("source", "Who is moved: an image or frames (IMAGE), or a VIDEO."),
                field(
                    io.Image,
                    "frames",
                    tooltip="Who moves it: the newest picture of Webcam Capture, or several.",
                ),
                STRENGTH.field(),
                field(
                    io.Int,
                    "neutral",
                    default=0,
                    min=0,
                    max=2**31 - 1,
                    tooltip="Another number measures motion from the next picture: look at the "
                    "camera, eyes open, mouth closed.",
                ),
                field(
                    io.Int,
                    "again",
                    default=0,
                    min=0,
                    max=2**31 - 1,
                    tooltip="Another number begins anew: face, neutral frame, smoothing.",
                ),
                REGION.field(),
                FACE_INDEX.field(),
                PASTE_BACK.field(),
                STITCH.field(advanced=True),
                SMOOTHING.field(advanced=True),
                HOLD.field(advanced=True),
                REST.field(advanced=True),
                field(
                    io.Float,
                    "fps",
                    default=BY_THE_CLOCK,
                    min=0.0,
                    max=240.0,
                    step=0.01,
                    advanced=True,
                    tooltip="Frames per second of what comes. 0: by the clock, for a webcam. For "
                    "frames of a film give its rate.",
                ),
                options_field("From Driving Options: openings, limits, and how the driver is cut."),
            ],
            outputs=[
                io.Image.Output(
                    "images", display_name="images", tooltip="The portrait, once for each picture."
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def fingerprint_inputs(cls, **values: object) -> float:
        """Run each time: time goes on, also where the picture is the same."""
        del values
        return float("nan")

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        frames: Tensor,
        strength: float,
        neutral: int,
        again: int,
        region: Region,
        face_index: int,
        paste_back: bool,
        stitch: bool,
        smoothing: bool,
        hold: float,
        rest: float,
        fps: float,
        options: AnimateOptions | None = None,
    ) -> io.NodeOutput:
        """Move the portrait by each picture, with what the last run left."""
        loaded = checked(model, LoadedModel, "model")
        pictures = checked_images(frames, "frames")
        options = replace(
            with_choices(options, {"region": region, "stitch": stitch}),
            source_face=FaceOptions(index=face_index),
            paste_back=paste_back,
            face_models=loaded.face_models,
        )
        runtime.on_device(loaded)
        key = str(cls.hidden and cls.hidden.unique_id)
        running = _running(loaded, key, source, options, neutral=neutral, again=again)
        running.session.options = LiveOptions(
            strength=strength, smoothing=smoothing, hold=hold, rest=rest
        )
        step_s = None if fps == BY_THE_CLOCK else float(1 / exact_fps(fps))
        made: list[Tensor] = []
        state: LiveState = "waiting"
        for picture in pictures:
            runtime.check_cancelled()
            frame = running.frame(pixels_of(picture), step_s)
            state = frame.state
            made.append(image_of(frame.picture))
        runtime.show_text(cls, _said(state, running.meter))
        return io.NodeOutput(torch.stack(made))


def _running(
    loaded: LoadedModel,
    key: str,
    source: Tensor | Input.Video,
    options: AnimateOptions,
    *,
    neutral: int,
    again: int,
) -> Running:
    """What the node's last run left, or a new session where something else is to be moved."""
    running = loaded.live.get(key)
    if running is None or running.source is not source or running.options != options:
        running = _begun(loaded, source, options, neutral, again)
    elif running.again != again:
        running.session.reset()
    elif running.neutral != neutral:
        running.session.capture_neutral()
    running.neutral, running.again = neutral, again
    loaded.live.put(key, running)
    return running


def _begun(
    loaded: LoadedModel,
    source: Tensor | Input.Video,
    options: AnimateOptions,
    neutral: int,
    again: int,
) -> Running:
    progress = runtime.Progress(reading_steps=runtime.STEPS)
    clip = clip_of(source, "source", exact_fps(DEFAULT_FPS))
    portrait = library.portrait.PortraitSession(
        loaded.model, still_of(clip), options, progress=progress.read, kept=loaded.kept
    )
    return Running(
        source=source,
        options=options,
        session=library.live.LiveSession(portrait),
        meter=library.loop.RateMeter(),
        neutral=neutral,
        again=again,
    )


def _said(state: LiveState, meter: RateMeter) -> str:
    rate = meter.rate()
    often = f"; {rate.fps:.1f} pictures a second" if rate.fps else ""
    return f"{SAYS[state]}{often}; {rate.p50_ms:.0f} ms each, 95 of 100 within {rate.p95_ms:.0f} ms"


NODES: tuple[type[io.ComfyNode], ...] = (LivePortrait,)
