"""Batches of people and animals: how many of each a step has, and sources that give both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from liveportrait_core.errors import MediaError

from ..engine.draw import Draw
from .curated import INDEX_NAME, RENDERED, read_json
from .rendered import Frames, Pairs, RenderedSet, is_of_heads
from .storage import Place, place_named, size_of
from .unlabelled import UnlabelledPairs, UnlabelledSource, unlabelled_count

Batch = TypeVar("Batch", Frames, Pairs, UnlabelledPairs)


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
        - a function of the step alone, as `unlabelled_count`; each kind's sum over the first steps
          is its share of all their pairs, less than two pairs off
    """

    batch: int
    animal_share: float
    clip_share: float
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
        of_animals = unlabelled_count(0, pairs, self.animal_share)
        original = self._kinds(pairs - of_animals, self.originals)
        return (*original, *self._kinds(of_animals, self.animals))

    def _kinds(self, count: int, there: tuple[bool, bool]) -> tuple[int, int]:
        share = self.clip_share if all(there) else float(there[1])
        of_clips = unlabelled_count(0, count, share)
        return count - of_clips, of_clips


class MixedHeads(RenderedSet):
    """Rendered people and animals; numbered, animals come first, so that strips show them."""

    def __init__(self, mix: Mix, people: RenderedSet, animals: RenderedSet) -> None:
        """Both, as they are.

        Raises:
            MediaError: Their pictures differ in size.
        """
        self._take([animals.small, people.small], [*animals._large, *people._large])
        self._people, self._animals, self._mix = people, animals, mix

    def draw_frames(self, draw: Draw, count: int) -> Frames:
        """Random frames, a share of them animals."""
        animals = unlabelled_count(draw.step, count, self._mix.animal_share)
        return _both(
            lambda n: self._people.draw_frames(draw, n),
            lambda n: self._animals.draw_frames(draw, n),
            (count - animals, animals),
        )

    def draw_pairs(self, draw: Draw, count: int, same_pose_share: float) -> Pairs:
        """Random pairs, as many of animals as the step has."""
        animals = self._mix.counts(draw.step).animal_heads
        return _both(
            lambda n: self._people.draw_pairs(draw, n, same_pose_share),
            lambda n: self._animals.draw_pairs(draw, n, same_pose_share),
            (count - animals, animals),
        )


class MixedClips:
    """Clips of people and of animals as one source."""

    def __init__(self, mix: Mix, people: UnlabelledSource, animals: UnlabelledSource) -> None:
        self._people, self._animals, self._mix = people, animals, mix

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._people.size_px

    @property
    def has_motion(self) -> bool:
        """Whether any clip has more than one frame."""
        return self._people.has_motion or self._animals.has_motion

    def draw_pairs(self, draw: Draw, count: int, *, moving: bool = False) -> UnlabelledPairs:
        """Random pairs, as many of animals as the step has."""
        animals = self._mix.counts(draw.step).animal_clips
        return _both(
            lambda n: self._people.draw_pairs(draw, n, moving=moving),
            lambda n: self._animals.draw_pairs(draw, n, moving=moving),
            (count - animals, animals),
        )

    def draw_frames(self, draw: Draw, count: int) -> Tensor:
        """(count, 3, h, h) random frames, a share of them animals."""
        animals = unlabelled_count(draw.step, count, self._mix.animal_share)
        sources = ((self._people, count - animals), (self._animals, animals))
        return torch.cat([source.draw_frames(draw, n) for source, n in sources if n])

    def first_pairs(self, count: int) -> UnlabelledPairs:
        """The same pairs every time, about half of them animals."""
        shown = (count // 2, count - count // 2)
        return _both(self._people.first_pairs, self._animals.first_pairs, shown)


def _both(
    people: Callable[[int], Batch], animals: Callable[[int], Batch], counts: tuple[int, int]
) -> Batch:
    """So many of each, people first."""
    return _together([draw(n) for draw, n in zip((people, animals), counts, strict=True) if n])


def _together(parts: Sequence[Batch]) -> Batch:
    """One batch of several."""
    whole: dict[str, object] = {}
    for entry in fields(parts[0]):
        each = [getattr(part, entry.name) for part in parts]
        if any(part is None for part in each):
            whole[entry.name] = None
            continue
        whole[entry.name] = torch.cat(each) if isinstance(each[0], Tensor) else _together(each)
    return replace(parts[0], **whole)


def places_of(animals: str) -> tuple[list[Place], list[Place]]:
    """Which folders are rendered, and which hold clips.

    Raises:
        MediaError: People are among rendered heads.
    """
    rendered: list[Place] = []
    others: list[Place] = []
    for place in map(place_named, animals.split(",")):
        index = read_json(place / INDEX_NAME) if size_of(place / INDEX_NAME) else {}
        if not is_of_heads(index):
            others.append(place)
            continue
        share = index.get(RENDERED, index).get("creatures", 0.0)
        if share != 1:
            raise MediaError(
                f"{place} was rendered with --creatures {share}, so people are in it; animals "
                "alone were wanted. Render with --creatures 1, or name it under data."
            )
        rendered.append(place)
    return rendered, others
