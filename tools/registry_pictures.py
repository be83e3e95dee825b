"""Draw icon.png and banner.png of docs, which the node registry shows.

python -m tools.registry_pictures
"""

from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch

from liveportrait_core import (
    animate,
    load_model,
    load_motion,
    read_image,
    write_image,
)
from liveportrait_core.animation.compact_landmarks import landmark_network
from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.assets.shipped_motions import shipped_motion
from liveportrait_core.face.detector import HaarFaceFinder
from liveportrait_core.motion.types import concatenate

DOCS = Path(__file__).resolve().parent.parent / "docs"
ICON_PX = 400
BANNER_PX = (1260, 540)
OVERSAMPLING = 4
SUBPIXEL_BITS = 4

NIGHT, DUSK = (30, 27, 72), (92, 52, 148)
PAPER, INK = (252, 243, 230), (40, 34, 84)
SKY, AMBER, ROSE = (86, 180, 233), (240, 168, 62), (238, 138, 120)
PALE = (202, 194, 230)

Colour: TypeAlias = tuple[int, int, int]
Pair: TypeAlias = tuple[float, float]
"""x and y."""

MOMENTS = (
    ("look_around", 28),
    ("surprise", 20),
    ("wink", 18),
    ("shake_head", 21),
)
"""A shipped motion and one of its frames."""
HEAD = (slice(0, 258), slice(122, 322))
"""Rows and columns of the portrait that are shown."""


class Canvas:
    """A picture that is drawn larger and averaged, in its own pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        rows = np.linspace(0, 1, height * OVERSAMPLING)[:, None]
        columns = np.linspace(0, 1, width * OVERSAMPLING)[None]
        share = ((rows + columns) / 2)[..., None]
        ground = (1 - share) * np.array(NIGHT) + share * np.array(DUSK)
        self.pixels = np.rint(ground).astype(np.uint8)

    def picture(self) -> np.ndarray:
        """What was drawn, (H, W, 3) uint8 RGB."""
        return cv2.resize(self.pixels, self.size, interpolation=cv2.INTER_AREA)

    def line(self, points: np.ndarray, colour: Colour, width: float) -> None:
        """A line through points, with round ends."""
        cv2.polylines(
            self.pixels, [fixed(points)], isClosed=False, color=colour,
            thickness=round(width * OVERSAMPLING), lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS,
        )  # fmt: skip

    def fill(self, points: np.ndarray, colour: Colour, opacity: float = 1.0) -> None:
        """The area within points."""
        sheet = self.pixels.copy()
        cv2.fillPoly(sheet, [fixed(points)], colour, cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.addWeighted(sheet, opacity, self.pixels, 1 - opacity, 0, dst=self.pixels)

    def paste(self, picture: np.ndarray, left: int, top: int) -> None:
        """Another picture."""
        height, width = (side * OVERSAMPLING for side in picture.shape[:2])
        x, y = left * OVERSAMPLING, top * OVERSAMPLING
        large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST)
        self.pixels[y : y + height, x : x + width] = large

    def write(
        self, text: str, x: float, y: float, colour: Colour, px: float, stroke: float
    ) -> None:
        """Text with its base line at y and capital letters of a height."""
        origin = round(x * OVERSAMPLING), round(y * OVERSAMPLING)
        scale = px * OVERSAMPLING / 21  # a capital of this font has 21 pixels
        thickness = round(stroke * OVERSAMPLING)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(self.pixels, text, origin, font, scale, colour, thickness, cv2.LINE_AA)


def fixed(points: np.ndarray) -> np.ndarray:
    """Positions as OpenCV counts them on the larger canvas."""
    return np.rint(points * OVERSAMPLING * (1 << SUBPIXEL_BITS)).astype(np.int32)


def oval(centre: Pair, radii: Pair, start_deg: float = 0, end_deg: float = 360) -> np.ndarray:
    """Points of an ellipse, or of an arc of it, clockwise from the right."""
    angle = np.radians(np.linspace(start_deg, end_deg, 120))
    return np.stack([np.cos(angle), np.sin(angle)], -1) * radii + centre


def head(centre: Pair, radii: Pair) -> np.ndarray:
    """An oval that is wider above than below, as a head is."""
    points = oval(centre, radii)
    down = (points[:, 1] - centre[1]) / radii[1]
    narrow = 1 - 0.11 * np.clip(down + 0.2, 0, None) ** 1.6
    return np.stack([centre[0] + (points[:, 0] - centre[0]) * narrow, points[:, 1]], -1)


def turned(points: np.ndarray, centre: Pair, angle_deg: float) -> np.ndarray:
    """Points turned clockwise around a centre."""
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - centre) @ turn.T + centre


def draw_face(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A winking face that has just moved: two of its earlier places shine behind it."""
    centre, radii = (x, y), (0.27 * size, 0.345 * size)
    for shift, angle, colour in ((-0.11, -11, SKY), (0.11, 11, AMBER)):
        place = (x + shift * size, y + 0.02 * size)
        canvas.fill(turned(head(place, radii), (x, y + 0.4 * size), angle), colour, 0.85)
    canvas.fill(head(centre, radii), PAPER)
    eye_y, apart = y - 0.05 * size, 0.115 * size
    canvas.fill(oval((x - apart, eye_y), (0.036 * size, 0.05 * size)), INK)
    width = 0.034 * size
    canvas.line(
        oval((x + apart, eye_y - 0.02 * size), (0.052 * size, 0.04 * size), 15, 165), INK, width
    )
    canvas.line(oval((x, y + 0.06 * size), (0.125 * size, 0.12 * size), 22, 158), INK, width)
    for side in (-1, 1):
        canvas.fill(
            oval((x + side * 0.165 * size, y + 0.07 * size), (0.04 * size, 0.04 * size)), ROSE, 0.55
        )


