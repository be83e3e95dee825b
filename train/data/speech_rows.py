"""Rows of speech: a piece of a clip, what is heard of it somewhere, and what the face does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.networks.phonemes import FRAME_SAMPLES, SoundFeatures
from liveportrait_core.networks.speech import BEHIND, HEARD, WINDOW
from liveportrait_core.speech.keypoint_outputs import values_of_moves
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.prosody import gain_to_hear, loudness_db, usual_db

from .speech_clip import SpeechClip

Samples: TypeAlias = NDArray[np.float32]
Augment: TypeAlias = Callable[[Samples, np.random.Generator], Samples]
"""Adds what rooms, microphones and other sounds add to speech, in time to the sample."""
SPEEDS: Final = (-0.16, 0.16)
"""Logarithms of how much faster."""
LEAST_SPREAD: Final = 0.02
"""Standard deviation of a shape that hardly moves: its noise is not to be learned."""
LEAST_MOVE: Final = 5e-4
"""The same of a keypoint, crop units."""
OPEN_LIPS: Final = 0.1
"""Lip opening, height over width, from which lips are not shut at all."""
FASTER: Final = 0.6
"""Share of sounds that are played faster or slower, as other voices would have them."""
StillSound: TypeAlias = Callable[[int, np.random.Generator], Samples]
"""So many samples of a sound in which nobody speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRow:
    """A piece of speech and what the face does."""

    heard: Tensor | SoundFeatures
    """(N,) samples with all that was added to them; or (T, ...) what was heard of them."""
    values: Tensor
    """(T, C)."""
    closure: Tensor
    """(T,) how far the lips are shut."""
    known: Tensor
    """(C,) 1 where the clip knows the value."""
    style: Tensor
    """(S,)."""
    style_known: Tensor
    """() 1 where it is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRows:
    """Draws rows of clips, each time heard elsewhere."""

    clips: Sequence[SpeechClip]
    outputs: tuple[str, ...]
    slow: int
    augment: Augment
    still_sound: StillSound
    still: float = 0.12
    """Share of sounds without speech, in which the face rests."""
    faster: float = FASTER
    """Of them pitch and formants go with the speed."""

    def row(self, random: np.random.Generator) -> SpeechRow:
        """A row of `HEARD` frames."""
        clip = self.clips[int(random.integers(len(self.clips)))]
        return self.piece(clip, first_frame(clip, random), HEARD, random)

    def piece(
        self, clip: SpeechClip, first: int, count: int, random: np.random.Generator
    ) -> SpeechRow:
        """Some frames of a clip.

        Args:
            clip: The clip.
            first: Number of the first frame; before the clip and after it are silence and rest.
            count: How many frames.
            random: Source of randomness.
        """
        speed = speed_of(random, self.faster)
        samples = (count - 1) * FRAME_SAMPLES
        clean = _cut(levelled(clip.waveform), first * FRAME_SAMPLES, samples, speed)
        heard = torch.from_numpy(self.augment(clean, random))
        row = speech_row(clip, heard, self.outputs, self.slow, (first, count, speed))
        if random.random() >= self.still:
            return row
        still = torch.from_numpy(levelled(self.still_sound(samples, random)))
        return replace(row, heard=still, values=row.values * 0, closure=row.closure * 0)


def speech_row(
    clip: SpeechClip,
    heard: Tensor | SoundFeatures,
    outputs: tuple[str, ...],
    slow: int,
    part: tuple[int, int, float],
) -> SpeechRow:
    """What the face does in a part of a clip, with what is heard of it.

    Args:
        clip: The clip.
        heard: Of the part.
        outputs: Names of the values, as in `face_track`.
        slow: How many of them are the head's.
        part: First frame, how many frames, how much faster.
    """
    track = face_track(clip, outputs, slow)
    values = frames_at(torch.cat((track.values, track.closure[:, None]), 1), *part)
    told = clip.style is not None
    return SpeechRow(
        heard=heard,
        values=values[:, :-1],
        closure=values[:, -1],
        known=track.known,
        style=torch.tensor((clip.style or SpeechStyle()).values()),
        style_known=torch.tensor(float(told)),
    )


def first_frame(clip: SpeechClip, random: np.random.Generator) -> int:
    """Where a row begins: what is taught lies anywhere in the clip, or reaches over its ends."""
    return int(random.integers(-BEHIND, max(1, num_frames(clip) - WINDOW)))


def speed_of(random: np.random.Generator, faster: float) -> float:
    """How much faster a clip is played.

    Args:
        random: Source of randomness.
        faster: Share of the clips that are played faster or slower.
    """
    return float(np.exp(random.uniform(*SPEEDS))) if random.random() < faster else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTrack:
    """What a network learns of a clip, frame by frame."""

    values: Tensor
    """(T, C)."""
    closure: Tensor
    """(T,) how far the lips are shut."""
    known: Tensor
    """(C,) 1 where the clip knows the value."""


def face_track(clip: SpeechClip, outputs: tuple[str, ...], slow: int) -> FaceTrack:
    """What a network learns of a clip.

    Args:
        clip: Its shapes have a row for each frame.
        outputs: Names of the values: shapes, or those of `keypoint_outputs`, and the head's angles
            last.
        slow: How many of them are the head's.
    """
    shapes, moves = clip.shapes, clip.moves
    names = outputs[: len(outputs) - slow]
    head = shapes.head_deg if shapes.head_deg is not None else torch.zeros(len(shapes), 3)
    if moves is not None and not set(names) <= set(ARKIT_SHAPES):
        face, known = values_of_moves(moves.moved, names), [1.0] * len(names)
        closure = 1 - moves.lip_open / OPEN_LIPS
    else:
        face = shapes.weights[:, [ARKIT_SHAPES.index(name) for name in names]]
        known = [float(name in shapes.known) for name in names]
        closure = LipGap().closure(shapes.weights.float())
    is_known = [*known, *[float(shapes.head_deg is not None)] * slow]
    return FaceTrack(
        values=torch.cat((face, head[:, :slow]), 1).float(),
        closure=closure.clamp(0, 1),
        known=torch.tensor(is_known),
    )


def statistics(
    clips: Sequence[SpeechClip], outputs: tuple[str, ...], slow: int, most: int = 400
) -> tuple[Tensor, Tensor]:
    """(C,) mean and standard deviation of the values over some clips."""
    step = max(1, len(clips) // most)
    tracks = [face_track(clips[k], outputs, slow).values for k in range(0, len(clips), step)]
    values = torch.cat(tracks)
    least = [LEAST_SPREAD if name in ARKIT_SHAPES else LEAST_MOVE for name in outputs]
    return values.mean(0), values.std(0).clamp(min=torch.tensor(least))


def num_frames(clip: SpeechClip) -> int:
    """Of what the face does."""
    return len(clip.shapes.weights)


def levelled(samples: Samples) -> Samples:
    """A sound as loud as a stream lets it be heard."""
    usual = usual_db(loudness_db(torch.from_numpy(samples)))
    return samples * np.float32(gain_to_hear(usual))


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


def frames_at(values: Tensor, first: int, count: int, speed: float) -> Tensor:
    """(count, C) frames from `first` on; the face rests before the clip and after it."""
    padded = F.pad(values, (0, 0, 1, 1))  # at rest
    places = (first + 1 + speed * torch.arange(count, dtype=torch.float64)).clamp(
        0, len(padded) - 1
    )
    low = places.floor().long()
    high = (low + 1).clamp(max=len(padded) - 1)
    return torch.lerp(padded[low], padded[high], (places - low).to(values.dtype)[:, None])
