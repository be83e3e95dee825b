"""Rendered heads that are drawn when a batch asks for them, and kept in memory for a while.

Convention:
    - a head is a function of the seed and its number, as in a folder of `train.render`: the same
      bits, in any process, whatever was drawn before
    - a step draws from `identities` heads at a time, from number `step * fresh` on
    - heads lie in memory that the process and the workers forked from it share, as many as a step
      draws from; one is rendered by whoever asks for it first, and makes way for the one whose
      number is larger by as many
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
from collections.abc import Callable, Mapping
from math import floor
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..engine.draw import Draw
from ..rendering.export.head_renderer import HeadRenderer
from ..rendering.export.options import PeopleOptions
from ..rendering.head.load import load_head
from .heads import RenderedHeads, Turned, turned_pairs
from .rendered_shards import FRAMES

MEAN_OF: Final = 64
"""Heads, at most, that the mean canonical keypoints are of."""
_LOCKS: Final = 256
"""At most: heads are rendered at a time whose slots differ modulo as many."""
_NOBODY: Final = -1
_WHOLE: Final = slice(None)
Arrays = Mapping[str, NDArray[Any]]


class DrawnSet(RenderedHeads):
    """Heads rendered while training."""

    def __init__(
        self,
        people: PeopleOptions,
        *,
        fresh: float = 0.0,
        same_pose_fraction: float = 0.5,
        turned_fraction: float = 0.0,
    ) -> None:
        """Render the first head, which says how much memory each takes.

        Args:
            people: Which heads; `identities` of them are drawn from, and in memory, at a time.
            fresh: Heads a step that new ones take the place of.
            same_pose_fraction: As for `RenderedHeads`.
            turned_fraction: Likewise; above 0 the poses of all heads that a step draws from are
                worked out before it, a third of the work of rendering them.

        Raises:
            FaceModelError: The face model cannot be read.
        """
        super().__init__(same_pose_fraction=same_pose_fraction, turned_fraction=turned_fraction)
        heads = people.heads
        self._people, self._fresh, self._size_px = people, fresh, heads.size_px
        self._renderer = HeadRenderer(load_head(heads.face_model), heads.size_px, people.animals)
        self._pool = _Pool(self._rendered, people.identities)
        self._poses = _Poses(self._posed, people.identities) if turned_fraction else None

    def __len__(self) -> int:
        return self._people.identities

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._size_px

    @property
    def has_depth(self) -> bool:
        """True: this renderer keeps it."""
        return True

    @property
    def memory_bytes(self) -> int:
        """Of all heads that a step draws from."""
        return self._pool.nbytes

    @property
    def mean_canonical(self) -> Tensor:
        """(K, 3) mean canonical keypoints of the first heads, `MEAN_OF` at most."""
        return torch.from_numpy(self.canonical(np.arange(min(len(self), MEAN_OF))).mean(0))

    def rows(
        self, name: str, identities: NDArray[np.integer], frames: NDArray[np.integer]
    ) -> NDArray[np.generic]:
        """(B, ...) of an array with frames, a copy."""
        places = zip(identities.tolist(), frames.tolist(), strict=True)
        return np.stack([self._pool.array(name, number, frame) for number, frame in places])

    def canonical(self, identities: NDArray[np.integer]) -> NDArray[np.generic]:
        """(B, K, 3) canonical keypoints, a copy."""
        arrays = [self._pool.array("canonical", number) for number in identities.tolist()]
        return np.stack(arrays)

    def _drawn(self, draw: Draw, count: int) -> NDArray[np.integer]:
        return self._oldest(draw) + super()._drawn(draw, count)

    def _turned(self, draw: Draw) -> Turned:
        assert self._poses is not None
        oldest = self._oldest(draw)
        pairs = turned_pairs(self._poses.since(oldest))
        pairs[:, 0] += oldest
        return pairs

    def _oldest(self, draw: Draw) -> int:
        """Number of the first head that a step draws from."""
        return floor(draw.step * self._fresh)

    def _rendered(self, number: int) -> Arrays:
        return self._renderer.render_identity(self._people.heads.seed, number)

    def _posed(self, number: int) -> Arrays:
        return {"pose_deg": self._renderer.poses_deg(self._people.heads.seed, number)}


class _Pool:
    """Arrays of some heads, in memory that forked processes share."""

    def __init__(self, render: Callable[[int], Arrays], count: int) -> None:
        """Make room.

        Args:
            render: Gives the arrays of a head by its number.
            count: Heads that there is room for; a head's place is its number modulo this.
        """
        self._render, first = render, render(0)
        kind = np.dtype([(name, array.dtype, array.shape) for name, array in first.items()])
        self.nbytes = count * kind.itemsize
        self._heads = np.frombuffer(mmap.mmap(-1, self.nbytes), kind)
        self._numbers = np.frombuffer(mmap.mmap(-1, 8 * count), np.int64)
        self._numbers[:] = _NOBODY
        self._locks = [multiprocessing.Lock() for _ in range(min(count, _LOCKS))]
        self._keep(0, first)

    def array(self, name: str, number: int, part: int | slice = _WHOLE) -> NDArray[Any]:
        """A copy of an array, or of a part of it, of a head; it is rendered if it is not there."""
        place = number % len(self._heads)
        with self._locks[place % len(self._locks)]:
            if self._numbers[place] != number:
                self._keep(number, self._render(number))
            return np.copy(self._heads[place][name][part])

    def _keep(self, number: int, arrays: Arrays) -> None:
        place = number % len(self._heads)
        self._numbers[place] = _NOBODY  # until it is whole
        for name, array in arrays.items():
            self._heads[place][name] = array
        self._numbers[place] = number


class _Poses:
    """Poses of the heads that a step draws from, which processes work out together."""

    def __init__(self, pose: Callable[[int], Arrays], count: int) -> None:
        self._pool = _Pool(pose, count)
        self._numbers = np.full(count, _NOBODY)
        self._pose_deg = np.zeros((count, FRAMES, 3), np.float32)

    def since(self, oldest: int) -> NDArray[np.float32]:
        """(N, 3, 3) of the heads from a number on, in their order."""
        numbers = oldest + np.arange(len(self._numbers))
        places = numbers % len(numbers)
        lacking = numbers[self._numbers[places] != numbers]
        # in an order of each process's own, so that one does not wait for what another works out
        for number in np.random.default_rng(os.getpid()).permutation(lacking).tolist():
            place = number % len(numbers)
            self._pose_deg[place] = self._pool.array("pose_deg", number)
            self._numbers[place] = number
        return self._pose_deg[places]
