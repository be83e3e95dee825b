"""Sound to motion: an autoregressive transformer over short windows.

A window of motion is made in one pass from its sound, a little of the sound before and after it,
the motion before it, and the style of the speaker.

Source: App. C names a network like FaceFormer (Fan et al. 2022); windows with the motion before
them are those of later work, guidance is that of Ho and Salimans 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .phonemes import NUM_MELS, WIDTH, Attention, SoundFeatures

WINDOW: Final = 8
"""Frames that are made in one pass, at 50 a second."""
AHEAD: Final = 8
"""Frames of sound after a window: the sound of 300 ms after its first frame is heard, and of 160 ms
after its last."""
PAST: Final = 16
"""Frames of motion and sound before a window."""
BEHIND: Final = 40
"""Frames of sound before a window that the encoder hears."""
HEARD: Final = BEHIND + WINDOW + AHEAD
"""Frames of sound that the encoder hears for one window."""
_MEL_MEAN: Final = -8.0
_MEL_SPREAD: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechForm:
    """Sizes of a `SpeechNetwork`, and what goes in and out of it."""

    outputs: tuple[str, ...]
    """Names of the values that it gives."""
    styles: tuple[str, ...] = ()
    """Names of the values of a style."""
    slow: int = 0
    """How many of the outputs, the last ones, are the head's: they have a head of their own."""
    width: int = 128
    layers: int = 3
    heads: int = 4
    space: str = ""
    """Keypoint space whose expression it gives; empty: it gives shapes."""
    features: int = 0
    """Channels of the features of another encoder that it hears by; 0: by the phoneme
    recogniser."""
    feature_layer: int | None = None
    """Layer of that encoder; None: what it gives at last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechWindow:
    """What is made for one window and, less surely, for the frames after it."""

    values: Tensor
    """(B, 16, C) the outputs, in their own units; the first 8 frames are the window's."""
    closure_logit: Tensor
    """(B, 16): lips are shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionBefore:
    """The motion before a window."""

    values: Tensor
    """(B, 16, C)."""
    known: Tensor
    """(B,) 1 where there is some, 0 at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How somebody talks."""

    values: Tensor
    """(B, S)."""
    known: Tensor
    """(B,) 1 where it is given, 0 where it is left open."""


class SpeechNetwork(nn.Module):
    """Features of the sound of windows, and the motion before them -> their motion."""

    mean: Tensor
    spread: Tensor

    def __init__(self, form: SpeechForm) -> None:
        super().__init__()
        self.form = form
        count = len(form.outputs)
        self.from_sound = nn.Linear(form.features or WIDTH, form.width)
        self.from_mel = nn.Linear(NUM_MELS, form.width)
        self.no_mel = nn.Parameter(torch.zeros(form.width))
        self.from_past = nn.Linear(count, form.width)
        self.no_past = nn.Parameter(torch.zeros(form.width))
        self.from_style = nn.Linear(len(form.styles), form.width) if form.styles else None
        self.any_style = nn.Parameter(torch.zeros(form.width))
        self.places = nn.Parameter(torch.randn(PAST + WINDOW + AHEAD, form.width) * 0.02)
        self.layers = nn.ModuleList(_Layer(form.width, form.heads) for _ in range(form.layers))
        self.norm = nn.LayerNorm(form.width)
        self.to_shapes = nn.Linear(form.width, count - form.slow)
        self.to_head = nn.Linear(form.width, form.slow)
        self.to_closure = nn.Linear(form.width, 1)
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))

    def forward(
        self,
        sound: SoundFeatures,
        before: MotionBefore,
        style: Style,
        mel_known: Tensor | None = None,
    ) -> SpeechWindow:
        """Make windows.

        Args:
            sound: (B, 32, ...) from 16 frames before the windows to 8 after them.
            before: The 16 frames before them.
            style: Of the speaker.
            mel_known: (B,) 0 where loudness is not told, for training; by default it is.
        """
        mel = self.from_mel((sound.mel - _MEL_MEAN) / _MEL_SPREAD)
        if mel_known is not None:
            mel = torch.where(mel_known[:, None, None] > 0, mel, self.no_mel)
        encoded = sound.encoded
        if self.form.features:  # of other encoders some channels are hundreds of times larger
            encoded = F.layer_norm(encoded, encoded.shape[-1:])
        x = mel + self.from_sound(encoded)
        told = self._told(style)
        past = self.from_past((before.values - self.mean) / self.spread)
        known = before.known[:, None, None]
        past = known * past + (1 - known) * self.no_past
        x = x + self.places + told[:, None] + F.pad(past, (0, 0, 0, WINDOW + AHEAD))
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x[:, PAST:])
        made = torch.cat((self.to_shapes(x), self.to_head(x)), -1)
        return SpeechWindow(
            values=made * self.spread + self.mean, closure_logit=self.to_closure(x)[..., 0]
        )

    def _told(self, style: Style) -> Tensor:
        """(B, width) of the speaker's style."""
        if self.from_style is None:
            return self.any_style.expand(len(style.known), -1)
        known = style.known[:, None]
        return known * self.from_style(style.values) + (1 - known) * self.any_style

    def guided(
        self, sound: SoundFeatures, before: MotionBefore, style: Style, guidance: float
    ) -> SpeechWindow:
        """As `forward`, with a style that counts more (above 1) or less than it was taught.

        Convention:
            - made = open + guidance * (styled - open), where the open one leaves the style open
        """
        styled = self(sound, before, style)
        if guidance == 1:
            return styled
        anyone = self(sound, before, Style(values=style.values, known=style.known * 0))
        return SpeechWindow(
            values=torch.lerp(anyone.values, styled.values, guidance),
            closure_logit=torch.lerp(anyone.closure_logit, styled.closure_logit, guidance),
        )


class _Layer(nn.Module):
    """Attention of all places and a feed-forward step, each after a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.step = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        x = x + self.attention(x)
        return x + self.step(x)
