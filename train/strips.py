"""Pictures that show what a model does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from liveportrait_core.imaging.tensors import Pixels


def grid_of(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Rows of pictures of one size as one picture."""
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])
