"""Clips as a source of unlabelled pairs, wherever their frames are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.networks.compact.layers import resize

from ..engine.draw import Draw
from .sampling import ClipSampler, Picks
from .skipping import Skipping
from .storage import each
from .unlabelled import Annotations, Array, UnlabelledPairs


class Frames(Protocol):
    """The frames of one clip."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Pixels:
        """(h, h, 3) uint8.

        Raises:
            MediaError: The frame cannot be read.
        """
        ...


Told = tuple[Array, Array]
"""Landmarks (21, 2) in crop units and pose (3,) in degrees of a frame."""


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Pixels
    told: Told | None


class ClipSet:
    """Clips, drawn each as often as the other, however many frames they have."""

    def __init__(
        self, frames: Sequence[Frames], *, size_px: int, image_share: float, far: bool = False
    ) -> None:
        """A source of pairs.

        Args:
            frames: Of each clip, all of one size.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_share: Share of stills among the drawn clips, where there are films too.
            far: Whether clips are behind a URL: several are asked for at a time.
        """
        self._far = far
        self._frames = frames
        self._sampler = ClipSampler([len(clip) for clip in frames], image_share)
        self._size_px = size_px
        self._skipping = Skipping("clip")

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._size_px

    @property
    def has_motion(self) -> bool:
        """Whether any clip has more than one frame."""
        return self._sampler.has_motion

    @property
    def num_damaged(self) -> int:
        """Clips that could not be read so far."""
        return len(self._skipping)

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> UnlabelledPairs:
        """Random pairs of different frames of a film, or of a still with itself.

        Convention:
            - a clip that cannot be read is named once on stderr, and the next of its kind takes
              its place: one damaged clip ends no run

        Raises:
            ValueError: `moving`, but there are no films.
            MediaError: Many clips in a row cannot be read.
        """
        return self._pairs(self._sampler.pairs(draw, count, moving=moving))

    def draw_frames(self, draw: Draw, count: int) -> Tensor:
        """(count, 3, h, h) random frames."""
        clips, frames = self._sampler.frames(draw, count)
        chosen = zip(clips.tolist(), frames.tolist(), strict=True)
        read = each(lambda both: self._read(both[0], [both[1]])[0], chosen, far=self._far)
        return self._tensor([frame.picture for frame in read])

    def first_pairs(self, count: int) -> UnlabelledPairs:
        """Of the first clips the first frame as source, the middle one as driving; films first."""
        return self._pairs(self._sampler.first_pairs(count))

    def _pairs(self, picks: Picks) -> UnlabelledPairs:
        numbers = (picks.clips.tolist(), picks.source.tolist(), picks.driving.tolist())
        chosen = list(zip(*numbers, strict=True))
        pairs = each(lambda pick: self._read(pick[0], pick[1:]), chosen, far=self._far)
        images = [self._tensor([pair[side].picture for pair in pairs]) for side in range(2)]
        told = [self._annotations([pair[side].told for pair in pairs]) for side in range(2)]
        return UnlabelledPairs(
            source=images[0], driving=images[1], of_source=told[0], of_driving=told[1]
        )

    def _told(self, clip: int, number: int) -> Told | None:
        """What is stored of a frame; here nothing.

        Raises:
            MediaError: It cannot be read.
        """
        del clip, number

    def _annotations(self, told: Sequence[Told | None]) -> Annotations | None:
        return None if all(frame is None for frame in told) else Annotations.of(told)

    def _read(self, clip: int, numbers: Sequence[int]) -> list[_Frame]:
        """Frames of a clip, or of the next one that can be read."""

        def read(clip: int) -> list[_Frame]:
            frames = self._frames[clip]
            chosen = [number % len(frames) for number in numbers]
            return [_Frame(frames[number], self._told(clip, number)) for number in chosen]

        return self._skipping.first_readable(clip, read, self._sampler.after)

    def _tensor(self, pictures: Sequence[Pixels]) -> Tensor:
        pixels = torch.from_numpy(np.stack(pictures))
        image = resize(pixels.permute(0, 3, 1, 2).float() / 255, self._size_px)
        return image.contiguous(memory_format=torch.channels_last)
