"""A speech encoder of the wav2vec 2.0 base layout, as HuBERT base has it.

Source: Hsu et al. 2021, "HuBERT"; layers as in Baevski et al. 2020, "wav2vec 2.0".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

KERNELS: Final = (10, 3, 3, 3, 3, 2, 2)
STRIDES: Final = (5, 2, 2, 2, 2, 2, 2)
HEAD_WIDTH: Final = 64
"""Channels of one head of attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubertForm:
    """Sizes of a `HubertEncoder`; the defaults are those of the base model."""

    channels: int = 512
    """Of the convolutions."""
    width: int = 768
    inner: int = 3072
    """Width of the feed-forward steps."""
    layers: int = 12
    position_kernel: int = 128
    """Frames that the convolution of positions sees."""
    position_groups: int = 16


class HubertEncoder(nn.Module):
    """Sound -> what is heard in it, 50 times a second.

    Convention:
        - the first convolution has a norm for each channel over time, the others have none
        - layers are normed after each step, not before
    """

    def __init__(self, form: HubertForm) -> None:
        super().__init__()
        channels, width = form.channels, form.width
        inputs = (1, *[channels] * (len(KERNELS) - 1))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(count, channels, kernel, stride, bias=False)
            for count, kernel, stride in zip(inputs, KERNELS, STRIDES, strict=True)
        )
        self.first_norm = nn.GroupNorm(channels, channels)
        self.feature_norm = nn.LayerNorm(channels)
        self.projection = nn.Linear(channels, width)
        self.positions = nn.Conv1d(
            width,
            width,
            form.position_kernel,
            padding=form.position_kernel // 2,
            groups=form.position_groups,
        )
        self.norm = nn.LayerNorm(width)
        heads = width // HEAD_WIDTH
        self.layers = nn.ModuleList(
            AttentionLayer(width, heads, form.inner) for _ in range(form.layers)
        )

    def forward(self, waveform: Tensor) -> Tensor:
        """(B, N) at 16 kHz, N of at least 400 samples -> ((N - 400) // 320 + 1) frames.

        Returns:
            (B, T, width).
        """
        x = self.first_norm(self.convolutions[0](waveform[:, None]))
        for convolution in self.convolutions[1:]:
            x = convolution(F.gelu(x))
        x = self.projection(self.feature_norm(F.gelu(x).transpose(1, 2)))
        places = self.positions(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)
        x = self.norm(x + F.gelu(places))
        for layer in self.layers:
            x = layer(x)
        return x


class AttentionLayer(nn.Module):
    """Attention of all places and a feed-forward step, a norm after each."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.attention = PlainAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width)
        self.step = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.step_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        x = self.attention_norm(x + self.attention(x))
        return self.step_norm(x + self.step(x))


class PlainAttention(nn.Module):
    """Self-attention of all places, without a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inner = nn.Linear(width, 3 * width)
        self.outer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        parts = self.inner(x).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value)
        return self.outer(seen.transpose(1, 2).flatten(2))
