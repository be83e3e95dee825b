"""The CSV of Live Link Face: a time code, 52 shapes, angles of head and eyes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import torch
from torch import Tensor

from ..errors import MediaError, counted
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshape_tools import on_even_grid
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from .capture_head import gaze_deg, head_deg_of, turns_of
from .capture_numbers import number_of, weight_of

DEFAULT_FPS: Final = Fraction(60)
"""Of Live Link Face, where the time codes do not tell."""
RATES: Final = tuple(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60, 90, 100, 120, 240))
NTSC: Final = Fraction(1000, 1001)
DROPPED_A_MINUTE: Final = {Fraction(30): 2, Fraction(60): 4}
"""Numbers that a drop-frame time code leaves out in each minute but the tenth ones."""
MAX_GAP_S: Final = 600
"""A longer pause is no gap of one take."""
HEAD_COLUMNS: Final = ("HeadPitch", "HeadYaw", "HeadRoll")
EYE_COLUMNS: Final = (
    *("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"),
    *("RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
)
_TIMECODE: Final = re.compile(r"(\d{1,2}):(\d\d):(\d\d)([:;])(\d+)(?:[.,](\d+))?")
_DECIMAL_COMMA: Final = re.compile(r"^(\s*-?\d*),(\d+(?:[eE][+-]?\d+)?\s*)$")
SEPARATORS: Final = (",", ";", "\t")
Row = list[str]
Parts = tuple[str | Any, ...]


def read_capture_csv(text: str, name: str, options: CaptureOptions) -> Blendshapes:
    """Blendshapes of a CSV's text.

    Convention:
        - a time code is hours:minutes:seconds:frames, frames with a fraction; as a CSV does not
          state their rate, it is the number of them in a whole second; where none is whole, the
          lowest usual one that holds the largest number, 60 or more where all are of one second
        - a `;` before the frames is a drop-frame code: 29.97 or 59.94 frames a second
        - a time code that is a whole number counts frames
        - cells are parted by commas, or by semicolons or tabs as spreadsheets write them, where a
          decimal comma is read, too

    Args:
        text: Of the file.
        name: Of the file, for messages.
        options: What the file does not say.

    Raises:
        MediaError: It is none.
    """
    lines, rows = _rows_of(text, name)
    columns = {column.strip().lower(): number for number, column in enumerate(rows[0])}
    shapes = [shape for shape in ARKIT_SHAPES if shape.lower() in columns]
    if not shapes:
        raise MediaError(
            f"{name} has none of the 52 shapes among its {counted(len(rows[0]), 'column')}; a CSV "
            "of Live Link Face with columns as EyeBlinkLeft and JawOpen is expected. Name another "
            "file."
        )
    heads = [column for column in HEAD_COLUMNS if column.lower() in columns]
    wanted = {column: columns[column.lower()] for column in (*shapes, *heads)}
    clock = columns.get("timecode")
    where = [f"Line {line} of {name}" for line in lines]
    _check_lengths(rows, max(clock or 0, *wanted.values()), where)
    values = _numbers(rows, wanted, where)
    codes = ["" if clock is None else row[clock].strip() for row in rows[1:]]
    places, fps = _places_of(codes, lines[1:], name, options.capture_fps)
    values = on_even_grid(values, places)
    weights = values.new_zeros(len(values), len(ARKIT_SHAPES))
    weights[:, [ARKIT_SHAPES.index(shape) for shape in shapes]] = values[:, : len(shapes)]
    complete = len(heads) == len(HEAD_COLUMNS)
    return Blendshapes(
        weights=weights,
        head_deg=head_deg_of(values[:, len(shapes) :], options) if complete else None,
        known=frozenset(shapes),
        fps=options.capture_fps or fps,
    )


def csv_of(blendshapes: Blendshapes) -> str:
    """The text of a CSV that `read_capture_csv` gives back."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    names = [name[0].upper() + name[1:] for name in ARKIT_SHAPES]
    angles = ("HeadYaw", "HeadPitch", "HeadRoll", *EYE_COLUMNS)
    write(["Timecode", "BlendShapeCount", *names, *angles])
    rate = max(1, round(blendshapes.fps))
    weights = blendshapes.weights.double()
    head_deg = blendshapes.head_deg
    head = weights.new_zeros(len(weights), 3) if head_deg is None else head_deg.to(weights)
    head = torch.deg2rad(head / turns_of("arkit").to(head))[:, [1, 0, 2]]  # yaw first
    eyes = torch.deg2rad(gaze_deg(weights))
    for number, row in enumerate(torch.cat((weights, head, eyes), 1).tolist()):
        second, frame = divmod(number, rate)
        clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        cells = [f"{value:.10g}" for value in row]
        write([f"{clock}:{frame:02}.000", len(names) + len(angles), *cells])
    return out.getvalue()


