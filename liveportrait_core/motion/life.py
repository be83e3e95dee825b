"""Life of a face at rest: blinks, glances, breath, and a head that is never quite still.

All of it is drawn as a function of time on a circle as long as the motion, so the motion is a loop
without a jump, and another frame rate shows the same movements.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, pi
from types import MappingProxyType
from typing import Final

import torch
from torch import Generator, Tensor

from .edit import driving_expression, extend, neutral_motion
from .life_options import IdleOptions
from .regions import keypoint_space
from .sequence import exact_seconds
from .smoothing import smooth_step
from .types import Motion

IDLE_FPS: Final = Fraction(25)

HEAD_SPREADS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "pitch_deg": 0.7,
        "yaw_deg": 1.1,
        "roll_deg": 0.6,
        "shift_x": 0.004,
        "eyebrow": 1.2,
        "smile": 0.02,
    }
)
"""Standard deviation of each slow movement, in the units of its slider."""
HEAD_BAND_HZ: Final = (0.04, 0.4)
TREMOR_BAND_HZ: Final = (0.6, 1.6)
TREMOR_SHARE: Final = 0.1
"""Of the quicker band in the movements of the head."""

BREATHS_HZ: Final = 0.25
BREATH: Final[Mapping[str, float]] = MappingProxyType(
    {"shift_y": -0.0025, "pitch_deg": -0.25, "zoom": 0.0015}
)
"""How far a breath in moves the head, in the units of the sliders."""
BREATH_DRIFT: Final = 0.5
"""Radians by which breaths come early or late."""

EYES_SHUT: Final = -26.0
"""Value of the slider `blink` that takes the lids of a usual face together (`KeypointSpace.face`:
.063 of .0025 a unit), and a little; where that face is known, those of any source."""
BLINK_CLOSING_S: Final = 0.085
BLINK_SHUT_S: Final = 0.02
BLINK_OPENING_S: Final = 0.15
BLINK_GAP_S: Final = 0.7
"""Least time between two blinks."""
BLINK_SPREAD: Final = 0.5
"""Standard deviation of the logarithm of the rest of the time between them."""
FULL_BLINKS: Final = 0.75
"""Fraction of the blinks that close the eyes; others close them in part."""
LEAST_BLINK: Final = 0.6
BLINK_BROW: Final = -1.0
"""Value of the slider `eyebrow` in a blink."""

FIXATION_S: Final = 0.9
"""Mean time that eyes rest on a place."""
FIXATION_SPREAD: Final = 0.6
SACCADE_S: Final = 0.035
GLANCES: Final = 0.3
"""Fraction of the fixations that leave the camera."""
GLANCE_DEG: Final = (4.5, 2.0)
"""Standard deviation of where they go, to the side and up or down."""
MAX_SPREADS: Final = 2.0
"""Standard deviations that they go at most."""
WANDER_DEG: Final = (0.6, 0.4)
"""The same of fixations on the camera."""
GAZE_PER_DEG: Final = (1.0, 2.6)
"""Value of `gaze_x` and `gaze_y` for one degree."""
HEAD_FOLLOWS: Final = 0.12
"""Fraction of a glance that the head turns with it."""
HEAD_LAG_S: Final = 0.35


def idle_motion(space: str, options: IdleOptions, fps: Fraction = IDLE_FPS) -> Motion:
    """A face that does nothing, alive: for `animate` as a driver.

    `idle_motion(model.preset.space, IdleOptions(duration=10))`

    Convention:
        - the last frame goes on with the first: played again and again, it has no seam
        - the same seed and duration give the same movements at every frame rate
        - it drives relative to a neutral face, so the source's own expression stays
        - times and rates of blinks are those of people at rest: closing is quicker than opening,
          a quarter of them do not close the eyes

    Args:
        space: Keypoint space of the model it is for.
        options: How much, how long.
        fps: Frames per second.

    Returns:
        A motion of duration * fps frames, at least one.

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    frames = max(1, round(exact_seconds(options.duration) * fps))
    sliders = _tracks(_Circle(frames, float(fps)), options)
    face = keypoint_space(space).face
    neutral = neutral_motion(space).describe(
        canonical=None if face is None else torch.tensor(face)[None],
        fps=fps,
        producer="idle motion",
    )
    return driving_expression(extend(neutral, frames, "hold"), sliders)


