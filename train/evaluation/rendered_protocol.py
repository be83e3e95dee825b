"""Self-reenactment on rendered heads, whose keypoints and pose the renderer knows exactly."""

from __future__ import annotations

from pathlib import Path

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import pixels_from_tensor

from ..data.folder import open_folder
from ..data.rendered import FRAMES, RenderedSet
from ..metrics.feature_extractors import Reading, View
from .accumulator import FilmTally, KnownPictures, SeenPictures
from .measured_model import at_size, compact_only
from .protocol import Setting, finished
from .rendered_measures import Outcome, outcomes
from .report import Report, Strip, difference


def is_rendered(folder: Path) -> bool:
    """Whether `train.render` wrote a folder, in either layout."""
    try:
        return open_folder(folder).is_rendered
    except MediaError:
        return False


def rendered_reenactment(setting: Setting, data: RenderedSet) -> Report:
    """The measures of self-reenactment on the three pairs of every rendered identity.

    Convention:
        - keypoints and pose are compared with the renderer's, which the model has no part in;
          the output's are read by its own M
        - the keypoints of the driving frame drive as they are: it is the same person

    Args:
        setting: Its stage compares pictures of the set's size.
        data: The set.

    Raises:
        CheckpointError: The model's keypoints have no names.
    """
    report, tally = setting.begin("self")
    model = at_size(compact_only(setting.stage.model), data.size_px)
    for pair in range(FRAMES):
        own, strip = FilmTally(tally), Strip(range(len(data)))
        rows = [strip.row(word) for word in ("source", "driving", "ours", "apart x 3")]
        start = 0
        for one in outcomes(model, data, pair):
            frames = range(start, start + len(one.image))
            start += len(one.image)
            # every other number: what comes next is no next moment
            image, driving = _sides(setting, one)
            own.add([2 * frame for frame in frames], image, {"driving": driving})
            _show(strip, rows, frames, one)
        sums = own.finish()
        tally.count(sums)
        counts = {"frames": start, "frames_without_face": 0}
        report.rows.append({"film": f"pair {pair}", **counts, **sums.means})
        report.strips.append((f"rendered heads, pair {pair}", strip.picture()))
    truth = {"keypoints_compared_with": "the renderer's truth", "identities": len(data)}
    return finished(report, tally, truth)


def _sides(setting: Setting, one: Outcome) -> tuple[KnownPictures, KnownPictures]:
    """Painted and true pictures, with what is known of keypoints and pose."""
    driving = one.pairs.driving
    found: Reading = (one.output.keypoints, one.output.pose_deg)
    truth: Reading = (driving.keypoints, driving.pose_deg)
    image, real = (
        SeenPictures(View(whole=x, face=x), setting.readers) for x in (one.image, driving.image)
    )
    return KnownPictures({"motion": found}, image), KnownPictures({"motion": truth}, real)


def _show(strip: Strip, rows: list[int], frames: range, one: Outcome) -> None:
    images = (one.pairs.source.image, one.pairs.driving.image, one.image)
    for place, frame in enumerate(frames):
        if strip.shows(frame):
            source, driving, ours = (pixels_from_tensor(image[place]) for image in images)
            shown = (source, driving, ours, difference(ours, driving))
            for row, picture in zip(rows, shown, strict=True):
                strip.add(row, frame, picture)
