"""The paper's two protocols (Sec. 4, App. A) on folders of videos and portraits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from liveportrait_core.animation.batching import ChunkSize, batched
from liveportrait_core.errors import LivePortraitError, MediaError, counted
from liveportrait_core.imaging.tensors import Pixels, resize_pixels
from liveportrait_core.motion.types import Motion

from ..metrics.feature_extractors import FeatureExtractor, missing_file
from .accumulator import (
    ExtractedFeatures,
    FeatureSource,
    SetAccumulator,
    StoredFeatures,
    VideoAccumulator,
    stored_features,
)
from .layouts import Layout
from .measures import Measure, Side, measures_of
from .paper_tables import Mode
from .reenactment import (
    EvaluatedModel,
    SampledVideo,
    TrackedClip,
    reenacted_frames,
    track_portrait,
    track_video,
    video_motion,
)
from .report import MAX_SAMPLE_GRIDS, Report, Result, SampleGrid, difference
from .results import VideoResult, VideoResults
from .saved_frames import SavedFrames

CHUNK: Final = 8
"""Frames that are compared at a time."""
SHOWN_PORTRAITS: Final = 3
"""Portraits that a sample grid of cross-reenactment shows."""
Log = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetup:
    """What both protocols share."""

    evaluated: EvaluatedModel
    extractors: Mapping[str, FeatureExtractor]
    metric_files: Path | None
    layout: Layout
    every: int | None = None
    """Every N-th frame is compared; None takes the number of the paper."""
    max_frames: int | None = None
    """Frames of a video at most; None takes the paper's number."""
    saved_frames: SavedFrames | None = None
    """Where images are saved for an independent face mesh."""
    results: VideoResults | None = None
    """Where each video's results are saved, so that a stopped evaluation can be resumed."""
    log: Log = to_stderr

    def begin(self, mode: Mode) -> tuple[Report, SetAccumulator]:
        """A report with every unavailable measure, and an accumulator of the others."""
        evaluated = self.evaluated
        report = Report(
            mode=mode,
            layout=self.layout,
            facts={
                "size_px": evaluated.size_px,
                "framing": evaluated.framing,
                "motion": evaluated.motion,
                "keypoints_read_by": evaluated.keypoint_source,
            },
        )
        usable: list[Measure] = []
        for measure in measures_of(mode):
            status = self._lacks(measure)
            if status is None:
                usable.append(measure)
            else:
                report.results[measure.key] = Result(None, status)
        return report, SetAccumulator(mode, usable)

    def _lacks(self, measure: Measure) -> str | None:
        if self.evaluated.size_px < measure.min_px:
            size_px = self.evaluated.size_px
            return f"unavailable (needs images of {measure.min_px} px or more at --size {size_px})"
        return missing_file(measure.extractor, self.metric_files)


@torch.inference_mode()
def self_reenactment(setup: EvaluationSetup, videos: Mapping[str, Path]) -> Report:
    """Each video driven by its own frames from its first one on (Sec. 4.1, Table 2).

    Convention:
        - the first frame that shows a face is the source, and every frame is compared, that one
          too; frames that show none are left out and counted
        - means are over all frames of all videos
        - a video that cannot be read, or shows no face, is named, counted and left out; with
          `EvaluationSetup.results` it is tried again in the next run, and the others are not

    Args:
        setup: The model and how it is measured.
        videos: By name.

    Raises:
        MediaError: None can be used.
    """
    report, totals = setup.begin("self")
    every = setup.every or 1

    def measured(name: str, path: Path) -> VideoResult:
        clip = SampledVideo(path=path, every=every, max_frames=setup.max_frames)
        return _self_video(setup, name, clip, totals)

    _measure_videos(setup, videos, measured, report, totals)
    return finished(report, totals, {"every": every, "most_frames": setup.max_frames or "all"})


