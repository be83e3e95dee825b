"""Batches of speech: what is heard, and what the face does, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.networks.phonemes import SoundFeatures
from liveportrait_core.networks.speech import BEHIND, PAST, WINDOW

from ..engine.draw import Draw
from .speech_rows import SpeechRow

STARTS: Final = (BEHIND - 3 * WINDOW, BEHIND - 2 * WINDOW, BEHIND - WINDOW, BEHIND)
"""First frames of the windows that are made of what is heard; the last is as in use."""


class Rows(Protocol):
    """Where rows come from."""

    def row(self, random: np.random.Generator) -> SpeechRow:
        """A row of 56 frames."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBatch:
    """Sounds of 56 frames, and what the face does."""

    heard: Tensor | SoundFeatures
    """(B, N) the sounds that are heard, with all that was added to them; or (B, 56, ...) what was
    heard of them."""
    values: Tensor
    """(B, 56, C)."""
    closure: Tensor
    """(B, 56)."""
    known: Tensor
    """(B, C)."""
    past_noise: Tensor
    """(B, 4, 16, C) in standard deviations, what the motion before a window is disturbed by."""
    mel_known: Tensor
    """(B,) 0 where the loudness of the sound is not told."""
    past_known: Tensor
    """(B, 4) 1 where a window is told the motion before it."""
    style: Tensor
    """(B, S)."""
    style_known: Tensor
    """(B,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBatches:
    """Draws batches of rows."""

    rows: Rows
    count: int
    no_past: float = 0.2
    """Share of the windows that are not told the motion before them."""
    no_style: float = 0.2
    no_mel: float = 0.3
    """Share of sounds whose loudness is not told, but what is spoken alone: that is more alike in
    all voices."""
    past_spread: float = 0.15

    def draw(self, draw: Draw) -> SpeechBatch:
        """A batch, a function of the draw alone."""
        rows = [self.rows.row(random) for random in draw.generators(self.count)]
        values = torch.stack([row.values for row in rows])
        shape = (self.count, len(STARTS), PAST, values.shape[-1])
        slow_noise = draw.normal(self.count, len(STARTS), 1, values.shape[-1])
        noise = (slow_noise + 0.5 * draw.normal(*shape)) * self.past_spread
        told = torch.stack([row.style_known for row in rows])
        has_style = (draw.uniform(self.count) >= self.no_style).float() * told
        past_known = (draw.uniform(self.count, len(STARTS)) >= self.no_past).float()
        return SpeechBatch(
            heard=_heard([row.heard for row in rows]),
            values=values,
            closure=torch.stack([row.closure for row in rows]),
            known=torch.stack([row.known for row in rows]),
            past_noise=noise,
            past_known=past_known,
            mel_known=(draw.uniform(self.count) >= self.no_mel).float(),
            style=torch.stack([row.style for row in rows]),
            style_known=has_style,
        )


def _heard(rows: Sequence[Tensor | SoundFeatures]) -> Tensor | SoundFeatures:
    sounds = [row for row in rows if isinstance(row, Tensor)]
    if sounds:
        return torch.stack(sounds)
    features = [row for row in rows if isinstance(row, SoundFeatures)]
    return SoundFeatures(
        encoded=torch.stack([one.encoded for one in features]),
        mel=torch.stack([one.mel for one in features]),
    )
