"""A driver's face, followed and read in frames that come one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..animation.crop_motion import face_tensor, with_openness
from ..animation.crops import crop_framing, crop_of, whole_frame
from ..animation.face_trackers import FaceTrackers, LandmarkTracker
from ..face.clip_crops import crop_travel, is_far_off, pushed_box
from ..face.cuts import CutDetector
from ..face.faces import Face, FaceTrack, face_from_landmarks, overlap, sorted_faces
from ..face.landmarks import follow_landmarks
from ..face.tracking import (
    SAME_PLACE_OVERLAP,
    SHOT_TRAVEL,
    TrackingConfig,
    nearest_face,
    shifted_face,
    travel_of_face,
)
from ..face.visibility import MAX_CUT_OFF, is_cut_off
from ..imaging.crop import CropTransform, FaceBox, box_transform, face_box
from ..imaging.landmark_layouts import COMPACT_21, Landmarks
from ..imaging.tensors import Pixels
from ..model import LivePortraitModel
from ..motion.transform import in_other_crop, transform_keypoints
from ..motion.types import Motion
from ..options import AnimateOptions
from ..stages import extract_motion

LONGEST_WAIT: Final = 4
"""Frames between two searches for a lost face at most; a search takes about as long as drawing."""
CUT_OFF_FRAMES: Final = 50
"""Frames that say whether the picture's edge cuts a face off on purpose."""
MIN_SCORE: Final = TrackingConfig().min_score


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFace:
    """What one frame shows of the driver."""

    motion: Motion
    """B = 1, in units of the upright crop in which its shot began."""
    is_new_shot: bool
    """Whether it has nothing to do with the frames before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What M reads in one crop."""

    box: FaceBox
    transform: CropTransform
    motion: Motion

    @property
    def landmarks(self) -> Landmarks:
        """The keypoints of a model whose keypoints are landmarks, in pixels of the frame."""
        units = transform_keypoints(self.motion)[0, :, :2].double().cpu().numpy()
        size_px = self.transform.size_px
        # crop units end at the outer edges
        return Landmarks(
            self.transform.to_source((units + 1) * (size_px / 2) - 0.5), COMPACT_21.name
        )


