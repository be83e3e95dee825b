"""Clips as a source of unlabelled pairs, wherever their frames are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.imaging.tensors import Pixels

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch
from .clip_sampler import ClipSampler, Picks
from .pixels import as_pixels, resized
from .skipping import Skipping
from .storage import each


class ClipFrames(Protocol):
    """The frames of one clip."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Pixels:
        """(h, h, 3) uint8.

        Raises:
            MediaError: The frame cannot be read.
        """
        ...


Annotation = tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]
"""Landmarks (21, 2) in crop units and pose (3,) in degrees of a frame."""


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: Pixels
    annotation: Annotation | None


class ClipSet:
    """Clips, drawn each as often as the other, however many frames they have.

    No renderer labelled them: their pairs have no `truth`.
    """

    def __init__(
        self,
        frames: Sequence[ClipFrames],
        *,
        size_px: int,
        image_fraction: float,
        far: bool = False,
        people: Sequence[str] | None = None,
    ) -> None:
        """A source of pairs.

        Args:
            frames: Of each clip, all of one size.
            size_px: Side of the pictures it gives; stored ones are resized to it.
            image_fraction: Share of images among the drawn clips, where there are videos too.
            far: Whether clips are behind a URL: several are asked for at a time.
            people: Who is in each clip, where each person is to be drawn as often as any other.
        """
        self._far = far
        self._frames = frames
        self._sampler = ClipSampler([len(clip) for clip in frames], image_fraction, people)
        self._size_px = size_px
        self._skipping = Skipping("clip", len(frames))

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
    def is_labelled(self) -> bool:
        """Whether keypoints and pose of all frames are stored; here of none."""
        return False

    @property
    def num_damaged(self) -> int:
        """Clips that could not be read so far."""
        return len(self._skipping)

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> PairBatch:
        """Random pairs of different frames of a video, or of an image with itself.

        Convention:
            - a clip that cannot be read is named once on stderr, and the next of its kind takes
              its place: one damaged clip ends no run

        Args:
            draw: The step's.
            count: Pairs.
            moving: Whether images are left out.

        Raises:
            ValueError: `moving`, but there are no videos.
            MediaError: Many clips in a row cannot be read.
        """
        return self._pairs(self._sampler.pairs(draw, count, moving=moving))

    def draw_frames(self, draw: Draw, count: int) -> FrameBatch:
        """Random frames."""
        clips, frames = self._sampler.frames(draw, count)
        chosen = zip(clips.tolist(), frames.tolist(), strict=True)
        read = each(lambda both: self._read(both[0], [both[1]])[0], chosen, far=self._far)
        return self._batch(read)

    def first_pairs(self, count: int) -> PairBatch:
        """Of the first clips the first frame as source, the middle one as driving; videos first."""
        return self._pairs(self._sampler.first_pairs(count))

    def _pairs(self, picks: Picks) -> PairBatch:
        numbers = (picks.clips.tolist(), picks.source.tolist(), picks.driving.tolist())
        chosen = list(zip(*numbers, strict=True))
        pairs = each(lambda pick: self._read(pick[0], pick[1:]), chosen, far=self._far)
        source, driving = (self._batch([pair[side] for pair in pairs]) for side in range(2))
        return PairBatch(source=source, driving=driving)

    def _annotation(self, clip: int, number: int) -> Annotation | None:
        """What is stored of a frame; here nothing.

        Raises:
            MediaError: It cannot be read.
        """
        del clip, number

    def _read(self, clip: int, numbers: Sequence[int]) -> list[_Frame]:
        """Frames of a clip, or of the next one that can be read."""

        def read(clip: int) -> list[_Frame]:
            frames = self._frames[clip]
            chosen = [number % len(frames) for number in numbers]
            return [_Frame(frames[number], self._annotation(clip, number)) for number in chosen]

        return self._skipping.first_readable(clip, read, self._sampler.after)

    def _batch(self, frames: Sequence[_Frame]) -> FrameBatch:
        pixels = as_pixels(np.stack([resized(frame.picture, self._size_px) for frame in frames]))
        keypoints = torch.zeros(len(frames), NUM_KEYPOINTS, 3)
        pose_deg = torch.zeros(len(frames), 3)
        for row, frame in enumerate(frames):
            if frame.annotation is not None:
                landmarks, pose = frame.annotation
                keypoints[row, :, :2] = torch.from_numpy(landmarks)
                pose_deg[row] = torch.from_numpy(pose)
        known = [frame.annotation is not None for frame in frames]
        return FrameBatch(
            pixels=pixels,
            keypoints=keypoints,
            pose_deg=pose_deg,
            valid=torch.tensor(known),
            all_valid=all(known),
        )
