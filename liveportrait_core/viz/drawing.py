"""Faces marked in a picture: numbered boxes and landmarks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.landmark_layouts import XY, Points
from ..imaging.tensors import PICTURE_AXES, RGB, Pixels

MarkState = Literal["measured", "interpolated", "missing"]
Colour = tuple[int, int, int]
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""

MARK_COLOURS: Final[tuple[Colour, ...]] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)
"""A face's colour by its number, RGB: the palette of Okabe and Ito without black, distinguishable
with every kind of colour vision; neighbouring numbers differ most."""

INK: Final[Colour] = (16, 16, 18)
PAPER: Final[Colour] = (255, 255, 255)
LIGHT_FROM: Final = 0.45
"""Luminance from which a colour is written on in ink."""
FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX: Final = 21.0
"""Height of a digit at font scale 1."""
SUBPIXEL_BITS: Final = 3

NUMBER_SIZE: Final = 0.05
"""Height of a number in picture sides; a small face has a smaller one, from `MIN_NUMBER_SIZE`."""
MIN_NUMBER_SIZE: Final = 0.022
NUMBER_PER_FACE: Final = 0.3
MIN_NUMBER_PX: Final = 9.0
LINE_SIZE: Final = 0.003
"""Width of a line in picture sides on top of one pixel, and in face sides where that is less."""
LINE_PER_FACE: Final = 0.02
RIM_PX: Final = 2
"""What the dark line under a bright one is wider."""
DOT_SIZE: Final = 0.085
"""Radius of dots in face sides, were there one; many share the area. At most `MAX_DOT_SIZE`."""
MAX_DOT_SIZE: Final = 0.025
MISSING_OPACITY: Final = 0.6
DASHES: Final[dict[MarkState, tuple[float, float]]] = {
    "measured": (1.0, 0.0),
    "interpolated": (4.0, 3.5),
    "missing": (0.7, 2.5),
}
"""Stroke and gap of a box's line, in line widths with the rim."""
MAX_DISTANCE: Final = 4.0
"""Picture sides beyond the picture at which positions are cut: OpenCV holds them in 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMark:
    """One face to be drawn."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the picture."""
    number: int
    """What is written at the box; it also chooses the colour."""
    points: Points = field(default_factory=lambda: np.zeros((0, XY)))
    """(N, 2) landmarks, pixels of the picture; none are drawn when there are none."""
    crop: Points = field(default_factory=lambda: np.zeros((0, XY)))
    """(4, 2) corners of what is cropped around it, pixels of the picture; none draws no edge."""
    state: MarkState = "measured"
    """`interpolated` has a dashed line; `missing` a dotted one, dimmed, and a question mark."""

    @property
    def colour(self) -> Colour:
        """RGB."""
        return MARK_COLOURS[self.number % len(MARK_COLOURS)]

    @property
    def side(self) -> float:
        """Geometric mean of the box's sides, pixels."""
        return math.sqrt(max(self.box[2], 0.0) * max(self.box[3], 0.0))


def draw_faces(
    pixels: Pixels, faces: Iterable[FaceMark], *, boxes: bool = True, points: bool = True
) -> Pixels:
    """A picture with its faces marked.

    Convention:
        - sizes follow the picture, so that a number can be read in one that is shown small
        - small faces are drawn last: a large one never covers them
        - a face that is not measured has a broken line; a missing one is dimmed as well, and its
          number has a question mark

    Args:
        pixels: (H, W, 3) uint8 RGB; it stays as it is.
        faces: The faces.
        boxes: Draw each face's box and number.
        points: Draw each face's landmarks.

    Returns:
        (H, W, 3) uint8, a new array.

    Raises:
        ValueError: A picture of another type or shape.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != PICTURE_AXES or pixels.shape[2] != RGB:
        raise ValueError(
            f"The picture is {pixels.dtype} of shape {pixels.shape}; uint8 of shape (H, W, 3) is "
            "expected. Convert it to 8-bit RGB first."
        )
    canvas = np.ascontiguousarray(pixels).copy()
    marks = sorted(faces, key=lambda mark: -mark.side)
    for mark in marks:
        sheet = canvas.copy() if mark.state == "missing" else canvas
        if len(mark.crop):
            _draw_crop(sheet, mark)
        if boxes:
            _draw_box(sheet, mark)
        if points:
            _draw_points(sheet, mark)
        if sheet is not canvas:
            opacity = MISSING_OPACITY
            cv2.addWeighted(sheet, opacity, canvas, 1 - opacity, 0, dst=canvas)
    if boxes:
        _draw_numbers(canvas, marks)
    return canvas


def _draw_points(canvas: Pixels, mark: FaceMark) -> None:
    """Dots with a dark rim, so that they show on skin of every tone."""
    size = min(MAX_DOT_SIZE, DOT_SIZE / math.sqrt(max(len(mark.points), 1)))
    radius = max(1.0, size * mark.side)
    rim = max(0.6, 0.35 * radius)
    centres = _fixed(_within(mark.points, canvas))
    for colour, drawn_px in ((INK, radius + rim), (mark.colour, radius)):
        for x, y in centres.tolist():
            cv2.circle(
                canvas,
                (x, y),
                _fixed_length(drawn_px),
                colour,
                cv2.FILLED,
                cv2.LINE_AA,
                SUBPIXEL_BITS,
            )


def _draw_box(canvas: Pixels, mark: FaceMark) -> None:
    x, y, width, height = mark.box
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], float) * (width, height) + (x, y)
    _draw_line(canvas, mark, corners, _line_px(canvas, mark))


def _draw_crop(canvas: Pixels, mark: FaceMark) -> None:
    """A thin line, so that it is not taken for the box."""
    _draw_line(canvas, mark, np.concatenate((mark.crop, mark.crop[:1])), 1)


def _draw_line(canvas: Pixels, mark: FaceMark, corners: Points, line: int) -> None:
    """A line with a dark rim through some points, broken as the face's state says."""
    strokes = [
        _fixed(_within(stroke, canvas))
        for stroke in _strokes(corners, [(line + RIM_PX) * part for part in DASHES[mark.state]])
    ]
    for colour, thickness in ((INK, line + RIM_PX), (mark.colour, line)):
        cv2.polylines(
            canvas, strokes, isClosed=False, color=colour, thickness=thickness,
            lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS,
        )  # fmt: skip


