"""Controls made from controls."""

import pytest

from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.control_tools import (
    blend_controls,
    changed_controls,
    controls_of_settings,
    controls_within,
    mirror_controls,
    only_groups,
    random_controls,
    weakened_controls,
)

WINK = Controls(
    blink_left=1, smile_left=0.4, gaze_left_x=0.2, gaze_right_x=0.2, yaw_deg=6, zoom=1.1
)


def test_a_mirror_changes_sides_and_turns_looks_round():
    assert mirror_controls(WINK) == Controls(
        blink_right=1, smile_right=0.4, gaze_left_x=-0.2, gaze_right_x=-0.2, yaw_deg=-6, zoom=1.1
    )
    assert mirror_controls(mirror_controls(WINK)) == WINK


def test_a_blend_goes_from_one_face_to_the_other():
    middle = blend_controls(Controls(jaw_open=0.2), Controls(jaw_open=0.6, zoom=1.2), 0.5)
    assert changed_controls(middle) == pytest.approx({"jaw_open": 0.4, "zoom": 1.1})
    assert weakened_controls(WINK, 0) == Controls()
    assert weakened_controls(WINK, 1) == WINK


def test_groups_are_taken_alone():
    assert only_groups(WINK, ["head", "place"]) == Controls(yaw_deg=6, zoom=1.1)
    with pytest.raises(ValueError, match=r"no group 'face'.*eyes, brows, mouth"):
        only_groups(WINK, ["face"])


def test_values_are_brought_into_their_ranges():
    held = controls_within({"jaw_open": -0.2, "smile_left": 3, "yaw_deg": -90})
    assert held == Controls(jaw_open=0, smile_left=1, yaw_deg=-25)


def test_random_faces_differ_and_repeat():
    assert random_controls(1) == random_controls(1) != random_controls(2)
    assert random_controls(3, 0) == Controls()
    for seed in range(20):
        face = random_controls(seed)
        assert face.gaze_left_x == face.gaze_right_x
        assert abs(face.smile_left - face.smile_right) < 0.25


def test_settings_are_read_in_letters_of_any_size_and_width():
    expected = {"smile_left": 0.5, "smile_right": 0.5, "yaw_deg": -3.0}
    assert controls_of_settings(["smile=.5,,yaw=-3,"]) == expected
    wide = "\uff33\uff4d\uff49\uff4c\uff45\uff1d\uff10\uff0e\uff15\uff0c\uff39aw=\u22123"
    assert controls_of_settings([wide]) == expected
