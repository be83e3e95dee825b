import pytest

from train.rendering.keyframes import value_at

TRACK = ((1.0, 0.0), (2.0, 10.0), (3.0, 10.0))


def test_a_track_stands_still_outside_its_times_and_eases_between():
    assert value_at(TRACK, 0) == 0
    assert value_at(TRACK, 1.5) == 5  # half way in time is half way in value
    assert value_at(TRACK, 1.25) == pytest.approx(1.5625)  # 10 (3 / 16 - 2 / 64)
    assert value_at(TRACK, 9) == 10