def _measure_videos(
    setup: EvaluationSetup,
    videos: Mapping[str, Path],
    measured: Callable[[str, Path], VideoResult],
    report: Report,
    totals: SetAccumulator,
) -> None:
    """Measure every video, or load its stored result.

    A video that raises an unforeseen error is left out like any other: the videos before it took
    hours.
    """
    known, saved_frames = setup.results, setup.saved_frames
    for name, path in videos.items():
        result = None if known is None else known.load(name, path)
        if result is None:
            try:
                result = measured(name, path)
            except (LivePortraitError, ValueError, RuntimeError) as error:
                if saved_frames is not None:
                    saved_frames.pop_new()  # frames before the error
                report.skip(name, error)
                continue
            if saved_frames is not None:
                result = replace(result, saved_frames=saved_frames.pop_new())
            if known is not None:
                known.save(name, path, result)
        if saved_frames is not None:
            saved_frames.add_videos(result.saved_frames)
        totals.add_video(result.sums)
        report.rows.append(result.row)
        if len(report.sample_grids) < MAX_SAMPLE_GRIDS:
            report.sample_grids.append((name, result.grid))
        frames = result.row["frames"]
        assert isinstance(frames, int)
        setup.log(f"{name}: {counted(frames, 'frame')}")


def _self_video(
    setup: EvaluationSetup, name: str, clip: SampledVideo, totals: SetAccumulator
) -> VideoResult:
    evaluated = setup.evaluated
    video = track_video(evaluated, name, clip)
    motion, own, grid = (
        video_motion(evaluated, video),
        VideoAccumulator(totals),
        SampleGrid(video.visible, clip.every),
    )
    source = video.frame(video.visible[0])
    first = next(iter(source.squares))
    rows = [grid.row(word) for word in ("driving", "ours", "apart x 3")]
    for frames, outputs, drivings in _pairs(evaluated, video, source, motion):
        image, driving = (
            ExtractedFeatures(evaluated.view(squares, video.face), setup.extractors)
            for squares in (outputs, drivings)
        )
        own.add(frames, image, {"driving": driving})
        apart = [difference(x, y) for x, y in zip(outputs, drivings, strict=True)]
        for row, pictures in zip(rows, (drivings, outputs, apart), strict=True):
            _show(grid, row, frames, pictures)
        if setup.saved_frames is not None:
            setup.saved_frames.add(name, first, drivings, outputs)
    return _result(video, own, grid)


@torch.inference_mode()
def cross_reenactment(
    setup: EvaluationSetup, videos: Mapping[str, Path], portraits: Mapping[str, Path]
) -> tuple[Report, SetAccumulator]:
    """Each portrait driven by each video (Sec. 4.2, Table 3), and the accumulator for FID.

    Convention:
        - of a video, one frame in 10 (TalkingHead-1KH) or 5 (VFHQ), 24 or 6 at most (App. A); the
          first of them that shows a face is the neutral one

    Args:
        setup: The model and how it is measured.
        videos: By name.
        portraits: By name.

    Raises:
        MediaError: No video or no portrait can be used.
    """
    report, totals = setup.begin("cross")
    every, max_frames = (
        setup.every or setup.layout.every,
        setup.max_frames or setup.layout.max_frames,
    )
    sources = list(_open_portraits(setup, portraits, report))
    if not sources:
        raise MediaError(
            f"Of {counted(len(portraits), 'portrait')} none can be used; the last reason: "
            f"{report.skipped[-1]['reason']}"
        )

    def measured(name: str, path: Path) -> VideoResult:
        clip = SampledVideo(path=path, every=every, max_frames=max_frames)
        return _cross_video(setup, name, clip, totals, sources)

    _measure_videos(setup, videos, measured, report, totals)
    facts: dict[str, float | str] = {
        "every": every,
        "most_frames": max_frames,
        "portraits": len(sources),
    }
    return finished(report, totals, facts), totals


def _open_portraits(
    setup: EvaluationSetup, portraits: Mapping[str, Path], report: Report
) -> Iterator[tuple[TrackedClip, ExtractedFeatures]]:
    for name, path in portraits.items():
        try:
            portrait = track_portrait(setup.evaluated, name, path)
        except LivePortraitError as error:
            report.skip(name, error)
            continue
        view = setup.evaluated.view(list(portrait.squares), portrait.face)
        yield portrait, ExtractedFeatures(view, setup.extractors)


