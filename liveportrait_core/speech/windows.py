"""Window after window of what a face does while it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ..networks.phonemes import SoundFeatures
from ..networks.speech import AHEAD, PAST, WINDOW, MotionBefore, SpeechNetwork, Style

DECODED: Final = PAST + WINDOW + AHEAD
"""Frames that the network sees of what was heard, for one window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFrames:
    """What a face does while it speaks, 50 frames a second."""

    values: Tensor
    """(T, C) the outputs of the model."""
    closure: Tensor
    """(T,) how far the lips are shut, 0 to 1."""


def joined_frames(parts: Sequence[SpokenFrames]) -> SpokenFrames:
    """Parts that follow one another, at least one, as one."""
    return SpokenFrames(
        values=torch.cat([part.values for part in parts]),
        closure=torch.cat([part.closure for part in parts]),
    )


class SpokenWindows:
    """Makes windows one after the other, each with the motion before it."""

    def __init__(
        self, network: SpeechNetwork, style: Tensor | None, guidance: float, shut_at: float
    ) -> None:
        """Begin with a face at rest.

        Args:
            network: What moves.
            style: (S,) of the speaker; None leaves it open.
            guidance: How much the style counts; 1 is as it was taught.
            shut_at: Probability from which lips are wholly shut.
        """
        form, place = network.form, network.mean.device
        self._network, self._guidance, self._shut_at = network, guidance, shut_at
        values = torch.zeros(1, len(form.styles)) if style is None else style[None]
        known = torch.zeros(1) if style is None else torch.ones(1)
        self._style = Style(values=values.to(place), known=known.to(place))
        self._past = torch.zeros(1, PAST, len(form.outputs), device=place)
        self.num_frames = 0
        """That were made."""

    @property
    def none(self) -> SpokenFrames:
        """No frames."""
        return SpokenFrames(values=self._past[0, :0], closure=self._past[0, :0, 0])

    def next(self, sound: SoundFeatures) -> SpokenFrames:
        """The window of what was heard of it and around it, (1, `DECODED`, ...): 8 frames."""
        known = torch.full((1,), float(self.num_frames > 0), device=self._past.device)
        before = MotionBefore(values=self._past, known=known)
        made = self._network.guided(sound, before, self._style, self._guidance)
        values = made.values[:, :WINDOW]
        self._past = torch.cat((self._past, values), 1)[:, -PAST:]
        self.num_frames += WINDOW
        closure = torch.sigmoid(made.closure_logit[0, :WINDOW]) / self._shut_at
        return SpokenFrames(values=values[0], closure=closure.clamp(max=1))
