"""Boxes marked by hand, by another node or by a mask -> the library's boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from torch import Tensor

from ...liveportrait_core.config.boxes import checked_box, read_box
from ...liveportrait_core.errors import about

if TYPE_CHECKING:
    from ...liveportrait_core.face.faces import Box
    from .clips import AnyClip

MASK_AXES: Final = 2
INSIDE: Final = 0.5
"""A mask of more than this marks the face."""


def box_of(
    text: str, clip: AnyClip, bounding_box: object = None, mask: Tensor | None = None
) -> Box | None:
    """A face's box (x, y, width, height) in pixels, from whichever input marks it.

    Args:
        text: Four numbers; empty marks nothing.
        clip: What it is marked in; a mask of another size is stretched over it.
        bounding_box: From another node; goes before all else.
        mask: (H, W) or (N, H, W), of which the first counts; goes before the text.

    Raises:
        ValueError: The text is not four numbers, or the mask is empty.
    """
    if bounding_box is not None:
        with about("bounding_box"):
            return _box_of_boxes(bounding_box)
    if mask is not None:
        with about("mask"):
            return _box_of_mask(mask, clip)
    if not text.strip():
        return None
    with about("box"):
        return _box_of_text(text)


def _box_of_text(text: str) -> Box:
    try:
        return read_box(text.replace(";", ","))
    except ValueError:
        raise ValueError(
            f"The box is '{text}'; four numbers x, y, width, height in pixels, 16 or more a side, "
            "are expected, as 120, 80, 200, 200. Leave it empty to search for the face."
        ) from None


def _box_of_boxes(value: object) -> Box:
    first = _first_of(value)
    sides = first if isinstance(first, Mapping) else {}
    try:
        return checked_box(
            (float(sides["x"]), float(sides["y"]), float(sides["width"]), float(sides["height"]))
        )
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"The bounding box is {value!r}; x, y, width and height in pixels are expected. "
            "Connect a node that gives BOUNDING_BOX, or write the box."
        ) from None


def _first_of(value: object) -> object:
    """The innermost first entry of lists: of the first frame, the first face."""
    return _first_of(value[0]) if isinstance(value, list | tuple) and value else value


def _box_of_mask(mask: Tensor, clip: AnyClip) -> Box:
    inside = (mask[0] if mask.ndim > MASK_AXES else mask) > INSIDE
    rows, columns = inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten()
    if not len(rows):
        raise ValueError(
            "The mask is empty; a mask over one face is expected. Paint over the face, or "
            "disconnect the mask."
        )
    across, down = clip.width / inside.shape[1], clip.height / inside.shape[0]
    left, right = float(columns[0]) * across, float(columns[-1] + 1) * across
    top, bottom = float(rows[0]) * down, float(rows[-1] + 1) * down
    return left, top, right - left, bottom - top