class _Circle:
    """Times of frames on a circle."""

    def __init__(self, frames: int, fps: float) -> None:
        """Args are the number of frames and how many there are in a second."""
        self.frames = frames
        self.fps = fps
        self.length_s = frames / fps
        self.times_s = torch.arange(frames, dtype=torch.float64) / fps

    def noise(self, draw: Generator, band_hz: tuple[float, float]) -> Tensor:
        """(B,) smooth noise of one on average, of the frequencies of a band, low ones most."""
        lowest, highest = (int(limit * self.length_s) for limit in band_hz)
        numbers = torch.arange(max(1, lowest), highest + 1)
        if not len(numbers):
            return torch.zeros_like(self.times_s)
        weights = 1 / numbers.double()
        parts = _normal(draw, 2, len(numbers)) * weights / weights.norm()
        shown = numbers <= self.frames // 2
        spectrum = torch.zeros(self.frames // 2 + 1, dtype=torch.complex128)
        spectrum[numbers[shown]] = torch.complex(*parts)[shown]
        return torch.fft.irfft(spectrum, self.frames) * (self.frames / 2)

    def after(self, moment_s: float, length_s: float) -> tuple[Tensor, Tensor]:
        """The frames in a time from a moment on, round the circle, and their seconds since it."""
        first = ceil(moment_s * self.fps)
        numbers = torch.arange(first, first + ceil(length_s * self.fps))
        return numbers % self.frames, numbers.double() / self.fps - moment_s


def _tracks(circle: _Circle, options: IdleOptions) -> dict[str, Tensor]:
    """The values of the sliders, frame by frame."""
    head, breath, eyes, lids = (_drawing(options.seed, part) for part in range(4))
    tracks = {name: spread * _unrest(circle, head) for name, spread in HEAD_SPREADS.items()}
    breaths = _breaths(circle, breath)
    _add(tracks, {name: far * breaths for name, far in BREATH.items()})
    _add(tracks, _glances(circle, eyes))
    tracks = {name: track * options.amount for name, track in tracks.items()}
    tracks["zoom"] += 1
    shut = _blinks(circle, lids, options.blinks * min(1.0, options.amount))
    _add(tracks, {"blink": EYES_SHUT * shut, "eyebrow": BLINK_BROW * shut})
    return tracks


def _add(tracks: dict[str, Tensor], more: Mapping[str, Tensor]) -> None:
    for name, track in more.items():
        tracks[name] = tracks[name] + track if name in tracks else track


def _unrest(circle: _Circle, draw: Generator) -> Tensor:
    slow, quick = circle.noise(draw, HEAD_BAND_HZ), circle.noise(draw, TREMOR_BAND_HZ)
    return slow + TREMOR_SHARE * quick


def _breaths(circle: _Circle, draw: Generator) -> Tensor:
    """From -1, out, to 1, in."""
    number = round(BREATHS_HZ * circle.length_s)
    drift = BREATH_DRIFT * circle.noise(draw, HEAD_BAND_HZ)
    phase = 2 * pi * number * circle.times_s / circle.length_s
    return (phase + drift).sin() if number else torch.zeros_like(phase)


def _glances(circle: _Circle, draw: Generator) -> dict[str, Tensor]:
    """The eyes rest on a place and jump to the next; the head goes with them a little, and late."""
    number = max(1, round(circle.length_s / FIXATION_S))
    starts = _moments(circle, draw, number, FIXATION_SPREAD, least_s=2 * SACCADE_S)
    leaves = _uniform(draw, number, 1) < GLANCES
    glance, wander, per_deg = (
        starts.new_tensor(values) for values in (GLANCE_DEG, WANDER_DEG, GAZE_PER_DEG)
    )
    spreads_deg = torch.where(leaves, glance, wander)
    targets_deg = _normal(draw, number, 2).clamp(-MAX_SPREADS, MAX_SPREADS) * spreads_deg
    gaze_deg = _visited(circle, starts, targets_deg, SACCADE_S)
    head_deg = _visited(circle, starts + HEAD_LAG_S / 2, targets_deg, HEAD_LAG_S) * HEAD_FOLLOWS
    x, y = ((gaze_deg - head_deg) * per_deg).unbind(1)
    # to the image's right, as gaze_x, is negative yaw; up, as gaze_y, is negative pitch
    return {"gaze_x": x, "gaze_y": y, "yaw_deg": -head_deg[:, 0], "pitch_deg": -head_deg[:, 1]}


def _blinks(circle: _Circle, draw: Generator, per_minute: float) -> Tensor:
    """(B,) how far the lids are closed, 0 to 1."""
    most = int(circle.length_s / BLINK_GAP_S)
    number = min(most, round(circle.length_s * per_minute / 60))
    starts = _moments(circle, draw, number, BLINK_SPREAD, least_s=BLINK_GAP_S)
    in_part, depths = _uniform(draw, number) >= FULL_BLINKS, _uniform(draw, number)
    depths = torch.where(in_part, LEAST_BLINK + (1 - LEAST_BLINK) * depths, 1.0)
    shut = torch.zeros_like(circle.times_s)
    for start, depth in zip(starts.tolist(), depths, strict=True):
        frames, since = circle.after(start, BLINK_CLOSING_S + BLINK_SHUT_S + BLINK_OPENING_S)
        closing = smooth_step(since / BLINK_CLOSING_S)
        opening = smooth_step((since - BLINK_CLOSING_S - BLINK_SHUT_S) / BLINK_OPENING_S)
        shut[frames] = depth * (closing - opening)
    return shut


def _moments(
    circle: _Circle, draw: Generator, number: int, spread: float, *, least_s: float
) -> Tensor:
    """(N,) times of so many events round the circle, the least time between two and uneven rest."""
    rest = (_normal(draw, number) * spread).exp()
    rest = rest * max(0.0, circle.length_s - number * least_s) / rest.sum()
    first_s = _uniform(draw, 1) * circle.length_s
    return (first_s + torch.cumsum(rest + least_s, 0)) % circle.length_s


def _visited(circle: _Circle, starts: Tensor, places: Tensor, way_s: float) -> Tensor:
    """(B, D) where something is that goes to places (N, D) from their starts (N,) on."""
    way_s = min(way_s, circle.length_s / 2)
    starts = starts % circle.length_s
    in_order, order = starts.sort()
    latest = torch.searchsorted(in_order, circle.times_s, right=True) - 1
    visited = places[order[latest]]
    for start, step in zip(starts.tolist(), places - places.roll(1, 0), strict=True):
        frames, since = circle.after(start, way_s)
        visited[frames] -= (1 - smooth_step(since[:, None] / way_s)) * step
    return visited


def _drawing(seed: int, part: int) -> Generator:
    """Draws of one part of the motion, so that no part disturbs another."""
    return Generator().manual_seed(4 * seed + part)


def _normal(draw: Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def _uniform(draw: Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=draw, dtype=torch.float64)
