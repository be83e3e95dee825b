"""Whether two faces look the same."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..imaging.crop import FaceBox, box_transform, crop_pixels
from ..imaging.tensors import Pixels
from .faces import Face

LIKENESS_PX: Final = 32


def likeness(picture: Pixels, face: Face, other_picture: Pixels, other: Face) -> float:
    """Correlation of the grey levels within the boxes of two faces.

    Convention:
        - the squares around the boxes, upright, at one size: place and size do not count, nor
          do brightness and contrast
        - 0 where one of them is of one level

    Args:
        picture: (H, W, 3) uint8.
        face: A face in it.
        other_picture: Likewise.
        other: A face in that.

    Returns:
        -1 to 1.
    """
    levels, others = _levels(picture, face), _levels(other_picture, other)
    size = float(np.linalg.norm(levels) * np.linalg.norm(others))
    return float((levels * others).sum()) / size if size > 0 else 0.0


def _levels(picture: Pixels, face: Face) -> NDArray[np.float64]:
    """Grey levels about their mean."""
    box = FaceBox(face.centre, max(face.box[2:]), 0.0)
    crop = crop_pixels(picture, box_transform(box, size_px=LIKENESS_PX, rotate=False))
    grey = crop.mean(-1)
    return grey - grey.mean()
