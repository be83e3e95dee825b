"""A face's box as an option: four numbers in pixels, large enough to show a face."""

from __future__ import annotations

from typing import Final, cast

from ..constants import MIN_FACE_PX, Box

MAX_PX: Final = 1e9


def read_box(text: str) -> Box:
    """A box x,y,width,height in pixels out of a text.

    Raises:
        ValueError: The text is not four numbers, or the box is too small.
    """
    x, y, width, height = (float(part) for part in text.split(","))
    return checked_box((x, y, width, height))


def _are_four_numbers(value: object) -> bool:
    """Whether a value is a tuple of four finite numbers; those beyond 1e9 are none of pixels."""
    numbers = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    finite = (isinstance(n, int | float) and -MAX_PX < n < MAX_PX for n in numbers)
    return len(numbers) == len("xywh") and all(finite)


def checked_box(box: Box) -> Box:
    """The same box.

    Raises:
        ValueError: It is too small to show a face.
    """
    if not (_are_four_numbers(box) and min(box[2:]) >= MIN_FACE_PX):
        raise ValueError(
            f"The box is {box!r}; (x, y, width, height) in pixels "
            f"with a width and a height of {MIN_FACE_PX} or more is expected. Mark the face from "
            "brows to chin."
        )
    return box
