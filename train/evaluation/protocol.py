"""The paper's two protocols (Sec. 4, App. A) on folders of films and portraits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from liveportrait_core.animation.batching import ChunkSize, batched
from liveportrait_core.errors import LivePortraitError, MediaError
from liveportrait_core.imaging.tensors import Pixels, resize_pixels
from liveportrait_core.motion.types import Motion

from ..metrics.feature_extractors import Read, missing_file
from .accumulator import FilmTally, KnownPictures, Looks, SeenPictures, Tally, known_pictures
from .layouts import Layout
from .measures import Measure, Side, measures_of
from .paper_tables import Mode
from .reenactment import Sampled, Stage, Subject, open_film, open_portrait, painted, read_film
from .report import MOST_STRIPS, Report, Result, Strip, difference
from .results import FilmResult, FilmResults
from .saved_frames import KeptPictures

CHUNK: Final = 8
"""Frames that are compared at a time."""
SHOWN_PORTRAITS: Final = 3
"""Rows of a strip in cross-reenactment."""
NUM_SOURCES: Final = 50
"""Portraits that are animated in cross-reenactment: FFHQ's first ones."""
Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What both protocols share."""

    stage: Stage
    readers: Mapping[str, Read]
    metric_files: Path | None
    layout: Layout
    every: int | None = None
    """Of so many frames one; None takes the paper's number."""
    most: int | None = None
    """Frames of a film at most; None takes the paper's number."""
    kept: KeptPictures | None = None
    """Where pictures are kept for an independent face mesh."""
    results: FilmResults | None = None
    """Where each film's results are kept, so that a stopped evaluation goes on."""
    say: Say = to_stderr

    def begin(self, mode: Mode) -> tuple[Report, Tally]:
        """A report that names every measure that cannot be had, and a tally of the rest."""
        stage = self.stage
        report = Report(
            mode=mode,
            layout=self.layout,
            facts={
                "size_px": stage.size_px,
                "framing": stage.framing,
                "motion": stage.motion,
                "keypoints_read_by": stage.reads_by,
            },
        )
        usable: list[Measure] = []
        for measure in measures_of(mode):
            status = self._lacks(measure)
            if status is None:
                usable.append(measure)
            else:
                report.results[measure.key] = Result(None, status)
        return report, Tally(mode, usable)

    def _lacks(self, measure: Measure) -> str | None:
        if self.stage.size_px < measure.least_px:
            wanted = f"pictures of {measure.least_px} px or more at --size {self.stage.size_px}"
            return f"unavailable (needs {wanted})"
        return missing_file(measure.reads, self.metric_files)


@torch.inference_mode()
def self_reenactment(setting: Setting, films: Mapping[str, Path]) -> Report:
    """Each film driven by its own frames from its first one on (Sec. 4.1, Table 2).

    Convention:
        - the first frame that shows a face is the source, and every frame is compared, that one
          too; frames that show none are left out and counted
        - means are over all frames of all films
        - a film that cannot be read, or shows no face, is named, counted and left out; with
          `Setting.results` it is tried again in the next run, and the others are not

    Args:
        setting: How.
        films: By name.

    Raises:
        MediaError: None can be used.
    """
    report, tally = setting.begin("self")
    every = setting.every or 1

    def measured(name: str, path: Path) -> FilmResult:
        clip = Sampled(path=path, every=every, most=setting.most)
        return _self_film(setting, name, clip, tally)

    _each_film(setting, films, measured, report, tally)
    return finished(report, tally, {"every": every, "most_frames": setting.most or "all"})


