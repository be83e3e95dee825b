"""What is spoken, 50 times a second: a small conformer that recognises phonemes of any language.

Its layers, sizes and first weights are those of the phoneme recogniser in the package `hama` 1.7
(Apache-2.0); here they are computed by torch, so that they run everywhere, in batches, many times
faster, and go on learning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SAMPLE_RATE_HZ: Final = 16_000
FRAME_SAMPLES: Final = 320
"""Samples from one frame to the next: 50 frames a second."""
NUM_MELS: Final = 80
NUM_PHONEMES: Final = 191
"""Tokens of the recogniser, its word boundary and its blank included."""
WIDTH: Final = 144
_WINDOW_SAMPLES: Final = 400
_HOP_SAMPLES: Final = 160
_NUM_BLOCKS: Final = 4
_NUM_HEADS: Final = 4
_KERNEL: Final = 31
_LEAST_POWER: Final = 1e-10
SILENT_MEL: Final = math.log(_LEAST_POWER)
"""What `LogMel` gives of silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFeatures:
    """A sound, frame by frame; frame i is centred at sample 320 i."""

    encoded: Tensor
    """(B, T, 144) what is spoken, with about a second of context: phonemes are read off it."""
    mel: Tensor
    """(B, T, 80) logarithm of the power in mel bands."""


class LogMel(nn.Module):
    """Logarithm of the power in 80 bands, 100 times a second."""

    window: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(_WINDOW_SAMPLES), persistent=False)
        self.register_buffer("bands", _mel_bands())

    def forward(self, waveform: Tensor) -> Tensor:
        """(B, N) at 16 kHz -> (B, N // 160 + 1, 80), the first centred at sample 0."""
        spectrum = torch.stft(
            waveform,
            _WINDOW_SAMPLES,
            _HOP_SAMPLES,
            window=self.window,
            pad_mode="reflect",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return (power.transpose(1, 2) @ self.bands).clamp(min=_LEAST_POWER).log()


class PhonemeEncoder(nn.Module):
    """Sound -> the phonemes that are spoken.

    Source: Gulati et al. 2020, "Conformer", without positions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel()
        self.stem = nn.Conv1d(NUM_MELS, WIDTH, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(ConformerBlock() for _ in range(_NUM_BLOCKS))
        self.phonemes = nn.Linear(WIDTH, NUM_PHONEMES)

    def forward(self, waveform: Tensor) -> SoundFeatures:
        """Encode a sound.

        Args:
            waveform: (B, N) at 16 kHz, N of at least 201 samples.

        Returns:
            N // 320 + 1 frames.
        """
        mel = self.mel(waveform)
        x = F.gelu(self.stem(mel.transpose(1, 2))).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return SoundFeatures(encoded=x, mel=mel[:, ::2])

    def probabilities(self, encoded: Tensor) -> Tensor:
        """(B, T, 144) -> (B, T, 191) of the tokens."""
        return F.softmax(self.phonemes(encoded), -1)


class ConformerBlock(nn.Module):
    """Half a feed-forward step, attention, convolution, the other half, norm."""

    def __init__(self) -> None:
        super().__init__()
        self.before = FeedForward()
        self.attention = Attention(WIDTH, _NUM_HEADS)
        self.convolution = ConvolutionModule()
        self.after = FeedForward()
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 144) -> the same."""
        x = x + 0.5 * self.before(x)
        x = x + self.attention(x)
        x = x + self.convolution(x)
        return self.norm(x + 0.5 * self.after(x))


class FeedForward(nn.Sequential):
    """Norm, four times as wide, SiLU, and back."""

    def __init__(self) -> None:
        super().__init__(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.SiLU(), nn.Linear(4 * WIDTH, WIDTH)
        )


class Attention(nn.Module):
    """Self-attention of all frames, with a norm before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 3 * width)
        self.outer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        parts = self.inner(self.norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value)
        return self.outer(seen.transpose(1, 2).flatten(2))


class ConvolutionModule(nn.Module):
    """Norm, gated linear unit, depthwise convolution over 620 ms, SiLU, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.gated = nn.Linear(WIDTH, 2 * WIDTH)
        self.depthwise = nn.Conv1d(WIDTH, WIDTH, _KERNEL, padding=_KERNEL // 2, groups=WIDTH)
        self.outer = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 144) -> the same."""
        x = F.glu(self.gated(self.norm(x)), -1)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return self.outer(F.silu(x))


def _mel_bands() -> Tensor:
    """(201, 80) triangles that are evenly spaced on the mel scale from 0 to 8 kHz, area one."""
    highest = 2595 * math.log10(1 + SAMPLE_RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (torch.linspace(0, highest, NUM_MELS + 2) / 2595) - 1)
    bins_hz = torch.linspace(0, SAMPLE_RATE_HZ / 2, _WINDOW_SAMPLES // 2 + 1)
    widths = edges_hz.diff()
    away = edges_hz[None] - bins_hz[:, None]
    rising, falling = -away[:, :-2] / widths[:-1], away[:, 2:] / widths[1:]
    triangles = torch.minimum(rising, falling).clamp(min=0)
    return triangles * 2 / (edges_hz[2:] - edges_hz[:-2])
