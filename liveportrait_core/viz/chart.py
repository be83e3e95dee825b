"""Curves over the frames of a clip as a picture: panels, one below the other, on dark ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.tensors import Pixels, resize_pixels
from .drawing import FONT, FONT_PX, Colour

FULL_SIZE: Final = (720, 1280)
"""Height and width that the measures below are told for, pixels."""
LEAST_SIZE: Final = (360, 640)
MOST_SIDE: Final = 8192
OVERSAMPLING: Final = 2
"""Drawn so much larger and averaged: thin lines and OpenCV's letters look smooth."""

GROUND: Final[Colour] = (24, 25, 29)
PANEL: Final[Colour] = (34, 36, 41)
GRID: Final[Colour] = (56, 59, 67)
TEXT: Final[Colour] = (226, 228, 233)
MUTED: Final[Colour] = (150, 154, 165)

HEADER_PX: Final = 82
FOOTER_PX: Final = 50
LEFT_PX: Final = 70
RIGHT_PX: Final = 232
EDGE_PX: Final = 18
PANEL_TITLE_PX: Final = 22
PANEL_GAP_PX: Final = 10
LETTER_PX: Final = 9.0
LEAST_SCALE: Final = 2 / 3
"""Letters of 6 pixels; smaller ones cannot be read."""
TITLE_PX: Final = 15.0
LINE_PX: Final = 1.6
SPAN_OPACITY: Final = 0.28
TICK_STEPS: Final = (1.0, 2.0, 5.0)
SLACK: Final = 1e-9
MARGIN: Final = 0.08
"""Room above and below the curves of a panel, in panel heights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One value over the frames."""

    name: str
    values: NDArray[np.float64]
    """(N,); what is not finite leaves a gap."""
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves that share a vertical axis."""

    title: str
    """What is shown, and its unit."""
    curves: Sequence[Curve] = ()
    note: str = ""
    """What is said where there are no curves."""
    height: float = 1.0
    """Relative to the other panels."""
    least_span: float = 1e-3
    """The axis covers so much at least: noise is not blown up."""
    from_zero: bool = False
    """The axis begins at zero or below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Frames behind which the ground has another colour."""

    first: int
    last: int
    """Inclusive."""
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn."""

    title: str
    subtitle: str
    panels: Sequence[Panel]
    num_frames: int
    fps: Fraction
    spans: Sequence[Span] = ()
    key: Sequence[tuple[Colour, str]] = ()
    """What the colours of the spans mean."""
    mark: tuple[int, str] | None = None
    """A frame with a line through all panels, and what it is."""


class Area(NamedTuple):
    """A rectangle of the canvas, pixels."""

    left: float
    top: float
    right: float
    bottom: float


def draw_chart(chart: Chart, size: tuple[int, int] = FULL_SIZE) -> Pixels:
    """A chart as a picture.

    Args:
        chart: What is drawn, of one frame or more.
        size: Height and width, pixels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: A size in which nothing could be read, or none that a picture has.
    """
    too_small = any(side < least for side, least in zip(size, LEAST_SIZE, strict=True))
    if too_small or max(size) > MOST_SIDE:
        raise ValueError(
            f"The plot is to have {size[1]}x{size[0]} pixels; {LEAST_SIZE[1]}x{LEAST_SIZE[0]} to "
            f"{MOST_SIDE}x{MOST_SIDE} were expected. 1280x720 is usual."
        )
    pen = _Pen(size)
    height, width = size
    plot = Area(pen.length(LEFT_PX), 0, width - pen.length(RIGHT_PX), 0)
    column = _Column(chart, plot.left, plot.right)
    _draw_header(pen, chart, width)
    for panel, area in _placed(pen, chart.panels, plot, height):
        _draw_panel(pen, panel, column, area)
    _draw_footer(pen, column, height)
    return pen.picture()