class FaceReader:
    """Reads the motion of one face from frames that come one by one.

    `reader = FaceReader(model, AnimateOptions())`, then `reader.read(frame)` of each

    Convention:
        - a face is searched for when none is known, and followed from then on; where the model's
          own keypoints are landmarks, M's one look at a frame gives its motion and where the face
          is, and another is taken only where it moved
        - motion is measured as `read_clip` does: in one upright crop for each shot, also where M
          looks at one that follows the face; that crop is of the shot's first frame
        - a face that the picture's edge cuts off counts as lost, unless most frames show it so
        - nothing is kept of a frame but where its face is
    """

    def __init__(self, model: LivePortraitModel, options: AnimateOptions) -> None:
        """Nothing is seen yet.

        Args:
            model: The model.
            options: `driving_face`, `driving_framing` and `face_models` count.

        Raises:
            CheckpointError: A face network cannot be loaded.
        """
        trackers = FaceTrackers(model, options.face_models)
        self._model, preset = trackers.reading(), model.preset
        self._framing = crop_framing(
            options.driving_framing, preset.driving_crop, preset.output_size_px, published=False
        )
        self._tracker: LandmarkTracker | None = None
        if not options.driving_framing.already_cropped:
            tracker = trackers.tracker("driver", options.driving_face)
            assert isinstance(tracker, LandmarkTracker)
            self._tracker = tracker
        self.reset()

    def reset(self) -> None:
        """Forget the face: the next frame begins anew."""
        self._cuts = CutDetector()
        self._face: Face | None = None
        self._box: FaceBox | None = None
        self._base: CropTransform | None = None
        self._speed: NDArray[np.float64] = np.zeros(2)
        self._is_lost, self._is_cut = True, False
        self._wait, self._until_search = 1, 0
        self._cut_off: deque[bool] = deque(maxlen=CUT_OFF_FRAMES)

    def read(self, frame: Pixels) -> ReadFace | None:
        """The face of the next frame; None where none is seen.

        Args:
            frame: (H, W, 3) uint8.
        """
        if self._tracker is None:
            is_first, self._is_lost = self._is_lost, False
            transform = whole_frame(frame, self._model.preset.output_size_px)
            motion = with_openness(self._motion(frame, transform), None)
            return ReadFace(motion=motion, is_new_shot=is_first)
        self._cuts.update(frame)
        followed = self._followed(frame, self._tracker)
        is_new_shot = False
        if followed is None:
            self._is_lost, self._speed = True, np.zeros(2)
            face = self._searched(frame, self._tracker)
            if face is None:
                return None
            is_new_shot = self._face is None or (self._is_cut and not _is_near(face, self._face))
            wanted = self._around(face.landmarks)
            is_elsewhere = is_new_shot or self._box is None or is_far_off(self._box, wanted)
            followed = face, self._look(frame, wanted if is_elsewhere else self._box or wanted)
            self._is_lost, self._is_cut = False, False
        return self._taken(frame, *followed, is_new_shot=is_new_shot)

    def _taken(
        self, frame: Pixels, face: Face, look: _Look, *, is_new_shot: bool
    ) -> ReadFace | None:
        """A face as it is given, and as the next frame is compared with it."""
        if self._base is None or is_new_shot:
            self._base = look.transform
            self._cut_off.clear()
        self._face, self._box = face, pushed_box(look.box, self._around(face.landmarks))
        self._cut_off.append(is_cut_off(face, *frame.shape[:2]))
        if self._cut_off[-1] and sum(self._cut_off) <= MAX_CUT_OFF * len(self._cut_off):
            return None
        travel = torch.from_numpy(crop_travel([look.transform], [self._base]))
        motion = with_openness(look.motion, FaceTrack(0, (face,)))
        motion = in_other_crop(motion, travel.to(motion.scale))
        return ReadFace(motion=motion, is_new_shot=is_new_shot)

    def _followed(self, frame: Pixels, tracker: LandmarkTracker) -> tuple[Face, _Look] | None:
        """The face where it was, or where its last speed takes it."""
        last, box = self._face, self._box
        if last is None or box is None or self._is_lost:
            return None
        followed = self._followed_from(frame, tracker, last, box)
        if followed is None and self._speed.any():
            place = shifted_face(last, self._speed)
            followed = self._followed_from(frame, tracker, place, self._around(place.landmarks))
        if followed is None:
            return None
        if self._cuts.is_sure and travel_of_face(last, followed[0]) > SHOT_TRAVEL:
            return None
        self._speed = np.subtract(followed[0].centre, last.centre)
        return followed

    def _followed_from(
        self, frame: Pixels, tracker: LandmarkTracker, place: Face, box: FaceBox
    ) -> tuple[Face, _Look] | None:
        """The face near a place, with M's look at a box around it."""
        look = self._look(frame, box) if self._reads_landmarks(tracker) else None
        predicted = None if look is None else look.landmarks
        seen = follow_landmarks(frame, tracker.network, place.landmarks, predicted)
        if seen.score < MIN_SCORE:
            return None
        face = face_from_landmarks(seen.landmarks, seen.score)
        if not _is_near(face, place):
            return None
        wanted = self._around(face.landmarks)
        if look is None or is_far_off(box, wanted):
            look = self._look(frame, pushed_box(box, wanted))
        return face, look

    def _searched(self, frame: Pixels, tracker: LandmarkTracker) -> Face | None:
        """A face that is found anew, if it is time to search."""
        if self._cuts.is_sure:
            self._is_cut, self._until_search, self._wait = True, 0, 1
        if self._until_search > 0:
            self._until_search -= 1
            return None
        face = _chosen(tracker, tracker.finder.find(frame), self._face)
        if face is None:
            self._until_search, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
            return None
        self._wait = 1
        return face

    def _reads_landmarks(self, tracker: LandmarkTracker) -> bool:
        """Whether the model's keypoints are the landmarks that are followed."""
        is_compact = self._model.preset.family == "compact"
        return is_compact and tracker.network.layout == COMPACT_21.name

    def _around(self, landmarks: Landmarks) -> FaceBox:
        """The upright box that a driver's crop has around landmarks."""
        framing = self._framing
        box = face_box(
            landmarks, scale=framing.scale, vx_ratio=framing.vx_ratio, vy_ratio=framing.vy_ratio
        )
        return replace(box, angle_rad=0.0)

    def _look(self, frame: Pixels, box: FaceBox) -> _Look:
        transform = box_transform(box, size_px=self._framing.size_px, rotate=False)
        return _Look(box=box, transform=transform, motion=self._motion(frame, transform))

    def _motion(self, frame: Pixels, transform: CropTransform) -> Motion:
        return extract_motion(self._model, face_tensor(self._model, [crop_of(frame, transform)]))


def _chosen(tracker: LandmarkTracker, faces: Sequence[Face], last: Face | None) -> Face | None:
    """The face of the tracker's number at first, then the one that is nearest to the last."""
    if last is not None:
        return nearest_face(last, faces)
    faces = sorted_faces(faces, tracker.order)
    return faces[tracker.face_index] if tracker.face_index < len(faces) else None


def _is_near(face: Face, other: Face) -> bool:
    return overlap(face.box, other.box) >= SAME_PLACE_OVERLAP