def _each_film(
    setting: Setting,
    films: Mapping[str, Path],
    measured: Callable[[str, Path], FilmResult],
    report: Report,
    tally: Tally,
) -> None:
    """Count every film, those that are measured already as they were then.

    What is odd enough about a film to break the work in a way that nobody foresaw is a reason to
    leave it out like any other: the films before it took hours.
    """
    known, kept = setting.results, setting.kept
    for name, path in films.items():
        result = None if known is None else known.load(name, path)
        if result is None:
            try:
                result = measured(name, path)
            except (LivePortraitError, ValueError, RuntimeError) as error:
                if kept is not None:
                    kept.take()  # what was painted before it broke off
                report.skip(name, error)
                continue
            if kept is not None:
                result = replace(result, kept=kept.take())
            if known is not None:
                known.save(name, path, result)
        if kept is not None:
            kept.count(result.kept)
        tally.count(result.sums)
        report.rows.append(result.row)
        if len(report.strips) < MOST_STRIPS:
            report.strips.append((name, result.strip))
        setting.say(f"{name}: {result.row['frames']} frames")


def _self_film(setting: Setting, name: str, clip: Sampled, tally: Tally) -> FilmResult:
    stage = setting.stage
    film = open_film(stage, name, clip)
    motion, own, strip = read_film(stage, film), FilmTally(tally), Strip(film.seen, clip.every)
    source = film.still(film.seen[0])
    first = next(iter(source.squares))
    rows = [strip.row(word) for word in ("driving", "ours", "apart x 3")]
    for frames, outputs, drivings in _pairs(stage, film, source, motion):
        image, driving = (
            SeenPictures(stage.view(squares, film.face), setting.readers)
            for squares in (outputs, drivings)
        )
        own.add(frames, image, {"driving": driving})
        apart = [difference(x, y) for x, y in zip(outputs, drivings, strict=True)]
        for row, pictures in zip(rows, (drivings, outputs, apart), strict=True):
            _show(strip, row, frames, pictures)
        if setting.kept is not None:
            setting.kept.add(name, first, drivings, outputs)
    return _result(film, own, strip)


@torch.inference_mode()
def cross_reenactment(
    setting: Setting, films: Mapping[str, Path], portraits: Mapping[str, Path]
) -> tuple[Report, Tally]:
    """Each portrait driven by each film (Sec. 4.2, Table 3); what FID needs comes with it.

    Convention:
        - of a film one frame in 10 (TalkingHead-1KH) or 5 (VFHQ), 24 or 6 at most (App. A); the
          first of them that shows a face is the neutral one

    Args:
        setting: How.
        films: By name.
        portraits: By name.

    Raises:
        MediaError: No film or no portrait can be used.
    """
    report, tally = setting.begin("cross")
    every, most = setting.every or setting.layout.every, setting.most or setting.layout.most
    sources = list(_open_portraits(setting, portraits, report))
    if not sources:
        raise MediaError(
            f"None of {len(portraits)} portraits can be used; the last reason: "
            f"{report.skipped[-1]['reason']}"
        )

    def measured(name: str, path: Path) -> FilmResult:
        clip = Sampled(path=path, every=every, most=most)
        return _cross_film(setting, name, clip, tally, sources)

    _each_film(setting, films, measured, report, tally)
    facts: dict[str, float | str] = {
        "every": every,
        "most_frames": most,
        "portraits": len(sources),
    }
    return finished(report, tally, facts), tally


def _open_portraits(
    setting: Setting, portraits: Mapping[str, Path], report: Report
) -> Iterator[tuple[Subject, SeenPictures]]:
    for name, path in portraits.items():
        try:
            portrait = open_portrait(setting.stage, name, path)
        except LivePortraitError as error:
            report.skip(name, error)
            continue
        view = setting.stage.view(list(portrait.squares), portrait.face)
        yield portrait, SeenPictures(view, setting.readers)


