"""Ornaments: each draws something, the same for a seed, and mirrored parts are symmetric."""

import numpy as np
import pytest

from train.evaluation.ornaments import ORNAMENTS, draw_mirrored


def noise(seed=0, side=64):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize("draw", sorted(set(ORNAMENTS), key=lambda draw: draw.__name__))
def test_an_ornament_changes_a_picture_and_is_the_same_for_a_seed(draw):
    changed = 0
    for seed in range(8):
        one, other = noise(), noise()
        draw(one, np.random.default_rng(seed))
        draw(other, np.random.default_rng(seed))
        np.testing.assert_array_equal(one, other)
        changed += not np.array_equal(one, noise())
    assert changed >= 6  # some lie outside


def test_a_mirrored_part_is_its_own_mirror_image():
    whole = 0
    for seed in range(40):
        picture = noise()
        draw_mirrored(picture, np.random.default_rng(seed))
        touched = (picture != noise()).any(-1)
        rows, columns = np.flatnonzero(touched.any(1)), np.flatnonzero(touched.any(0))
        part = picture[rows[0] : rows[-1] + 1]
        if columns[-1] == picture.shape[1] - 1 and columns[0] == picture.shape[1] // 2:
            whole += 1  # its left half is as it was
            np.testing.assert_array_equal(part, part[:, ::-1])
    assert whole >= 3
