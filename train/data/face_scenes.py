"""Pictures for the face finder: rendered heads before distractors, at any size, place and turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.imaging.crop import face_box
from liveportrait_core.imaging.landmark_layouts import Landmarks

from ..rendering.arrays import ByteArray, FloatArray, chance
from .degradation import degrade_head, degrade_picture, occlude_part
from .distractors import draw_distractors, faceless_photos
from .rendered import RenderedSet
from .rendered_shards import FRAMES

Vector = NDArray[np.float64]

MAX_HEADS: Final = 5
MIN_SIDE: Final = 0.06
MAX_SIDE: Final = 0.75
"""Sides of the squares about faces, in sides of the picture."""
EMPTY_SHARE: Final = 0.2
"""Pictures without a face."""
WHOLE_TILE_SHARE: Final = 0.3
"""Of pictures with one head, those that show it before its own background."""
TURNED_SHARE: Final = 0.05
"""Heads that lie on their side or stand upside down; a finder finds them in the turned picture."""
SHUFFLED_SHARE: Final = 0.07
"""Heads whose parts are mixed up: skin, eyes and hair, but no face."""
BLANK_SHARE: Final = 0.1
"""Heads without eyes, nose and mouth, as seen from behind."""
MIN_VISIBLE: Final = 0.6
"""Share of a face's square that must be inside the picture and uncovered to be asked for."""
MIN_PRESENT: Final = 0.15
"""Below this share a face is none; in between nothing is asked."""
HIDDEN_SHARE: Final = 0.15
"""Faces that something hides a part of."""
MIN_LYING_RAD: Final = math.radians(100)
"""Turn from which a face is none; a finder looks again at the turned picture."""
MIN_CONTRAST: Final = 8.0
"""Smallest standard deviation of levels within a visible face."""
POINT_GROUPS: Final = ((4, 5), (6, 7), (14,), (15,), (16,))
"""Keypoints whose middles are the five points: eyes, nose, corners of the mouth."""
MIN_ZOOM: Final = 0.5
"""Pictures that shrink more are halved first: warps read four pixels only."""
MIRRORED_POINTS: Final = (1, 0, 2, 4, 3)


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """One face of a picture, pixels."""

    centre: Vector
    """(2,) of the square of `face_box` with scale 1."""
    side: float
    angle_rad: float
    points: Vector
    """(5, 2) middles of the eyes, nose, corners of the mouth."""
    is_target: bool = True
    """False where too little is visible to tell: the loss leaves its surroundings out."""


@dataclass(frozen=True, slots=True)
class FaceScene:
    """A picture and the faces in it."""

    picture: ByteArray
    """(S, S, 3) RGB."""
    faces: list[PlacedFace]


@dataclass(frozen=True, slots=True)
class _Head:
    """One rendered head as it was drawn, and where its face is."""

    image: ByteArray
    alpha: ByteArray
    """(S, S) 255 where the person is."""
    centre: Vector
    side: float
    angle_rad: float
    points: Vector


