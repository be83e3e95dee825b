"""Motion tools: how motions are layered, joined and changed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

from ..config.fields import check_options, option, shared
from ..config.spec import MISSING
from ..constants import OBSERVATION_VARIANCE, Region

Extension = Literal["hold", "loop", "bounce"]
"""How a motion continues after its last frame: the frame is held, the motion starts again, or it
plays back and forth."""
LayerMode = Literal["replace", "add"]
Smoothing = Literal["off", "zero-phase", "one-euro"]

MAX_FPS: Final = 1000
FRAME_RATES: Final = f"a frame rate above 0 up to {MAX_FPS}, as 25 or 30000/1001"
"""Of a motion; a faster one would only take space."""
MAX_BLEND_FRAMES: Final = 1000
MAX_S: Final = 86400
"""Longest time that is asked for: a day."""


def read_frame_rate(text: str) -> Fraction:
    """Frames per second above 0 up to `MAX_FPS`: 25, 29.97 or 30000/1001.

    Raises:
        ValueError: The text is none.
    """
    try:
        rate = Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError(text) from error
    if not 0 < rate <= MAX_FPS:
        raise ValueError(text)
    return rate


def frame_rate_option(default: Any = MISSING, help: str = "", **about: Any) -> Any:
    """An option that is a frame rate as an exact fraction."""
    return option(default, help, read=read_frame_rate, expects=FRAME_RATES, **about)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOptions:
    """How one motion is laid over another: `LayerOptions(region="eyes")`."""

    region: Region = option(
        "lip",
        "what is taken of the motion on top: everything; the face without the head (expression, "
        "lip, eyes); the head alone (pose)",
    )
    how: LayerMode = option(
        "replace",
        "replace: in place of the base's own movement there; add: on top of it",
    )
    strength: float = option(
        1.0, "0 leaves the base, 1 lays all of the motion over it", minimum=0, maximum=1, step=0.05
    )
    when_shorter: Extension = option(
        "hold",
        "where the motion on top ends before the base: hold its last frame, loop, or bounce back "
        "and forth",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOptions:
    """How motions follow each other."""

    blend_frames: int = option(
        5,
        "frames over which the end of a motion goes over into the next; at 0 the next one begins "
        "with a cut",
        minimum=0,
        maximum=MAX_BLEND_FRAMES,
    )

    def __post_init__(self) -> None:
        check_options(self)


def _gain(default_of: str) -> Any:
    return option(
        1.0, f"multiplies {default_of}", minimum=0, maximum=4, step=0.05, group="how far it moves"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGains:
    """Factors of how far a motion goes from its neutral frame: `ChannelGains(gain_yaw=0.5)`."""

    gain_expression: float = _gain("how far the face moves from its neutral frame")
    gain_pitch: float = _gain("how far the head nods")
    gain_yaw: float = _gain("how far it turns to the side")
    gain_roll: float = _gain("how far it tilts")
    gain_translation: float = _gain("how far it travels")
    gain_scale: float = _gain("how much its size changes")

    def __post_init__(self) -> None:
        check_options(self)


def _limit(help: str, **about: Any) -> Any:
    return option(None, help, unset="no limit", group="how far it moves", **about)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLimits:
    """How far a motion may go from its neutral frame: `ChannelLimits(max_turn_deg=20)`."""

    max_expression: float | None = _limit(
        "farthest that a keypoint moves", unit="crop units", above=0, maximum=2, step=0.005
    )
    max_turn_deg: float | None = _limit(
        "degrees that the head turns at most, about any axis",
        above=0,
        maximum=180,
        step=1,
        flag="max-turn",
    )
    max_translation: float | None = _limit(
        "farthest that the head travels", unit="crop units", above=0, maximum=2, step=0.01
    )
    max_scale: float | None = _limit(
        "largest factor by which its size changes, larger or smaller",
        above=1,
        maximum=10,
        step=0.05,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneEuroOptions:
    """How a motion is smoothed while it comes in: `OneEuroOptions(cutoff_hz=2)`."""

    cutoff_hz: float = option(
        1.0,
        "one-euro: Hz above which a face at rest is smoothed; smaller is smoother and later",
        minimum=0.01,
        maximum=100,
        step=0.1,
        flag="cutoff",
        group="smoothing",
        more=True,
    )
    beta: float = option(
        30.0,
        "one-euro: Hz by which that rises with the speed, in crop units or radians a second; "
        "larger follows fast moves sooner",
        minimum=0,
        maximum=1000,
        step=0.5,
        group="smoothing",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """What is done to a motion: `ChangeOptions(gains=ChannelGains(gain_yaw=0.5))`.

    In the order of the fields: part, smoothing, frame rate, mirror, gains, limits, loop.
    """

    start: float = option(
        0.0,
        "second from which on it is kept; below 0 counts from the end",
        minimum=-MAX_S,
        maximum=MAX_S,
        step=0.1,
        metavar="S",
    )
    duration: float | None = option(
        None,
        "seconds of it that are kept",
        above=0,
        maximum=MAX_S,
        step=0.1,
        metavar="S",
        unset="to the end",
    )
    smooth: Smoothing = option(
        "off",
        "zero-phase: nothing comes late; one-euro: as it can be done while frames come in, fast "
        "moves stay, slow ones come a little late",
        group="smoothing",
    )
    smooth_variance: float = option(
        OBSERVATION_VARIANCE,
        "zero-phase: noise of one observation, as a variance; larger is smoother",
        minimum=1e-11,
        maximum=1e-2,
        step=1e-7,
        metavar="V",
        group="smoothing",
        more=True,
    )
    one_euro: OneEuroOptions = shared(OneEuroOptions)
    fps: Fraction | None = frame_rate_option(
        None, "retime to these frames per second", unset="its own"
    )
    mirror: bool = option(False, "left becomes right; not for motion of published weights")
    gains: ChannelGains = shared(ChannelGains)
    limits: ChannelLimits = shared(ChannelLimits)
    times: int = option(1, "how often it is played", minimum=1, maximum=1000)
    crossfade: int = option(
        0,
        "frames over which its end goes over into its beginning, so that it can be played as a "
        "loop; it becomes shorter by as many",
        minimum=0,
        maximum=MAX_BLEND_FRAMES,
    )

    def __post_init__(self) -> None:
        check_options(self)
