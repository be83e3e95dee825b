"""Pairs that no renderer labelled: what the stages draw from photographs and films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.motion.regions import COMPACT_MIRROR
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..engine.draw import Draw

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What is stored of frames; zeros where nothing is, or in another layout."""

    landmarks: Tensor
    """(B, 21, 2) the points of `CompactKeypoint`, crop units."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll."""
    told: Tensor
    """(B,) bool: whether there is something."""

    @classmethod
    def of(cls, frames: Sequence[tuple[Array, Array] | None]) -> Annotations:
        """Landmarks (21, 2) and pose (3,) of each frame, or None where they are not known."""
        nothing = np.zeros((NUM_KEYPOINTS, 2)), np.zeros(3)
        each = [nothing if frame is None else frame for frame in frames]
        return cls(
            landmarks=torch.from_numpy(np.stack([points for points, _ in each])).float(),
            pose_deg=torch.from_numpy(np.stack([pose for _, pose in each])).float(),
            told=torch.tensor([frame is not None for frame in frames]),
        )

    def mirrored(self, rows: Tensor) -> Annotations:
        """Those of frames that are mirrored where `rows` (B,) is true; left stays the image's."""
        swapped = self.landmarks[:, list(COMPACT_MIRROR)] * self.landmarks.new_tensor((-1.0, 1.0))
        turned = self.pose_deg * self.pose_deg.new_tensor((1.0, -1.0, -1.0))
        return Annotations(
            landmarks=torch.where(rows[:, None, None], swapped, self.landmarks),
            pose_deg=torch.where(rows[:, None], turned, self.pose_deg),
            told=self.told,
        )

    def to(self, device: torch.device) -> Annotations:
        """The same on another device."""
        return Annotations(
            landmarks=self.landmarks.to(device),
            pose_deg=self.pose_deg.to(device),
            told=self.told.to(device),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledPairs:
    """Two frames of one person that no renderer labelled."""

    source: Tensor
    """(B, 3, h, h) in [0, 1]."""
    driving: Tensor
    """(B, 3, h, h) in [0, 1]; of a still the same picture as the source."""
    of_source: Annotations | None = None
    """What is stored of the source frames, where the set was asked for it."""
    of_driving: Annotations | None = None

    def to(self, device: torch.device) -> UnlabelledPairs:
        """The pairs on another device."""
        return UnlabelledPairs(
            source=self.source.to(device),
            driving=self.driving.to(device),
            of_source=None if self.of_source is None else self.of_source.to(device),
            of_driving=None if self.of_driving is None else self.of_driving.to(device),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedFrames:
    """Frames that were turned, shifted and zoomed, and damaged besides."""

    image: Tensor
    """(B, 3, h, h) in [0, 1]."""
    linear: Tensor
    """(B, 2, 2) acts on rows: a point at `xy` came to `xy @ linear + shift`, crop units."""
    shift: Tensor
    """(B, 2)."""

    def to(self, device: torch.device) -> MovedFrames:
        """The frames on another device."""
        return MovedFrames(
            image=self.image.to(device),
            linear=self.linear.to(device),
            shift=self.shift.to(device),
        )


class UnlabelledSource(Protocol):
    """Where unlabelled pairs come from: prepared folders here, other storage elsewhere."""

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        ...

    @property
    def has_motion(self) -> bool:
        """Whether any clip has more than one frame."""
        ...

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> UnlabelledPairs:
        """Random pairs, a function of the draw alone; `moving` leaves stills out."""
        ...

    def draw_frames(self, draw: Draw, count: int) -> Tensor:
        """(count, 3, h, h) random frames."""
        ...

    def first_pairs(self, count: int) -> UnlabelledPairs:
        """The same pairs every time, at most `count`: for strips."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFrames:
    """Frames with what M reads in them, in place of a truth."""

    image: Tensor
    """(B, 3, h, h) in [0, 1]."""
    keypoints: Tensor
    """(B, K, 3) crop units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPairs:
    """Unlabelled pairs once M has read them."""

    source: ReadFrames
    driving: ReadFrames


@torch.no_grad()
def read_pairs(pairs: UnlabelledPairs, motion: CompactMotionExtractor) -> ReadPairs:
    """The keypoints of both frames of each pair, without gradient."""
    images = (pairs.source, pairs.driving)
    keypoints = motion.read(torch.cat(images)).keypoints.chunk(2)
    source, driving = (
        ReadFrames(image=image, keypoints=points)
        for image, points in zip(images, keypoints, strict=True)
    )
    return ReadPairs(source=source, driving=driving)


def unlabelled_count(step: int, batch: int, share: float) -> int:
    """How many pairs of a step's batch are unlabelled.

    Convention:
        - a function of the step alone, so that all processes divide their batches alike; where
          the share is no whole number of pairs, steps differ by one and their mean is the share
    """
    per_step = batch * share
    return floor((step + 1) * per_step + 1e-6) - floor(step * per_step + 1e-6)
