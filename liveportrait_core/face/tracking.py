"""The same face from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..config.fields import check_options, option, shared
from ..config.find_options import FindOptions
from ..errors import FaceNotFoundError
from ..imaging.landmark_layouts import Landmarks
from ..imaging.tensors import Pixels
from .cuts import CutDetector, Thumbnail, is_fade
from .detector import FaceFinder
from .faces import Face, FaceTrack, face_from_landmarks, find_advice, overlap, sorted_faces
from .gaps import as_mixed, fill_gaps
from .landmarks import LandmarkNetwork, follow_landmarks
from .likeness import likeness
from .recent_frames import RecentFrames

SHOT_TRAVEL: Final = 0.1
"""Travel in sides of a face's box from which a face is in a new shot after a cut."""
FAST_TRAVEL: Final = 0.5
"""Likewise within which a face that was lost and looks as before went there itself."""
FAST_GROWTH: Final = 1.2
"""Ratio of the boxes' sides up to which it did, and a face is as large as it was."""
SAME_LIKENESS: Final = 0.65
"""Likeness from which a face looks as before: those of different people reach 0.63."""
OTHER_LIKENESS: Final = 0.5
"""Likeness below which a face that is followed elsewhere is another one: in a fast move of its own
it was .74 at least, and .57 where it left the picture."""
FADE_FRAMES: Final = 3
"""Frames from which a change of shots that goes on is a fade."""
SAME_PLACE_OVERLAP: Final = 0.3
"""Overlap with a face's last box from which a new detection is that face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingConfig:
    """Settings of face tracking."""

    find: FindOptions = shared(FindOptions, max_faces=1)
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
        - a face that moves faster from frame to frame than it can be followed is looked for where
          it would be at a constant speed
        - a shot begins where the picture changes at once and the face is found elsewhere, also
          when that is only later
        - in a fade from one shot to the next faces are mixed: they count as `interpolated`
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
        self._cuts = CutDetector()
        self._shots = [0]
        self._changing: list[bool] = []  # each frame: what comes before it is another picture
        self._thumbnails: list[Thumbnail | None] = []  # of those frames and the ones before them
        self._num_frames = 0
        self._next_search = 0
        self._wait = config.search_every
        self._recent = RecentFrames(max(config.longest_wait, config.search_every))
        self._before: Pixels | None = None  # the last frame
        self._unseen_cut: int | None = None  # the last one with no face on one of its sides

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
        self._cuts.update(frame)
        self._note_change()
        cut = self._cuts.changed
        followed = [
            self._follow(frame, face) or self._follow_on(frame, face) for face in self._last
        ]
        may_be_shot = self._may_be_shot(frame, followed)
        found: list[Face | None] = [None] * len(followed) if cut else followed
        lost = len(found) < self._config.find.max_faces if not found else None in found
        is_due = self._num_frames >= self._next_search
        if lost and (self._cuts.is_sure or may_be_shot or is_due):
            if self._cuts.is_sure:
                self._wait = self._config.search_every
            found = self._search(frame, found)
            self._next_search = self._num_frames + self._wait
            longest = max(self._config.longest_wait, self._config.search_every)
            self._wait = min(2 * self._wait, longest)
        self._begin_shot(frame, found, may_be_shot=may_be_shot)
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
        self._before = frame
        return found

    def tracks(self) -> list[FaceTrack]:
        """Every face through all frames so far, gaps filled; empty when there was none."""
        shots = tuple(self._shots)
        gap, mixed = self._config.max_gap, self._fades()
        return [
            FaceTrack(face_id, as_mixed(fill_gaps(faces, max_gap=gap, shots=shots), mixed), shots)
            for face_id, faces in enumerate(self._seen)
        ]

    def _note_change(self) -> None:
        """Keep what `_fades` looks at of the frame that the cut detector has taken."""
        self._changing.append(self._cuts.may_be_cut)
        self._thumbnails.append(self._cuts.thumbnail)
        if not any(self._changing[-2:]):
            self._thumbnails[-2:-1] = [None] * len(self._thumbnails[-2:-1])

    def _fades(self) -> set[int]:
        """The frames of fades: runs of changing frames that mix two shots."""
        mixed: set[int] = set()
        for start in self._shots[1:]:
            first, stop = start, start
            while self._changing[first - 1]:  # the first frame never is
                first -= 1
            while stop < self._num_frames and self._changing[stop]:
                stop += 1
            if stop - first >= FADE_FRAMES:
                pictures = self._thumbnails[first - 1 : stop]
                if is_fade([picture for picture in pictures if picture is not None]):
                    mixed.update(range(first, stop))
        return mixed

    def _may_be_shot(self, frame: Pixels, followed: Sequence[Face | None]) -> bool:
        """Whether no face stayed where it was while the picture changed."""
        if self._before is None or not (self._cuts.changed or self._cuts.may_be_cut):
            return False
        seen = [faces[-1] for faces in self._seen]
        if not any(seen):
            return False
        return not any(
            last is not None and face is not None and self._stayed(self._before, last, frame, face)
            for last, face in zip(seen, followed, strict=True)
        )

    def _stayed(self, before: Pixels, last: Face, frame: Pixels, face: Face) -> bool:
        """Whether a face that is followed while the picture changes is still the same one.

        A flash leaves it in its place; in a fast move it is followed at least, and looks as before.
        """
        travel = travel_of_face(last, face)
        if travel < SHOT_TRAVEL:
            return True
        is_fast = not self._cuts.changed and travel < 1
        return is_fast and likeness(before, last, frame, face) > OTHER_LIKENESS

    def _begin_shot(
        self, frame: Pixels, found: Sequence[Face | None], *, may_be_shot: bool
    ) -> None:
        """Note a new shot where this frame shows that there is one."""
        if not self._num_frames:
            return
        is_seen = any(faces[-1] for faces in self._seen)
        if self._cuts.is_sure and not (is_seen and any(found)):
            self._unseen_cut = self._num_frames
            self._recent.clear()
        if not any(found):
            return
        if may_be_shot and not self._moved_fast(frame, found):
            self._recent.clear()
            self._shots.append(self._num_frames)
        elif self._unseen_cut is not None and not is_seen and self._is_elsewhere(found):
            self._shots.append(self._unseen_cut)
        self._unseen_cut = None

    def _is_elsewhere(self, found: Sequence[Face | None]) -> bool:
        """Whether no face is found where and as large as it was last."""
        return not any(
            face is not None
            and travel_of_face(last, face) < SHOT_TRAVEL
            and _growth(last, face) < FAST_GROWTH
            for last, face in zip(self._last, found, strict=True)
        )

    def _moved_fast(self, frame: Pixels, found: Sequence[Face | None]) -> bool:
        """Whether a face that could not be followed was found where it can have gone itself."""
        if self._cuts.changed or self._before is None:
            return False
        seen = [faces[-1] for faces in self._seen]
        return any(
            before is not None
            and after is not None
            and travel_of_face(before, after) < FAST_TRAVEL
            and _growth(before, after) < FAST_GROWTH
            and likeness(self._before, before, frame, after) > SAME_LIKENESS
            for before, after in zip(seen, found, strict=False)  # those that are new come last
        )

    def _follow_on(self, frame: Pixels, last: Face) -> Face | None:
        """Follow a face from where it would be at its last speed."""
        seen = self._seen[last.face_id][-2:]
        if len(seen) < 2 or seen[0] is None or seen[1] is None:  # noqa: PLR2004
            return None
        return self._follow(
            frame, shifted_face(seen[1], np.subtract(seen[1].centre, seen[0].centre))
        )

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
            for face in sorted_faces(self._finder.find(frame), self._config.find.order)
            if all(
                other is None or overlap(other.box, face.box) < SAME_PLACE_OVERLAP
                for other in found
            )
        ]
        found = list(found)
        for face_id in [number for number, face in enumerate(found) if face is None]:
            nearest = nearest_face(self._last[face_id], free)
            if nearest is not None:
                free.remove(nearest)
                found[face_id] = replace(nearest, face_id=face_id)
        if not self._seen:  # the first faces of the clip: number them
            for face_id, face in enumerate(free[: self._config.find.max_faces]):
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
            f"No face in {where} ({finder.tried}); one is expected. {find_advice(name)}"
        )
    return tracks


def travel_of_face(before: Face, after: Face) -> float:
    """How far a face went, in sides of its box before."""
    return float(np.hypot(*np.subtract(after.centre, before.centre))) / max(before.box[2:])


def _growth(before: Face, after: Face) -> float:
    """The ratio of the boxes' sides, 1 or more."""
    sides = max(before.box[2:]), max(after.box[2:])
    return max(sides) / min(sides)


def shifted_face(face: Face, step: NDArray[np.float64]) -> Face:
    """A face moved by (2,) pixels."""
    landmarks = Landmarks(face.landmarks.points + step, face.landmarks.layout)
    return replace(face_from_landmarks(landmarks, face.score), face_id=face.face_id)


def nearest_face(last: Face, faces: Sequence[Face]) -> Face | None:
    """The face whose centre is nearest to the last known place."""
    if not faces:
        return None
    return min(faces, key=lambda face: np.hypot(*np.subtract(face.centre, last.centre)))
