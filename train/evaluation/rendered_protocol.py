"""Self-reenactment on rendered heads, whose keypoints and pose the renderer knows exactly."""

from __future__ import annotations

from pathlib import Path

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import pixels_from_tensor

from ..data.folder import open_folder
from ..data.rendered import RenderedSet
from ..data.rendered_shards import FRAMES
from ..metrics.feature_extractors import Features, View
from .accumulator import ExtractedFeatures, StoredFeatures, VideoAccumulator
from .measured_model import at_size, compact_only
from .protocol import EvaluationSetup, finished
from .rendered_measures import ReconstructedBatch, reconstructed_batches
from .report import Report, SampleGrid, difference


def is_rendered(folder: Path) -> bool:
    """Whether `train.render` wrote a folder, in either layout."""
    try:
        return open_folder(folder).is_rendered
    except MediaError:
        return False


def rendered_reenactment(setup: EvaluationSetup, data: RenderedSet) -> Report:
    """The measures of self-reenactment on the three pairs of every rendered identity.

    Convention:
        - keypoints and pose are compared with the renderer's, which the model has no part in;
          the output's are read by its own M
        - the keypoints of the driving frame drive as they are: it is the same person

    Args:
        setup: Its stage compares pictures of the set's size.
        data: The set.

    Raises:
        CheckpointError: The model's keypoints have no names.
    """
    report, totals = setup.begin("self")
    model = at_size(compact_only(setup.evaluated.model), data.size_px)
    for pair in range(FRAMES):
        own, grid = VideoAccumulator(totals), SampleGrid(range(len(data)))
        rows = [grid.row(word) for word in ("source", "driving", "ours", "apart x 3")]
        start = 0
        for one in reconstructed_batches(model, data, pair):
            frames = range(start, start + len(one.image))
            start += len(one.image)
            # every other number: what comes next is no next moment
            image, driving = _sides(setup, one)
            own.add([2 * frame for frame in frames], image, {"driving": driving})
            _show(grid, rows, frames, one)
        sums = own.finish()
        totals.add_video(sums)
        counts = {"frames": start, "frames_without_face": 0}
        report.rows.append({"film": f"pair {pair}", **counts, **sums.means})
        report.sample_grids.append((f"rendered heads, pair {pair}", grid.picture()))
    truth = {"keypoints_compared_with": "the renderer's truth", "identities": len(data)}
    return finished(report, totals, truth)


def _sides(
    setup: EvaluationSetup, one: ReconstructedBatch
) -> tuple[StoredFeatures, StoredFeatures]:
    """Generated and true pictures, with what is known of keypoints and pose."""
    driving = one.pairs.driving
    found: Features = (one.output.keypoints, one.output.pose_deg)
    truth: Features = (driving.keypoints, driving.pose_deg)
    image, real = (
        ExtractedFeatures(View(whole=x, face=x), setup.extractors)
        for x in (one.image, driving.image)
    )
    return StoredFeatures({"motion": found}, image), StoredFeatures({"motion": truth}, real)


def _show(grid: SampleGrid, rows: list[int], frames: range, one: ReconstructedBatch) -> None:
    images = (one.pairs.source.image, one.pairs.driving.image, one.image)
    for place, frame in enumerate(frames):
        if grid.shows(frame):
            source, driving, ours = (pixels_from_tensor(image[place]) for image in images)
            shown = (source, driving, ours, difference(ours, driving))
            for row, picture in zip(rows, shown, strict=True):
                grid.add(row, frame, picture)
