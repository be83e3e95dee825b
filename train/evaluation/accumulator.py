"""Measures accumulated over frames, videos and sets; features are held, images are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from ..metrics.distribution import Moments
from ..metrics.feature_extractors import FeatureExtractor, Features, View
from .measures import Measure, Side
from .paper_tables import Mode


class FeatureSource(Protocol):
    """Features of some images, by the extractor's name."""

    def features(self, name: str) -> Features:
        """The features of one extractor."""
        ...


class ExtractedFeatures:
    """Features that are extracted at the first request, and once."""

    def __init__(self, view: View, extractors: Mapping[str, FeatureExtractor]) -> None:
        self._view, self._extractors = view, extractors
        self._known: dict[str, Features] = {}

    def features(self, name: str) -> Features:
        """The features of one extractor."""
        if name not in self._known:
            self._known[name] = tuple(part.cpu() for part in self._extractors[name](self._view))
        return self._known[name]


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """Features that are stored; others come from a second source."""

    values: Mapping[str, Features]
    rest: FeatureSource | None = None

    def features(self, name: str) -> Features:
        """The stored features, or those of the second source."""
        if name in self.values or self.rest is None:
            return self.values[name]
        return self.rest.features(name)

    def rows(self, rows: slice | list[int]) -> StoredFeatures:
        """The features of some of the images."""
        some = {name: tuple(p[rows] for p in parts) for name, parts in self.values.items()}
        return StoredFeatures(some)


@dataclass(frozen=True, slots=True)
class VideoSums:
    """What one video adds to a set."""

    means: dict[str, float | None]
    """Its own, by the measure's key."""
    sums: Mapping[str, float]
    counts: Mapping[str, int]
    features: tuple[Tensor, ...]
    """(B, D) each, for measures of the whole set."""


@dataclass(slots=True)
class SetAccumulator:
    """Sums of the measures of some videos, and moments of features for measures of the set."""

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
        """Mean over all values; None where there are none."""
        count = self.counts.get(key, 0)
        return self.sums[key] / count if count else None

    def add_video(self, video: VideoSums) -> None:
        """Add a whole video."""
        for key, total in video.sums.items():
            self.sums[key] = self.sums.get(key, 0.0) + total
            self.counts[key] = self.counts.get(key, 0) + video.counts[key]
        for features in video.features:
            self.moments.add(features)

    def row(self) -> dict[str, float | None]:
        """The means of all measures except those of the set."""
        return {one.key: self.mean(one.key) for one in self.measures if one.scope != "set"}


class VideoAccumulator:
    """The measures of one video; they are added to the set once all of it was measured."""

    def __init__(self, totals: SetAccumulator) -> None:
        self._own = SetAccumulator(totals.mode, totals.measures)
        self._frames: list[int] = []
        self._series: dict[str, list[tuple[Features, Features]]] = {}
        self._features: list[Tensor] = []

    def add(
        self, frames: list[int], image: FeatureSource, others: Mapping[Side, FeatureSource]
    ) -> None:
        """Compare some frames.

        Args:
            frames: Their numbers, increasing from call to call.
            image: The animated pictures.
            others: What they are compared with.
        """
        self._frames += frames
        for measure in self._own.measures:
            found = image.features(measure.extractor)
            if measure.scope == "set":
                self._features.append(found[0])
                continue
            truth = others[measure.against[self._own.mode]].features(measure.extractor)
            if measure.scope == "video":
                self._series.setdefault(measure.key, []).append((found, truth))
            elif measure.distance is not None:
                self._own.add({measure.key: measure.distance(found, truth)})

    def finish(self) -> VideoSums:
        """The video's sums, once all of it was compared."""
        for measure in self._own.measures:
            if measure.scope == "video" and measure.distance is not None:
                for found, truth in self._unbroken(self._series.get(measure.key, [])):
                    self._own.add({measure.key: measure.distance(found, truth)})
        own = self._own
        return VideoSums(own.row(), own.sums, own.counts, tuple(self._features))

    def _unbroken(self, parts: list[tuple[Features, Features]]) -> list[tuple[Features, Features]]:
        """The video in parts of consecutive frames."""
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


def _joined(parts: list[Features]) -> Features:
    return tuple(torch.cat(column) for column in zip(*parts, strict=True))


def stored_features(parts: list[ExtractedFeatures], names: list[str]) -> StoredFeatures:
    """The features of several batches as one."""
    return StoredFeatures({name: _joined([one.features(name) for one in parts]) for name in names})
