"""Coarticulation: from sounds with their times to the shapes of a mouth that is always under way.

Each sound pulls the mouth towards its viseme, most in its middle and less before and behind
(dominance functions, Cohen and Massaro, 1993); the mouth is where all pulls meet. Lips of p, b, m
are held shut besides: no average may leave them open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import pi
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.speech_style import SpeechStyle
from ..networks.phonemes import FRAME_SAMPLES, SAMPLE_RATE_HZ
from .lip_gap import LipGap
from .visemes import LIPS_SHUT, SILENCE, STRENGTHS, TARGETS, VOWELS, Phone

SPEECH_FPS: Final = Fraction(SAMPLE_RATE_HZ, FRAME_SAMPLES)
"""Frames a second of all curves of speech."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "opening": ("jawOpen", "mouthLowerDown", "mouthUpperUp"),
        "rounding": ("mouthFunnel", "mouthPucker"),
        "spreading": ("mouthStretch", "mouthSmile"),
        "tuck": ("mouthRollLower", "mouthPress"),
    }
)
"""Shapes that move together."""
RISE_S: Final[Mapping[str, float]] = MappingProxyType(
    {"opening": 0.06, "rounding": 0.11, "spreading": 0.08, "tuck": 0.04}
)
"""Time constants of the pull before a sound."""
FALL_S: Final[Mapping[str, float]] = MappingProxyType(RISE_S | {"rounding": 0.08})
"""The same behind it."""
REACH_S: Final = 0.8
"""Time beyond a sound's ends in which it pulls: frames depend on no sound that is further."""
PLATEAU_SHARE: Final = 0.25
"""Of a sound's length on either side of its middle in which its pull is full."""
PAUSE_EDGE_S: Final = 0.06
"""A pause pulls in full up to this time from its ends."""
FINE: Final = 2
"""Steps of a frame in which pulls are computed, before they are smoothed."""
SMOOTH_S: Final = 0.015
"""Standard deviation of the last average: a mouth has mass."""
MOST: Final[Mapping[str, float]] = MappingProxyType({"jawOpen": 0.7})
"""No sound aims at more of a shape: a jaw wider open is a yawn."""
LEAST_DOMINANCE: Final = 1e-6

SHUT_EARLY_S: Final = 0.01
"""Lips meet this long before p, b, m sound."""
BURST_S: Final = 0.03
"""The end of a p, b, m in which they are open again."""
LEAST_SHUT_S: Final = 0.04
SHUTTING_S: Final = 0.06
OPENING_S: Final = 0.05

SHAPES: Final = tuple(shape for group in GROUPS.values() for shape in group)
SIDES: Final = ("", "Left", "Right")
MOUTH_SHAPES: Final = frozenset(
    shape + side
    for shape in (*SHAPES, "mouthClose")
    for side in SIDES
    if shape + side in ARKIT_SHAPES
)
"""The shapes that speech moves about the mouth."""


def articulate(
    phones: Sequence[Phone],
    num_frames: int,
    *,
    style: SpeechStyle | None = None,
    emphasis: Sequence[float] | None = None,
    lips: LipGap | None = None,
    first_frame: int = 0,
) -> Blendshapes:
    """The mouth of a face that says some sounds.

    `articulate(phones, 50 * seconds)`

    Convention:
        - frame i is at (first_frame + i) / 50 s
        - a frame depends on sounds within `REACH_S` alone: frames made in chunks are the same
        - lips meet in every p, b, m and never cross

    Args:
        phones: In order of time.
        num_frames: How many frames.
        style: The person's manner; None for a usual person.
        emphasis: One number for each phone that multiplies how far its vowel opens (`emphasis_of`).
        lips: The head's lips; None for a usual head.
        first_frame: The number of the first frame.

    Returns:
        num_frames frames with `MOUTH_SHAPES` known.
    """
    style = style or SpeechStyle()
    weights = _pulled(phones, num_frames, first_frame, style, emphasis)
    whole = _both_sides(weights).float()
    times_s = (first_frame + torch.arange(num_frames, dtype=torch.float64)) / float(SPEECH_FPS)
    closure = closures(phones, times_s).float()
    return Blendshapes(
        weights=(lips or LipGap()).seal(whole, closure),
        known=MOUTH_SHAPES,
        fps=SPEECH_FPS,
        producer="coarticulation",
    )


def closures(phones: Sequence[Phone], times_s: Tensor) -> Tensor:
    """(B,) how far p, b, m shut the lips at some times: 1 where they meet."""
    shut = torch.zeros_like(times_s)
    for phone in phones:
        if phone.viseme != LIPS_SHUT:
            continue
        start_s = phone.start_s - SHUT_EARLY_S
        end_s = max(start_s + LEAST_SHUT_S, phone.end_s - BURST_S)
        before = ((start_s - times_s) / SHUTTING_S).clamp(0, 1)
        behind = ((times_s - end_s) / OPENING_S).clamp(0, 1)
        shut = torch.maximum(shut, (0.5 + 0.5 * torch.cos(pi * torch.maximum(before, behind))))
    return shut


