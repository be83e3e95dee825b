"""A sheet of panels with curves over time, drawn with OpenCV: matplotlib is not needed here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.tensors import Pixels, resize_pixels
from .drawing import FONT, FONT_PX, MARK_COLOURS, Colour

HEIGHT, WIDTH = 720, 1280
OVERSAMPLING = 2
"""Drawn so much larger and averaged: thin lines and OpenCV's letters look smooth."""
BACKGROUND, PANEL, GRID = (24, 25, 29), (34, 36, 41), (56, 59, 67)
TEXT, MUTED = (226, 228, 233), (150, 154, 165)
LEFT, RIGHT = 70, WIDTH - 232
"""Edges of the panels, pixels."""
EDGE_PX, TITLE_PX, GAP_PX, LETTER_PX, DASH_PX = 18, 22, 10, 9.0, 4
LINE_PX, AXIS_PX = 26, 50
"""Height of a line of the header, and of the time axis below the panels."""
SHADE_OPACITY, MARGIN, SLACK = 0.28, 0.08, 1e-9
Pair = tuple[float, float]
Shades = Mapping[str, tuple[Colour, NDArray[np.bool_]]]
"""Shaded frames: by label their colour and a (N,) mask."""


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


class Sheet:
    """The canvas of one plot; positions are in pixels of the picture."""

    def __init__(
        self,
        num_frames: int,
        fps: float,
        *,
        height: int = HEIGHT,
        shades: Shades | None = None,
        dashed: int | None = None,
    ) -> None:
        """An empty sheet.

        Args:
            num_frames: Of all curves.
            fps: Of the time axis.
            height: Pixels.
            shades: Frames with another background.
            dashed: A frame with a dashed line.
        """
        self.num_frames, self.fps, self.height = num_frames, fps, height
        self.shades, self.dashed = shades or {}, dashed
        shape = (height * OVERSAMPLING, WIDTH * OVERSAMPLING, 3)
        self.canvas: Pixels = np.full(shape, BACKGROUND, np.uint8)

    def picture(self) -> Pixels:
        """(height, 1280, 3) uint8 RGB."""
        return resize_pixels(self.canvas, (self.height, WIDTH), "area")

    def x(self, frame: float) -> float:
        """Where a frame lies; a single one is in the middle."""
        last = self.num_frames - 1
        return LEFT + (RIGHT - LEFT) * (frame / last if last else frame + 0.5)

    def line(self, points: list[Pair], colour: Colour, width: float = 1.0) -> None:
        """A line from point to point."""
        bits, thickness = 4, round(width * OVERSAMPLING)
        fixed = np.rint(np.array(points) * OVERSAMPLING * (1 << bits)).astype(np.int32)
        cv2.polylines(self.canvas, [fixed], False, colour, thickness, cv2.LINE_AA, bits)

    def fill(self, x: Pair, y: Pair, colour: Colour, opacity: float = 1.0) -> None:
        """A rectangle."""
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

    def draw_header(
        self, lines: Sequence[tuple[str, Colour]], labels: Mapping[str, Colour]
    ) -> None:
        """Texts from above, and labels from the right in the first line."""
        for number, (text, colour) in enumerate(lines):
            self.text(text, (EDGE_PX, 32 + LINE_PX * number), colour)
        right = WIDTH - EDGE_PX
        for label, colour in labels.items():
            right -= self.text(label, (right, 32), colour, align=1) + EDGE_PX

    def draw_panels(self, panels: Sequence[Panel], top: float) -> None:
        """Panels from a height down to the time axis, and that."""
        bottom = self.height - AXIS_PX
        pitch = (bottom - top) / len(panels)
        for number, panel in enumerate(panels):
            start = top + number * pitch
            self.draw_panel(panel, (start + TITLE_PX, start + pitch - GAP_PX))
        self.draw_time_axis(bottom)

    def draw_panel(self, panel: Panel, y: Pair) -> None:
        """A panel between two heights."""
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
        if self.dashed is not None:
            x = self.x(self.dashed)
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

    def draw_time_axis(self, bottom: float) -> None:
        """Seconds and frames below the panels."""
        fps, last = self.fps, self.num_frames - 1
        for unit, y in (("s", bottom + 12), ("frame", bottom + 32)):
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
