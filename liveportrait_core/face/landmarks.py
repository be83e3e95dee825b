"""Landmark networks, and the points of each layout that openness is measured with.

The table of layouts itself is `imaging.landmark_layouts`: crops need it too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from torch import Tensor

from ..imaging.crop import (
    BILINEAR_REACH,
    CropTransform,
    FaceBox,
    box_transform,
    crop_pixels,
    face_box,
)
from ..imaging.landmark_layouts import LAYOUTS, Landmarks, Points
from ..imaging.tensors import Pixels, tensor_from_pixels
from ..motion.openness import OpeningPair, OpennessPairs

LandmarkFunction = Callable[[Tensor], Tensor]
"""Face crops (B, 3, S, S) RGB in [0, 1] -> points (B, N, 2) in crop units, -1 and 1 at the
outer edges."""

MIN_EYES_OVER_DROP: Final = 0.3
"""Bounds of the distance of the eyes over that from the eyes to the lip: about 1 seen from the
front, less in profile. Outside it is no face."""
MAX_EYES_OVER_DROP: Final = 2.2
MAX_SKEW: Final = 0.75
"""Largest |cosine| between the line of the eyes and the line to the lip."""
NO_AGREEMENT: Final = 0.05
"""Mean distance of two predictions, crop sides, at which the score is 0."""
STILL_AGREEMENT: Final = 0.3
"""Agreement with the frame before from which a followed face needs no second prediction: it
moved by about a thirtieth of the crop. On six clips a second one then changed points by .003 of the
crop's side on average, where the face had hardly moved by .001 to .002."""
PERTURBATIONS: Final = ((0.1, 0.05, 1.2, 0.2), (-0.1, -0.05, 1.0, -0.2), (0.05, -0.1, 0.85, 0.1))
"""Shifts of a crop in sides, changes of its size, and turns in radians."""
HALF_STABILITY: Final = 0.03
"""Mean distance of predictions in perturbed crops, crop sides, at which stability is 1/2. Real
pictures gave .007 to .015 for faces, .022 to .16 for other things taken for faces."""
MAX_BEYOND_CROP: Final = 0.1
"""How far a point may lie outside the crop that it was predicted in, crop sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkNetwork:
    """A network that predicts the landmarks of a face crop, and the crop that it expects."""

    read: LandmarkFunction
    size_px: int
    """Side of its crops."""
    layout: str = "compact-21"
    scale: float = 2.3
    vy_ratio: float = -0.125
    antialias: bool = True
    """False samples crops as the published code does."""

    def box(self, landmarks: Landmarks) -> FaceBox:
        """The part of the picture to crop for it, given landmarks of any layout."""
        return face_box(landmarks, scale=self.scale, vy_ratio=self.vy_ratio)

    def landmarks(self, frame: Pixels, box: FaceBox) -> Landmarks:
        """Its landmarks for one part of a picture.

        Args:
            frame: (H, W, 3) uint8.
            box: From `box`, or a rough one.

        Returns:
            Points in pixels of the frame.
        """
        transform = box_transform(box, size_px=self.size_px)
        crop = (
            fast_crop(frame, transform)
            if self.antialias
            else crop_pixels(frame, transform, antialias=False)
        )
        units = self.read(tensor_from_pixels(crop))
        points = units.detach()[0, :, :2].double().cpu().numpy()
        in_crop = (points + 1) * (self.size_px / 2) - 0.5  # crop units end at the outer edges
        return Landmarks(transform.to_source(in_crop), self.layout)


@dataclass(frozen=True, slots=True)
class ScoredLandmarks:
    """Landmarks and their score."""

    landmarks: Landmarks
    score: float
    """From 0 to 1: agreement of the last two predictions, 0 when they form no plausible face."""


def refine_landmarks(
    frame: Pixels, network: LandmarkNetwork, box: FaceBox, *, predictions: int = 3
) -> ScoredLandmarks:
    """Landmarks from a rough box: predict, crop around the landmarks, predict again.

    Where there is no face, the network puts its points somewhere else in each new crop; on a
    face it finds them where they were. Their agreement is the score.

    Args:
        frame: (H, W, 3) uint8.
        network: Predicts the landmarks.
        box: Rough place of the face, as large as the network's crops.
        predictions: How often to predict; 1 gives no agreement, and scores 1 or 0 by shape alone.

    Returns:
        The last landmarks.
    """
    landmarks = network.landmarks(frame, box)
    agreement = 1.0
    for _ in range(predictions - 1):
        if not is_plausible_face(landmarks, box):
            return ScoredLandmarks(landmarks, 0.0)
        box = network.box(landmarks)
        previous, landmarks = landmarks, network.landmarks(frame, box)
        agreement = _agreement(previous.points, landmarks.points, box.side)
    return ScoredLandmarks(landmarks, agreement if is_plausible_face(landmarks, box) else 0.0)


def follow_landmarks(
    frame: Pixels,
    network: LandmarkNetwork,
    before: Landmarks,
    predicted: Landmarks | None = None,
) -> ScoredLandmarks:
    """Landmarks near those of the frame before: one prediction if little has moved, else two.

    Args:
        frame: (H, W, 3) uint8.
        network: Predicts the landmarks.
        before: The face's landmarks in the frame before.
        predicted: The first prediction, where it is there already.
    """
    box = network.box(before)
    landmarks = predicted or network.landmarks(frame, box)
    if not is_plausible_face(landmarks, box):
        return ScoredLandmarks(landmarks, 0.0)
    agreement = _agreement(before.points, landmarks.points, box.side)
    if agreement >= STILL_AGREEMENT:
        return ScoredLandmarks(landmarks, agreement)
    box = network.box(landmarks)
    previous, landmarks = landmarks, network.landmarks(frame, box)
    agreement = _agreement(previous.points, landmarks.points, box.side)
    return ScoredLandmarks(landmarks, agreement if is_plausible_face(landmarks, box) else 0.0)


def fast_crop(
    image: Pixels, transform: CropTransform, *, border: int = cv2.BORDER_CONSTANT
) -> Pixels:
    """`crop_pixels`, antialiased, faster where a large face is shown small.

    Convention:
        - whole squares of pixels are averaged first, so that bilinear samples leave no gaps; up
          to one square of the picture's right and lower edges may be cut off

    Args:
        image: (H, W, 3) uint8.
        transform: Of the crop.
        border: OpenCV's border mode; black by default.
    """
    step = math.ceil(transform.source_px_per_crop_px / BILINEAR_REACH)
    size = np.array(image.shape[1::-1])
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * transform.size_px - 0.5
    inside = np.clip(transform.to_source(corners), 0, size - 1)
    low, high = np.floor(inside.min(0)).astype(int), np.ceil(inside.max(0)).astype(int)
    squares = np.minimum(high - low + step, size - low) // step
    matrix = transform.source_to_crop
    if step > 1 and squares.min() > 0:
        (left, top), (width, height) = low, squares * step
        part = image[top : top + height, left : left + width]
        image = np.asarray(
            cv2.resize(part, squares.tolist(), interpolation=cv2.INTER_AREA), np.uint8
        )
        middle = low + (step - 1) / 2
        matrix = matrix @ np.array([[step, 0, middle[0]], [0, step, middle[1]], [0, 0, 1.0]])
    crop_size = (transform.size_px, transform.size_px)
    crop = cv2.warpAffine(image, matrix[:2], crop_size, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(crop, np.uint8)


def stability(frame: Pixels, network: LandmarkNetwork, landmarks: Landmarks) -> float:
    """From 0 to 1: how little the landmarks move when the crop is perturbed.

    Slower and more selective than the agreement of `refine_landmarks`; it ranks several
    detections in one picture.
    """
    box = network.box(landmarks)
    distances: list[float] = []
    for shift_x, shift_y, zoom, turn in PERTURBATIONS:
        x, y = box.centre[0] + shift_x * box.side, box.centre[1] + shift_y * box.side
        perturbed = FaceBox((x, y), box.side * zoom, box.angle_rad + turn)
        moved = network.landmarks(frame, perturbed).points - landmarks.points
        distances.append(float(np.linalg.norm(moved, axis=1).mean()) / box.side)
    return 1.0 / (1.0 + (float(np.mean(distances)) / HALF_STABILITY) ** 2)


def is_plausible_face(landmarks: Landmarks, box: FaceBox) -> bool:
    """True when eyes and lip lie as in a face, and within the box of the prediction."""
    points, layout = landmarks.points, LAYOUTS[landmarks.layout]
    if not np.isfinite(points).all() or box.side <= 0:
        return False
    left, right = points[list(layout.left_eye)].mean(0), points[list(layout.right_eye)].mean(0)
    lip = points[list(layout.lip)].mean(0)
    reach = (0.5 + MAX_BEYOND_CROP) * box.side * np.sqrt(2)
    inside = bool(np.abs(points - np.array(box.centre)).max() <= reach)
    return inside and mouth_is_below_eyes(left, right, lip, max_skew=MAX_SKEW)


def mouth_is_below_eyes(left: Points, right: Points, mouth: Points, *, max_skew: float) -> bool:
    """True when eyes and mouth lie as in a face: neither mirrored nor stretched nor sheared.

    Args:
        left: (2,) middle of the image's left eye, pixels.
        right: (2,) middle of the image's right eye, pixels.
        mouth: (2,) middle of the mouth, pixels.
        max_skew: Largest |cosine| between the line of the eyes and the line to the mouth.
    """
    across, down = right - left, mouth - (left + right) / 2
    width, drop = float(np.hypot(*across)), float(np.hypot(*down))
    if not drop > 0 or not MIN_EYES_OVER_DROP <= width / drop <= MAX_EYES_OVER_DROP:
        return False
    skew = float(across @ down) / (width * drop)
    return abs(skew) <= max_skew and bool(across[0] * down[1] > across[1] * down[0])


def openness_pairs(layout: str) -> OpennessPairs:
    """The points of a layout that openness of eyes and lips is measured with.

    Raises:
        ValueError: The layout has no points on lids and lips.
    """
    known = LAYOUTS[layout]
    pairs = (
        (known.left_eye_lids, known.left_eye_corners),
        (known.right_eye_lids, known.right_eye_corners),
        (known.lip_height, known.lip_width),
    )
    openings = [
        OpeningPair(height=height, width=width)
        for height, width in pairs
        if height is not None and width is not None
    ]
    if len(openings) < len(pairs):
        able = ", ".join(entry.name for entry in LAYOUTS.values() if entry.has_openness)
        raise ValueError(
            f"The landmark layout is {layout}, which has no points on the lids and the inner "
            f"lips; one of {able} is expected. Use a finder that gives one of these."
        )
    first_eye, second_eye, lip = openings
    return OpennessPairs(first_eye=first_eye, second_eye=second_eye, lip=lip)


def _agreement(before: Points, after: Points, crop_side: float) -> float:
    """1 when two predictions are the same, falling to 0 at `NO_AGREEMENT`."""
    distance = float(np.linalg.norm(after - before, axis=1).mean()) / crop_side
    return max(0.0, 1.0 - distance / NO_AGREEMENT)
