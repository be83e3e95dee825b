"""What the face finder's network sees: hits in a picture, and closer looks at one of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
from .detector import MOST_HITS, SAME_FACE_OVERLAP
from .faces import Box, overlap
from .landmarks import LandmarkNetwork, quick_crop

FinderNetwork = Callable[[Tensor], FaceMaps]
"""Pictures (B, 3, h, w) in [0, 1] -> maps; a `FaceFinderNetwork` that was fused."""

LARGEST_SHIFT: Final = 0.5
"""How far the landmarks' square may lie from the network's, in sides."""
LARGEST_GROWTH: Final = 2.5
"""How much larger or smaller the landmarks' square may be."""
CLOSER_PX: Final = 96
"""Side of the crops of closer looks."""
CLOSER: Final = (
    (0.0, 0.0, 2.0, 0.0, False),
    (0.0, 0.0, 2.4, 0.0, True),
    (0.1, 0.06, 2.8, 0.15, False),
    (-0.1, -0.06, 2.2, -0.15, True),
    (0.05, -0.1, 3.4, 0.0, False),
    (-0.05, 0.1, 1.7, 0.0, True),
)
"""Closer looks: shifts right and down in sides of the face, side of the crop in these, turn in
radians, whether it is mirrored."""
AGAIN_SHIFT, AGAIN_GROWTH = 0.35, 1.8
"""How far from the hit, in its sides, a closer look may see it, and how much larger or smaller."""
UNSEEN_LOGIT: Final = -4.0
"""Of a closer look that sees nothing there."""


@dataclass(frozen=True, slots=True)
class Look:
    """One rung of the ladder: how to look this time."""

    sizes_px: tuple[int, ...]
    """The picture's longer side is brought to each of these. In each, the network knows faces
    from about 8 to 100 pixels."""
    least_heat: float = 0.4
    """What the network must say for a place to be looked at more closely."""
    padding: float = 0.0
    """Border around the picture, in longer sides: room for a face that is cut."""
    turns: tuple[int, ...] = (0,)
    """Quarter turns of the picture, counter-clockwise; the surest hits of all count."""
    only_when_lost: bool = False
    """Left out where an earlier look found a face, however doubtful."""
    least_sure: float = 2.6
    """Sureness from which a face that the landmark network reads is one."""
    unread: bool = False
    """Faces count that the landmark network cannot read, where closer looks are sure of them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A face that the network sees, in pixels of the frame."""

    centre: tuple[float, float]
    """Of the square of `face_box` with scale 1."""
    side: float
    angle_rad: float
    heat: float
    """From 0 to 1: how sure the network is."""
    points: Points
    """(5, 2) middles of the eyes, nose, corners of the mouth, as the face stands upright."""

    @property
    def box(self) -> Box:
        """The square without its turn."""
        x, y = self.centre
        return x - self.side / 2, y - self.side / 2, self.side, self.side

    def crop(self, network: LandmarkNetwork) -> FaceBox:
        """The crop to read landmarks in first."""
        side = self.side * network.scale
        down = network.vy_ratio * side
        x = self.centre[0] - math.sin(self.angle_rad) * down
        y = self.centre[1] + math.cos(self.angle_rad) * down
        return FaceBox((x, y), side, self.angle_rad)

    def agrees_with(self, landmarks: Landmarks) -> bool:
        """True when the landmarks are of a face in about this place and of about this size."""
        square = face_box(landmarks, scale=1.0)
        distance = math.hypot(*np.subtract(square.centre, self.centre))
        growth = max(square.side / self.side, self.side / square.side)
        return distance <= LARGEST_SHIFT * self.side and growth <= LARGEST_GROWTH


def find_hits(network: FinderNetwork, frame: Pixels, look: Look) -> list[Hit]:
    """What the network sees in one look, surest first, one hit for each face.

    Args:
        network: Fused.
        frame: (H, W, 3) uint8.
        look: How.
    """
    hits: list[Hit] = []
    for turns in look.turns:
        turned = np.ascontiguousarray(np.rot90(frame, turns))
        for size_px in look.sizes_px:
            hits += _hits_at(network, turned, size_px, look, turns)
    return _surest(hits)


