"""Messages of iFacialMocap: name-value pairs and the turn of the head, a line for each frame."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

import torch

from ..errors import MediaError, counted
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from .capture_head import head_deg_of
from .capture_numbers import number_of, weight_of

DEFAULT_FPS: Final = Fraction(60)
PERCENT: Final = 100.0
_PAIR: Final = re.compile(r"\s*(\w+?)\s*[-&](.*)")
_SIDES: Final = (("_L", "Left"), ("_R", "Right"))
_SHAPES: Final = {name.lower(): name for name in ARKIT_SHAPES}
Numbers = list[float]


def read_capture_text(text: str, name: str, options: CaptureOptions) -> Blendshapes:
    """Blendshapes of recorded messages: `eyeBlink_L-7|jawOpen-30|...|=head#rx,ry,rz,tx,ty,tz|`.

    Convention:
        - weights are of 100; head angles are degrees about x, y and z
        - a message has no time: they follow at an even rate
        - lines without a shape, as a greeting, are no frames; all others hold the same shapes

    Args:
        text: Of the file.
        name: Of the file, for messages.
        options: What the file does not say.

    Raises:
        MediaError: It is none.
    """
    frames: list[tuple[dict[str, float], Numbers | None]] = []
    for number, line in enumerate(text.splitlines(), 1):
        shapes, head = _frame(line, f"Line {number} of {name}")
        if shapes:
            frames.append((shapes, head))
            _check_alike(*frames[0], shapes, head, where=f"Line {number} of {name}")
    known = frozenset(shape for shapes, _ in frames for shape in shapes)
    if not known:
        raise MediaError(
            f"{name} has none of the 52 shapes; lines as eyeBlink_L-7|jawOpen-30|=head#1,2,3 are "
            "expected. Name a file with messages of iFacialMocap."
        )
    weights = torch.zeros(len(frames), len(ARKIT_SHAPES))
    for row, (shapes, _) in enumerate(frames):
        for shape, value in shapes.items():
            weights[row, ARKIT_SHAPES.index(shape)] = value
    heads = [head for _, head in frames if head is not None]
    head_deg = None
    if len(heads) == len(frames):
        degrees = CaptureOptions(head=options.head, angles="degrees")
        head_deg = head_deg_of(torch.tensor(heads), degrees)
    fps = options.capture_fps or DEFAULT_FPS
    return Blendshapes(weights=weights, head_deg=head_deg, known=known, fps=fps)


def _frame(line: str, where: str) -> tuple[dict[str, float], Numbers | None]:
    """Shapes of 100 and head angles of a message."""
    before, _, after = line.partition("=")
    shapes: dict[str, float] = {}
    head: Numbers | None = None
    for part in before.split("|"):
        if (pair := _PAIR.fullmatch(part)) and (shape := _shape_named(pair[1])):
            shapes[shape] = weight_of(number_of(pair[2], where), shape, where, PERCENT)
    for part in after.split("|"):
        if part.strip().startswith("head#"):
            head = [number_of(value, where) for value in part.partition("#")[2].split(",")][:3]
    if head is not None and len(head) < 3:  # noqa: PLR2004 - x, y, z
        raise MediaError(
            f"{where} has {counted(len(head), 'head angle')}; 3 are expected. Record it again."
        )
    return shapes, head


def _check_alike(
    first: dict[str, float],
    first_head: Numbers | None,
    shapes: dict[str, float],
    head: Numbers | None,
    *,
    where: str,
) -> None:
    """Refuse a message that was cut off: what it lacks would count as a face at rest."""
    if shapes.keys() != first.keys() or (head is None) != (first_head is None):
        found, expected = (
            f"{counted(len(names), 'shape')} {'without' if angles is None else 'with'} a head"
            for names, angles in ((shapes, head), (first, first_head))
        )
        raise MediaError(
            f"{where} has {found}; {expected} are expected, as in its first frame. Leave the line "
            "out, or record it again."
        )


def _shape_named(name: str) -> str | None:
    for short, side in _SIDES:
        if name.endswith(short):
            name = name.removesuffix(short) + side
    return _SHAPES.get(name.lower())
