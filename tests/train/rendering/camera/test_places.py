"""Places behind a head."""

from collections.abc import Callable

import numpy as np
import pytest

from train.rendering.arrays import FloatArray
from train.rendering.camera.places import night, outdoors, room

SIZE_PX = 32


@pytest.mark.parametrize("place", [room, outdoors, night])
def test_every_seed_gives_a_whole_picture(
    place: Callable[[int, np.random.Generator], FloatArray],
) -> None:
    for seed in (*range(20), 251, 787, 1071):  # in the last three rooms a box lies outside
        picture = place(SIZE_PX, np.random.default_rng(seed))
        assert picture.shape == (SIZE_PX, SIZE_PX, 3)
        assert np.isfinite(picture).all()
        assert picture.min() >= 0
