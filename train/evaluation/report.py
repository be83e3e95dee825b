"""The results of an evaluation: measures with their status, what was skipped, sample grids."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.imaging.tensors import Pixels, resize_pixels

from ..reports.sample_grid import PAPER, caption_row, grid_of
from .layouts import Layout
from .measures import BY_KEY
from .mesh_measures import UNAVAILABLE
from .paper_tables import TITLES, Mode, as_text, with_ours

_LOG = logging.getLogger(__name__)

OK: Final = "ok"
COLUMNS: Final = 5
"""Moments of a video that a sample grid shows."""
TILE_PX: Final = 144
MAX_SAMPLE_GRIDS: Final = 12


@dataclass(frozen=True, slots=True)
class Result:
    """One measure of a set."""

    value: float | None
    status: str = OK
    """`ok`, or `unavailable (needs ...)`."""


@dataclass(slots=True, kw_only=True)
class Report:
    """One protocol on one set of videos."""

    mode: Mode
    layout: Layout
    facts: dict[str, float | str]
    """What was done: sizes, numbers, framing."""
    results: dict[str, Result] = field(default_factory=dict[str, Result])
    """By the measure's key."""
    rows: list[dict[str, float | str | None]] = field(
        default_factory=list[dict[str, "float | str | None"]]
    )
    """A row for each video."""
    skipped: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Videos and pictures that could not be used, and why."""
    sample_grids: list[tuple[str, Pixels]] = field(default_factory=list[tuple[str, Pixels]])
    mesh: dict[str, float] | str = UNAVAILABLE
    """What an independent face mesh says."""

    def skip(self, name: str, error: Exception) -> None:
        """Leave something out, by name."""
        foreseen = isinstance(error, LivePortraitError)
        reason = str(error) if foreseen else f"{type(error).__name__}: {error}"
        _LOG.warning("%s is left out: %s", name, reason)
        self.skipped.append({"name": name, "reason": reason})

    @property
    def ordered(self) -> dict[str, Result]:
        """The results in the order of the table of measures."""
        return {key: self.results[key] for key in BY_KEY if key in self.results}

    @property
    def values(self) -> dict[str, float | None]:
        """What could be measured, by key."""
        return {key: result.value for key, result in self.results.items()}

    def to_json(self) -> dict[str, object]:
        """Plain values, as the JSON file holds them."""
        measures = {
            key: {
                "title": BY_KEY[key].title,
                "better": BY_KEY[key].better,
                "status": result.status,
                "value": result.value,
            }
            for key, result in self.ordered.items()
        }
        return {
            "layout": self.layout.name,
            **self.facts,
            "skipped": self.skipped,
            "measures": measures,
            "mesh": self.mesh,
            "film_rows": self.rows,
        }

    def table(self) -> list[list[str]]:
        """The paper's table with our row, as cells."""
        headings = {key: measure.heading for key, measure in BY_KEY.items()}
        return with_ours(self.mode, self.layout.name, headings, self.values)

    def notes(self) -> list[str]:
        """What the table does not say."""
        lines = [f"{key} {value}" for key, value in self.facts.items()]
        notes = [", ".join(lines)]
        if not self.layout.title:
            notes.append("These are other videos than the paper's: the rows do not compare.")
        notes += [
            f"{BY_KEY[key].title}: {result.status}"
            for key, result in self.ordered.items()
            if result.status != OK
        ]
        notes += [f"skipped {one['name']}: {one['reason']}" for one in self.skipped]
        return notes

    def text(self) -> str:
        """The report as it is printed."""
        title = f"{TITLES[self.mode]}, {self.layout.title or 'TalkingHead-1KH'}"
        others = [
            f"{BY_KEY[key].heading:16} {result.value:.4f}   {key}"
            for key, result in self.ordered.items()
            if result.value is not None
        ]
        return "\n".join([title, as_text(self.table()), *self.notes(), *others])


class SampleGrid:
    """Some moments of a video as a grid of images.

    Convention:
        - a row for the driver, and rows beneath it that begin with a picture or a word
    """

    def __init__(self, frames: Sequence[int], every: int = 1) -> None:
        """Choose moments evenly among the frames that are compared.

        Args:
            frames: Their numbers among those that were taken.
            every: Every N-th frame of the video was taken.
        """
        self._every = every
        places = np.linspace(0, len(frames) - 1, min(COLUMNS, len(frames))).round().astype(int)
        self._moments = [frames[place] for place in places]
        self._rows: list[tuple[Pixels, dict[int, Pixels]]] = []

    def row(self, first: Pixels | str) -> int:
        """A new row; gives its number.

        Args:
            first: What stands before it, a picture or a word.
        """
        self._rows.append((_label(first) if isinstance(first, str) else _tile(first), {}))
        return len(self._rows) - 1

    def add(self, row: int, frame: int, picture: Pixels) -> None:
        """Add an image to a row; frames that are not shown are dropped."""
        if frame in self._moments:
            self._rows[row][1][frame] = _tile(picture)

    def shows(self, frame: int) -> bool:
        """Whether a frame is one of the chosen moments."""
        return frame in self._moments

    def picture(self) -> Pixels:
        """The grid."""
        blank = np.full((TILE_PX, TILE_PX, 3), PAPER, np.uint8)
        numbers = (f"frame {frame * self._every}" for frame in self._moments)
        captions = caption_row(["", *numbers], TILE_PX)
        rows = [
            [first, *(found.get(frame, blank) for frame in self._moments)]
            for first, found in self._rows
        ]
        return np.concatenate([captions, grid_of(rows)])


def difference(first: Pixels, second: Pixels) -> Pixels:
    """How far two pictures are apart, threefold: black where they are the same."""
    apart = np.abs(first.astype(np.int16) - second) * 3
    return apart.clip(0, 255).astype(np.uint8)


def _tile(picture: Pixels) -> Pixels:
    return resize_pixels(picture, (TILE_PX, TILE_PX))


def _label(word: str) -> Pixels:
    tile = np.full((TILE_PX, TILE_PX, 3), PAPER, np.uint8)
    line = caption_row([word], TILE_PX)
    top = (TILE_PX - len(line)) // 2
    tile[top : top + len(line)] = line
    return tile
