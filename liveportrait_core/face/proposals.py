"""Detections of the face finder's network in a picture, and their confidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from ..imaging.crop import FaceBox, box_transform, face_box
from ..imaging.landmark_layouts import Landmarks, Points
from ..imaging.tensors import Pixels, tensor_from_pixels
from ..networks.face_finder import CELL_PX, NUM_POINTS, STRIDE, FaceMaps
from .detector import MAX_DETECTIONS
from .faces import Box, without_overlaps
from .landmarks import LandmarkNetwork, fast_crop

FinderNetwork = Callable[[Tensor], FaceMaps]
"""Pictures (B, 3, h, w) in [0, 1] -> maps; a `FaceFinderNetwork` that was fused."""

MAX_SHIFT: Final = 0.5
"""Largest distance of the landmarks' square from the detection's, in sides."""
MAX_SIZE_RATIO: Final = 2.5
"""How much larger or smaller than the detection's square the landmarks' square may be."""
MIN_AUGMENTED_LOGIT: Final = -1.2
"""Augmented logit below which a detection is dropped without predicting landmarks."""
AUGMENTED_PX: Final = 96
"""Side of the augmented crops."""
AUGMENTATIONS: Final = (
    (0.0, 0.0, 2.0, 0.0, False),
    (0.0, 0.0, 2.4, 0.0, True),
    (0.1, 0.06, 2.8, 0.15, False),
    (-0.1, -0.06, 2.2, -0.15, True),
    (0.05, -0.1, 3.4, 0.0, False),
    (-0.05, 0.1, 1.7, 0.0, True),
)
"""Augmented crops: shifts right and down in sides of the face, side of the crop in these, turn in
radians, whether it is mirrored."""
MAX_AUGMENTED_SHIFT, MAX_AUGMENTED_SIZE_RATIO = 0.35, 1.8
"""Largest distance from the detection, in its sides, and largest ratio of sizes at which a cell of
an augmented crop counts as the same face."""
MISS_LOGIT: Final = -4.0
"""Logit of an augmented crop in which the face is not detected."""


@dataclass(frozen=True, slots=True)
class DetectionPass:
    """One pass of the detector over a picture; passes are tried in order."""

    sizes_px: tuple[int, ...]
    """The picture's longer side is resized to each of these. The network detects faces of about
    8 to 100 pixels."""
    min_heat: float = 0.4
    """Smallest value of the heat map at a detection."""
    padding: float = 0.0
    """Border around the picture, in longer sides: room for a face at the edge."""
    turns: tuple[int, ...] = (0,)
    """Quarter turns of the picture, counter-clockwise; the most confident detections of all turns
    are kept."""
    only_if_none: bool = False
    """Skipped where an earlier pass found a face, whatever its confidence."""
    min_confidence: float = 2.6
    """Smallest confidence of a face with predicted landmarks."""
    min_logit: float = MIN_AUGMENTED_LOGIT
    """Smallest augmented logit of a face. Of 57 pictures in which the first pass finds a face, of
    people and drawn ones, none had less than -.22."""
    allow_without_landmarks: bool = False
    """Keep faces on which the landmark network fails, where the augmented crops confirm them."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that the network detects, in pixels of the frame."""

    centre: tuple[float, float]
    """Of the square of `face_box` with scale 1."""
    side: float
    angle_rad: float
    heat: float
    """Value of the heat map, from 0 to 1."""
    points: Points
    """(5, 2) middles of the eyes, nose, corners of the mouth, as the face stands upright."""

    @property
    def box(self) -> Box:
        """The square without its turn."""
        x, y = self.centre
        return x - self.side / 2, y - self.side / 2, self.side, self.side

    def crop(self, network: LandmarkNetwork) -> FaceBox:
        """The first crop for a landmark network."""
        side = self.side * network.scale
        down = network.vy_ratio * side
        x = self.centre[0] - math.sin(self.angle_rad) * down
        y = self.centre[1] + math.cos(self.angle_rad) * down
        return FaceBox((x, y), side, self.angle_rad)

    def agrees_with(self, landmarks: Landmarks) -> bool:
        """True when the landmarks are of a face in about this place and of about this size."""
        square = face_box(landmarks, scale=1.0)
        distance = math.hypot(*np.subtract(square.centre, self.centre))
        ratio = max(square.side / self.side, self.side / square.side)
        return distance <= MAX_SHIFT * self.side and ratio <= MAX_SIZE_RATIO


def find_detections(
    network: FinderNetwork, frame: Pixels, detection_pass: DetectionPass
) -> list[Detection]:
    """The detections of one pass, most confident first, one for each face.

    Args:
        network: Fused.
        frame: (H, W, 3) uint8 RGB.
        detection_pass: Sizes, turns and threshold.
    """
    detections: list[Detection] = []
    for turns in detection_pass.turns:
        turned = np.ascontiguousarray(np.rot90(frame, turns))
        for size_px in detection_pass.sizes_px:
            detections += _detections_at(network, turned, size_px, detection_pass, turns)
    return without_overlaps(sorted(detections, key=lambda detection: -detection.heat))