class _Pen:
    """Draws on a larger canvas in the measures of the picture."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        full = zip(size, FULL_SIZE, strict=True)
        self._scale = max(LEAST_SCALE, min(side / wanted for side, wanted in full))
        shape = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING, 3)
        self._canvas: Pixels = np.full(shape, GROUND, np.uint8)

    def picture(self) -> Pixels:
        return resize_pixels(self._canvas, self._size, "area")

    def length(self, px: float) -> float:
        """A length of the full-size picture in this one."""
        return px * self._scale

    def letter(self, px: float = LETTER_PX) -> float:
        """Height of a capital letter."""
        return self.length(px)

    def line(self, points: NDArray[np.float64], colour: Colour, width: float = 1.0) -> None:
        bits = 4
        fixed = np.rint(points * OVERSAMPLING * (1 << bits)).astype(np.int32)
        thickness = max(1, round(width * OVERSAMPLING * self._scale))
        cv2.polylines(
            self._canvas, [fixed], isClosed=False, color=colour, thickness=thickness,
            lineType=cv2.LINE_AA, shift=bits,
        )  # fmt: skip

    def dot(self, x: float, y: float, colour: Colour, radius: float) -> None:
        centre = round(x * OVERSAMPLING), round(y * OVERSAMPLING)
        size = round(self.length(radius) * OVERSAMPLING)
        cv2.circle(self._canvas, centre, size, colour, cv2.FILLED, cv2.LINE_AA)

    def fill(self, area: Area, colour: Colour, opacity: float = 1.0) -> None:
        left, top, right, bottom = (round(value * OVERSAMPLING) for value in area)
        part = self._canvas[max(top, 0) : bottom, max(left, 0) : right]
        part[...] = np.rint(opacity * np.array(colour) + (1 - opacity) * part)

    def width(self, text: str, px: float = LETTER_PX) -> float:
        scale, stroke = self._font(px)
        return cv2.getTextSize(text, FONT, scale, stroke)[0][0] / OVERSAMPLING

    def write(
        self, text: str, x: float, y: float, colour: Colour, *, px: float = LETTER_PX, to: float = 0
    ) -> None:
        """Text whose base line is at y, and its left edge (to 0), middle or right edge (1) at x."""
        scale, stroke = self._font(px)
        left = x - to * self.width(text, px)
        origin = round(left * OVERSAMPLING), round(y * OVERSAMPLING)
        cv2.putText(self._canvas, text, origin, FONT, scale, colour, stroke, cv2.LINE_AA)

    def fitted(self, text: str, width: float, px: float = LETTER_PX) -> str:
        """The text, cut where it would be wider."""
        if self.width(text, px) <= width:
            return text
        while text and self.width(text + "...", px) > width:
            text = text[:-1]
        return text + "..."

    def _font(self, px: float) -> tuple[float, int]:
        letter = self.letter(px) * OVERSAMPLING
        return letter / FONT_PX, max(1, round(letter / 9))


@dataclass(frozen=True, slots=True)
class _Column:
    """The horizontal axis: frames between two edges."""

    chart: Chart
    left: float
    right: float

    def x(self, frame: float) -> float:
        """Where a frame is; a single one is in the middle."""
        if self.chart.num_frames == 1:
            return (self.left + self.right) / 2
        return self.left + (self.right - self.left) * frame / (self.chart.num_frames - 1)

    def edges(self, span: Span) -> tuple[float, float]:
        """Half a frame before the first and after the last."""
        low, high = self.x(span.first - 0.5), self.x(span.last + 0.5)
        if self.chart.num_frames == 1:
            low, high = self.left, self.right
        # one frame of thousands still shows
        spare = max(0.0, 1.5 - (high - low)) / 2
        return max(low - spare, self.left), min(high + spare, self.right)


def _placed(
    pen: _Pen, panels: Sequence[Panel], plot: Area, height: int
) -> Iterator[tuple[Panel, Area]]:
    title, gap = pen.length(PANEL_TITLE_PX), pen.length(PANEL_GAP_PX)
    top = pen.length(HEADER_PX)
    free = height - top - pen.length(FOOTER_PX) - len(panels) * (title + gap)
    whole = sum(panel.height for panel in panels)
    for panel in panels:
        top += title
        bottom = top + free * panel.height / whole
        yield panel, Area(plot.left, top, plot.right, bottom)
        top = bottom + gap


def _draw_header(pen: _Pen, chart: Chart, width: int) -> None:
    edge = pen.length(EDGE_PX)
    room = width - 2 * edge
    pen.write(pen.fitted(chart.title, room, TITLE_PX), edge, pen.length(36), TEXT, px=TITLE_PX)
    right = width - edge
    entries = [*chart.key, (TEXT, chart.mark[1])] if chart.mark is not None else chart.key
    for colour, text in reversed(entries):
        pen.write(text, right, pen.length(62), MUTED, to=1)
        right -= pen.width(text) + pen.length(20)
        top, bottom = pen.length(51), pen.length(65)
        if chart.mark is not None and text == chart.mark[1]:
            _draw_mark(pen, right + pen.length(10), top, bottom)
        else:
            pen.fill(Area(right, top, right + pen.length(14), bottom), colour, 2 * SPAN_OPACITY)
        right -= pen.length(16)
    pen.write(pen.fitted(chart.subtitle, right - edge), edge, pen.length(62), MUTED)


def _draw_panel(pen: _Pen, panel: Panel, column: _Column, area: Area) -> None:
    pen.fill(area, PANEL)
    for span in column.chart.spans:
        left, right = column.edges(span)
        pen.fill(Area(left, area.top, right, area.bottom), span.colour, SPAN_OPACITY)
    room = area.right - area.left
    pen.write(pen.fitted(panel.title, room), area.left, area.top - pen.length(6), TEXT)
    if not panel.curves:
        y = (area.top + area.bottom) / 2 + pen.letter() / 2
        pen.write(pen.fitted(panel.note, room), (area.left + area.right) / 2, y, MUTED, to=0.5)
        return
    low, high = value_range(panel)
    for tick, text in ticks(low, high, _num_ticks(pen, area)):
        y = _y(tick, low, high, area)
        pen.line(np.array([(area.left, y), (area.right, y)]), GRID)
        pen.write(text, area.left - pen.length(8), y + pen.letter() / 2, MUTED, to=1)
    if column.chart.mark is not None:
        _draw_mark(pen, column.x(column.chart.mark[0]), area.top, area.bottom)
    for curve in panel.curves:
        _draw_curve(pen, curve, column, area, (low, high))
    _draw_legend(pen, panel, area)


def _draw_curve(
    pen: _Pen, curve: Curve, column: _Column, area: Area, limits: tuple[float, float]
) -> None:
    frames = np.flatnonzero(np.isfinite(curve.values))
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
        x = np.array([column.x(frame) for frame in run.tolist()])
        y = _y(curve.values[run], *limits, area)
        if len(run) == 1:
            pen.dot(float(x[0]), float(y[0]), curve.colour, 4)
        elif len(run):
            pen.line(np.stack((x, y), -1), curve.colour, LINE_PX)


def _draw_legend(pen: _Pen, panel: Panel, area: Area) -> None:
    """Each curve's name and what it ranges over, beside the panel."""
    rows = len(panel.curves)
    pitch = min(pen.length(20), (area.bottom - area.top) / rows)
    y = (area.top + area.bottom) / 2 - pitch * (rows - 1) / 2
    left = area.right + pen.length(14)
    for curve in panel.curves:
        ends = np.array([(left, y), (left + pen.length(14), y)])
        pen.line(ends, curve.colour, 3)
        base = y + pen.letter() / 2
        pen.write(curve.name, left + pen.length(22), base, TEXT)
        finite = curve.values[np.isfinite(curve.values)]
        if len(finite):
            low, high = _short(float(finite.min())), _short(float(finite.max()))
            text = low if low == high else f"{low} .. {high}"
            pen.write(text, area.right + pen.length(RIGHT_PX - EDGE_PX), base, MUTED, to=1)
        y += pitch


