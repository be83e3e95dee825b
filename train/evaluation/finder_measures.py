"""Measures of a face finder: faces in the crop or not, false faces, milliseconds.

A face has landed when both eyes and both corners of the mouth lie in the crop (2.3-fold), and the
face is large enough in it.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from liveportrait_core.errors import MediaError
from liveportrait_core.face.detector import FaceFinder
from liveportrait_core.face.faces import Face, sorted_faces
from liveportrait_core.face.landmarks import LandmarkNetwork, is_plausible_face
from liveportrait_core.face.tracking import FaceTracker
from liveportrait_core.imaging.crop import box_transform, face_box
from liveportrait_core.imaging.landmark_layouts import LAYOUTS, Landmarks, Points
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.images import is_image, read_image
from liveportrait_core.media.kinds import VIDEO_SUFFIXES
from liveportrait_core.media.video import VideoReader

from ..reports.sample_grid import grid_of
from .faceless import LIST_SUFFIX, listed_files

CROP_SCALE: Final = 2.3
CROP_SHIFT: Final = -0.125
"""The published crop of a source."""
MIN_EYES_TO_MOUTH: Final = 0.1
"""Distance from the eyes to the mouth, in sides of the crop, below which the face in a crop is too
small; about .22 where the crop is right."""
EVERY: Final = 10
NUM_MARKS: Final = 5
"""Points of a mark: middles of the eyes, tip of the nose, corners of the mouth."""
NOSE: Final = 2
HD: Final = (1280, 720)
TILE_PX: Final = 160
SHEET_COLUMNS: Final = 10
GREEN, RED, BLUE = (0, 255, 0), (255, 40, 40), (60, 160, 255)

Marks = Mapping[str, Points]
"""By the image's name, or `clip.mp4:20` for frame 20: (5, 2) pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was found in one image."""

    name: str
    faces: int
    score: float
    """Of the largest face; 0 where there is none."""
    landed: bool
    judged_by: str
    """`marks`, or `own landmarks`."""
    milliseconds: float
    """Of one core."""


def pictures_in(place: Path, every: int, root: Path | None = None) -> Iterator[tuple[str, Pixels]]:
    """Names and pixels of an image, of every N-th frame of a video, or of a folder of both.

    Args:
        place: Also a list of images and videos (`listed_files`).
        every: Of videos.
        root: What the names of a list begin at; None takes its own folder.

    Raises:
        MediaError: The place is missing, or no image.
    """
    if place.is_dir():
        for entry in sorted(place.iterdir()):
            if entry.is_file() and (is_image(entry) or entry.suffix.lower() in VIDEO_SUFFIXES):
                yield from pictures_in(entry, every)
    elif place.suffix.lower() == LIST_SUFFIX:
        for entry in listed_files(place, root):
            yield from pictures_in(entry, every)
    elif place.suffix.lower() in VIDEO_SUFFIXES:
        for number, frame in enumerate(VideoReader(place)):
            if number % every == 0:
                yield f"{place.name}:{number}", frame
    else:
        yield place.name, read_image(place).rgb


