"""Pictures that show no face: patterns, photographs, shapes, strokes, blobs of skin."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from ..rendering.arrays import ByteArray, chance, pick
from ..rendering.camera.backgrounds import make_background
from .drawing import Drawing, as_colour, draw_ellipse, skin_colour

PHOTO_NAMES: Final = (
    "brick.png", "cell.png", "clock_motion.png", "coffee.png", "grass.png", "gravel.png",
    "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "retina.jpg",
    "rocket.jpg", "text.png",
)  # fmt: skip
"""Pictures without a face inside scikit-image's package; the others are left for tests."""
PHOTO_PX: Final = 640
"""Longer side to which photographs are shrunk."""
PHOTO_SHARE: Final = 0.4
FONTS: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
LETTERS: Final = "abcdefghiklmnoprstuvwABCDEHKMNORSTXZ0123456789 .,:!?"


def faceless_photos() -> list[ByteArray]:
    """scikit-image's pictures without faces as RGB; none where it is not installed."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "data"
    pictures = [cv2.imread(str(folder / name)) for name in PHOTO_NAMES]
    return [_fitted(picture[..., ::-1]) for picture in pictures if picture is not None]


def draw_distractors(
    random: np.random.Generator,
    photos: Sequence[ByteArray],
    size_px: int,
    *,
    additions: Sequence[Drawing] | None = None,
) -> ByteArray:
    """A random picture without a face, (size_px, size_px, 3).

    Args:
        random: Where the choices come from.
        photos: Pictures without a face that parts are taken of.
        size_px: Its side.
        additions: What is drawn on half of them; None takes those of training.
    """
    if photos and chance(random, PHOTO_SHARE):
        picture = _part_of(pick(random, photos), random, size_px)
    else:
        pattern = make_background(random, ())
        resized = cv2.resize((pattern * 255).astype(np.uint8), (size_px, size_px))
        picture = np.asarray(resized, np.uint8)
    picture = np.ascontiguousarray(picture)
    if chance(random, 0.5):
        for _ in range(int(random.integers(1, 7))):
            pick(random, additions or ADDITIONS)(picture, random)
    return picture


def _shape(picture: ByteArray, random: np.random.Generator) -> None:
    """A filled ellipse or polygon."""
    side = picture.shape[0]
    place = random.uniform(-0.1, 1.1, 2) * side
    colour = as_colour(random.uniform(0, 255, 3))
    if chance(random, 0.5):
        axes = np.maximum(random.exponential(0.12, 2) * side, 1)
        draw_ellipse(picture, place, axes, float(random.uniform(0, 180)), colour)
    else:
        corners = place + random.normal(size=(int(random.integers(3, 6)), 2)) * side * 0.15
        cv2.fillPoly(picture, [corners.astype(np.int32)], colour, cv2.LINE_AA)


def _limb(picture: ByteArray, random: np.random.Generator) -> None:
    """A blob of skin, as a hand or a shoulder, sometimes with creases."""
    side = picture.shape[0]
    place = random.uniform(0, 1, 2) * side
    axes = random.uniform(0.03, 0.3, 2) * side
    angle = float(random.uniform(0, 180))
    colour = skin_colour(random)
    draw_ellipse(picture, place, axes, angle, colour)
    for _ in range(int(random.integers(0, 4))):
        darker = as_colour(np.array(colour) * random.uniform(0.3, 0.9))
        spot = place + random.normal(size=2) * axes * 0.5
        draw_ellipse(picture, spot, axes * random.uniform(0.05, 0.5, 2), angle, darker)


def _strokes(picture: ByteArray, random: np.random.Generator) -> None:
    """Some lines, straight or bent."""
    side = picture.shape[0]
    colour = as_colour(random.uniform(0, 255, 3))
    for _ in range(int(random.integers(1, 8))):
        steps = random.normal(size=(int(random.integers(2, 6)), 2)) * side * 0.15
        line = (random.uniform(0, side, 2) + np.cumsum(steps, 0)).astype(np.int32)
        cv2.polylines(picture, [line], False, colour, int(random.integers(1, 4)), cv2.LINE_AA)


def _words(picture: ByteArray, random: np.random.Generator) -> None:
    """Lines of letters."""
    side = picture.shape[0]
    size, colour = random.uniform(0.2, 1.5), as_colour(random.uniform(0, 255, 3))
    x, y = random.uniform(-0.2, 0.7) * side, random.uniform(0, 1) * side
    font = pick(random, FONTS)
    for line in range(int(random.integers(1, 6))):
        letters = random.integers(0, len(LETTERS), 14)
        text = "".join(LETTERS[index] for index in letters)
        place = (int(x), int(y + line * size * 32))
        cv2.putText(picture, text, place, font, size, colour, int(random.integers(1, 3)))


def _stripes(picture: ByteArray, random: np.random.Generator) -> None:
    """Dark and light bars over a part of the picture: shutters, folds."""
    side = picture.shape[0]
    x, y = (random.uniform(0, 0.7, 2) * side).astype(int)
    part = picture[y : y + int(random.integers(10, side)), x : x + int(random.integers(10, side))]
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    angle, wave = random.uniform(0, np.pi), random.uniform(4, 40)
    bars = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * (2 * np.pi / wave))
    part[:] = np.clip(part + bars[..., None] * random.uniform(10, 90), 0, 255).astype(np.uint8)


def _rings(picture: ByteArray, random: np.random.Generator) -> None:
    """Discs within discs, alone, in a row or strewn: wheels, buttons, coins, lamps, eyes alone."""
    side = picture.shape[0]
    radius = float(random.uniform(0.02, 0.2)) * side
    count = int(random.choice((1, 1, 2, 3, 4, 8)))
    first, step = random.uniform(0, 1, 2) * side, random.normal(size=2) * 1.5 * radius
    shares = np.sort(random.uniform(0.15, 1, int(random.integers(1, 4))))[::-1]
    colours = [as_colour(random.uniform(0, 255, 3)) for _ in shares]
    flat = random.uniform(0.5, 1)
    for number in range(count):
        place = first + number * step + random.normal(size=2) * radius * 0.3
        for share, colour in zip(shares, colours, strict=True):
            axes = np.array([1, flat]) * radius * share
            draw_ellipse(picture, place, axes, 0, colour)


def _relief(picture: ByteArray, random: np.random.Generator) -> None:
    """A disc with something raised on it, in one colour: a coin without a head, a knob, a bun."""
    side = picture.shape[0]
    place, radius = random.uniform(0, 1, 2) * side, random.uniform(0.06, 0.35) * side
    colour = np.array(skin_colour(random)) if chance(random, 0.5) else random.uniform(40, 220, 3)
    draw_ellipse(picture, place, np.full(2, radius), 0, as_colour(colour))
    for _ in range(int(random.integers(2, 9))):
        spot = place + random.uniform(-0.7, 0.7, 2) * radius
        axes = random.uniform(0.05, 0.4, 2) * radius
        angle, depth = float(random.uniform(0, 180)), random.uniform(10, 60)
        for shift, sign in ((-1, 1), (1, -1), (0, 0)):  # a light edge, a dark one, the top
            away = spot + shift * max(1.0, radius * 0.04)
            draw_ellipse(picture, away, axes, angle, as_colour(colour + sign * depth))


ADDITIONS: Final[tuple[Drawing, ...]] = (
    _shape, _shape, _limb, _limb, _strokes, _words, _stripes, _rings, _rings, _relief,
)  # fmt: skip
"""Each draws on a picture; those named twice come twice as often."""


def _part_of(photo: ByteArray, random: np.random.Generator, size_px: int) -> ByteArray:
    """A random square of a photograph, perhaps mirrored and turned."""
    height, width = photo.shape[:2]
    least = min(height, width)
    side = int(random.integers(min(least, 64), least + 1))
    y, x = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
    method = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    part = cv2.resize(photo[y : y + side, x : x + side], (size_px, size_px), interpolation=method)
    part = part[:, ::-1] if chance(random, 0.5) else part
    return np.asarray(np.rot90(part, int(random.choice((0, 0, 0, 1, 2, 3)))), np.uint8)


def _fitted(picture: np.ndarray) -> ByteArray:
    zoom = min(1.0, PHOTO_PX / max(picture.shape[:2]))
    size = (round(picture.shape[1] * zoom), round(picture.shape[0] * zoom))
    fitted = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, np.uint8)
