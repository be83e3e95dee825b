"""Batches of people and animals: how many of each a step has, and sources that give both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import TypeVar

import torch
from torch import Tensor

from liveportrait_core.errors import MediaError

from ..engine.draw import Draw
from .batch import FrameBatch, PairBatch, concatenate
from .folder import DataFolder, open_folders
from .heads import RenderedHeads
from .source import PairSource

Batch = TypeVar("Batch", FrameBatch, PairBatch)


@dataclass(frozen=True, slots=True)
class Counts:
    """Pairs of a batch."""

    heads: int
    """Rendered people."""
    clips: int
    """Of the original clips."""
    animal_heads: int
    animal_clips: int


@dataclass(frozen=True, slots=True)
class Mix:
    """How many pairs of each kind a step has.

    Convention:
        - a function of the step alone, as `count_in_step`; each kind's sum over the first steps
          is its share of all their pairs, less than two pairs off
    """

    batch: int
    animal_fraction: float
    clip_fraction: float
    originals: tuple[bool, bool]
    """Whether there are rendered heads, and clips."""
    animals: tuple[bool, bool]

    def counts(self, step: int) -> Counts:
        """Of one step."""
        before, after = self._until(step), self._until(step + 1)
        return Counts(*(b - a for a, b in zip(before, after, strict=True)))

    def _until(self, step: int) -> tuple[int, int, int, int]:
        """Of all steps before this one."""
        pairs = step * self.batch
        of_animals = count_in_step(0, pairs, self.animal_fraction)
        original = self._kinds(pairs - of_animals, self.originals)
        return (*original, *self._kinds(of_animals, self.animals))

    def _kinds(self, count: int, there: tuple[bool, bool]) -> tuple[int, int]:
        share = self.clip_fraction if all(there) else float(there[1])
        of_clips = count_in_step(0, count, share)
        return count - of_clips, of_clips


class MixedSource:
    """People and animals as one source, a share of each batch animals."""

    def __init__(
        self,
        mix: Mix,
        people: PairSource,
        animals: PairSource,
        animal_pairs: Callable[[Counts], int],
    ) -> None:
        """Both, as they are.

        Args:
            mix: How many animals a step has.
            people: Where people come from.
            animals: Where animals come from; pictures of the same size.
            animal_pairs: Which of a step's counts these animals are.
        """
        self._people, self._animals, self._mix = people, animals, mix
        self._animal_pairs = animal_pairs

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._people.size_px

    @property
    def has_motion(self) -> bool:
        """Whether either has pairs of different frames."""
        return self._people.has_motion or self._animals.has_motion

    @property
    def is_labelled(self) -> bool:
        """Whether keypoints and pose of all frames of both are known."""
        return self._people.is_labelled and self._animals.is_labelled

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> PairBatch:
        """Random pairs, as many of animals as the step has."""
        animals = self._animal_pairs(self._mix.counts(draw.step))
        return _both(
            lambda n: self._people.draw_pairs(draw, n, moving=moving),
            lambda n: self._animals.draw_pairs(draw, n, moving=moving),
            (count - animals, animals),
        )

    def draw_frames(self, draw: Draw, count: int) -> FrameBatch:
        """Random frames, a share of them animals."""
        animals = count_in_step(draw.step, count, self._mix.animal_fraction)
        return _both(
            lambda n: self._people.draw_frames(draw, n),
            lambda n: self._animals.draw_frames(draw, n),
            (count - animals, animals),
        )

    def first_pairs(self, count: int) -> PairBatch:
        """The same pairs every time, about half of them animals."""
        shown = (count // 2, count - count // 2)
        return _both(self._people.first_pairs, self._animals.first_pairs, shown)


class MixedHeads(MixedSource):
    """Rendered people and animals."""

    def __init__(self, mix: Mix, people: RenderedHeads, animals: RenderedHeads) -> None:
        """Both, as they are."""
        super().__init__(mix, people, animals, lambda counts: counts.animal_heads)
        self._heads = (animals, people)

    @property
    def has_depth(self) -> bool:
        """Whether the renderer kept depth of both."""
        return all(heads.has_depth for heads in self._heads)

    @property
    def mean_canonical(self) -> Tensor:
        """(K, 3) mean canonical keypoints."""
        means = [heads.mean_canonical * len(heads) for heads in self._heads]
        return torch.stack(means).sum(0) / sum(map(len, self._heads))


class MixedClips(MixedSource):
    """Clips of people and of animals."""

    def __init__(self, mix: Mix, people: PairSource, animals: PairSource) -> None:
        """Both, as they are."""
        super().__init__(mix, people, animals, lambda counts: counts.animal_clips)


def count_in_step(step: int, batch: int, share: float) -> int:
    """How many pairs of a step's batch are of a kind that has this share of all.

    Convention:
        - a function of the step alone, so that all processes divide their batches alike; where
          the share is no whole number of pairs, steps differ by one and their mean is the share
    """
    per_step = batch * share
    return floor((step + 1) * per_step + 1e-6) - floor(step * per_step + 1e-6)


def _both(
    people: Callable[[int], Batch], animals: Callable[[int], Batch], counts: tuple[int, int]
) -> Batch:
    """So many of each, people first."""
    return concatenate([draw(n) for draw, n in zip((people, animals), counts, strict=True) if n])


def animal_folders(animals: str) -> tuple[list[DataFolder], list[DataFolder]]:
    """Which folders are rendered, and which hold clips.

    Raises:
        MediaError: People are among rendered heads.
    """
    folders = open_folders(animals)
    rendered = [folder for folder in folders if folder.is_rendered]
    for folder in rendered:
        if folder.animal_fraction != 1:
            raise MediaError(
                f"{folder} was rendered with --animals {folder.animal_fraction}, so people are in "
                "it; animals alone are expected. Render with --animals 1, or name it under data."
            )
    return rendered, [folder for folder in folders if not folder.is_rendered]
