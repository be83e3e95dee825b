"""Batches of speech: what the encoder hears, and what the face does, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.networks.phonemes import FRAME_SAMPLES
from liveportrait_core.networks.speech import BEHIND, HEARD, PAST, WINDOW
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.stream import LIVE

from ..engine.draw import Draw
from .speech_clip import SpeechClip

Samples: TypeAlias = NDArray[np.float32]
Augment: TypeAlias = Callable[[Samples, np.random.Generator], Samples]
"""Adds what rooms, microphones and other sounds add to speech, in time to the sample."""
SPEEDS: Final = (-0.16, 0.16)
"""Logarithms of how much faster."""
StillSound: TypeAlias = Callable[[int, np.random.Generator], Samples]
"""So many samples of a sound in which nobody speaks."""
STARTS: Final = (BEHIND - 3 * WINDOW, BEHIND - 2 * WINDOW, BEHIND - WINDOW, BEHIND)
"""First frames of the windows that are made of what is heard; the last is as in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTrack:
    """What a network learns of a clip, frame by frame."""

    values: Tensor
    """(T, C)."""
    closure: Tensor
    """(T,) how far the lips are shut."""
    known: Tensor
    """(C,) 1 where the clip knows the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBatch:
    """Sounds of 56 frames, and what the face does."""

    heard: Tensor
    """(B, N) the sound that is heard, with all that was added to it."""
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
    """Draws batches of clips."""

    clips: Sequence[SpeechClip]
    outputs: tuple[str, ...]
    slow: int
    count: int
    augment: Augment
    still_sound: StillSound
    no_past: float = 0.2
    """Share of the windows that are not told the motion before them."""
    no_style: float = 0.2
    no_mel: float = 0.3
    """Share of sounds whose loudness is not told, but what is spoken alone: that is more alike in
    all voices."""
    still: float = 0.12
    """Share of sounds without speech, in which the face rests."""
    past_spread: float = 0.15
    faster: float = 0.6
    """Share of sounds that are played faster or slower, as other voices would have them: pitch and
    formants go with it."""

    def draw(self, draw: Draw) -> SpeechBatch:
        """A batch, a function of the draw alone."""
        rows = [self._row(random) for random in draw.generators(self.count)]
        heard, values, closure, known, style, told = (
            torch.stack(column) for column in zip(*rows, strict=True)
        )
        shape = (self.count, len(STARTS), PAST, values.shape[-1])
        slow_noise = draw.normal(self.count, len(STARTS), 1, values.shape[-1])
        noise = (slow_noise + 0.5 * draw.normal(*shape)) * self.past_spread
        has_style = (draw.uniform(self.count) >= self.no_style).float() * told
        past_known = (draw.uniform(self.count, len(STARTS)) >= self.no_past).float()
        return SpeechBatch(
            heard=heard,
            values=values,
            closure=closure,
            known=known,
            past_noise=noise,
            past_known=past_known,
            mel_known=(draw.uniform(self.count) >= self.no_mel).float(),
            style=style,
            style_known=has_style,
        )

    def _row(self, random: np.random.Generator) -> tuple[Tensor, ...]:
        number = int(random.integers(len(self.clips)))
        clip = self.clips[number]
        track = self._track(number)
        # the part that is taught lies anywhere in the clip, or reaches over its ends
        first = int(random.integers(-BEHIND, max(1, len(track.values) - WINDOW)))
        speed = float(np.exp(random.uniform(*SPEEDS))) if random.random() < self.faster else 1.0
        clean = _cut(clip.waveform, first * FRAME_SAMPLES, LIVE.samples, speed)
        values = _frames(torch.cat((track.values, track.closure[:, None]), 1), first, speed)
        values, closure = values[:, :-1], values[:, -1]
        heard = self.augment(clean, random)
        if random.random() < self.still:
            values, closure = values * 0, closure * 0
            heard = self.still_sound(len(clean), random)
        style = torch.tensor(clip.style.values() if clip.style is not None else ())
        return (
            torch.from_numpy(heard),
            values,
            closure,
            track.known,
            style,
            torch.tensor(float(clip.style is not None)),
        )

    def _track(self, number: int) -> FaceTrack:
        return face_track(self.clips[number], self.outputs, self.slow)


def face_track(clip: SpeechClip, outputs: tuple[str, ...], slow: int) -> FaceTrack:
    """What a network learns of a clip.

    Args:
        clip: Its shapes have a row for each frame.
        outputs: Names of the values: shapes, and the head's angles last.
        slow: How many of them are the head's.
    """
    shapes = clip.shapes
    names = outputs[: len(outputs) - slow]
    columns = [ARKIT_SHAPES.index(name) for name in names]
    known = [float(name in shapes.known) for name in names]
    head = shapes.head_deg if shapes.head_deg is not None else torch.zeros(len(shapes), 3)
    values = torch.cat((shapes.weights[:, columns], head[:, :slow]), 1).float()
    is_known = [*known, *[float(shapes.head_deg is not None)] * slow]
    return FaceTrack(
        values=values,
        closure=LipGap().closure(shapes.weights.float()).clamp(0, 1),
        known=torch.tensor(is_known),
    )


def statistics(
    clips: Sequence[SpeechClip], outputs: tuple[str, ...], slow: int, most: int = 400
) -> tuple[Tensor, Tensor]:
    """(C,) mean and standard deviation of the values over some clips."""
    step = max(1, len(clips) // most)
    tracks = [face_track(clips[k], outputs, slow).values for k in range(0, len(clips), step)]
    values = torch.cat(tracks)
    return values.mean(0), values.std(0).clamp(min=0.02)


def _cut(samples: Samples, first: int, count: int, speed: float) -> Samples:
    """Samples from `first` on, silence where there are none."""
    if speed == 1:
        cut = np.zeros(count, np.float32)
        begin, end = max(first, 0), min(first + count, len(samples))
        if end > begin:
            cut[begin - first : end - first] = samples[begin:end]
        return cut
    places = first + speed * np.arange(count)
    return np.interp(places, np.arange(len(samples)), samples, 0, 0).astype(np.float32)


def _frames(values: Tensor, first: int, speed: float) -> Tensor:
    """(56, C) frames from `first` on; the face rests before the clip and after it."""
    padded = F.pad(values, (0, 0, 1, 1))  # at rest
    places = (first + 1 + speed * torch.arange(HEARD, dtype=torch.float64)).clamp(
        0, len(padded) - 1
    )
    low = places.floor().long()
    high = (low + 1).clamp(max=len(padded) - 1)
    return torch.lerp(padded[low], padded[high], (places - low).to(values.dtype)[:, None])
