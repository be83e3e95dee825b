"""Colours and ellipses, which drawn pictures are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..rendering.arrays import ByteArray

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""

Drawing = Callable[[ByteArray, np.random.Generator], None]
"""Draws on a picture, (H, W, 3), where it will."""

SKIN: Final = ((45, 30, 25), (110, 75, 60), (170, 120, 95), (215, 165, 140), (245, 205, 185))
"""RGB, dark to light."""


def any_colour(random: np.random.Generator) -> Colour:
    """Any, all equally likely."""
    return as_colour(random.integers(0, 256, 3))


def skin_colour(random: np.random.Generator) -> Colour:
    """Some colour of skin."""
    place = random.uniform(0, len(SKIN) - 1)
    first = np.array(SKIN[int(place)], np.float64)
    second = np.array(SKIN[min(int(place) + 1, len(SKIN) - 1)], np.float64)
    mixed = first + (second - first) * (place % 1) + random.normal(size=3) * 8
    return as_colour(mixed)


def as_colour(values: NDArray[np.floating] | NDArray[np.integer]) -> Colour:
    """(3,) RGB, rounded down and held to 0 to 255."""
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue


def draw_ellipse(
    picture: ByteArray,
    place: NDArray[np.floating],
    axes: Sequence[float] | NDArray[np.floating],
    angle_deg: float,
    colour: Colour,
    thickness: int = -1,
) -> None:
    """Draw an ellipse, filled unless a line's thickness is given.

    Args:
        picture: (H, W, 3), changed.
        place: (2,) its middle, pixels.
        axes: Half the lengths along it and across, pixels; one more is drawn.
        angle_deg: Clockwise from the x axis.
        colour: RGB.
        thickness: Of its line, pixels; -1 fills it.
    """
    centre = (int(place[0]), int(place[1]))
    size = (int(axes[0]) + 1, int(axes[1]) + 1)
    cv2.ellipse(picture, centre, size, angle_deg, 0, 360, colour, thickness, cv2.LINE_AA)