def _rows_of(text: str, name: str) -> tuple[list[int], list[Row]]:
    """The rows with content, the header first, and the line that each ends in."""
    header = text.lstrip().partition("\n")[0]
    mark = max(SEPARATORS, key=header.count)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=mark)
        found = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise MediaError(
            f"{name} is no CSV ({error}); one of Live Link Face is expected. Export it again."
        ) from error
    if len(found) < 2:  # noqa: PLR2004 - a header and a frame
        raise MediaError(
            f"{name} has {counted(max(0, len(found) - 1), 'frame')}; a header and 1 frame or more "
            "are expected. Record or export it again."
        )
    rows = [row for _, row in found]
    if mark != SEPARATORS[0]:
        rows = [[_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row] for row in rows]
    return [line for line, _ in found], rows


def _check_lengths(rows: Sequence[Row], last: int, where: Sequence[str]) -> None:
    """Refuse a row that ends before the last column that is read."""
    for row, line in zip(rows, where, strict=True):
        if len(row) <= last:
            raise MediaError(
                f"{line} has {counted(len(row), 'column')}; {len(rows[0])} are expected, as in the "
                "header. Export it again, or leave the line out: it is then filled in."
            )


def _numbers(rows: Sequence[Row], wanted: Mapping[str, int], where: Sequence[str]) -> Tensor:
    """(N, D) the wanted columns of all rows but the header."""
    values: list[list[float]] = []
    for row, line in zip(rows[1:], where[1:], strict=True):
        numbers = [number_of(row[place], line) for place in wanted.values()]
        for column, value in zip(wanted, numbers, strict=True):
            if column not in HEAD_COLUMNS:
                weight_of(value, column, line)
        values.append(numbers)
    return torch.tensor(values)


def _places_of(
    codes: Sequence[str], lines: Sequence[int], name: str, fps: Fraction | None
) -> tuple[list[Fraction], Fraction]:
    """Where each row stands, in frames, rising; and frames a second as the codes say."""
    rate = Fraction(max(1, round(fps))) if fps else DEFAULT_FPS
    rate_said = rate
    if not any(codes):
        places = [Fraction(number) for number in range(len(codes))]
    elif all(code.isdecimal() for code in codes):
        places = [Fraction(int(code)) for code in codes]
    else:
        parts = [_parts_of(code, line, name) for code, line in zip(codes, lines, strict=True)]
        numbers = [int(frames) for *_, frames, _ in parts]
        rate_said = rate = rate if fps else _rate_of(numbers)
        _check_rate(rate, max(numbers), name)
        drops = 0
        if rate in DROPPED_A_MINUTE and all(mark == ";" for *_, mark, _, _ in parts):
            drops, rate_said = DROPPED_A_MINUTE[rate], rate * NTSC
        counts = [_count_of(part, rate, drops) for part in parts]
        a_day = _count_of(("24", "0", "0", ":", "0", None), rate, drops)
        places = _over_midnight(counts, a_day)
    _check_rising([place / rate for place in places], lines, name)
    return places, rate_said


def _parts_of(code: str, line: int, name: str) -> Parts:
    """Hours, minutes, seconds, the mark before the frames, frames, their decimals."""
    match = _TIMECODE.fullmatch(code)
    if match is None:
        raise MediaError(
            f"Line {line} of {name} has the time code {code!r}; one as 12:34:56:07.890, or the "
            "number of a frame, is expected. Export it again, or take the column out."
        )
    return match.groups()


def _count_of(parts: Parts, rate: Fraction, drops: int) -> Fraction:
    """Frames since midnight; `drops` numbers are left out in each minute but the tenth ones."""
    hours, minutes, seconds, _, frames, decimals = parts
    minute = int(hours) * 60 + int(minutes)
    count = (minute * 60 + int(seconds)) * rate + Fraction(f"{frames}.{decimals or 0}")
    return count - drops * (minute - minute // 10)


def _check_rate(rate: Fraction, largest: int, name: str) -> None:
    if largest >= rate:
        raise MediaError(
            f"The time codes of {name} count frames up to {largest}, and its rate is given as "
            f"{rate}; a larger one is expected. Leave it out, or give the capture's own."
        )


def _rate_of(frames: Sequence[int]) -> Fraction:
    """The number of frames of a whole second, else the lowest usual rate that has the largest.

    A file of less than a second is of `DEFAULT_FPS` at least.
    """
    largest = max(frames)
    begins = [k for k, (before, now) in enumerate(pairwise(frames), 1) if now < before]
    whole = list(range(largest + 1))
    if any(list(frames[begin:end]) == whole for begin, end in pairwise(begins)):
        return Fraction(largest + 1)
    usual = RATES if begins else (rate for rate in RATES if rate >= DEFAULT_FPS)
    return next((rate for rate in usual if rate > largest), Fraction(largest + 1))


def _over_midnight(counts: list[Fraction], a_day: Fraction) -> list[Fraction]:
    days, moved = 0, counts[:1]
    for before, now in pairwise(counts):
        days += now - before < -a_day / 2
        moved.append(now + days * a_day)
    return moved


def _check_rising(times: Sequence[Fraction], lines: Sequence[int], name: str) -> None:
    for line, (before, now) in zip(lines[1:], pairwise(times), strict=True):
        if not 0 < now - before <= MAX_GAP_S:
            step = f"{float(now - before):g} s after the one before it"
            raise MediaError(
                f"The time code of line {line} of {name} is {step}; one later by up to "
                f"{MAX_GAP_S} s is expected. Put the lines in order, or cut the file."
            )
