"""The same face from frame to frame, and crops that do not jitter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..config.fields import check_options, option
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
from .landmarks import LandmarkNetwork, follow_landmarks
from .recent_frames import RecentFrames

THUMBNAIL_PX: Final = 32
SAMPLED_PX: Final = 160
"""Rows and columns that are averaged for a thumbnail: all would cost milliseconds."""
CUT_LEVELS: Final = 40.0
"""Mean change of a thumbnail's grey levels at which the scene was cut."""
SAME_PLACE_OVERLAP: Final = 0.3
"""Overlap with a face's last box from which a new detection is that face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingConfig:
    """Settings of face tracking."""

    max_faces: int = option(1, "largest number of faces that are tracked", minimum=1)
    order: FaceOrder = "large-small"
    """Which faces come first, and how they are numbered."""
    # lower than a finder's: where the face was a moment ago it probably still is
    min_score: float = option(0.2, "score below which a tracked face is lost")
    # searching is slow, so the interval doubles with each search that finds nothing
    search_every: int = option(5, "frames until a lost face is searched for again", minimum=1)
    longest_wait: int = option(40, "largest number of frames between two searches", minimum=1)
    max_gap: int = option(12, "largest number of missing frames that are interpolated", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


class FaceTracker:
    """Tracks faces through frames that come one by one.

    Convention:
        - a face that is found is followed backwards, too, through the frames in which it was
          not known (at most `longest_wait`, kept as JPEG), so that a wait costs no frame
    """

    def __init__(
        self,
        finder: FaceFinder,
        network: LandmarkNetwork,
        config: TrackingConfig = TrackingConfig(),
    ) -> None:
        """A tracker before its first frame.

        Args:
            finder: Finds faces at the start, after a cut and when one is lost.
            network: Predicts their landmarks in between.
            config: Settings.
        """
        self._finder, self._network, self._config = finder, network, config
        self._seen: list[list[Face | None]] = []
        self._last: list[Face] = []
        self._thumbnail: NDArray[np.float32] | None = None
        self._num_frames = 0
        self._next_search = 0
        self._wait = config.search_every
        self._recent = RecentFrames(max(config.longest_wait, config.search_every))

    @property
    def num_frames(self) -> int:
        """Number of frames so far."""
        return self._num_frames

    def update(self, frame: Pixels) -> list[Face | None]:
        """Take the next frame.

        Args:
            frame: (H, W, 3) uint8.

        Returns:
            Each tracked face in this frame, by `face_id`; None where it was not found.
        """
        cut = self._is_cut(frame)
        if cut:
            self._recent.clear()
        found: list[Face | None] = [None if cut else self._follow(frame, f) for f in self._last]
        lost = len(found) < self._config.max_faces if not found else None in found
        if lost and (cut or self._num_frames >= self._next_search):
            found = self._search(frame, found)
            self._next_search = self._num_frames + self._wait
            longest = max(self._config.longest_wait, self._config.search_every)
            self._wait = min(2 * self._wait, longest)
        for face_id, face in enumerate(found):
            if face is not None:
                self._follow_back(face)
                self._last[face_id] = face
            self._seen[face_id].append(face)
        if None not in found and found:
            # search at once when the next face is lost
            self._next_search, self._wait = 0, self._config.search_every
            self._recent.clear()
        else:
            self._recent.append(self._num_frames, frame)
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
        followed = follow_landmarks(frame, self._network, last.landmarks)
        if followed.score < self._config.min_score:
            return None
        face = face_from_landmarks(followed.landmarks, followed.score)
        if overlap(face.box, last.box) < SAME_PLACE_OVERLAP:
            return None  # drifted to something else
        return replace(face, face_id=last.face_id)

    def _follow_back(self, face: Face) -> None:
        """Follow a face backwards through the frames just before, as far as it was not known."""
        seen, before = self._seen[face.face_id], face
        if not seen or seen[-1] is not None:
            return
        for number, frame in self._recent.backwards():
            followed = self._follow(frame, before) if seen[number] is None else None
            if followed is None:
                return
            seen[number] = before = followed

    def _search(self, frame: Pixels, found: list[Face | None]) -> list[Face | None]:
        free = [
            face
            for face in sorted_faces(self._finder.find(frame), self._config.order)
            if all(
                other is None or overlap(other.box, face.box) < SAME_PLACE_OVERLAP
                for other in found
            )
        ]
        found = list(found)
        for face_id in [number for number, face in enumerate(found) if face is None]:
            nearest = _nearest(self._last[face_id], free)
            if nearest is not None:
                free.remove(nearest)
                found[face_id] = replace(nearest, face_id=face_id)
        if not self._seen:  # the first faces of the clip: number them
            for face_id, face in enumerate(free[: self._config.max_faces]):
                self._last.append(replace(face, face_id=face_id))
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
        network: Predicts their landmarks.
        config: Settings.
        name: Of the clip, for messages.

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
            f"No face in {where} ({finder.tried}); one is expected. {FIND_ADVICE}"
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
    """Crop boxes smoothed by a Gaussian over time, without delay.

    Convention:
        - centre and angle are averaged, the side geometrically; angles take the short way
        - the first and the last box are repeated beyond the ends

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
    """One upright crop for a whole driving clip, so that it keeps the head's own movement.

    Convention:
        - the mean of the boxes of all frames that were measured
    """
    measured = [face for face in track.faces if face.state == "measured"] or list(track.faces)
    box = average_box(_boxes(measured, framing))
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


def _between(first: Face, last: Face, weight: float) -> Face:
    if first.landmarks.layout != last.landmarks.layout:
        return replace(first if weight <= 0.5 else last, state="missing", score=0.0)  # noqa: PLR2004
    score = (1 - weight) * first.score + weight * last.score
    between = face_from_landmarks(_blended(first.landmarks, last.landmarks, weight), score)
    before, after = first.openness_landmarks, last.openness_landmarks
    return replace(
        between,
        face_id=first.face_id,
        state="interpolated",
        openness_landmarks=_blended(before, after, weight) if before and after else None,
    )


def _blended(first: Landmarks, last: Landmarks, weight: float) -> Landmarks:
    """Landmarks of one layout, interpolated linearly."""
    return Landmarks((1 - weight) * first.points + weight * last.points, first.layout)


def _nearest(last: Face, faces: Sequence[Face]) -> Face | None:
    """The face whose centre is nearest to the last known place."""
    if not faces:
        return None
    return min(faces, key=lambda face: np.hypot(*np.subtract(face.centre, last.centre)))