def rounded_square(size: int, radius: float) -> np.ndarray:
    """Opacity of a square with round corners, (size, size) uint8."""
    y, x = np.mgrid[: size * OVERSAMPLING, : size * OVERSAMPLING] / OVERSAMPLING
    inner = np.abs(np.stack([x, y], -1) - size / 2) - (size / 2 - radius)
    inside = np.hypot(*np.clip(inner, 0, None).transpose(2, 0, 1)) <= radius
    levels = inside.astype(np.uint8) * 255
    return cv2.resize(levels, (size, size), interpolation=cv2.INTER_AREA)


def draw_icon() -> None:
    """A face on a square with round corners."""
    canvas = Canvas(ICON_PX, ICON_PX)
    draw_face(canvas, ICON_PX / 2, 0.49 * ICON_PX, 1.02 * ICON_PX)
    write_image(DOCS / "icon.png", canvas.picture(), rounded_square(ICON_PX, 0.2 * ICON_PX))


def painted_moments(portrait: np.ndarray) -> list[np.ndarray]:
    """The portrait at each of the moments."""
    model = load_model()
    network = landmark_network(model)
    reader = LandmarkTracker(finder=HaarFaceFinder(network), network=network)
    motions = [load_motion(shipped_motion(name)) for name, _ in MOMENTS]
    moments = [motion[frame] for motion, (_, frame) in zip(motions, MOMENTS, strict=True)]
    motion = concatenate([motions[0][0], *moments])  # the neutral frame is the reference
    with torch.inference_mode():
        return list(animate(model, portrait, motion, source_faces=reader))[1:]


def draw_banner() -> None:
    """The name above the demo's portrait and four moments of the shipped motions."""
    canvas = Canvas(*BANNER_PX)
    draw_face(canvas, 92, 86, 150)
    canvas.write("LivePortrait Suite", 186, 88, PAPER, 40, 6)
    canvas.write(
        "One photograph, moving. ComfyUI nodes, library, command line.", 188, 132, PALE, 15, 1.6
    )
    portrait = read_image(DOCS / "demo" / "portrait.jpg").rgb
    pictures = [portrait, *painted_moments(portrait)]
    names = ["photograph", *(name for name, _ in MOMENTS)]
    width, gap, top = 234, 12, 178
    left = (BANNER_PX[0] - len(pictures) * width - (len(pictures) - 1) * gap) // 2
    for picture, name in zip(pictures, names, strict=True):
        rows, columns = (part.stop - part.start for part in HEAD)
        cell = (width, round(width * rows / columns))
        shown = cv2.resize(picture[HEAD], cell, interpolation=cv2.INTER_CUBIC)
        canvas.paste(shown, left, top)
        canvas.write(
            name, left + 4, top + cell[1] + 30, SKY if name != "photograph" else AMBER, 13, 1.6
        )
        left += width + gap
    write_image(DOCS / "banner.png", canvas.picture())


if __name__ == "__main__":
    draw_icon()
    draw_banner()
