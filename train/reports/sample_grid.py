"""Pictures that show what a model does."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from liveportrait_core.imaging.tensors import Pixels

PAPER, INK = 255, (20, 20, 20)
ROW_SHARE = 0.16
"""Height of a row of captions, in widths of a picture."""
TEXT_SHARE = 0.85
"""Most of a picture's width that a caption may take."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
LARGEST_FONT_PX = 15.0
FONT_PX = 21.0
"""Height of a letter at font scale 1."""


def grid_of(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Rows of pictures of one size as one picture."""
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def caption_row(captions: Sequence[str], width_px: int) -> Pixels:
    """One line of black on white text for columns of pictures, each in the middle of its own.

    Args:
        captions: One for each column, ASCII.
        width_px: Of a column.

    Returns:
        (about width_px / 6, width_px * columns, 3) uint8.
    """
    height = max(1, round(ROW_SHARE * width_px))
    row = np.full((height, width_px * len(captions), 3), PAPER, np.uint8)
    for column, caption in enumerate(captions):
        scale = min(LARGEST_FONT_PX, 0.6 * height) / FONT_PX
        (width, _), _ = cv2.getTextSize(caption, FONT, scale, 1)
        scale *= min(1.0, TEXT_SHARE * width_px / max(width, 1))
        (width, letters), _ = cv2.getTextSize(caption, FONT, scale, 1)
        place = (column * width_px + (width_px - width) // 2, (height + letters) // 2)
        cv2.putText(row, caption, place, FONT, scale, INK, 1, cv2.LINE_AA)
    return row
