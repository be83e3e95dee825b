"""Expressions copied from a face: the parts that are asked for, and back into controls."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.control_tools import (
    changed_controls,
    controls_within,
    random_controls,
)
from liveportrait_core.motion.controls import motion_of_controls
from liveportrait_core.motion.copying import controls_of_motion, copied_expression, moves_of
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.transfer import relative_motion


@pytest.fixture(scope="module")
def compact_map():
    return shipped_blendshape_map(COMPACT_SPACE)


def face_with(shape_map, controls, *, eye=1.0):
    """What M would read of a face that does this; its eyes are so much larger than usual ones."""
    space = keypoint_space(COMPACT_SPACE)
    canonical = torch.tensor(space.face)[None].clone()
    for upper, lower in space.lids:
        middle = (canonical[:, upper] + canonical[:, lower]) / 2
        for lid in (upper, lower):
            canonical[:, lid] = middle + eye * (canonical[:, lid] - middle)
    rest = replace(neutral_motion(COMPACT_SPACE), canonical=canonical)
    driver = motion_of_controls(controls, shape_map)
    return relative_motion(rest, driver, driver.reference)


SMILING = Controls(smile_left=0.7, smile_right=0.5, brow_left=0.4, jaw_open=0.3, yaw_deg=8)


def test_a_copied_expression_is_what_the_face_does(compact_map):
    face = face_with(compact_map, SMILING)
    copied = copied_expression(face, {"brows", "eyes", "lip", "rest", "head"})
    torch.testing.assert_close(
        copied.expression, motion_of_controls(SMILING, compact_map).expression, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(copied.pose_deg, torch.tensor([[0.0, 8.0, 0.0]]), atol=1e-4, rtol=0)
    assert copied.absent == {"scale", "translation"}


def test_only_the_parts_that_are_asked_for_at_the_strength_that_is(compact_map):
    face = face_with(compact_map, SMILING)
    copied = copied_expression(face, {"brows"}, 0.5)
    mask = keypoint_space(COMPACT_SPACE).part_mask({"brows"})
    torch.testing.assert_close(copied.expression, 0.5 * moves_of(face) * mask)
    assert copied.parts == {"brows"}
    assert copied.absent == {"pose", "scale", "translation"}


def test_shut_eyes_of_any_size_are_a_whole_blink(compact_map):
    shut = Controls(blink_left=1, blink_right=1)
    large, small = (moves_of(face_with(compact_map, shut, eye=size)) for size in (1.5, 0.7))
    torch.testing.assert_close(large, small, atol=1e-4, rtol=0)


@pytest.mark.parametrize("seed", range(4))
def test_controls_come_back_from_the_motion_that_they_make(seed, compact_map):
    controls = random_controls(seed, 0.7)
    face = face_with(compact_map, controls)
    again = controls_of_motion(face, compact_map)
    held = controls_within({name: value.item() for name, value in again.items()})
    moved = moves_of(face)
    left = moved - moves_of(face_with(compact_map, held))
    assert left.norm() < 0.1 * moved.norm()  # the ridge takes a little
    for name in ("jaw_open", "smile_left", "blink_right", "gaze_left_x"):
        assert getattr(held, name) == pytest.approx(getattr(controls, name), abs=0.12)


def test_a_part_that_does_not_exist_is_refused(compact_map):
    with pytest.raises(ValueError, match="part is 'nose'; one of brows, eyes, head, lip, rest"):
        copied_expression(face_with(compact_map, Controls()), {"nose"})


def test_a_neutral_face_reads_as_no_controls(compact_map):
    read = controls_of_motion(face_with(compact_map, Controls()), compact_map)
    assert changed_controls(controls_within({n: v.item() for n, v in read.items()})) == {}
