"""The CSV of Live Link Face: a time code, 52 shapes, angles of head and eyes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from ..errors import MediaError, counted
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshape_tools import on_even_grid
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from .capture_head import gaze_deg, head_deg_of, turns_of

DEFAULT_FPS: Final = Fraction(60)
"""Of Live Link Face, where the time codes do not tell."""
RATES: Final = tuple(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60, 90, 100, 120, 240))
DAY_S: Final = 86400
MAX_GAP_S: Final = 600
"""A longer pause is no gap of one take."""
HEAD_COLUMNS: Final = ("HeadPitch", "HeadYaw", "HeadRoll")
EYE_COLUMNS: Final = (
    *("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"),
    *("RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
)
_TIMECODE: Final = re.compile(r"(\d{1,2}):(\d\d):(\d\d)[:;](\d+)(?:\.(\d+))?")
_SHAPE_OF: Final = {name.lower(): name for name in ARKIT_SHAPES}
Row = list[str]


def read_capture_csv(text: str, name: str, options: CaptureOptions) -> Blendshapes:
    """Blendshapes of a CSV's text.

    Convention:
        - a time code is hours:minutes:seconds:frames, frames with a fraction; their rate is the
          lowest usual one that holds the largest number, as a CSV does not state it; 60 or more
          where all are of one second
        - a time code that is a whole number counts frames

    Args:
        text: Of the file.
        name: Of the file, for messages.
        options: What the file does not say.

    Raises:
        MediaError: It is none.
    """
    rows = _rows_of(text, name)
    columns = {column.strip().lower(): number for number, column in enumerate(rows[0])}
    shapes = [shape for shape in ARKIT_SHAPES if shape.lower() in columns]
    if not shapes:
        raise MediaError(
            f"{name} has none of the 52 shapes among its {counted(len(rows[0]), 'column')}; a CSV "
            "of Live Link Face with columns as EyeBlinkLeft and JawOpen is expected. Name another "
            "file."
        )
    heads = [column for column in HEAD_COLUMNS if column.lower() in columns]
    wanted = [columns[column.lower()] for column in (*shapes, *heads)]
    values = _numbers(rows, wanted, name)
    places, counted_at = _places_of(rows[1:], columns.get("timecode"), name, options.capture_fps)
    values = on_even_grid(values, places)
    weights = values.new_zeros(len(values), len(ARKIT_SHAPES))
    weights[:, [ARKIT_SHAPES.index(shape) for shape in shapes]] = values[:, : len(shapes)]
    complete = len(heads) == len(HEAD_COLUMNS)
    return Blendshapes(
        weights=weights,
        head_deg=head_deg_of(values[:, len(shapes) :], options) if complete else None,
        known=frozenset(shapes),
        fps=options.capture_fps or counted_at,
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


def _rows_of(text: str, name: str) -> list[Row]:
    """The rows with content, the header first."""
    dialect = (
        ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    )
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=dialect) if any(row)]
    except csv.Error as error:
        raise MediaError(
            f"{name} is no CSV ({error}); one of Live Link Face is expected. Export it again."
        ) from error
    if len(rows) < 2:  # noqa: PLR2004 - a header and a frame
        raise MediaError(
            f"{name} has {counted(max(0, len(rows) - 1), 'frame')}; a header and 1 frame or more "
            "are expected. Record or export it again."
        )
    return rows


def _numbers(rows: Sequence[Row], wanted: Sequence[int], name: str) -> Tensor:
    """(N, D) the wanted columns of all rows but the header."""
    values: list[list[float]] = []
    for number, row in enumerate(rows[1:], 2):
        if len(row) <= max(wanted):
            raise MediaError(
                f"Line {number} of {name} has {counted(len(row), 'column')}; {len(rows[0])} are "
                "expected, as in its header. Export it again."
            )
        try:
            values.append([float(row[column]) for column in wanted])
        except ValueError as error:
            raise MediaError(
                f"Line {number} of {name} holds what is no number ({error}). Export it again."
            ) from error
    found = torch.tensor(values)
    if bad := (~found.isfinite()).any(1).nonzero().flatten().tolist():
        raise MediaError(
            f"Line {bad[0] + 2} of {name} holds a value that is no finite number; finite ones are "
            "expected. Export it again, or leave the line out: it is then filled in."
        )
    return found


def _places_of(
    rows: Sequence[Row], column: int | None, name: str, fps: Fraction | None
) -> tuple[list[Fraction], Fraction]:
    """Where each row stands, in frames, rising; and the whole rate that frames are counted at."""
    codes = [] if column is None else [row[column].strip() for row in rows]
    found = [_TIMECODE.fullmatch(code) for code in codes]
    rate = Fraction(max(1, round(fps))) if fps else DEFAULT_FPS
    if codes and all(code.isdecimal() for code in codes):
        places = [Fraction(int(code)) for code in codes]
    elif found and all(found):
        parts = [match.groups() for match in found if match]
        numbers = [int(frames) for *_, frames, _ in parts]
        rate = rate if fps else _rate_of(numbers)
        _check_rate(rate, max(numbers), name)
        seconds = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s, *_ in parts]
        counts = [Fraction(f"{frames}.{part or 0}") for *_, frames, part in parts]
        clock = [second + count / rate for second, count in zip(seconds, counts, strict=True)]
        places = [time * rate for time in _over_midnight(clock)]
    elif codes and any(found):
        line = found.index(None) + 2
        raise MediaError(
            f"Line {line} of {name} has the time code {codes[line - 2]!r}; one as 12:34:56:07.890 "
            "is expected. Export it again."
        )
    else:
        places = [Fraction(number) for number in range(len(rows))]
    _check_rising([place / rate for place in places], name)
    return places, rate


def _check_rate(rate: Fraction, largest: int, name: str) -> None:
    if largest >= rate:
        raise MediaError(
            f"The time codes of {name} count frames up to {largest}, and its rate is given as "
            f"{rate}; a larger one is expected. Leave it out, or give the capture's own."
        )


def _rate_of(frames: Sequence[int]) -> Fraction:
    """The lowest usual rate that has a frame of the largest number, once a second has ended."""
    ends = any(now < before for before, now in pairwise(frames))
    usual = RATES if ends else (rate for rate in RATES if rate >= DEFAULT_FPS)
    return next((rate for rate in usual if rate > max(frames)), Fraction(max(frames) + 1))


def _over_midnight(times: list[Fraction]) -> list[Fraction]:
    days, moved = 0, times[:1]
    for before, now in pairwise(times):
        days += DAY_S if now - before < -DAY_S / 2 else 0
        moved.append(now + days)
    return moved


def _check_rising(times: Sequence[Fraction], name: str) -> None:
    for line, (before, now) in enumerate(pairwise(times), 3):
        if not 0 < now - before <= MAX_GAP_S:
            step = f"{float(now - before):g} s after the one before it"
            raise MediaError(
                f"The time code of line {line} of {name} is {step}; one later by up to "
                f"{MAX_GAP_S} s is expected. Put the lines in order, or cut the file."
            )
