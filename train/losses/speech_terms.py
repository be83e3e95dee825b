"""Losses of speech to motion: where, how fast, how open, shut when it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.speech import AHEAD, WINDOW, SpeechWindow
from liveportrait_core.speech.lip_gap import LipGap

from .terms import LossTerm

SMOOTH_L1_BETA: Final = 0.5
AHEAD_WEIGHT: Final = 0.3
"""Of the frames after a window, which the next window makes again."""
GAP_UNIT_CM: Final = 0.5
USUAL_LIPS: Final = LipGap()
SHUT_WEIGHT: Final = 3.0
"""Of frames with shut lips: they are fewer than the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechWeights:
    """Weights of the losses; the paper names none for speech."""

    position: float = option(1.0, "weight of the values", minimum=0)
    velocity: float = option(1.0, "weight of their change from frame to frame", minimum=0)
    gap: float = option(1.0, "weight of the gap between the lips", minimum=0)
    closures: float = option(0.5, "weight of shut lips", minimum=0)
    head: float = option(0.3, "weight of the head's pose", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueWindow:
    """What a window should be."""

    values: Tensor
    """(B, 16, C)."""
    closure: Tensor
    """(B, 16) 0 to 1."""
    known: Tensor
    """(B, 16, C) 1 where the value is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStepLosses:
    """What the terms are made of."""

    made: SpeechWindow
    true: TrueWindow
    spread: Tensor
    """(C,) standard deviation of the values."""
    names: tuple[str, ...]
    slow: int
    """How many of the values, the last ones, are the head's."""


def speech_terms(weights: SpeechWeights) -> Sequence[LossTerm[SpeechStepLosses]]:
    """The table."""
    return [
        LossTerm("position", weights.position, lambda step: _position(step, head=False)),
        LossTerm("velocity", weights.velocity, velocity_loss),
        LossTerm("gap", weights.gap, gap_loss),
        LossTerm("closures", weights.closures, closure_loss),
        LossTerm("head", weights.head, lambda step: _position(step, head=True)),
    ]


def velocity_loss(step: SpeechStepLosses) -> Tensor:
    """Mean square of the error of the change from frame to frame, in standard deviations."""
    error = (step.made.values - step.true.values) / step.spread
    both = step.true.known[:, 1:] * step.true.known[:, :-1]
    return _mean(error.diff(dim=1).square(), both * _frame_weights(error)[1:])


def gap_loss(step: SpeechStepLosses) -> Tensor:
    """Mean error of the gap between lips that are as shut as the closure says, in 5 mm."""
    slopes = step.spread.new_tensor([USUAL_LIPS.slopes_cm.get(name, 0.0) for name in step.names])
    made = _gap(step.made.values, torch.sigmoid(step.made.closure_logit), slopes)
    true = _gap(step.true.values, step.true.closure, slopes)
    opens = (slopes != 0).to(slopes.dtype)
    known = (step.true.known * opens).sum(-1) >= opens.sum().clamp(min=1)
    error = ((made - true) / GAP_UNIT_CM).abs()
    return _mean(error, known * _frame_weights(step.made.values)[:, 0])


def closure_loss(step: SpeechStepLosses) -> Tensor:
    """Cross-entropy of shut lips."""
    shut = step.true.closure
    error = F.binary_cross_entropy_with_logits(step.made.closure_logit, shut, reduction="none")
    known = step.true.known.amax(-1)
    return _mean(
        error * (1 + (SHUT_WEIGHT - 1) * shut), known * _frame_weights(step.made.values)[:, 0]
    )


def _position(step: SpeechStepLosses, *, head: bool) -> Tensor:
    """Smooth L1 in standard deviations, of the shapes or of the head."""
    count = len(step.names)
    part = slice(count - step.slow, count) if head else slice(count - step.slow)
    made, true = step.made.values[..., part], step.true.values[..., part]
    if not made.shape[-1]:
        return made.sum()
    spread = step.spread[part]
    error = F.smooth_l1_loss(made / spread, true / spread, beta=SMOOTH_L1_BETA, reduction="none")
    return _mean(error, step.true.known[..., part] * _frame_weights(made))


def _gap(values: Tensor, closure: Tensor, slopes: Tensor) -> Tensor:
    return (USUAL_LIPS.rest_cm + values @ slopes).clamp(min=0) * (1 - closure)


def _frame_weights(values: Tensor) -> Tensor:
    """(16, 1) of the frames."""
    weights = values.new_ones(WINDOW + AHEAD, 1)
    weights[WINDOW:] = AHEAD_WEIGHT
    return weights


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    weight = weight.expand_as(error)
    return (error * weight).sum() / weight.sum().clamp(min=1)
