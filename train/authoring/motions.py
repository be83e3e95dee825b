"""The motions that come with the library, made by hand from sliders: python -m train.motions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import torch

from liveportrait_core.assets.shipped_motions import SHIPPED_MOTIONS_FOLDER
from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option
from liveportrait_core.constants import COMPACT_SPACE, NUM_KEYPOINTS
from liveportrait_core.errors import counted
from liveportrait_core.media.atomic import make_folder
from liveportrait_core.media.motion_file import save_motion
from liveportrait_core.motion.edit import apply_expression
from liveportrait_core.motion.life import EYES_SHUT
from liveportrait_core.motion.openness import eyes_open, lip_open
from liveportrait_core.motion.regions import COMPACT_NEUTRAL_FACE, COMPACT_OPENNESS_PAIRS
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.motion.types import Motion, concatenate

from ..rendering.keyframes import Track, value_at

FPS: Final = 25
PRODUCER: Final = "LivePortrait Suite, from sliders"

NEUTRAL_SCALE: Final = 1.25

WINK_SHUT: Final = 46.0
BLINK_S: Final = (0.08, 0.03, 0.17)
"""Seconds in which lids fall, rest and rise."""

VOWELS: Final = (
    ("smile", 0.0, 32.0),
    ("purse", 11.0, 22.0),
    ("purse", -10.0, 18.0),
    ("smile", 0.25, 25.0),
)
"""A slider that shapes the mouth, its value, and how far the mouth opens. Wider than this the
default model gives closed lips thick rather than open."""
CLOSED_SHARE: Final = 0.3
"""Of the syllables, those that end with pressed lips."""
STRESSED_SHARE: Final = 0.3


class Score:
    """Slider curves of one motion; curves that are added to a slider sum up."""

    def __init__(self, seconds: float) -> None:
        """A face that stays as it is.

        Args:
            seconds: How long.
        """
        self.seconds = seconds
        self.times_s = [k / FPS for k in range(round(seconds * FPS))]
        self._curves: dict[str, list[float]] = {}

    def add(self, slider: str, track: Track) -> None:
        """Let a slider follow a track."""
        self._add(slider, lambda time_s: value_at(track, time_s))

    def sway(self, slider: str, size: float, rounds: int, phase: float = 0.0) -> None:
        """Let a slider swing in whole rounds, from where it is: the end meets the beginning.

        Args:
            slider: Its name.
            size: How far to each side, in the slider's unit.
            rounds: Swings in the motion.
            phase: Where in a swing it begins, in rounds.
        """
        start = math.sin(2 * math.pi * phase)
        pace = rounds / self.seconds
        self._add(
            slider, lambda time_s: size * (math.sin(2 * math.pi * (pace * time_s + phase)) - start)
        )

    def blink(self, at_s: float, *, depth: float = 1.0, slider: str = "blink") -> None:
        """Shut the eyes and open them again."""
        fall, rest, rise = BLINK_S
        low = at_s + fall
        shut = depth * EYES_SHUT
        track = ((at_s, 0), (low, shut), (low + rest, shut), (low + rest + rise, 0))
        self.add(slider, track)

    def expressions(self) -> list[dict[str, float]]:
        """The sliders of every frame; those of closed eyes go beyond the range."""
        return [
            {
                name: curve[k] + (name == "zoom")  # the one whose rest is 1
                for name, curve in self._curves.items()
            }
            for k in range(len(self.times_s))
        ]

    def _add(self, slider: str, value: Callable[[float], float]) -> None:
        curve = self._curves.setdefault(slider, [0.0] * len(self.times_s))
        self._curves[slider] = [
            old + value(time_s) for old, time_s in zip(curve, self.times_s, strict=True)
        ]


def motion_of(score: Score) -> Motion:
    """The motion of a score: its first frame is neutral and the reference."""
    canonical = torch.tensor(COMPACT_NEUTRAL_FACE)[None]
    still = Motion.from_degrees(
        pose_deg=torch.zeros(1, 3),
        expression=torch.zeros(1, NUM_KEYPOINTS, 3),
        scale=torch.full((1, 1), NEUTRAL_SCALE),
        translation=torch.zeros(1, 3),
    ).describe(
        canonical=canonical,
        validity=torch.ones(1),
        space=COMPACT_SPACE,
        fps=Fraction(FPS),
        producer=PRODUCER,
    )
    moved = concatenate([apply_expression(still, sliders) for sliders in score.expressions()])
    keypoints = transform_keypoints(moved)
    return moved.describe(
        eyes_open=eyes_open(keypoints, COMPACT_OPENNESS_PAIRS),
        lip_open=lip_open(keypoints, COMPACT_OPENNESS_PAIRS),
    )


def nod() -> Score:
    """Yes: two nods, the second smaller, the eyes staying on the viewer."""
    score = Score(2.4)
    beats = (
        (0.1, 0.0),
        (0.28, -0.2),
        (0.62, 1.0),
        (0.95, -0.1),
        (1.25, 0.65),
        (1.6, -0.06),
        (1.95, 0.0),
    )
    score.add("pitch_deg", scaled(beats, 8))
    score.add("gaze_y", scaled(beats, 14))
    score.add("shift_y", scaled(beats, 0.008))
    score.add("eyebrow", ((0.1, 0), (0.4, 7), (1.4, 5), (2.1, 0)))
    score.add("smile", ((0.2, 0), (0.9, 0.35), (1.5, 0.35), (2.25, 0)))
    score.blink(0.42)
    return score


def shake_head() -> Score:
    """No: three turns that die away, the eyes staying on the viewer."""
    score = Score(2.6)
    beats = ((0.1, 0.0), (0.42, 1.0), (0.82, -0.9), (1.22, 0.7), (1.6, -0.35), (2.05, 0.0))
    score.add("yaw_deg", scaled(beats, 11))
    score.add("gaze_x", scaled(beats, 9))
    score.add("roll_deg", scaled(beats, -1.5))
    score.add("eyebrow", ((0.1, 0), (0.5, -9), (1.5, -9), (2.2, 0)))
    score.add("lip_open", ((0.1, 0), (0.4, -25), (1.6, -25), (2.1, 0)))
    score.add("smile", ((0.2, 0), (0.6, -0.15), (1.5, -0.15), (2.2, 0)))
    score.blink(0.2)
    score.blink(1.75)
    return score


def blink_and_smile() -> Score:
    """A blink, then a smile that grows, stays and goes."""
    score = Score(3.2)
    score.blink(0.2)
    score.add("smile", ((0.4, 0), (1.05, 0.9), (2.0, 0.9), (2.95, 0)))
    score.add("grin", ((0.5, 0), (1.15, 4), (1.9, 4), (2.7, 0)))
    score.add("eyebrow", ((0.4, 0), (0.9, 8), (1.9, 5), (2.8, 0)))
    score.add("roll_deg", ((0.4, 0), (1.2, 3.5), (1.9, 3.5), (2.95, 0)))
    score.add("pitch_deg", ((0.4, 0), (1.2, -2), (1.9, -2), (2.95, 0)))
    score.blink(2.15)
    return score


def look_around() -> Score:
    """Eyes to one side and the head after them, the other side, up, and back."""
    score = Score(5.0)
    to_the_left = ((0.2, 0.0), (0.32, -26.0), (0.8, -12.0), (1.35, -12.0))
    to_the_right = ((1.5, 28.0), (2.05, 12.0), (2.7, 12.0), (2.85, -4.0), (3.9, -4.0), (4.05, 0.0))
    score.add("gaze_x", to_the_left + to_the_right)
    score.add("gaze_y", ((2.7, 0), (2.85, 34), (3.8, 30), (3.98, 0)))
    turned = ((0.3, 0.0), (0.85, 1.0), (1.45, 1.0), (2.15, -1.0), (2.8, -1.0), (3.4, 0.0))
    score.add("yaw_deg", scaled(turned, 10.5))
    score.add("roll_deg", scaled(turned, -2))
    score.add("pitch_deg", ((0.3, 0), (0.9, 2), (2.8, 1), (3.3, -6), (3.85, -6), (4.5, 0)))
    score.add("eyebrow", ((2.7, 0), (3.0, 14), (3.8, 12), (4.2, 0)))
    score.add("smile", ((3.9, 0), (4.3, 0.25), (4.5, 0.25), (4.9, 0)))
    for at_s in (1.4, 2.66, 3.88):
        score.blink(at_s)
    return score


def idle() -> Score:
    """Waiting: breath, a little sway, blinks and glances; the end meets the beginning."""
    score = Score(5.0)
    random = np.random.default_rng(3)
    for slider, size, rounds in (
        *(("pitch_deg", 0.9, 1), ("pitch_deg", 0.35, 2), ("yaw_deg", 1.6, 1), ("yaw_deg", 0.5, 3)),
        *(("roll_deg", 0.8, 1), ("shift_x", 0.004, 1), ("zoom", 0.006, 2), ("smile", 0.05, 1)),
    ):
        score.sway(slider, size, rounds, float(random.random()))
    score.sway("shift_y", 0.005, 2, 0.25)
    score.add(
        "gaze_x",
        ((0.9, 0), (0.94, 5), (1.7, 5), (1.74, 1), (2.9, 1), (2.94, -6), (3.6, -6), (3.64, 0)),
    )
    score.add("gaze_y", ((0.9, 0), (0.94, -4), (1.7, -4), (1.74, 3), (3.6, 3), (3.64, 0)))
    score.add("eyebrow", ((1.6, 0), (1.9, 3), (2.6, 0)))
    score.blink(1.62)
    score.blink(4.1)
    return score


def talking() -> Score:
    """Speech without sound: three phrases of syllables, the head stressing some of them."""
    score = Score(5.0)
    random = np.random.default_rng(11)
    for start_s, num_syllables in ((0.2, 7), (1.95, 6), (3.45, 6)):
        score.add("eyebrow", ((start_s, 0), (start_s + 0.25, 9), (start_s + 0.9, 0)))
        time_s = start_s
        for k in range(num_syllables):
            last = k == num_syllables - 1
            seconds = float(random.uniform(0.15, 0.22)) * (1.2 if last else 1.0)
            _speak(score, time_s, seconds, random)
            time_s += seconds
    for at_s in (0.75, 1.66, 3.2):
        score.blink(at_s)
    score.sway("yaw_deg", 2.2, 1, 0.1)
    score.sway("yaw_deg", 0.9, 3, 0.6)
    score.sway("roll_deg", 1.2, 2, 0.4)
    score.sway("pitch_deg", 0.8, 3, 0.2)
    return score


def _speak(score: Score, start_s: float, seconds: float, random: np.random.Generator) -> None:
    """One syllable: open, shaped by its vowel, and stressed now and then."""
    peak, end = start_s + 0.45 * seconds, start_s + seconds
    slider, shape, opening = VOWELS[int(random.integers(len(VOWELS)))]
    opening *= float(random.uniform(0.75, 1.1))
    score.add("lip_open", ((start_s, 0), (peak, opening), (end, 0)))
    score.add(slider, ((start_s - 0.05, 0), (peak, shape), (end + 0.06, 0)))
    if random.random() < CLOSED_SHARE:
        score.add("lip_open", ((end - 0.05, 0), (end, -35), (end + 0.05, 0)))
    if random.random() < STRESSED_SHARE:
        score.add("pitch_deg", ((start_s - 0.08, 0), (peak, 2.2), (end + 0.18, 0)))
        score.add("eyebrow", ((start_s - 0.05, 0), (peak, 5), (end + 0.2, 0)))


def surprise() -> Score:
    """Brows and lids fly up, the mouth opens, the head draws back; then relief."""
    score = Score(3.0)
    score.blink(0.12)
    score.add("eyebrow", ((0.25, 0), (0.5, 27), (1.5, 24), (2.1, 0)))
    score.add("blink", ((0.3, 0), (0.52, 5), (1.5, 5), (1.8, 0)))
    score.add("lip_open", ((0.28, 0), (0.55, 27), (1.4, 23), (1.9, 0)))
    score.add("purse", ((0.28, 0), (0.55, 4), (1.4, 4), (1.9, 0)))
    score.add("pitch_deg", ((0.25, 0), (0.5, -4), (1.5, -3.5), (2.2, 0)))
    score.add("zoom", ((0.25, 0), (0.5, -0.025), (1.5, -0.02), (2.2, 0)))
    score.add("smile", ((1.6, 0), (2.15, 0.5), (2.4, 0.5), (2.92, 0)))
    score.blink(1.75)
    return score


def wink() -> Score:
    """One eye, with half a smile and the head to that side."""
    score = Score(2.0)
    score.add("wink", ((0.45, 0), (0.6, WINK_SHUT), (0.86, WINK_SHUT), (1.08, 0)))
    score.add("smile", ((0.3, 0), (0.65, 0.6), (1.1, 0.6), (1.85, 0)))
    score.add("pout", ((0.3, 0), (0.65, -0.012), (1.1, -0.012), (1.7, 0)))
    score.add("roll_deg", ((0.25, 0), (0.65, -4.5), (1.0, -4.5), (1.75, 0)))
    score.add("yaw_deg", ((0.25, 0), (0.65, 4), (1.0, 4), (1.75, 0)))
    score.add("pitch_deg", ((0.25, 0), (0.65, 2.5), (1.0, 2.5), (1.6, 0)))
    score.add("eyebrow", ((0.35, 0), (0.6, 5), (1.0, 5), (1.4, 0)))
    return score


def scaled(track: Track, factor: float) -> Track:
    """A track with its values multiplied."""
    return tuple((time_s, factor * value) for time_s, value in track)


SCORES: Final[Mapping[str, Callable[[], Score]]] = {
    score.__name__: score
    for score in (
        *(nod, shake_head, blink_and_smile, look_around),
        *(idle, talking, surprise, wink),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionsOptions:
    """Where the motions go."""

    folder: Path | None = option(
        None, "where to", unset="the library's folder", positional=True, metavar="FOLDER"
    )

    def __post_init__(self) -> None:
        check_options(self)


def run(arguments: Sequence[str], command: str) -> None:
    """Write the motions, and print what they hold."""
    parser = option_parser(
        MotionsOptions,
        prog=command,
        description="Write the motions that come with the library: one file each.",
        group="files",
    )
    folder = from_arguments(MotionsOptions, parser.parse_args(arguments)).folder
    place = SHIPPED_MOTIONS_FOLDER if folder is None else folder
    write_motions(place)


def write_motions(folder: Path) -> None:
    """Write a file for each of `SCORES`, and print what it holds."""
    make_folder(folder)
    for name, score in SCORES.items():
        motion = motion_of(score())
        path = folder / f"{name}.safetensors"
        save_motion(motion, path)
        print(f"{path}: {counted(len(motion), 'frame')}, {path.stat().st_size:,} bytes")
