"""Rendered heads, wherever they come from, and the pairs drawn from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch, PairTruth, ReliefTruth
from .rendered_shards import DEPTH, FRAMES

TURNED_DEG = 20.0
"""Change of yaw from which a pair counts as turned."""
SAME_POSE_PAIR = 1
"""Of the three pairs of an identity, the one whose frames share the head pose."""
HEAD_REGIONS = 2
"""Region labels from this on move with the head (skin, hair, eyes, mouth, glasses)."""
TORSO, OCCLUDER = 1, 7
"""What is before the face does not move with it: such labels are read as the torso's."""
Turned = NDArray[np.integer]
"""(N, 2) identity and number of pairs."""


class RenderedHeads(ABC):
    """Identities of a renderer: frames with keypoints and pose, pairs with their whole truth."""

    def __init__(
        self,
        *,
        same_pose_fraction: float = 0.5,
        turned_fraction: float = 0.0,
    ) -> None:
        """Say which pairs are drawn.

        Args:
            same_pose_fraction: Share of the drawn pairs with one head pose and another expression,
                of those that are not drawn as turned.
            turned_fraction: Share of the drawn pairs whose yaw differs by 20 degrees or more.
        """
        self._same_pose_fraction, self._turned_fraction = same_pose_fraction, turned_fraction

    @abstractmethod
    def __len__(self) -> int:
        """Identities that pairs are drawn from at a time."""

    @property
    @abstractmethod
    def size_px(self) -> int:
        """Side of the pictures."""

    @property
    @abstractmethod
    def has_depth(self) -> bool:
        """Whether the renderer kept depth of all of them."""

    @property
    @abstractmethod
    def mean_canonical(self) -> Tensor:
        """(K, 3) mean canonical keypoints."""

    @abstractmethod
    def rows(
        self, name: str, identities: NDArray[np.integer], frames: NDArray[np.integer]
    ) -> NDArray[np.generic]:
        """(B, ...) of an array with frames, a copy."""

    @abstractmethod
    def canonical(self, identities: NDArray[np.integer]) -> NDArray[np.generic]:
        """(B, K, 3) canonical keypoints, a copy."""

    @property
    def has_motion(self) -> bool:
        """True: each identity is rendered in several poses."""
        return True

    @property
    def is_labelled(self) -> bool:
        """True: the renderer knows keypoints and pose."""
        return True

    def frames(self, identities: NDArray[np.integer], frames: NDArray[np.integer]) -> FrameBatch:
        """The named frames of the named identities."""
        get = self._tensor
        pixels = get("image", identities, frames).permute(0, 3, 1, 2)
        return FrameBatch(
            pixels=pixels,
            keypoints=get("keypoints", identities, frames),
            canonical=torch.from_numpy(self.canonical(identities)),
            pose_deg=get("pose_deg", identities, frames),
            valid=torch.ones(len(pixels), dtype=torch.bool),
            all_valid=True,
        )

    def pairs(self, identities: NDArray[np.integer], pair: NDArray[np.integer]) -> PairBatch:
        """Pair k of an identity: driving frame k, source frame k + 1 (modulo 3)."""
        source = (pair + 1) % FRAMES
        get = self._tensor
        return PairBatch(
            source=self.frames(identities, source),
            driving=self.frames(identities, pair),
            truth=PairTruth(
                flow=get("flow", identities, pair).float().permute(0, 3, 1, 2),
                visible=get("visible", identities, pair).float()[:, None],
                source_regions=_without_occluders(get("regions", identities, source))[:, None],
                same_pose=torch.from_numpy(pair == SAME_POSE_PAIR),
                relief=self._relief(identities, pair) if self.has_depth else None,
            ),
        )

    def _relief(self, identities: NDArray[np.integer], pair: NDArray[np.integer]) -> ReliefTruth:
        source, get = (pair + 1) % FRAMES, self._tensor
        return ReliefTruth(
            source_depth=get(DEPTH, identities, source).float()[:, None],
            driving_depth=get(DEPTH, identities, pair).float()[:, None],
            driving_regions=_without_occluders(get("regions", identities, pair))[:, None],
        )

    def first_pairs(self, count: int) -> PairBatch:
        """A pair of each of the first identities, one after the other of their three."""
        numbers = np.arange(min(count, len(self)))
        return self.pairs(numbers, numbers % FRAMES)

    def draw_frames(self, draw: Draw, count: int) -> FrameBatch:
        """Random frames; an identity that cannot be read is named once, and the next taken."""
        identities, frames = self._drawn(draw, count), draw.integers(count, 0, FRAMES)
        identities = self._readable(identities, [("image", frames)])
        draw.notes.append(_named("frames", identities, frames))
        return self.frames(identities, frames)

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> PairBatch:
        """Random pairs: a share of them turned, and of the others a share of one head pose.

        Convention:
            - an identity that cannot be read is named once, and the next one takes its place

        Args:
            draw: The step's.
            count: Pairs.
            moving: Whether all are of different head poses.

        Raises:
            MediaError: Many in a row cannot be read.
        """
        same = draw.uniform(count).numpy() < (0.0 if moving else self._same_pose_fraction)
        pair = np.where(same, SAME_POSE_PAIR, 2 * draw.integers(count, 0, 2))
        identities = self._drawn(draw, count)
        if self._turned_fraction:
            among = self._turned(draw)
            chosen = among[draw.integers(count, 0, len(among))]
            turned = draw.uniform(count).numpy() < self._turned_fraction
            identities, pair = (
                np.where(turned, chosen[:, column], usual)
                for column, usual in enumerate((identities, pair))
            )
        needed = [("image", pair), ("image", (pair + 1) % FRAMES), ("flow", pair)]
        identities = self._readable(identities, needed)
        draw.notes.append(_named("pairs", identities, pair))
        return self.pairs(identities, pair)

    def _drawn(self, draw: Draw, count: int) -> NDArray[np.integer]:
        """(count,) random identities."""
        return draw.integers(count, 0, len(self))

    @abstractmethod
    def _turned(self, draw: Draw) -> Turned:
        """The turned pairs that a step draws from, by identity and number; at least one.

        Raises:
            MediaError: There is none.
        """

    def _readable(
        self,
        identities: NDArray[np.integer],
        needed: Sequence[tuple[str, NDArray[np.integer]]],
    ) -> NDArray[np.integer]:
        """The identities, or others where the needed frames of arrays cannot be read."""
        del needed
        return identities

    def _tensor(
        self, name: str, identities: NDArray[np.integer], frames: NDArray[np.integer]
    ) -> Tensor:
        return torch.from_numpy(self.rows(name, identities, frames))


def turned_pairs(pose_deg: NDArray[np.generic]) -> Turned:
    """Each pair whose yaw differs by `TURNED_DEG` or more.

    Args:
        pose_deg: (N, 3, 3) of all frames.

    Raises:
        MediaError: There is none.
    """
    yaw = pose_deg[..., 1].astype(np.float32)
    turn = np.abs(np.roll(yaw, -1, axis=1) - yaw)
    found = np.argwhere(turn >= TURNED_DEG)
    if not len(found):
        raise MediaError(
            f"No pair of the {len(pose_deg)} rendered heads turns by {TURNED_DEG:.0f} degrees or "
            "more, and turned_fraction asks for some. Give turned_fraction=0, or more heads."
        )
    return found


def _named(what: str, identities: NDArray[np.integer], numbers: NDArray[np.integer]) -> str:
    """Heads of a batch, for a message: "pairs 17/0 203/2" of identities 17 and 203."""
    rows = zip(identities, numbers, strict=True)
    return " ".join([f"rendered {what}", *(f"{identity}/{number}" for identity, number in rows)])


def _without_occluders(regions: Tensor) -> Tensor:
    return torch.where(regions == OCCLUDER, TORSO, regions)
