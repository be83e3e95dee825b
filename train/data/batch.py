"""Batches of faces: the one type from a clip or a rendered head to a training step.

Rendered heads, prepared clips and curated clips all give a `PairBatch`. They differ in what is
known of a frame: `valid` says whether keypoints and pose are there, and only a renderer gives the
`truth` of a pair. What is missing is filled by a network that reads it (`with_readings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..engine.tensors import map_tensors
from .pixels import as_image


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBatch:
    """Frames of B faces."""

    pixels: Tensor
    """(B, 3, h, h) bytes, or numbers in [0, 1]."""
    keypoints: Tensor
    """(B, K, 3) the points of `CompactKeypoint`, crop units; of stored landmarks z is 0. Zeros
    where they are not valid."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll; zeros where they are not valid."""
    valid: Tensor
    """(B,) bool: whether keypoints and pose are known."""
    all_valid: bool = False
    """True where all of them are surely known: a step must not ask a device for it."""
    canonical: Tensor | None = None
    """(B, K, 3) crop units; only a renderer knows them."""

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: slice) -> FrameBatch:
        """Some of the frames."""
        return map_tensors(self, lambda tensor: tensor[rows])

    @property
    def image(self) -> Tensor:
        """(B, 3, h, h) in [0, 1]."""
        return as_image(self.pixels)

    def to(self, device: torch.device) -> FrameBatch:
        """The frames on another device, in [0, 1]."""
        moved = map_tensors(self, lambda tensor: tensor.to(device, non_blocking=True))
        return replace(moved, pixels=moved.image)

    @torch.no_grad()
    def with_readings(self, network: CompactMotionExtractor | None) -> FrameBatch:
        """The frames with what a network reads where keypoints and pose are not known.

        Convention:
            - what is known wins: it was measured in the whole, undamaged picture, or is exact
            - precision is the caller's matter (autocast, or `full_precision`)

        Args:
            network: M of a compact model; None leaves the frames as they are.
        """
        if network is None or self.all_valid:
            return self
        reading = network.read(self.image)
        valid = self.valid
        return replace(
            self,
            keypoints=torch.where(valid[:, None, None], self.keypoints, reading.keypoints),
            pose_deg=torch.where(valid[:, None], self.pose_deg, reading.pose_deg),
            valid=torch.ones_like(valid),
            all_valid=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTruth:
    """What a renderer knows of B pairs besides keypoints and pose."""

    flow: Tensor
    """(B, 2, h / 2, h / 2): where each driving pixel is in the source, crop units."""
    visible: Tensor
    """(B, 1, h / 2, h / 2): 1 where that point can be seen in the source."""
    source_regions: Tensor
    """(B, 1, h / 2, h / 2) labels, see `train.rendering.regions`."""
    same_pose: Tensor
    """(B,) bool: whether both frames have the same head pose."""
    relief: ReliefTruth | None = None
    """Where the renderer kept depth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefTruth:
    """How near the pixels of B pairs are."""

    source_depth: Tensor
    """(B, 1, h / 2, h / 2) z of what is seen, crop units, as that of keypoints."""
    driving_depth: Tensor
    """(B, 1, h / 2, h / 2)."""
    driving_regions: Tensor
    """(B, 1, h / 2, h / 2) labels, as `PairTruth.source_regions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairBatch:
    """A source and a driving frame of each of B people; of an image both are the same picture."""

    source: FrameBatch
    driving: FrameBatch
    truth: PairTruth | None = None

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: slice) -> PairBatch:
        """Some of the pairs."""
        return map_tensors(self, lambda tensor: tensor[rows])

    @property
    def valid(self) -> Tensor:
        """(B,) bool: whether keypoints and pose of both frames are known."""
        return self.source.valid & self.driving.valid

    def to(self, device: torch.device) -> PairBatch:
        """The pairs on another device, in [0, 1]."""
        truth = map_tensors(self.truth, lambda tensor: tensor.to(device, non_blocking=True))
        return replace(
            self, source=self.source.to(device), driving=self.driving.to(device), truth=truth
        )

    def with_readings(self, network: CompactMotionExtractor | None) -> PairBatch:
        """The pairs with what a network reads where it is not known: `FrameBatch.with_readings`."""
        source, driving = (frames.with_readings(network) for frames in (self.source, self.driving))
        return replace(self, source=source, driving=driving)


Batch = TypeVar("Batch", FrameBatch, PairBatch, PairTruth, ReliefTruth)


def concatenate(parts: Sequence[Batch]) -> Batch:
    """One batch of several, whose pictures have one size; what one of them lacks is left out."""
    whole: dict[str, Any] = {}
    for entry in fields(parts[0]):
        values: list[Any] = [getattr(part, entry.name) for part in parts]
        if any(value is None for value in values):
            whole[entry.name] = None
        elif isinstance(values[0], bool):
            whole[entry.name] = all(values)
        else:
            join = torch.cat if isinstance(values[0], Tensor) else concatenate
            whole[entry.name] = join(values)
    return replace(parts[0], **whole)