def _cross_film(
    setting: Setting,
    name: str,
    clip: Sampled,
    tally: Tally,
    sources: list[tuple[Subject, SeenPictures]],
) -> FilmResult:
    stage = setting.stage
    film = open_film(stage, name, clip, least=1)
    motion, own = read_film(stage, film), FilmTally(tally)
    driving, pictures = _driver(setting, film, tally)
    strip = Strip(film.seen, clip.every)
    _show(strip, strip.row("driving"), film.seen, [pictures[frame] for frame in film.seen])
    looked_at = sorted({one.reads for one in tally.measures if one.against["cross"] == "source"})
    for number, (portrait, looks) in enumerate(sources):
        source = KnownPictures({reader: looks.reading(reader) for reader in looked_at})
        first = next(iter(portrait.squares))
        row = strip.row(first) if number < SHOWN_PORTRAITS else None
        for frames, outputs, _ in _pairs(stage, film, portrait, motion):
            image = SeenPictures(stage.view(outputs, portrait.face), setting.readers)
            places = [film.seen.index(frame) for frame in frames]
            others: dict[Side, Looks] = {
                "driving": driving.rows(places),
                "source": source.rows([0] * len(places)),
            }
            own.add(frames, image, others)
            if row is not None:
                _show(strip, row, frames, outputs)
            if setting.kept is not None:
                shown = [pictures[frame] for frame in frames]
                setting.kept.add(f"{name} {portrait.name}", first, shown, outputs)
    return _result(film, own, strip)


def _driver(
    setting: Setting, film: Subject, tally: Tally
) -> tuple[KnownPictures, dict[int, Pixels]]:
    """What readers make of the frames that show a face, and those frames, made small."""
    stage = setting.stage
    names = sorted({one.reads for one in tally.measures if one.against["cross"] == "driving"})
    parts: list[SeenPictures] = []
    pictures: dict[int, Pixels] = {}
    seen = set(film.seen)
    present = ((i, square) for i, square in enumerate(film.squares) if i in seen)
    for batch in batched(present, ChunkSize(CHUNK)):
        looks = SeenPictures(stage.view([x for _, x in batch], film.face), setting.readers)
        for name in names:
            looks.reading(name)
        parts.append(looks)
        size = (stage.size_px, stage.size_px)
        pictures |= {index: resize_pixels(square, size) for index, square in batch}
    return known_pictures(parts, names), pictures


def _pairs(
    stage: Stage, film: Subject, portrait: Subject, motion: Motion
) -> Iterator[tuple[list[int], list[Pixels], list[Pixels]]]:
    """Frame numbers, painted squares and driving squares, some at a time, where a face is seen."""
    seen = set(film.seen)
    outputs = painted(stage, portrait, motion, film.seen[0])
    frames = (
        (index, output, driving)
        for index, (output, driving) in enumerate(zip(outputs, film.squares, strict=True))
        if index in seen
    )
    for batch in batched(frames, ChunkSize(CHUNK)):
        yield [row[0] for row in batch], [row[1] for row in batch], [row[2] for row in batch]


def _show(strip: Strip, row: int, frames: Sequence[int], pictures: Sequence[Pixels]) -> None:
    for frame, picture in zip(frames, pictures, strict=True):
        strip.add(row, frame, picture)


def _result(film: Subject, own: FilmTally, strip: Strip) -> FilmResult:
    """Of a film that was measured to its end."""
    sums = own.finish()
    unseen = len(film.track) - len(film.seen)
    counts = {"frames": len(film.seen), "frames_without_face": unseen}
    row = {"film": film.name, **counts, **sums.means}
    return FilmResult(row=row, sums=sums, strip=strip.picture())


def finished(report: Report, tally: Tally, facts: Mapping[str, float | str]) -> Report:
    """The report with its means.

    Raises:
        MediaError: No film could be used.
    """
    if not report.rows:
        raise MediaError(
            f"None of {len(report.skipped)} films can be used; films of faces were wanted. The "
            f"last reason: {report.skipped[-1]['reason']}"
        )
    for measure in tally.measures:
        if measure.scope != "set":
            value = tally.mean(measure.key)
            lacks = "unavailable (needs films with three frames or more that follow each other)"
            report.results[measure.key] = (
                Result(value) if value is not None else Result(None, lacks)
            )
    report.facts |= {
        **facts,
        "films": len(report.rows),
        "films_and_pictures_skipped": len(report.skipped),
        "frames": sum(int(row["frames"] or 0) for row in report.rows),
        "frames_without_face": sum(int(row["frames_without_face"] or 0) for row in report.rows),
    }
    return report
