"""Pairs of faces with what is known of each: by a renderer, or as a network reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.geometry import full_precision
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from .rendered import FRAMES, Frames, Pairs, RenderedSet
from .unlabelled import Annotations, UnlabelledPairs, UnlabelledSource


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFrames:
    """Frames of faces; where nothing is told of one, its landmarks and pose are zeros."""

    image: Tensor
    """(B, 3, h, h) in [0, 1]."""
    landmarks: Tensor
    """(B, 21, 3) the points of `CompactKeypoint`, crop units; of stored ones z is 0."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll."""
    told: Tensor
    """(B,) bool: whether landmarks and pose are known."""

    @classmethod
    def of_truth(cls, frames: Frames) -> FaceFrames:
        """Rendered frames."""
        return cls(
            image=frames.image,
            landmarks=frames.keypoints,
            pose_deg=frames.pose_deg,
            told=torch.ones(len(frames.image), dtype=torch.bool, device=frames.image.device),
        )

    @classmethod
    def of_clips(
        cls, image: Tensor, stored: Annotations | None, reader: CompactMotionExtractor | None
    ) -> FaceFrames:
        """(B, 3, h, h) pictures with what is stored of them, and else as a network reads them.

        Convention:
            - what is stored wins: it was measured in the whole, undamaged picture, or is exact.
              Its landmarks have no depth; z is 0
        """
        if stored is None:
            return cls.of_reading(image, reader)
        landmarks, told = F.pad(stored.landmarks, (0, 1)), stored.told
        if bool(told.all()):
            return cls(image=image, landmarks=landmarks, pose_deg=stored.pose_deg, told=told)
        read = cls.of_reading(image, reader)
        return cls(
            image=image,
            landmarks=torch.where(told[:, None, None], landmarks, read.landmarks),
            pose_deg=torch.where(told[:, None], stored.pose_deg, read.pose_deg),
            told=told | read.told,
        )

    @classmethod
    @torch.no_grad()
    def of_reading(cls, image: Tensor, reader: CompactMotionExtractor | None) -> FaceFrames:
        """(B, 3, h, h) pictures as a network reads them, or untold without one."""
        count, device = len(image), image.device
        landmarks = torch.zeros(count, NUM_KEYPOINTS, 3, device=device)
        pose_deg = torch.zeros(count, 3, device=device)
        if reader is not None:
            with full_precision(device):
                reading = reader.read(image)
            landmarks, pose_deg = reading.keypoints, reading.pose_deg
        told = torch.full((count,), reader is not None, device=device)
        return cls(image=image, landmarks=landmarks, pose_deg=pose_deg, told=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePairs:
    """A source and a driving frame of each of B people."""

    source: FaceFrames
    driving: FaceFrames

    @classmethod
    def of_rendered(cls, pairs: Pairs) -> FacePairs:
        """Rendered pairs, whose truth is known."""
        return cls(
            source=FaceFrames.of_truth(pairs.source), driving=FaceFrames.of_truth(pairs.driving)
        )

    @classmethod
    def of_clips(cls, pairs: UnlabelledPairs, reader: CompactMotionExtractor | None) -> FacePairs:
        """Pairs of clips with what is stored of them, or what the reader makes of them."""
        return cls(
            source=FaceFrames.of_clips(pairs.source, pairs.of_source, reader),
            driving=FaceFrames.of_clips(pairs.driving, pairs.of_driving, reader),
        )

    @property
    def told(self) -> Tensor:
        """(B,) bool: whether both frames are known."""
        return self.source.told & self.driving.told

    def to(self, device: torch.device) -> FacePairs:
        """The pairs on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def __getitem__(self, rows: slice) -> FacePairs:
        """Some of the pairs."""
        return self._each(lambda tensor: tensor[rows])

    def _each(self, change: Callable[[Tensor], Tensor]) -> FacePairs:
        """The pairs with all of their tensors changed."""
        source, driving = (
            FaceFrames(**{name: change(getattr(frames, name)) for name in _FIELDS})
            for frames in (self.source, self.driving)
        )
        return FacePairs(source=source, driving=driving)


def joined(parts: Sequence[FacePairs]) -> FacePairs:
    """One batch of several; their pictures have one size."""
    return FacePairs(
        source=_joined([part.source for part in parts]),
        driving=_joined([part.driving for part in parts]),
    )


def first_pairs(
    data: RenderedSet | None,
    clips: UnlabelledSource | None,
    reader: CompactMotionExtractor | None,
    count: int,
) -> FacePairs:
    """The same pairs every time, at most `count` rendered ones and as many of clips."""
    parts: list[FacePairs] = []
    if data is not None:
        numbers = np.arange(min(count, len(data)))
        parts.append(FacePairs.of_rendered(data.pairs(numbers, numbers % FRAMES)))
    if clips is not None:
        parts.append(FacePairs.of_clips(clips.first_pairs(count), reader))
    return joined(parts)


def _joined(frames: Sequence[FaceFrames]) -> FaceFrames:
    return FaceFrames(**{name: torch.cat([getattr(f, name) for f in frames]) for name in _FIELDS})


_FIELDS = tuple(entry.name for entry in fields(FaceFrames))