def _cross_video(
    setup: EvaluationSetup,
    name: str,
    clip: SampledVideo,
    totals: SetAccumulator,
    sources: list[tuple[TrackedClip, ExtractedFeatures]],
) -> VideoResult:
    evaluated = setup.evaluated
    video = track_video(evaluated, name, clip, min_faces=1)
    motion, own = video_motion(evaluated, video), VideoAccumulator(totals)
    driving, pictures = _driver(setup, video, totals)
    grid = SampleGrid(video.visible, clip.every)
    _show(
        grid,
        grid.row("driving"),
        video.visible,
        [pictures[frame] for frame in video.visible],
    )
    names = _extractors_of(totals, "source")
    for number, (portrait, extracted) in enumerate(sources):
        source = StoredFeatures({name: extracted.features(name) for name in names})
        first = next(iter(portrait.squares))
        row = grid.row(first) if number < SHOWN_PORTRAITS else None
        for frames, outputs, _ in _pairs(evaluated, video, portrait, motion):
            image = ExtractedFeatures(evaluated.view(outputs, portrait.face), setup.extractors)
            places = [video.visible.index(frame) for frame in frames]
            others: dict[Side, FeatureSource] = {
                "driving": driving.rows(places),
                "source": source.rows([0] * len(places)),
            }
            own.add(frames, image, others)
            if row is not None:
                _show(grid, row, frames, outputs)
            if setup.saved_frames is not None:
                shown = [pictures[frame] for frame in frames]
                setup.saved_frames.add(f"{name} {portrait.name}", first, shown, outputs)
    return _result(video, own, grid)


def _driver(
    setup: EvaluationSetup, video: TrackedClip, totals: SetAccumulator
) -> tuple[StoredFeatures, dict[int, Pixels]]:
    """The features of the frames that show a face, and those frames at the compared size."""
    evaluated = setup.evaluated
    names = _extractors_of(totals, "driving")
    parts: list[ExtractedFeatures] = []
    pictures: dict[int, Pixels] = {}
    visible = set(video.visible)
    present = ((i, square) for i, square in enumerate(video.squares) if i in visible)
    for batch in batched(present, ChunkSize(CHUNK)):
        extracted = ExtractedFeatures(
            evaluated.view([x for _, x in batch], video.face), setup.extractors
        )
        for name in names:
            extracted.features(name)
        parts.append(extracted)
        size = (evaluated.size_px, evaluated.size_px)
        pictures |= {index: resize_pixels(square, size) for index, square in batch}
    return stored_features(parts, names), pictures


def _extractors_of(totals: SetAccumulator, side: Side) -> list[str]:
    """The extractors of the measures that compare with one side."""
    return sorted({one.extractor for one in totals.measures if one.against["cross"] == side})


def _pairs(
    evaluated: EvaluatedModel, video: TrackedClip, portrait: TrackedClip, motion: Motion
) -> Iterator[tuple[list[int], list[Pixels], list[Pixels]]]:
    """Frame numbers, generated squares and driving squares with a face, in batches."""
    visible = set(video.visible)
    outputs = reenacted_frames(evaluated, portrait, motion, video.visible[0])
    frames = (
        (index, output, driving)
        for index, (output, driving) in enumerate(zip(outputs, video.squares, strict=True))
        if index in visible
    )
    for batch in batched(frames, ChunkSize(CHUNK)):
        yield [row[0] for row in batch], [row[1] for row in batch], [row[2] for row in batch]


def _show(grid: SampleGrid, row: int, frames: Sequence[int], pictures: Sequence[Pixels]) -> None:
    for frame, picture in zip(frames, pictures, strict=True):
        grid.add(row, frame, picture)


def _result(video: TrackedClip, own: VideoAccumulator, grid: SampleGrid) -> VideoResult:
    """The result of a video that was measured to its end."""
    sums = own.finish()
    hidden = len(video.track) - len(video.visible)
    counts = {"frames": len(video.visible), "frames_without_face": hidden}
    row = {"film": video.name, **counts, **sums.means}
    return VideoResult(row=row, sums=sums, grid=grid.picture())


def finished(report: Report, totals: SetAccumulator, facts: Mapping[str, float | str]) -> Report:
    """The report with its means.

    Raises:
        MediaError: No video could be used.
    """
    if not report.rows:
        raise MediaError(
            f"Of {counted(len(report.skipped), 'video')} none can be used; videos of faces are "
            f"expected. The last reason: {report.skipped[-1]['reason']}"
        )
    for measure in totals.measures:
        if measure.scope != "set":
            value = totals.mean(measure.key)
            lacks = "unavailable (needs videos with three consecutive frames or more)"
            report.results[measure.key] = (
                Result(value) if value is not None else Result(None, lacks)
            )
    report.facts |= {
        **facts,
        "videos": len(report.rows),
        "videos_and_images_skipped": len(report.skipped),
        "frames": sum(int(row["frames"] or 0) for row in report.rows),
        "frames_without_face": sum(int(row["frames_without_face"] or 0) for row in report.rows),
    }
    return report