def closer_look(network: FinderNetwork, frame: Pixels, hit: Hit) -> float:
    """How sure the network is of a hit when it looks closer: the mean logit of its heat.

    The looks differ in size, turn and place, and every other is mirrored. Of real pictures, people
    gave -.5 to 1.2, other things hardly ever more than 0.
    """
    crops: list[Tensor] = []
    expected: list[Points] = []
    cos, sin = math.cos(hit.angle_rad), math.sin(hit.angle_rad)
    for right, down, scale, turn, mirrored in CLOSER:
        shift = (cos * right - sin * down, sin * right + cos * down)
        x, y = (place + hit.side * by for place, by in zip(hit.centre, shift, strict=True))
        box = FaceBox((x, y), scale * hit.side, hit.angle_rad + turn)
        transform = box_transform(box, size_px=CLOSER_PX)
        crop = quick_crop(frame, transform, border=cv2.BORDER_REPLICATE)
        place = transform.to_crop(np.array([hit.centre]))[0]
        if mirrored:
            crop, place[0] = np.ascontiguousarray(crop[:, ::-1]), CLOSER_PX - 1 - place[0]
        crops.append(tensor_from_pixels(crop))
        side = hit.side / transform.source_px_per_crop_px
        expected.append(np.array([*((place + 0.5) / CELL_PX - 0.5), side / CELL_PX]))
    return _mean_logit(_looked(network, torch.cat(crops)), np.stack(expected))


def _mean_logit(maps: FaceMaps, expected: Points) -> float:
    """Mean over looks of the surest cell that describes what is expected.

    Args:
        maps: Of B looks.
        expected: (B, 3) middle x and y and side, cells.
    """
    logit = maps.heat_logit[:, 0].double().numpy()
    rows, columns = np.mgrid[: logit.shape[1], : logit.shape[2]]
    offset = maps.offset.double().numpy()
    x, y, side = (values[:, None, None] for values in expected.T)
    away = np.hypot(columns + offset[:, 0] - x, rows + offset[:, 1] - y)
    growth = np.exp(np.abs(maps.log_side[:, 0].double().numpy() - np.log(side)))
    there = (away <= AGAIN_SHIFT * side) & (growth <= AGAIN_GROWTH)
    return float(np.where(there, logit, UNSEEN_LOGIT).max((1, 2)).clip(UNSEEN_LOGIT).mean())


def _looked(network: FinderNetwork, pictures: Tensor) -> FaceMaps:
    with torch.inference_mode():
        return network(pictures.contiguous(memory_format=torch.channels_last))


def _hits_at(
    network: FinderNetwork, turned: Pixels, size_px: int, look: Look, turns: int
) -> list[Hit]:
    """What the network sees in a turned frame at one size."""
    height, width = turned.shape[:2]
    zoom = size_px / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    small = cv2.resize(turned, size, interpolation=method)
    border = round(look.padding * size_px)
    after = [border + (-(length + 2 * border)) % STRIDE for length in size]
    small = cv2.copyMakeBorder(small, border, after[1], border, after[0], cv2.BORDER_REPLICATE)
    maps = _looked(network, tensor_from_pixels(np.asarray(small, np.uint8)))
    steps = (width / size[0], height / size[1])
    peaks = _peaks(maps, look.least_heat)
    return [_hit(peak, steps, border, (height, width), turns) for peak in peaks]


def _peaks(maps: FaceMaps, least_heat: float) -> list[Points]:
    """The surest local maxima in pixels of the small picture.

    Returns:
        (15,) each: heat, side, angle, the middle's x and y, x and y of the five points.
    """
    logit = maps.heat_logit[0, 0]
    highest = torch.nn.functional.max_pool2d(logit[None], 3, 1, 1)[0]
    least = math.log(least_heat / (1 - least_heat))
    rows, columns = torch.nonzero((logit == highest) & (logit >= least), as_tuple=True)

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
    found = np.concatenate((heat, side * CELL_PX, angle, positions), 1)
    return list(found[np.argsort(-found[:, 0])][: 4 * MOST_HITS])


def _hit(
    found: Points,
    steps: tuple[float, float],
    border: int,
    size: tuple[int, int],
    quarter_turns: int,
) -> Hit:
    """A peak of the small, turned picture -> a hit in the frame.

    Args:
        found: From `_peaks`.
        steps: Pixels of the turned frame for one of the small picture, x and y.
        border: Of the small picture, pixels.
        size: Height and width of the turned frame.
        quarter_turns: How it was turned, counter-clockwise.
    """
    heat, side, angle = (float(value) for value in found[:3])
    positions = (found[3:].reshape(-1, 2) - border + 0.5) * steps - 0.5
    height, width = size
    for _ in range(quarter_turns):  # (x', y') of the turned picture came from x = W - 1 - y'
        positions = np.stack((height - 1 - positions[:, 1], positions[:, 0]), 1)
        height, width = width, height
    return Hit(
        centre=(float(positions[0, 0]), float(positions[0, 1])),
        side=side * math.sqrt(steps[0] * steps[1]),
        angle_rad=math.remainder(angle + quarter_turns * math.pi / 2, math.tau),
        heat=heat,
        points=positions[1:],
    )


def _surest(hits: Sequence[Hit]) -> list[Hit]:
    """Of hits that overlap, the surest."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.heat):
        if all(overlap(hit.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(hit)
    return kept