def read_marks(path: Path) -> Marks:
    """Marks from JSON: {"a.jpg": [[x, y], ...five], "b.mp4": {"0": [[x, y], ...], ...}}.

    Raises:
        MediaError: The file is missing or holds something else.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        marks: dict[str, Points] = {}
        for name, value in entries.items():
            frames = value.items() if isinstance(value, dict) else [("", value)]
            for frame, points in frames:
                key = f"{name}:{frame}" if frame else name
                marks[key] = np.array(points, np.float64).reshape(NUM_MARKS, 2)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise MediaError(
            f"{path} holds no marks ({error}); JSON with the names of images and, for each, five "
            "points is expected: eyes, nose, corners of the mouth. Name another file."
        ) from error
    return marks


def has_landed(face: Face, marked: Points | None) -> bool:
    """Whether a face's crop shows eyes and mouth, large enough.

    Args:
        face: As found.
        marked: (5, 2) their true places; None takes the face's own landmarks.
    """
    box = face_box(face.landmarks, scale=CROP_SCALE, vy_ratio=CROP_SHIFT)
    if marked is None and not is_plausible_face(face.landmarks, box):
        return False
    points = _five(face.landmarks) if marked is None else marked
    shown = box_transform(box, size_px=1).to_crop(np.delete(points, NOSE, 0)) - 0.5
    across = shown[2:].mean(0) - shown[:2].mean(0)  # from the eyes to the mouth
    return bool(np.abs(shown).max() <= 0.5 and np.hypot(*across) >= MIN_EYES_TO_MOUTH)  # noqa: PLR2004


def _five(landmarks: Landmarks) -> Points:
    """Eyes, nose (their mean), corners of the mouth of landmarks of any layout."""
    layout, points = LAYOUTS[landmarks.layout], landmarks.points
    eyes = [points[list(eye)].mean(0) for eye in (layout.left_eye, layout.right_eye)]
    mouth = points[list(layout.lip)]
    return np.stack([*eyes, points.mean(0), mouth[0], mouth[-1]])


class Measurer:
    """Runs a finder on images, and draws what it found."""

    def __init__(self, finder: FaceFinder, marks: Marks) -> None:
        self._finder, self._marks = finder, marks
        self.tiles: list[Pixels] = []

    def rows(self, pictures: Iterable[tuple[str, Pixels]]) -> list[Row]:
        """One row for each picture, in order."""
        return [self._row(name, picture) for name, picture in pictures]

    def _row(self, name: str, picture: Pixels) -> Row:
        start = time.process_time()
        faces = sorted_faces(self._finder.find(picture))
        spent = time.process_time() - start
        marked = self._marks.get(name)
        self.tiles.append(_tile(picture, faces, marked))
        return Row(
            name=name,
            faces=len(faces),
            score=round(faces[0].score, 3) if faces else 0.0,
            landed=bool(faces) and has_landed(faces[0], marked),
            judged_by="own landmarks" if marked is None else "marks",
            milliseconds=round(1e3 * spent, 1),
        )

    def sheet(self) -> Pixels:
        """All images so far with what was found (green crops, red points, blue marks)."""
        blank = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
        tiles = [*self.tiles, *[blank] * (-len(self.tiles) % SHEET_COLUMNS)]
        rows = range(0, len(tiles), SHEET_COLUMNS)
        return grid_of([tiles[start : start + SHEET_COLUMNS] for start in rows])


def _tile(picture: Pixels, faces: Sequence[Face], marked: Points | None) -> Pixels:
    """A small image with what was found."""
    zoom = TILE_PX / max(picture.shape[:2])
    size = (max(1, int(picture.shape[1] * zoom)), max(1, int(picture.shape[0] * zoom)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for face in faces:
        box = face_box(face.landmarks, scale=CROP_SCALE, vy_ratio=CROP_SHIFT)
        corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) - 0.5
        square = box_transform(box, size_px=1).to_source(corners + 0.5) * zoom
        cv2.polylines(small, [square.round().astype(np.int32)], True, GREEN, 1, cv2.LINE_AA)
        _dots(small, face.landmarks.points * zoom, RED)
    if marked is not None:
        _dots(small, marked * zoom, BLUE)
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: size[1], : size[0]] = small
    return tile


def _dots(picture: np.ndarray, points: Points, colour: tuple[int, int, int]) -> None:
    for x, y in points.round().astype(int):
        cv2.circle(picture, (int(x), int(y)), 1, colour, -1)


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """Shares, milliseconds, and the rows themselves.

    Raises:
        MediaError: There are no rows.
    """
    if not rows:
        raise MediaError("There is no image or video there; some are expected. Name others.")
    return {
        "pictures": len(rows),
        "found": sum(row.faces > 0 for row in rows),
        "landed": sum(row.landed for row in rows),
        "landed_share": round(sum(row.landed for row in rows) / len(rows), 4),
        "find_ms_median": statistics.median(row.milliseconds for row in rows),
        "marked": sum(row.judged_by == "marks" for row in rows),
        "not_landed": [row.name for row in rows if not row.landed],
        "rows": [asdict(row) for row in rows],
    }


def false_faces(rows: Sequence[Row]) -> dict[str, object]:
    """Of images without a face: in how many one was found."""
    seen = [row.name for row in rows if row.faces]
    found = summary(rows)
    shared = {name: found[name] for name in ("pictures", "find_ms_median", "rows")}
    return {
        **shared,
        "false": len(seen),
        "per_50": round(50 * len(seen) / len(rows), 2),
        "in": seen,
    }


def speed(
    finder: FaceFinder, network: LandmarkNetwork, clip: Iterable[Pixels], frames: int = 100
) -> dict[str, float]:
    """Milliseconds of one core for a 720p frame: following a face, and finding it anew.

    Args:
        finder: Finds it.
        network: Follows it.
        clip: Its frames are scaled and padded to 1280 x 720.
        frames: How many at most.
    """
    tracker = FaceTracker(finder, network)
    following: list[float] = []
    finding: list[float] = []
    for number, frame in enumerate(islice(clip, frames)):
        hd = as_hd(frame)
        start = time.process_time()
        tracker.update(hd)
        following.append(time.process_time() - start)
        if number % EVERY == 0:
            start = time.process_time()
            finder.find(hd)
            finding.append(time.process_time() - start)
    return {
        "frames": len(following),
        "follow_ms_median": round(1e3 * statistics.median(following[1:]), 2),
        "follow_ms_p90": round(1e3 * float(np.quantile(following[1:], 0.9)), 2),
        "find_ms_median": round(1e3 * statistics.median(finding), 1),
    }


def as_hd(frame: Pixels) -> Pixels:
    """A frame in 1280 x 720, whole, on black."""
    width, height = HD
    zoom = min(width / frame.shape[1], height / frame.shape[0])
    size = (round(frame.shape[1] * zoom), round(frame.shape[0] * zoom))
    large = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    large[top : top + size[1], left : left + size[0]] = cv2.resize(frame, size)
    return large
