"""The same face from frame to frame, and crops that do not jitter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import FaceNotFoundError
from ..imaging.crop import CropTransform, FaceBox, average_box, box_transform, face_box
from ..imaging.landmark_layouts import Landmarks
from ..imaging.tensors import Pixels
from .detector import FaceFinder
from .faces import (
    FIND_ADVICE,
    Face,
    FaceOrder,
    FaceTrack,
    face_from_landmarks,
    overlap,
    sorted_faces,
)
from .landmarks import LandmarkNetwork, read_again

THUMBNAIL_PX: Final = 32
SAMPLED_PX: Final = 160
"""Rows and columns that are averaged for a thumbnail: all would cost milliseconds."""
CUT_LEVELS: Final = 40.0
"""Mean change of a thumbnail's grey levels at which the scene was cut."""
SAME_PLACE_OVERLAP: Final = 0.3
"""Overlap with a face's last box from which a new hit is that face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingConfig:
    """How faces are followed."""

    max_faces: int = 1
    """How many faces to follow at most."""
    order: FaceOrder = "large-small"
    """Which faces come first, and in which order they are numbered."""
    min_score: float = 0.2
    """A followed face below this is looked for anew. Lower than a finder's: where it was a
    moment ago it probably still is."""
    search_every: int = 5
    """A lost face is searched for again after so many frames, then after twice as many, and so
    on to `longest_wait`: searching is slow."""
    longest_wait: int = 40
    """Frames between two searches at most; `search_every`, where that is more."""
    max_gap: int = 12
    """Longest run of frames that is interpolated; longer gaps are missing."""

    def __post_init__(self) -> None:
        least = {"max_faces": 1, "search_every": 1, "longest_wait": 1, "max_gap": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise ValueError(
                    f"Tracking got {name} {getattr(self, name)}; {lowest} is the least. "
                    "Raise the value."
                )


class FaceTracker:
    """Follows faces through frames that come one by one; keeps faces, no pixels."""

    def __init__(
        self,
        finder: FaceFinder,
        network: LandmarkNetwork,
        config: TrackingConfig = TrackingConfig(),
    ) -> None:
        """A tracker that has seen no frame.

        Args:
            finder: Finds faces at the start, after a cut and when one is lost.
            network: Follows them in between.
            config: How.
        """
        self._finder, self._network, self._config = finder, network, config
        self._seen: list[list[Face | None]] = []
        self._last: list[Face] = []
        self._thumbnail: NDArray[np.float32] | None = None
        self._num_frames = 0
        self._next_search = 0
        self._wait = config.search_every

    @property
    def num_frames(self) -> int:
        """How many frames came."""
        return self._num_frames

    def update(self, frame: Pixels) -> list[Face | None]:
        """Take the next frame.

        Args:
            frame: (H, W, 3) uint8.

        Returns:
            Each followed face in this frame, by `face_id`; None where it was not found.
        """
        cut = self._is_cut(frame)
        found: list[Face | None] = [None if cut else self._follow(frame, f) for f in self._last]
        lost = len(found) < self._config.max_faces if not found else None in found
        if lost and (cut or self._num_frames >= self._next_search):
            found = self._search(frame, found)
            self._next_search = self._num_frames + self._wait
            longest = max(self._config.longest_wait, self._config.search_every)
            self._wait = min(2 * self._wait, longest)
        for face_id, face in enumerate(found):
            if face is not None:
                self._last[face_id] = face
            self._seen[face_id].append(face)
        if None not in found and found:
            # search at once when the next face is lost
            self._next_search, self._wait = 0, self._config.search_every
        self._num_frames += 1
        return found

    def tracks(self) -> list[FaceTrack]:
        """Every face through all frames so far, gaps filled; empty when there was none."""
        return [
            FaceTrack(face_id, fill_gaps(faces, max_gap=self._config.max_gap))
            for face_id, faces in enumerate(self._seen)
        ]

    def _is_cut(self, frame: Pixels) -> bool:
        sides = (min(SAMPLED_PX, frame.shape[1]), min(SAMPLED_PX, frame.shape[0]))
        sampled = cv2.resize(frame, sides, interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(sampled, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
        thumbnail = np.asarray(small, np.float32).mean(-1)
        before, self._thumbnail = self._thumbnail, thumbnail
        return before is not None and float(np.abs(thumbnail - before).mean()) > CUT_LEVELS

    def _follow(self, frame: Pixels, last: Face) -> Face | None:
        reading = read_again(frame, self._network, last.landmarks)
        if reading.score < self._config.min_score:
            return None
        face = face_from_landmarks(reading.landmarks, reading.score)
        if overlap(face.box, last.box) < SAME_PLACE_OVERLAP:
            return None  # drifted to something else
        return replace(face, face_id=last.face_id)

    def _search(self, frame: Pixels, found: list[Face | None]) -> list[Face | None]:
        free = [
            hit
            for hit in sorted_faces(self._finder.find(frame), self._config.order)
            if all(
                face is None or overlap(face.box, hit.box) < SAME_PLACE_OVERLAP for face in found
            )
        ]
        found = list(found)
        for face_id in [number for number, face in enumerate(found) if face is None]:
            hit = _nearest(self._last[face_id], free)
            if hit is not None:
                free.remove(hit)
                found[face_id] = replace(hit, face_id=face_id)
        if not self._seen:  # the first faces of the clip: number them
            for face_id, hit in enumerate(free[: self._config.max_faces]):
                self._last.append(replace(hit, face_id=face_id))
                self._seen.append([None] * self._num_frames)
                found.append(self._last[-1])
        return found


def track_faces(
    frames: Iterable[Pixels],
    finder: FaceFinder,
    network: LandmarkNetwork,
    config: TrackingConfig = TrackingConfig(),
    *,
    name: str = "source",
) -> list[FaceTrack]:
    """The faces of a clip: the first of two passes, which keeps faces and no pixels.

    Args:
        frames: (H, W, 3) uint8 each, read once.
        finder: Finds faces.
        network: Follows them.
        config: How.
        name: What is read, for messages.

    Returns:
        One track for each face, by `face_id`, with an entry for every frame.

    Raises:
        FaceNotFoundError: No frame shows a face, or there are no frames.
    """
    tracker = FaceTracker(finder, network, config)
    for frame in frames:
        tracker.update(frame)
    tracks = tracker.tracks()
    if not tracks:
        num_frames = tracker.num_frames
        where = f"the {name}" if num_frames == 1 else f"{num_frames} {name} frames"
        raise FaceNotFoundError(
            f"No face in {where} ({finder.tried}), and one was wanted. {FIND_ADVICE}"
        )
    return tracks


def fill_gaps(faces: Sequence[Face | None], *, max_gap: int) -> tuple[Face, ...]:
    """A face for every frame.

    Convention:
        - a gap of at most `max_gap` frames between two measured ones is interpolated
          linearly, point by point
        - every other frame is `missing` and repeats the nearest measured face

    Raises:
        ValueError: No frame has a face.
    """
    measured = [number for number, face in enumerate(faces) if face is not None]
    if not measured:
        raise ValueError("No frame of the track has a face; at least one must be measured.")
    filled: list[Face] = []
    for number, face in enumerate(faces):
        if face is not None:
            filled.append(face)
            continue
        after = int(np.searchsorted(measured, number))
        ends = [faces[frame] for frame in measured[max(0, after - 1) : after + 1]]
        first, last = ends[0], ends[-1]
        assert first is not None
        assert last is not None
        start, stop = measured[max(0, after - 1)], measured[min(after, len(measured) - 1)]
        if start < number < stop and stop - start - 1 <= max_gap:
            filled.append(_between(first, last, (number - start) / (stop - start)))
        else:
            nearest = first if abs(number - start) <= abs(stop - number) else last
            filled.append(replace(nearest, state="missing", score=0.0))
    return tuple(filled)


def smooth_boxes(boxes: Sequence[FaceBox], *, sigma_frames: float = 2.0) -> list[FaceBox]:
    """Crop boxes that glide: a Gaussian over time, which moves nothing earlier or later.

    Convention:
        - centre and angle are averaged, the side geometrically; angles take the short way
        - at the ends the first and last box count as lasting on

    Args:
        boxes: One for each frame.
        sigma_frames: Width of the Gaussian; 0 changes nothing.

    Returns:
        As many boxes.
    """
    reach = int(np.ceil(3 * sigma_frames))
    if reach < 1 or len(boxes) <= 1:
        return list(boxes)
    values = np.array([[*box.centre, np.log(box.side), box.angle_rad] for box in boxes])
    values[:, 3] = np.unwrap(values[:, 3])
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_frames) ** 2)
    weights /= weights.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(column, weights, mode="valid") for column in padded.T], 1)
    return [
        FaceBox((float(x), float(y)), float(np.exp(side)), float(angle))
        for x, y, side, angle in smooth
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropFraming:
    """How the crops of a clip are framed."""

    scale: float
    vx_ratio: float = 0.0
    vy_ratio: float = 0.0
    size_px: int
    rotate: bool = True


def following_crops(
    track: FaceTrack, framing: CropFraming, *, sigma_frames: float = 2.0
) -> list[CropTransform]:
    """A crop for every frame that follows the face, for a source clip.

    Args:
        track: A face.
        framing: How each crop is framed.
        sigma_frames: Smoothing over time; 0 crops each frame by itself, as published.
    """
    boxes = smooth_boxes(_boxes(track.faces, framing), sigma_frames=sigma_frames)
    return [box_transform(box, size_px=framing.size_px, rotate=framing.rotate) for box in boxes]


def fixed_crop(track: FaceTrack, framing: CropFraming) -> CropTransform:
    """One upright crop for a whole driving clip: the head's own movement stays in it.

    Convention:
        - the mean of the boxes of all frames that were measured
    """
    seen = [face for face in track.faces if face.state == "measured"] or list(track.faces)
    box = average_box(_boxes(seen, framing))
    return box_transform(box, size_px=framing.size_px, rotate=False)


def _boxes(faces: Sequence[Face], framing: CropFraming) -> list[FaceBox]:
    return [
        face_box(
            face.landmarks,
            scale=framing.scale,
            vx_ratio=framing.vx_ratio,
            vy_ratio=framing.vy_ratio,
        )
        for face in faces
    ]


def _between(first: Face, last: Face, share: float) -> Face:
    if first.landmarks.layout != last.landmarks.layout:
        return replace(first if share <= 0.5 else last, state="missing", score=0.0)  # noqa: PLR2004
    score = (1 - share) * first.score + share * last.score
    between = face_from_landmarks(_blended(first.landmarks, last.landmarks, share), score)
    before, after = first.openness_landmarks, last.openness_landmarks
    return replace(
        between,
        face_id=first.face_id,
        state="interpolated",
        openness_landmarks=_blended(before, after, share) if before and after else None,
    )


def _blended(first: Landmarks, last: Landmarks, share: float) -> Landmarks:
    """Landmarks of one layout, part of the way from the first to the last."""
    return Landmarks((1 - share) * first.points + share * last.points, first.layout)


def _nearest(last: Face, hits: Sequence[Face]) -> Face | None:
    """The hit whose centre is nearest to where the face was last seen."""
    if not hits:
        return None
    return min(hits, key=lambda hit: np.hypot(*np.subtract(hit.centre, last.centre)))
