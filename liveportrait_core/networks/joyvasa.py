"""JoyVASA's network, for its own weights: noise and sound to motion, by diffusion.

Source: Cao et al. 2024, "JoyVASA"; the steps back are those of Ho et al. 2020, with a network that
predicts the motion itself; guidance is that of Ho and Salimans 2022.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..constants import PositionCode
from .hubert import HubertEncoder, HubertForm, PlainAttention

NUM_VALUES: Final = 70
"""Of a frame: expression 63, scale, translation 3, pitch, yaw, roll; normalised."""
FRAME_SAMPLES: Final = 640
"""Samples of a frame at 25 a second."""
NUM_HEADS: Final = 8
FEED_FORWARD: Final = 4
_REFLECTED: Final = 20
"""Samples by which a window is reflected at both ends, twice, so that the encoder gives as many
frames as begin in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoyvasaForm:
    """Sizes of a `JoyvasaNetwork`."""

    width: int = 512
    layers: int = 8
    frames: int = 100
    """Of a window."""
    past: int = 10
    """Frames before a window that it is told."""
    steps: int = 500
    """Of the diffusion."""
    positions: PositionCode = "new"
    """How places in a window are told.

    new: each has its own code; old, as JoyVASA had it until 2025-12-09: all have the code of the
    place after the last one.
    """
    encoder: HubertForm = field(default_factory=HubertForm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was before a window."""

    motion: Tensor
    """(B, past, 70)."""
    sound: Tensor
    """(B, past, width)."""


class JoyvasaNetwork(nn.Module):
    """A window of sound, and the motion and sound before it -> its motion."""

    betas: Tensor

    def __init__(self, form: JoyvasaForm) -> None:
        super().__init__()
        self.form = form
        width = form.width
        self.encoder = HubertEncoder(form.encoder)
        self.from_encoder = nn.Linear(form.encoder.width, width)
        self.no_sound = nn.Parameter(torch.zeros(width))
        self.first_sound = nn.Parameter(torch.zeros(form.past, width))
        self.first_motion = nn.Parameter(torch.zeros(form.past, NUM_VALUES))
        self.from_motion = nn.Linear(NUM_VALUES, width)
        self.from_step = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(_HearingLayer(width) for _ in range(form.layers))
        self.to_motion = nn.Sequential(
            nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, NUM_VALUES)
        )
        self.register_buffer("betas", torch.full((form.steps,), 0.5))

    def hear(self, samples: Tensor) -> Tensor:
        """(B, 640 T) samples of windows at 16 kHz -> (B, T, width) of what is heard."""
        for _ in range(2):
            samples = F.pad(samples, (_REFLECTED, _REFLECTED), mode="reflect")
        heard = self.encoder(samples)  # (B, 2T, ...), 50 a second
        return self.from_encoder(heard.unflatten(1, (-1, 2)).mean(2))

    def beginning(self) -> Before:
        """What is before the first window, of one sound."""
        return Before(motion=self.first_motion[None], sound=self.first_sound[None])

    def forward(self, noisy: Tensor, sound: Tensor, before: Before, step: int) -> Tensor:
        """Predict the motion without noise.

        Args:
            noisy: (B, T, 70) with the noise of a step.
            sound: (B, T, width), as heard.
            before: What was before.
            step: From 1 to the form's steps.

        Returns:
            (B, T, 70).
        """
        x = self.from_motion(torch.cat((before.motion, noisy), 1))
        places = torch.arange(x.shape[1], device=x.device)
        if self.form.positions == "old":
            places = torch.full_like(places, len(places))
        told = self.from_step(sinusoids(places.new_tensor([step]), self.form.width))
        x = x + sinusoids(places, self.form.width) + told
        heard = torch.cat((before.sound, sound), 1)
        for layer in self.layers:
            x = layer(x, heard)
        return self.to_motion(x[:, before.motion.shape[1] :])

    def sample(
        self, sound: Tensor, before: Before, noise: Tensor, guidance: float, random: torch.Generator
    ) -> Tensor:
        """The motion of a window: from noise to motion, step by step.

        Convention:
            - at each step the motion is predicted without sound and with it;
              predicted = without + guidance * (with - without)

        Args:
            sound: (1, T, width), as heard.
            before: What was before.
            noise: (1, T, 70) that it begins with.
            guidance: How much the sound counts.
            random: Of the noise of the steps, on the CPU.

        Returns:
            (1, T, 70).
        """
        both = torch.cat((self.no_sound.expand_as(sound), sound))
        before = Before(
            motion=before.motion.expand(2, -1, -1), sound=before.sound.expand(2, -1, -1)
        )
        motion = noise
        for step in range(self.form.steps, 0, -1):
            without, heard = self(motion.expand(2, -1, -1), both, before, step).split(1)
            fresh = (
                torch.randn(motion.shape, generator=random) if step > 1 else motion.new_zeros(())
            )
            predicted = torch.lerp(without, heard, guidance)
            motion = step_back(motion, predicted, fresh.to(motion), self.betas, step)
        return motion


class _HearingLayer(nn.Module):
    """Attention of all places, the sound of each one's own frame, a feed-forward step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = FEED_FORWARD * width
        self.attention = PlainAttention(width, NUM_HEADS)
        self.attention_norm = nn.LayerNorm(width)
        self.heard = nn.Linear(width, width)
        self.heard_norm = nn.LayerNorm(width)
        self.step = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.step_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, heard: Tensor) -> Tensor:
        """(B, T, width) twice -> (B, T, width)."""
        x = self.attention_norm(x + self.attention(x))
        x = self.heard_norm(x + self.heard(heard))
        return self.step_norm(x + self.step(x))


def sinusoids(places: Tensor, width: int) -> Tensor:
    """(N,) places -> (N, width): sine and cosine by turns, wavelengths from 2 pi to 10,000 * 2 pi.

    Source: Vaswani et al. 2017.
    """
    rates = torch.exp(
        torch.arange(0, width, 2, device=places.device) * (-math.log(10_000.0) / width)
    )
    angles = places[:, None].float() * rates
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)


def step_back(noisy: Tensor, predicted: Tensor, fresh: Tensor, betas: Tensor, step: int) -> Tensor:
    """One step from noise to motion: a draw from q(x_(t-1) | x_t, x_0), t = step.

    Args:
        noisy: x_t.
        predicted: x_0, as the network has it.
        fresh: Noise of this step; zeros give the mean.
        betas: (steps,) beta_1 and following.
        step: t, from 1.

    Returns:
        x_(t-1): with a_t = 1 - beta_t and A_t = a_1 ... a_t,
        (sqrt(a_t) (1 - A_(t-1)) x_t + sqrt(A_(t-1)) beta_t x_0) / (1 - A_t)
        + sqrt(beta_t (1 - A_(t-1)) / (1 - A_t)) * fresh.

    Source: Ho et al. 2020, Eq. 6, 7.
    """
    beta = betas[step - 1]
    kept_before = (1 - betas[: step - 1]).log().sum().exp()  # A_(t-1), 1 at the first step
    lost_before, lost = 1 - kept_before, 1 - kept_before * (1 - beta)
    mean = ((1 - beta).sqrt() * lost_before * noisy + kept_before.sqrt() * beta * predicted) / lost
    return mean + (beta * lost_before / lost).sqrt() * fresh
