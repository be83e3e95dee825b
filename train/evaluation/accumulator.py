"""Measures gathered over frames, films and sets; memory grows with readings alone, not pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from ..metrics.distribution import Moments
from ..metrics.feature_extractors import Read, Reading, View
from .measures import Measure, Side
from .paper_tables import Mode


class Looks(Protocol):
    """Pictures as readers see them."""

    def reading(self, name: str) -> Reading:
        """What a reader makes of them."""
        ...


class SeenPictures:
    """Pictures that are read when it is asked for, and once."""

    def __init__(self, view: View, readers: Mapping[str, Read]) -> None:
        self._view, self._readers = view, readers
        self._known: dict[str, Reading] = {}

    def reading(self, name: str) -> Reading:
        """What a reader makes of them."""
        if name not in self._known:
            self._known[name] = tuple(part.cpu() for part in self._readers[name](self._view))
        return self._known[name]


@dataclass(frozen=True, slots=True)
class KnownPictures:
    """Pictures whose readings are known; what is not known is asked of others."""

    readings: Mapping[str, Reading]
    rest: Looks | None = None

    def reading(self, name: str) -> Reading:
        """What is known of them."""
        if name in self.readings or self.rest is None:
            return self.readings[name]
        return self.rest.reading(name)

    def rows(self, rows: slice | list[int]) -> KnownPictures:
        """Some of the pictures."""
        some = {name: tuple(p[rows] for p in parts) for name, parts in self.readings.items()}
        return KnownPictures(some)


@dataclass(frozen=True, slots=True)
class FilmSums:
    """What one film adds to a set."""

    means: dict[str, float | None]
    """Its own, by the measure's key."""
    sums: Mapping[str, float]
    counts: Mapping[str, int]
    features: tuple[Tensor, ...]
    """(B, D) each, for measures of the whole set."""


@dataclass(slots=True)
class Tally:
    """Sums of the measures of some films, and what the whole set is measured by."""

    mode: Mode
    measures: list[Measure]
    """Those that can be measured."""
    sums: dict[str, float] = field(default_factory=dict[str, float])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    moments: Moments = field(default_factory=Moments)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Values of one measure each, (N,)."""
        for key, found in values.items():
            self.sums[key] = self.sums.get(key, 0.0) + float(found.double().sum())
            self.counts[key] = self.counts.get(key, 0) + len(found)

    def mean(self, key: str) -> float | None:
        """Mean over everything that came; None where nothing did."""
        count = self.counts.get(key, 0)
        return self.sums[key] / count if count else None

    def count(self, film: FilmSums) -> None:
        """A whole film."""
        for key, total in film.sums.items():
            self.sums[key] = self.sums.get(key, 0.0) + total
            self.counts[key] = self.counts.get(key, 0) + film.counts[key]
        for features in film.features:
            self.moments.add(features)

    def row(self) -> dict[str, float | None]:
        """The means of all measures but those of the set."""
        return {one.key: self.mean(one.key) for one in self.measures if one.scope != "set"}


class FilmTally:
    """The measures of one film; they count only once all of it was measured."""

    def __init__(self, tally: Tally) -> None:
        self._own = Tally(tally.mode, tally.measures)
        self._frames: list[int] = []
        self._series: dict[str, list[tuple[Reading, Reading]]] = {}
        self._features: list[Tensor] = []

    def add(self, frames: list[int], image: Looks, others: Mapping[Side, Looks]) -> None:
        """Compare some frames.

        Args:
            frames: Their numbers, rising from call to call.
            image: The animated pictures.
            others: What they are compared with.
        """
        self._frames += frames
        for measure in self._own.measures:
            found = image.reading(measure.reads)
            if measure.scope == "set":
                self._features.append(found[0])
                continue
            truth = others[measure.against[self._own.mode]].reading(measure.reads)
            if measure.scope == "film":
                self._series.setdefault(measure.key, []).append((found, truth))
            elif measure.distance is not None:
                self._own.add({measure.key: measure.distance(found, truth)})

    def finish(self) -> FilmSums:
        """What the film came to, once all of it was compared."""
        for measure in self._own.measures:
            if measure.scope == "film" and measure.distance is not None:
                for found, truth in self._unbroken(self._series.get(measure.key, [])):
                    self._own.add({measure.key: measure.distance(found, truth)})
        own = self._own
        return FilmSums(own.row(), own.sums, own.counts, tuple(self._features))

    def _unbroken(self, parts: list[tuple[Reading, Reading]]) -> list[tuple[Reading, Reading]]:
        """The film in pieces whose frames follow each other without a gap."""
        if not parts:
            return []
        whole = [_joined([part[place] for part in parts]) for place in range(2)]
        steps = torch.tensor(self._frames).diff()
        breaks = (torch.nonzero(steps != 1).flatten() + 1).tolist()
        edges = [0, *breaks, len(self._frames)]
        pieces = [slice(a, b) for a, b in pairwise(edges)]
        found, truth = whole
        return [
            (tuple(p[piece] for p in found), tuple(p[piece] for p in truth)) for piece in pieces
        ]


def _joined(parts: list[Reading]) -> Reading:
    return tuple(torch.cat(column) for column in zip(*parts, strict=True))


def known_pictures(parts: list[SeenPictures], names: list[str]) -> KnownPictures:
    """The readings of pictures that came in parts, as one."""
    return KnownPictures({name: _joined([one.reading(name) for one in parts]) for name in names})
