"""Pairs that no renderer labelled: what the stages draw from photographs and films."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Protocol

import torch
from torch import Tensor

from liveportrait_core.networks.compact.motion import Motion

from ..draw import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledPairs:
    """Two frames of one person, nothing else known of them."""

    source: Tensor
    """(B, 3, h, h) in [0, 1]."""
    driving: Tensor
    """(B, 3, h, h) in [0, 1]; of a still the same picture as the source."""

    def to(self, device: torch.device) -> UnlabelledPairs:
        """The pairs on another device."""
        return UnlabelledPairs(source=self.source.to(device), driving=self.driving.to(device))


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
def read_pairs(pairs: UnlabelledPairs, motion: Motion) -> ReadPairs:
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
