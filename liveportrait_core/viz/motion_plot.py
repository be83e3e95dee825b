"""A motion as a picture of curves over time, drawn with OpenCV: matplotlib is not needed here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import counted
from ..imaging.tensors import Pixels, resize_pixels
from ..motion.types import Channel, Motion
from .drawing import FONT, FONT_PX, MARK_COLOURS, Colour

HEIGHT, WIDTH = 720, 1280
OVERSAMPLING = 2
"""Drawn so much larger and averaged: thin lines and OpenCV's letters look smooth."""
BACKGROUND, PANEL, GRID = (24, 25, 29), (34, 36, 41), (56, 59, 67)
TEXT, MUTED = (226, 228, 233), (150, 154, 165)
INTERPOLATED_COLOUR, MISSING_COLOUR = (240, 190, 90), (235, 80, 80)
TOP, BOTTOM, LEFT, RIGHT = 82, HEIGHT - 50, 70, WIDTH - 232
"""Edges of the panels with their titles, pixels."""
EDGE_PX, TITLE_PX, GAP_PX, LETTER_PX, DASH_PX = 18, 22, 10, 9.0, 4
SHADE_OPACITY, MARGIN, SLACK = 0.28, 0.08, 1e-9
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves that share a vertical axis."""

    title: str
    """What is shown, and its unit."""
    curves: dict[str, NDArray[np.float64]]
    """(N,) values by name; those that are not finite leave a gap."""
    note: str = ""
    """Text of a panel without curves."""
    min_span: float = 1e-3
    """Smallest range of the axis, so that noise is not magnified."""
    from_zero: bool = False
    """The axis begins at zero or below."""


def plot_motion(motion: Motion) -> Pixels:
    """A motion as curves over time.

    Convention:
        - frames that were not measured are shaded: interpolated ones yellow, missing ones red
        - a channel that is absent from the motion has an empty panel that says so
        - "expression" is how far the keypoints' expression lies from that of the reference
          frame, the mean over the keypoints; left and right are the image's

    Args:
        motion: One frame or more.

    Returns:
        (720, 1280, 3) uint8 RGB.

    Raises:
        ValueError: The motion has no frame.
    """
    if not len(motion):
        raise ValueError("The motion has 0 frames; 1 or more are expected. Give a longer motion.")
    sheet = _Sheet(motion.to("cpu").map_tensors(lambda tensor: tensor.detach().double()))
    sheet.draw_header()
    panels = motion_panels(sheet.motion)
    pitch = (BOTTOM - TOP) / len(panels)
    for number, panel in enumerate(panels):
        top = TOP + number * pitch
        sheet.draw_panel(panel, (top + TITLE_PX, top + pitch - GAP_PX))
    sheet.draw_time_axis()
    return resize_pixels(sheet.canvas, (HEIGHT, WIDTH), "area")


def motion_panels(motion: Motion) -> list[Panel]:
    """The curves of `plot_motion`; the motion lies on the CPU and needs no gradient."""
    travel = (motion.expression - motion.expression[_reference(motion)]).norm(dim=-1).mean(1)
    openings: dict[str, Tensor] = {}
    if motion.eyes_open is not None:
        openings |= {"left eye": motion.eyes_open[:, 0], "right eye": motion.eyes_open[:, 1]}
    if motion.lip_open is not None:
        openings["lip"] = motion.lip_open[:, 0]
    x, y, _ = motion.translation.unbind(1)
    pose = {"pitch": motion.pitch_deg, "yaw": motion.yaw_deg, "roll": motion.roll_deg}
    travel_title = "Expression, mean distance of the keypoints from the reference, crop units"
    rows: tuple[tuple[Channel | None, str, dict[str, Tensor], float], ...] = (
        ("pose", "Head pose, degrees", pose, 4.0),
        (None, "Opening, height / width", openings, 0.2),
        ("expression", travel_title, {"distance": travel}, 0.01),
        ("translation", "Translation, crop units", {"x": x, "y": y}, 0.04),
        ("scale", "Scale", {"scale": motion.scale[:, 0]}, 0.04),
    )
    return [
        Panel(
            title=title,
            curves={n: v.numpy() for n, v in curves.items() if channel not in motion.absent},
            note="absent: the source keeps its own" if channel else "not measured",
            min_span=min_span,
            from_zero=channel in (None, "expression"),
        )
        for channel, title, curves, min_span in rows
    ]


def motion_texts(motion: Motion) -> tuple[str, str]:
    """Frames, seconds and frame rate; keypoint space, producer and absolute channels."""
    fps = motion.fps
    rate = str(fps) if fps.denominator == 1 else f"{float(fps):.5g} ({fps})"
    made_by = f"made by {motion.producer}" if motion.producer else ""
    absolute = f"absolute: {', '.join(sorted(motion.absolute))}" if motion.absolute else ""
    return (
        f"{counted(len(motion), 'frame')}, {float(len(motion) / fps):.2f} s at {rate} frames/s",
        "  |  ".join(filter(None, (f"space {motion.space}", made_by, absolute))),
    )


def unmeasured_frames(motion: Motion) -> dict[str, tuple[Colour, NDArray[np.bool_]]]:
    """The shaded frames: by label their colour and a (N,) mask."""
    if motion.validity is None:
        return {}
    validity = motion.validity.numpy()
    interpolated, missing = (validity > 0) & (validity < 1), validity <= 0
    kinds = {
        f"{interpolated.sum():,} interpolated": (INTERPOLATED_COLOUR, interpolated),
        f"{missing.sum():,} missing": (MISSING_COLOUR, missing),
    }
    return {label: kind for label, kind in kinds.items() if kind[1].any()}


class _Sheet:
    """The canvas of one plot; positions are in pixels of the picture."""

    def __init__(self, motion: Motion) -> None:
        self.motion, self.shades = motion, unmeasured_frames(motion)
        shape = (HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING, 3)
        self.canvas: Pixels = np.full(shape, BACKGROUND, np.uint8)

    def x(self, frame: float) -> float:
        """Where a frame lies; a single one is in the middle."""
        last = len(self.motion) - 1
        return LEFT + (RIGHT - LEFT) * (frame / last if last else frame + 0.5)

    def line(self, points: list[Pair], colour: Colour, width: float = 1.0) -> None:
        bits, thickness = 4, round(width * OVERSAMPLING)
        fixed = np.rint(np.array(points) * OVERSAMPLING * (1 << bits)).astype(np.int32)
        cv2.polylines(self.canvas, [fixed], False, colour, thickness, cv2.LINE_AA, bits)

    def fill(self, x: Pair, y: Pair, colour: Colour, opacity: float = 1.0) -> None:
        left, right, top, bottom = (round(edge * OVERSAMPLING) for edge in (*x, *y))
        part = self.canvas[top:bottom, left:right]
        part[...] = np.rint(opacity * np.array(colour) + (1 - opacity) * part)

    def text(self, text: str, at: Pair, colour: Colour = MUTED, align: float = 0) -> float:
        """Write on a base line, `align` text widths to the left; gives the width."""
        scale = LETTER_PX * OVERSAMPLING / FONT_PX
        (width, _), _ = cv2.getTextSize(text, FONT, scale, OVERSAMPLING)
        origin = round(at[0] * OVERSAMPLING - align * width), round(at[1] * OVERSAMPLING)
        cv2.putText(self.canvas, text, origin, FONT, scale, colour, OVERSAMPLING, cv2.LINE_AA)
        return width / OVERSAMPLING

    def draw_header(self) -> None:
        for text, y, colour in zip(motion_texts(self.motion), (32, 58), (TEXT, MUTED), strict=True):
            self.text(text, (EDGE_PX, y), colour)
        labels = {f"dashed: reference, frame {_reference(self.motion)}": TEXT}
        labels |= {label: colour for label, (colour, _) in reversed(self.shades.items())}
        right = WIDTH - EDGE_PX
        for label, colour in labels.items():
            right -= self.text(label, (right, 32), colour, align=1) + EDGE_PX

    def draw_panel(self, panel: Panel, y: Pair) -> None:
        self.fill((LEFT, RIGHT), y, PANEL)
        for colour, frames in self.shades.values():
            for first, stop in _runs(frames):  # and half a frame around
                low, high = max(self.x(first - 0.5), LEFT), min(self.x(stop - 0.5), RIGHT)
                high = max(high, low + 1.5)  # one frame of thousands still shows
                self.fill((low, high), y, colour, SHADE_OPACITY)
        self.text(panel.title, (LEFT, y[0] - 6), TEXT)
        if panel.curves:
            self._draw_curves(panel, *y)
        else:
            self.text(panel.note, ((LEFT + RIGHT) / 2, (sum(y) + LETTER_PX) / 2), align=0.5)

    def _draw_curves(self, panel: Panel, top: float, bottom: float) -> None:
        low, high = value_range(panel)
        per_unit = (bottom - top) / (high - low)
        for tick, label in ticks(low, high, 4):
            y = bottom - (tick - low) * per_unit
            self.line([(LEFT, y), (RIGHT, y)], GRID)
            self.text(label, (LEFT - 8, y + LETTER_PX / 2), align=1)
        x = self.x(_reference(self.motion))
        for y in np.arange(top, bottom, 2 * DASH_PX):
            self.line([(x, y), (x, min(y + DASH_PX, bottom))], TEXT)
        row = (top + bottom) / 2 - 10 * (len(panel.curves) - 1)
        for (name, values), colour in zip(panel.curves.items(), MARK_COLOURS, strict=False):
            y = bottom - (values - low) * per_unit
            for first, stop in _runs(np.isfinite(values)):
                points = [(self.x(frame), y[frame]) for frame in (*range(first, stop), stop - 1)]
                self.line(points, colour, 1.5 if stop - first > 1 else 8)  # a lone frame is a dot
            self.line([(RIGHT + 14, row), (RIGHT + 28, row)], colour, 3)
            self.text(name, (RIGHT + 36, row + LETTER_PX / 2), TEXT)
            finite = values[np.isfinite(values)]
            ends = (finite.min(), finite.max()) if len(finite) else ()
            texts = dict.fromkeys(f"{round(float(end), 3) + 0.0:g}" for end in ends)
            self.text(" .. ".join(texts), (WIDTH - EDGE_PX, row + LETTER_PX / 2), align=1)
            row += 20

    def draw_time_axis(self) -> None:
        fps, last = float(self.motion.fps), len(self.motion) - 1
        for unit, y in (("s", BOTTOM + 12), ("frame", BOTTOM + 32)):
            self.text(unit, (LEFT - 16, y), align=1)
            for tick, label in ticks(0, last / fps, 10):
                at = (self.x(tick * fps), y)
                self.text(label if unit == "s" else str(round(tick * fps)), at, align=0.5)


def value_range(panel: Panel) -> tuple[float, float]:
    """Ends of a panel's vertical axis: the finite values, at least `min_span`, and a margin."""
    values = np.concatenate([curve[np.isfinite(curve)] for curve in panel.curves.values()])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if panel.from_zero:
        low = min(low, 0.0)
        high = max(high, low + panel.min_span)
        return low, high + MARGIN * (high - low)
    span = max(panel.min_span, high - low) * (1 + 2 * MARGIN)
    return (low + high - span) / 2, (low + high + span) / 2


def ticks(low: float, high: float, max_count: int) -> list[tuple[float, str]]:
    """Round numbers from `low` to `high` with their texts: 1 to `max_count`, rising."""
    if high <= low:
        return [(low, f"{low:g}")]
    power = math.floor(math.log10((high - low) / max_count))
    for exponent, digit in ((power + e, d) for e in range(3) for d in (1, 2, 5)):
        step = digit * 10.0**exponent
        numbers = range(math.ceil(low / step - SLACK), math.floor(high / step + SLACK) + 1)
        if len(numbers) <= max_count:
            return [(k * step, f"{k * step:.{max(0, -exponent)}f}") for k in numbers]
    return [(low, f"{low:g}")]


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First index of each run of True, and the index after its last."""
    edges = np.flatnonzero(np.diff(np.pad(mask.astype(np.int8), 1)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def _reference(motion: Motion) -> int:
    return min(max(motion.reference_frame, 0), len(motion) - 1)