def augmented_logit(network: FinderNetwork, frame: Pixels, detection: Detection) -> float:
    """Test-time augmentation: the mean logit of a detection over several crops around it.

    The crops differ in size, turn and place, and every other one is mirrored. Of real pictures,
    people gave -.5 to 1.2, other things hardly ever more than 0.

    Args:
        network: Fused.
        frame: (H, W, 3) uint8 RGB.
        detection: Place, size and turn of the face.
    """
    crops: list[Tensor] = []
    expected: list[Points] = []
    cos, sin = math.cos(detection.angle_rad), math.sin(detection.angle_rad)
    for right, down, scale, turn, mirrored in AUGMENTATIONS:
        shift = (cos * right - sin * down, sin * right + cos * down)
        x, y = (
            place + detection.side * by for place, by in zip(detection.centre, shift, strict=True)
        )
        box = FaceBox((x, y), scale * detection.side, detection.angle_rad + turn)
        transform = box_transform(box, size_px=AUGMENTED_PX)
        crop = fast_crop(frame, transform, border=cv2.BORDER_REPLICATE)
        place = transform.to_crop(np.array([detection.centre]))[0]
        if mirrored:
            crop, place[0] = np.ascontiguousarray(crop[:, ::-1]), AUGMENTED_PX - 1 - place[0]
        crops.append(tensor_from_pixels(crop))
        side = detection.side / transform.source_px_per_crop_px
        expected.append(np.array([*((place + 0.5) / CELL_PX - 0.5), side / CELL_PX]))
    return _mean_logit(_maps(network, torch.cat(crops)), np.stack(expected))


def _mean_logit(maps: FaceMaps, expected: Points) -> float:
    """Mean over crops of the largest logit of a cell that describes the expected face.

    Args:
        maps: Of B crops.
        expected: (B, 3) middle x and y and side, cells.
    """
    logit = maps.heat_logit[:, 0].double().numpy()
    rows, columns = np.mgrid[: logit.shape[1], : logit.shape[2]]
    offset = maps.offset.double().numpy()
    x, y, side = (values[:, None, None] for values in expected.T)
    distance = np.hypot(columns + offset[:, 0] - x, rows + offset[:, 1] - y)
    ratio = np.exp(np.abs(maps.log_side[:, 0].double().numpy() - np.log(side)))
    same = (distance <= MAX_AUGMENTED_SHIFT * side) & (ratio <= MAX_AUGMENTED_SIZE_RATIO)
    return float(np.where(same, logit, MISS_LOGIT).max((1, 2)).clip(MISS_LOGIT).mean())


def _maps(network: FinderNetwork, pictures: Tensor) -> FaceMaps:
    with torch.inference_mode():
        return network(pictures.contiguous(memory_format=torch.channels_last))


def _detections_at(
    network: FinderNetwork, turned: Pixels, size_px: int, detection_pass: DetectionPass, turns: int
) -> list[Detection]:
    """The detections in a turned frame at one size."""
    height, width = turned.shape[:2]
    zoom = size_px / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    small = cv2.resize(turned, size, interpolation=method)
    border = round(detection_pass.padding * size_px)
    after = [border + (-(length + 2 * border)) % STRIDE for length in size]
    small = cv2.copyMakeBorder(small, border, after[1], border, after[0], cv2.BORDER_REPLICATE)
    maps = _maps(network, tensor_from_pixels(np.asarray(small, np.uint8)))
    steps = (width / size[0], height / size[1])
    peaks = _peaks(maps, detection_pass.min_heat)
    return [_detection(peak, steps, border, (height, width), turns) for peak in peaks]


def _peaks(maps: FaceMaps, min_heat: float) -> list[Points]:
    """The highest local maxima in pixels of the resized picture.

    Returns:
        (15,) each: heat, side, angle, the middle's x and y, x and y of the five points.
    """
    logit = maps.heat_logit[0, 0]
    highest = torch.nn.functional.max_pool2d(logit[None], 3, 1, 1)[0]
    min_logit = math.log(min_heat / (1 - min_heat))
    rows, columns = torch.nonzero((logit == highest) & (logit >= min_logit), as_tuple=True)

    def at(values: Tensor) -> Points:
        return values[0][:, rows, columns].double().numpy().T

    cells = torch.stack((columns, rows), 1).double().numpy()
    side = np.exp(at(maps.log_side))
    axis = at(maps.axis)
    middle = cells + at(maps.offset)
    points = np.tile(cells, (1, NUM_POINTS)) + at(maps.points) * side
    positions = (np.concatenate((middle, points), 1) + 0.5) * CELL_PX - 0.5
    heat = torch.sigmoid(logit[rows, columns]).double().numpy()[:, None]
    angle = np.arctan2(axis[:, 1:], axis[:, :1])
    peaks = np.concatenate((heat, side * CELL_PX, angle, positions), 1)
    return list(peaks[np.argsort(-peaks[:, 0])][: 4 * MAX_DETECTIONS])


def _detection(
    peak: Points,
    steps: tuple[float, float],
    border: int,
    size: tuple[int, int],
    quarter_turns: int,
) -> Detection:
    """A peak of the resized, turned picture -> a detection in the frame.

    Args:
        peak: From `_peaks`.
        steps: Pixels of the turned frame for one of the resized picture, x and y.
        border: Of the resized picture, pixels.
        size: Height and width of the turned frame.
        quarter_turns: How it was turned, counter-clockwise.
    """
    heat, side, angle = (float(value) for value in peak[:3])
    positions = (peak[3:].reshape(-1, 2) - border + 0.5) * steps - 0.5
    height, width = size
    for _ in range(quarter_turns):  # (x', y') of the turned picture came from x = W - 1 - y'
        positions = np.stack((height - 1 - positions[:, 1], positions[:, 0]), 1)
        height, width = width, height
    return Detection(
        centre=(float(positions[0, 0]), float(positions[0, 1])),
        side=side * math.sqrt(steps[0] * steps[1]),
        angle_rad=math.remainder(angle + quarter_turns * math.pi / 2, math.tau),
        heat=heat,
        points=positions[1:],
    )
