"""Pictures that show what a model does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Picture = NDArray[np.uint8]


def picture(image: Tensor) -> Picture:
    """(3, h, w) RGB in [0, 1] -> (h, w, 3) uint8."""
    pixels = image.detach().float().clamp(0, 1).mul(255).round().byte()
    return pixels.permute(1, 2, 0).cpu().numpy()


def grid_of(rows: Sequence[Sequence[Picture]]) -> Picture:
    """Rows of pictures of one size as one picture."""
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])