def _strokes(corners: Points, dash: Sequence[float]) -> Iterator[Points]:
    """The line through some points, cut into strokes with gaps between them."""
    stroke, gap = dash
    if gap == 0:
        yield corners
        return
    for start, end in pairwise(corners):
        length = float(np.hypot(*(end - start)))
        # whole dashes, and a stroke at both ends: corners stay corners
        count = max(1, round((length - stroke) / (stroke + gap)))
        period = (length - stroke) / count
        for k in range(count + 1):
            fractions = np.array([k * period, k * period + stroke]) / max(length, 1e-6)
            yield start + (end - start) * fractions.clip(0, 1)[:, None]


def _draw_numbers(canvas: Pixels, marks: Sequence[FaceMark]) -> None:
    """Each number on a badge beside its box, at the place that covers least."""
    boxes = [_rectangle(mark.box) for mark in marks]
    badges: list[Rectangle] = []
    for mark, box in zip(marks, boxes, strict=True):
        text = f"{mark.number}?" if mark.state == "missing" else str(mark.number)
        height = _number_px(canvas, mark)
        stroke = max(1, round(height / 7))
        (width, _), _ = cv2.getTextSize(text, FONT, height / FONT_PX, stroke)
        pad = max(2, round(0.35 * height))
        badge = _badge_place(canvas, box, (width + 2 * pad, round(height) + 2 * pad), badges, boxes)
        badges.append(badge)
        x, y = round(badge[0]), round(badge[1])
        low, high = (x, y), (round(badge[2]) - 1, round(badge[3]) - 1)
        ink = INK if _luminance(mark.colour) >= LIGHT_FROM else PAPER
        paper, ink = (INK, mark.colour) if mark.state == "missing" else (mark.colour, ink)
        cv2.rectangle(canvas, low, high, paper, cv2.FILLED)
        cv2.rectangle(canvas, low, high, INK, 1)
        origin = (x + pad, y + pad + round(height))
        cv2.putText(canvas, text, origin, FONT, height / FONT_PX, ink, stroke, cv2.LINE_AA)


def _badge_place(
    canvas: Pixels,
    box: Rectangle,
    size: tuple[int, int],
    badges: Sequence[Rectangle],
    boxes: Sequence[Rectangle],
) -> Rectangle:
    """Above, below or beside a box; inside it, where there is no room elsewhere."""
    (left, top, right, bottom), (width, height) = box, size
    places = (
        (left, top - height),
        (right - width, top - height),
        (left, bottom),
        (right - width, bottom),
        (left - width, top),
        (right, top),
        (left, top),
        (right - width, bottom - height),
    )
    limit = canvas.shape[1] - width, canvas.shape[0] - height

    def moved(place: tuple[float, float]) -> Rectangle:
        x, y = (min(max(value, 0), max(most, 0)) for value, most in zip(place, limit, strict=True))
        return x, y, x + width, y + height

    def hidden(rectangle: Rectangle) -> float:
        # a hidden number is worse than half a face
        return 10 * sum(_shared_area(rectangle, badge) for badge in badges) + sum(
            _shared_area(rectangle, other) for other in boxes
        )

    return min((moved(place) for place in places), key=hidden)


def _rectangle(box: tuple[float, float, float, float]) -> Rectangle:
    x, y, width, height = box
    return x, y, x + width, y + height


def _shared_area(first: Rectangle, second: Rectangle) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)


def _number_px(canvas: Pixels, mark: FaceMark) -> float:
    side = min(canvas.shape[:2])
    height = min(NUMBER_SIZE * side, NUMBER_PER_FACE * mark.side)
    return max(height, MIN_NUMBER_SIZE * side, MIN_NUMBER_PX)


def _line_px(canvas: Pixels, mark: FaceMark) -> int:
    return round(1 + min(LINE_SIZE * min(canvas.shape[:2]), LINE_PER_FACE * mark.side))


def _luminance(colour: Colour) -> float:
    red, green, blue = (value / 255 for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _within(points: Points, canvas: Pixels) -> Points:
    """Positions within OpenCV's number range; those that are not finite are left out."""
    reach = MAX_DISTANCE * max(canvas.shape[:2])
    finite = points[np.isfinite(points).all(-1)]
    return finite.clip(-reach, reach + max(canvas.shape[:2]))


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.rint(points * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _fixed_length(pixels: float) -> int:
    return round(pixels * (1 << SUBPIXEL_BITS))