class FaceScenePainter:
    """Draws pictures with rendered heads."""

    def __init__(
        self,
        data: RenderedSet,
        size_px: int,
        *,
        animals: Sequence[int] = (),
        animal_fraction: float = 0.0,
    ) -> None:
        """Prepare what all pictures share.

        Args:
            data: Rendered heads.
            size_px: Side of the pictures.
            animals: Which of the identities are animals.
            animal_fraction: How often one of them is drawn, where there are any; the others come
                from all identities alike.
        """
        self._data, self.size_px = data, size_px
        self._animals = np.array(animals, np.int64)
        self._animal_fraction = animal_fraction if len(animals) else 0.0
        self._photos = faceless_photos()

    def draw(self, random: np.random.Generator) -> FaceScene:
        """A random picture."""
        size = self.size_px
        picture = draw_distractors(random, self._photos, size)
        count = 0 if chance(random, EMPTY_SHARE) else _number_of_heads(random)
        sides = np.sort(_sides(random, count)) * size
        whole = count == 1 and chance(random, WHOLE_TILE_SHARE)
        faces: list[PlacedFace] = []
        visible: list[float] = []
        for side in sides:
            face, mask = self._put(picture, float(side), random, whole)
            covered = [_share_of(mask, other) for other in faces]
            visible = [share * (1 - part) for share, part in zip(visible, covered, strict=True)]
            if face is not None:
                faces.append(face)
                visible.append(_share_of(np.ones((size, size), np.float32), face))
        picture = degrade_picture(picture, random)
        shown = [
            replace(
                face,
                is_target=face.is_target and share > MIN_VISIBLE and _is_visible(picture, face),
            )
            for face, share in zip(faces, visible, strict=True)
            if share > MIN_PRESENT
        ]
        return FaceScene(picture, shown)

    def _put(
        self, picture: ByteArray, side: float, random: np.random.Generator, whole: bool
    ) -> tuple[PlacedFace | None, FloatArray]:
        """Draw a head in place; gives its face, if it is one, and what it covers."""
        head = self._head(random)
        while head.side * MIN_ZOOM >= side:
            head = _halved(head)
        image = degrade_head(head.image, random)
        kind = random.random()
        shuffled, blank = kind < SHUFFLED_SHARE, 1 - kind < BLANK_SHARE
        if shuffled:
            image = _shuffled(image, random)
        if blank:
            image = _without_a_face(image, head, random)
        turned = chance(random, TURNED_SHARE)
        roll = math.pi * random.uniform(0.5, 1.5) if turned else _roll(random)
        place = _place(random, side, self.size_px)
        matrix = _placing(head, side, roll, place, mirrored=chance(random, 0.5))
        image, alpha = _sampled(image, head.alpha, matrix, self.size_px)
        alpha = np.ones_like(alpha) if whole else alpha
        mixed = picture + (image - picture) * alpha[..., None]
        picture[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        face = _moved(head, matrix)
        if chance(random, HIDDEN_SHARE):
            occlude_part(picture, face.centre, face.side, random)
        lying = abs(face.angle_rad) > MIN_LYING_RAD
        none = shuffled or blank or (turned and lying)
        return (None if none else replace(face, is_target=not turned)), alpha

    def _head(self, random: np.random.Generator) -> _Head:
        among = (
            self._animals if chance(random, self._animal_fraction) else np.arange(len(self._data))
        )
        chosen = random.choice(among, 1), random.integers(FRAMES, size=1)
        image: ByteArray = self._data.rows("image", *chosen)[0]
        size = image.shape[0]
        keypoints = self._data.rows("keypoints", *chosen)[0]
        points = (keypoints[:, :2].astype(np.float64) + 1) * (size / 2) - 0.5
        box = face_box(Landmarks(points, "compact-21"), scale=1.0)
        person = (self._data.rows("regions", *chosen)[0] > 0).astype(np.uint8) * 255
        soft = cv2.resize(person, (size, size)).astype(np.float32)
        alpha = np.clip(soft * 2 - 255, 0, 255).astype(np.uint8)  # without the background's rim
        alpha[0] = 0  # what is cut by the top would go on for ever
        groups = np.stack([points[list(group)].mean(0) for group in POINT_GROUPS])
        return _Head(image, alpha, np.array(box.centre), box.side, box.angle_rad, groups)


def _halved(head: _Head) -> _Head:
    """A head in half the pixels; small faces need no more, and cost less."""
    half = (head.image.shape[1] // 2, head.image.shape[0] // 2)
    image, alpha = (
        np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.uint8)
        for part in (head.image, head.alpha)
    )
    centre, points = ((place + 0.5) / 2 - 0.5 for place in (head.centre, head.points))
    return _Head(image, alpha, centre, head.side / 2, head.angle_rad, points)


def _number_of_heads(random: np.random.Generator) -> int:
    return 1 if chance(random, 0.55) else int(random.integers(2, MAX_HEADS + 1))


def _sides(random: np.random.Generator, count: int) -> Vector:
    """Sides of faces, all orders of size equally likely; many are smaller than one."""
    most = MAX_SIDE if count <= 1 else 0.5
    return np.exp(random.uniform(math.log(MIN_SIDE), math.log(most), count))


def _roll(random: np.random.Generator) -> float:
    """Turn of an upright head: mostly small, up to 55 degrees."""
    if chance(random, 0.25):
        return math.radians(float(random.uniform(-55, 55)))
    return math.radians(float(np.clip(random.normal() * 12, -40, 40)))


def _place(random: np.random.Generator, side: float, size_px: int) -> Vector:
    """Where the middle of a face goes; some faces are cut by the picture's edge."""
    inset = min(side * random.uniform(0.1, 0.6), size_px * 0.45)
    return random.uniform(inset, size_px - inset, 2)


def _placing(head: _Head, side: float, roll: float, place: Vector, *, mirrored: bool) -> Vector:
    """(2, 3) from the head's picture to where it goes."""
    cos, sin = side / head.side * math.cos(roll), side / head.side * math.sin(roll)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    return np.concatenate((turn, (place - turn @ head.centre)[:, None]), 1)


def _sampled(
    image: ByteArray, alpha: ByteArray, matrix: Vector, size_px: int
) -> tuple[FloatArray, FloatArray]:
    """Picture (S, S, 3) and cover (S, S) after a (2, 3) matrix; their edges go on outside."""
    zoom = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    matrix = matrix.copy()
    while zoom < MIN_ZOOM:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
        alpha = np.asarray(cv2.resize(alpha, half, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5)  # pixel centres are whole numbers
        matrix[:, :2] *= 2
        zoom *= 2
    shape, border = (size_px, size_px), cv2.BORDER_REPLICATE
    placed, cover = (
        np.asarray(cv2.warpAffine(part, matrix, shape, borderMode=border), np.float32)
        for part in (image, alpha)
    )
    return placed, np.asarray(cover / 255, np.float32)


def _moved(head: _Head, matrix: Vector) -> PlacedFace:
    """The face of a head whose picture went through a matrix."""
    turn = matrix[:, :2]
    down = turn @ (-math.sin(head.angle_rad), math.cos(head.angle_rad))
    points = head.points @ turn.T + matrix[:, 2]
    determinant = float(np.linalg.det(turn))
    return PlacedFace(
        centre=turn @ head.centre + matrix[:, 2],
        side=head.side * math.sqrt(abs(determinant)),
        angle_rad=math.atan2(-down[0], down[1]),
        points=points[list(MIRRORED_POINTS)] if determinant < 0 else points,
    )


def _shuffled(image: ByteArray, random: np.random.Generator) -> ByteArray:
    """Squares of a picture in another order."""
    count = int(random.integers(3, 6))
    side = image.shape[0] // count
    order = random.permutation(count * count)
    mixed = image.copy()
    for new, old in enumerate(order):
        y, x, v, u = (side * int(k) for k in (*divmod(new, count), *divmod(int(old), count)))
        mixed[y : y + side, x : x + side] = image[v : v + side, u : u + side]
    return mixed


def _without_a_face(image: ByteArray, head: _Head, random: np.random.Generator) -> ByteArray:
    """A head whose face gave way to grain in one of its colours: hair, a hood, a helmet."""
    low = np.clip(head.centre - head.side, 0, np.array(image.shape[1::-1]) - 1)
    spot = random.uniform(low, np.clip(head.centre + head.side, low, image.shape[1::-1]))
    colour = image[int(spot[1] - 0.5), int(spot[0] - 0.5)].astype(np.float32)
    grain = random.normal(0, random.uniform(2, 25), image.shape[:2]).astype(np.float32)
    width, height = np.maximum(0.3, random.uniform(0.01, 0.06, 2) * head.side)
    blurred = cv2.GaussianBlur(grain, (0, 0), sigmaX=float(width), sigmaY=float(height))
    grain = np.asarray(blurred, np.float32)  # strands, upright or not
    grain *= random.uniform(4, 20) / max(float(grain.std()), 1e-3)
    cover = np.zeros(image.shape[:2], np.float32)
    axes = (head.side * random.uniform(0.5, 0.65, 2)).astype(int)
    centre = (int(head.centre[0]), int(head.centre[1]))
    degrees = math.degrees(head.angle_rad)
    cv2.ellipse(cover, centre, (int(axes[0]), int(axes[1])), degrees, 0, 360, 1.0, -1)
    soft = max(0.3, 0.05 * head.side)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32)[..., None]
    mixed = image + (colour + grain[..., None] - image) * cover
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _is_visible(picture: ByteArray, face: PlacedFace) -> bool:
    """True unless dark or light swallowed the face."""
    return float(_inside(picture, face).std(axis=(0, 1)).max(initial=0)) > MIN_CONTRAST


def _inside(picture: NDArray[Any], face: PlacedFace) -> NDArray[Any]:
    """The part of a picture within a face's upright square."""
    low, high = (np.round(face.centre + s * face.side / 2).astype(int) for s in (-1, 1))
    return picture[max(low[1], 0) : max(high[1], 1), max(low[0], 0) : max(high[0], 1)]


def _share_of(mask: FloatArray, face: PlacedFace) -> float:
    """How much of a face's upright square a mask covers; outside the picture it is 0."""
    return float(_inside(mask, face).sum()) / max(1.0, face.side**2)