def _draw_mark(pen: _Pen, x: float, top: float, bottom: float) -> None:
    """A dashed upright line."""
    stroke, gap = pen.length(4), pen.length(4)
    for y in np.arange(top, bottom, stroke + gap).tolist():
        pen.line(np.array([(x, y), (x, min(y + stroke, bottom))]), TEXT, 0.8)


def _draw_footer(pen: _Pen, column: _Column, height: int) -> None:
    """Seconds, and the frames below them."""
    chart = column.chart
    fps = float(chart.fps)
    seconds = (chart.num_frames - 1) / fps
    first, second = height - pen.length(FOOTER_PX - 12), height - pen.length(FOOTER_PX - 32)
    left = pen.length(LEFT_PX - 16)
    pen.write("s", left, first, MUTED, to=1)
    pen.write("frame", left, second, MUTED, to=1)
    widest = max(pen.width(f"{chart.num_frames}"), pen.width("0.00")) + pen.length(14)
    most = max(1, int((column.right - column.left) / widest))
    for tick, text in ticks(0.0, seconds, min(10, most)):
        x = column.x(tick * fps)
        pen.write(text, x, first, MUTED, to=0.5)
        pen.write(str(round(tick * fps)), x, second, MUTED, to=0.5)


def value_range(panel: Panel) -> tuple[float, float]:
    """Ends of a panel's vertical axis.

    Convention:
        - all finite values and a margin; at least `least_span`; from zero where asked
    """
    values = np.concatenate([curve.values[np.isfinite(curve.values)] for curve in panel.curves])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if panel.from_zero:
        low = min(low, 0.0)
        high = max(high, low + panel.least_span)
        return low, high + MARGIN * (high - low)
    missing = max(0.0, panel.least_span - (high - low)) / 2
    low, high = low - missing, high + missing
    margin = MARGIN * (high - low)
    return low - margin, high + margin


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round numbers between two ends, at most so many, as written.

    Args:
        low: Lower end.
        high: Upper end.
        most: 1 or more.

    Returns:
        Values and their texts, rising; the lower end alone where the ends meet.
    """
    span = high - low
    if span <= 0:
        return [(low, f"{low:g}")]
    power = 10.0 ** math.floor(math.log10(span / most))
    steps = [step * power * scale for scale in (1, 10, 100) for step in TICK_STEPS]
    step = next(step for step in steps if len(_multiples(step, low, high)) <= most)
    decimals = max(0, -math.floor(math.log10(step) + SLACK))
    return [(k * step, f"{k * step:.{decimals}f}") for k in _multiples(step, low, high)]


def _multiples(step: float, low: float, high: float) -> range:
    """Which multiples of a step lie between two ends."""
    return range(math.ceil(low / step - SLACK), math.floor(high / step + SLACK) + 1)


def _num_ticks(pen: _Pen, area: Area) -> int:
    return max(1, min(5, int((area.bottom - area.top) / (1.8 * pen.letter()))))


def _y(value: NDArray[np.float64] | float, low: float, high: float, area: Area) -> Any:
    return area.bottom - (value - low) / (high - low) * (area.bottom - area.top)


def _short(value: float) -> str:
    """Three digits that matter."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3  # noqa: PLR2004
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not float(text) else text
