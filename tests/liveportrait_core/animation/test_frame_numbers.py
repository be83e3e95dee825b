import pytest

from liveportrait_core.animation.frame_numbers import frame_list, frame_ranges


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([3], "frame 3"),
        ([1, 2, 3], "frames 1-3"),
        ([0, 4, 5, 9], "frames 0, 4-5 and 9"),
        (list(range(0, 40, 2)), "frames 0, 2, 4, 6, 8, 10, 12, 14 and 12 more ranges"),
    ],
)
def test_frame_numbers_are_named_as_ranges(frames, text):
    assert frame_ranges(frames) == text


def test_frame_numbers_are_named_one_by_one():
    assert frame_list([3]) == "3"
    assert frame_list([3, 4, 40]) == "3, 4 and 40"
    assert frame_list(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more frames"