def _pulled(
    phones: Sequence[Phone],
    num_frames: int,
    first_frame: int,
    style: SpeechStyle,
    emphasis: Sequence[float] | None,
) -> Tensor:
    """(B, len(SHAPES)) where the pulls of all sounds meet, smoothed."""
    step_s = 1 / (float(SPEECH_FPS) * FINE)
    reach = int(3 * SMOOTH_S / step_s)
    blocks: list[Tensor] = []
    block = 4 * int(SPEECH_FPS)
    for start in range(first_frame, first_frame + num_frames, block):
        frames = min(block, first_frame + num_frames - start)
        steps = torch.arange(start * FINE - reach, (start + frames - 1) * FINE + reach + 1)
        fine = _meeting(phones, steps.double() * step_s, style, emphasis)
        offsets = torch.arange(-reach, reach + 1, dtype=torch.float64) * step_s
        kernel = torch.exp(-0.5 * (offsets / SMOOTH_S) ** 2)
        windows = fine.unfold(0, 2 * reach + 1, FINE)  # (frames, shapes, 2 reach + 1)
        blocks.append(windows @ (kernel / kernel.sum()))
    return torch.cat(blocks) if blocks else torch.zeros(0, len(SHAPES), dtype=torch.float64)


def _meeting(
    phones: Sequence[Phone],
    times_s: Tensor,
    style: SpeechStyle,
    emphasis: Sequence[float] | None,
) -> Tensor:
    """(T, len(SHAPES)) weights = sum of D times target over sum of D at some times."""
    first_s, last_s = float(times_s[0]) - REACH_S, float(times_s[-1]) + REACH_S
    near = [k for k, one in enumerate(phones) if one.end_s > first_s and one.start_s < last_s]
    targets = torch.tensor(
        [_target(phones[k], style, 1.0 if emphasis is None else emphasis[k]) for k in near],
        dtype=torch.float64,
    ).reshape(len(near), len(SHAPES))
    columns: list[Tensor] = []
    for group, shapes in GROUPS.items():
        pull = _dominance([phones[k] for k in near], times_s, group, style.quickness)
        of_group = targets[:, len(columns) : len(columns) + len(shapes)]
        met = pull @ of_group / (pull.sum(1, keepdim=True) + LEAST_DOMINANCE)
        columns += list(met.unbind(1))
    return torch.stack(columns, 1)


def _dominance(phones: Sequence[Phone], times_s: Tensor, group: str, quickness: float) -> Tensor:
    """(T, P) pull of each sound at each time on one group of shapes."""
    if not phones:
        return times_s.new_zeros(len(times_s), 0)
    rows = [
        (one.middle_s, _plateau_s(one), (one.end_s - one.start_s) / 2, _strength(one, group))
        for one in phones
    ]
    middle, plateau, half, strength = torch.tensor(rows, dtype=torch.float64).unbind(1)
    away = times_s[:, None] - middle
    distance = (away.abs() - plateau).clamp(min=0)
    tau = torch.where(away < 0, RISE_S[group], FALL_S[group]) / quickness
    reached = away.abs() < half + REACH_S
    return torch.where(reached, strength * torch.exp(-distance / tau), 0.0)


def _plateau_s(phone: Phone) -> float:
    length_s = phone.end_s - phone.start_s
    if phone.viseme == SILENCE:
        return max(0.0, length_s / 2 - PAUSE_EDGE_S)
    return PLATEAU_SHARE * length_s


def _strength(phone: Phone, group: str) -> float:
    return float(getattr(STRENGTHS[phone.viseme], group))


def _target(phone: Phone, style: SpeechStyle, emphasis: float) -> list[float]:
    """Weights of `SHAPES` that a sound aims at."""
    aims = TARGETS[phone.viseme]
    opening = style.opening * emphasis if phone.viseme in VOWELS else 1.0
    gains = {"opening": opening, "rounding": style.rounding, "spreading": style.rounding}
    return [
        min(MOST.get(shape, 1.0), aims.get(shape, 0.0) * gains.get(group, 1.0))
        for group, shapes in GROUPS.items()
        for shape in shapes
    ]


def _both_sides(weights: Tensor) -> Tensor:
    """(B, 52) from (B, len(SHAPES))."""
    columns = dict(zip(SHAPES, weights.unbind(1), strict=True))
    nothing = weights.new_zeros(len(weights))
    named = (name.removesuffix("Left").removesuffix("Right") for name in ARKIT_SHAPES)
    return torch.stack([columns.get(name, nothing) for name in named], 1)
