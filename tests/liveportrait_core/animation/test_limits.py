"""Motion beyond what a model can paint bends towards the limit."""

import logging
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.animation.drive import drive
from liveportrait_core.animation.limits import KNEE, limit_motion, limits_for, soft_limit
from liveportrait_core.cli.progress import WarningCollector
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.geometry import rotation_from_vector, rotation_vector
from liveportrait_core.motion.gaussian import gaussian_average
from liveportrait_core.motion.types import Motion, tensor_fields
from liveportrait_core.options import DrivingOptions
from liveportrait_core.preset import COMPACT, PAPER, PAPER_ANIMAL, MotionLimits
from tests.liveportrait_core.animation.test_drive import small_networks_model
from tests.support.motions import random_motion

LIMITS = MotionLimits(
    pitch_deg=20,
    yaw_deg=40,
    roll_deg=30,
    translation=0.4,
    scale=1.5,
    still_translation=0.2,
    still_scale=1.2,
)
SETTINGS = settings(max_examples=25, deadline=None)


def face(*, turn=((0.0, 0.0, 0.0),), shift=(0.0, 0.0), scale=1.0):
    """A face turned by rotation vectors in degrees, moved and resized."""
    rotation = rotation_from_vector(torch.deg2rad(torch.tensor(turn)))
    frames = len(rotation)
    return Motion.from_rotation(
        rotation=rotation,
        expression=torch.zeros(frames, 21, 3),
        translation=torch.tensor([(*shift, 0.3)]).expand(frames, -1),
        scale=torch.full((frames, 1), scale),
    ).describe(space=COMPACT_SPACE)


def turned(motion, source):
    """(N, 3) degrees about the axes."""
    turn = rotation_vector(motion.rotation @ source.rotation.transpose(-1, -2))
    return torch.rad2deg(turn)


def test_the_limit_is_the_identity_up_to_the_knee_then_smooth_and_monotone():
    share = torch.linspace(0, 4, 4001, dtype=torch.float64)
    bent = soft_limit(share)
    inside = share <= KNEE
    assert torch.equal(bent[inside], share[inside])
    slopes = bent.diff() / share.diff()
    assert (slopes >= 0).all()
    assert bent.max() <= 1
    assert (bent[~inside] < share[~inside]).all()
    # continuous slope: tanh has slope 1 at 0, and bends by at most 0.77 / (1 - KNEE) for each unit
    assert slopes.diff().abs().max() < 0.77 / (1 - KNEE) * 0.001 * 1.01


def test_by_hand_a_tenth_beyond_the_limit():
    # 0.8 + 0.2 tanh((1.1 - 0.8) / 0.2) = 0.8 + 0.2 * 0.9051483
    assert_close(soft_limit(torch.tensor(1.1)), torch.tensor(0.9810297), atol=1e-6, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_a_face_within_the_limits_keeps_its_bits(seed, caplog):
    source = random_motion(seed, 1, COMPACT_SPACE)
    moved = replace(
        random_motion(seed, 5, COMPACT_SPACE),
        rotation=rotation_from_vector(torch.deg2rad(torch.rand(5, 3) * 8)) @ source.rotation,
        translation=source.translation + torch.rand(5, 3) * 0.2,
        scale=source.scale * (1 + 0.3 * torch.rand(5, 1)),
    )
    assert limit_motion(source, moved, LIMITS) is moved
    assert not caplog.records


def test_frames_within_the_limits_keep_their_bits_beside_others(caplog):
    source = random_motion(1, 1, COMPACT_SPACE)
    turn = torch.deg2rad(torch.tensor([(0.0, 9, 0), (0.0, 80, 0), (0.0, 0, 2), (0.0, 0, 29)]))
    moved = replace(
        random_motion(2, 4, COMPACT_SPACE),
        rotation=rotation_from_vector(turn) @ source.rotation,
        translation=source.translation.expand(4, -1),
        scale=source.scale.expand(4, -1),
    )
    with caplog.at_level(logging.WARNING):
        limited = limit_motion(source, moved, LIMITS)
    for name in tensor_fields():
        before, after = getattr(moved, name), getattr(limited, name)
        if before is not None:
            assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert torch.equal(limited.expression, moved.expression)
    assert not torch.equal(limited.rotation[1], moved.rotation[1])
    (record,) = caplog.records
    assert "frames 1 and 3 (of 4, counted from 0): it turns by up to 80 deg" in record.message
    assert record.message.endswith("They are softened; limits off gives the motion as it is.")
    shown = WarningCollector().text_of(record)
    assert shown.endswith("They are softened; --limits off gives the motion as it is.")


@SETTINGS
@given(st.tuples(*[st.floats(-1, 1)] * 3), st.floats(1, 170))
def test_a_turn_keeps_its_axis_and_stays_within_the_ellipsoid(direction, angle):
    axis = torch.tensor(direction)
    if axis.norm() < 0.1:
        return
    source = face(turn=((5.0, -10.0, 3.0),))
    vector = torch.deg2rad(axis / axis.norm() * angle)[None]
    moved = replace(face(), rotation=rotation_from_vector(vector) @ source.rotation)
    found = turned(limit_motion(source, moved, LIMITS), source)[0]
    share = found / torch.tensor((LIMITS.pitch_deg, LIMITS.yaw_deg, LIMITS.roll_deg))
    assert share.norm() <= 1 + 1e-3
    assert found.norm() <= angle + 1e-2
    assert_close(found / found.norm(), axis / axis.norm(), atol=2e-2, rtol=0)


@SETTINGS
@given(st.lists(st.floats(0, 175), min_size=2, max_size=6))
def test_a_larger_turn_gives_no_smaller_one(angles):
    angles = sorted(angles)
    source = face()
    limited = limit_motion(source, face(turn=[(0.0, angle, 0.0) for angle in angles]), LIMITS)
    yaw = turned(limited, source)[:, 1]
    assert (yaw.diff() >= -1e-2).all()
    assert_close(limited.pose_deg[:, 1], yaw, atol=1e-2, rtol=0)


def test_a_driver_who_looks_backwards_flips_no_axis():
    source = face()
    limited = limit_motion(source, face(turn=[(0.0, 100.0, 0.0), (0.0, 170.0, 0.0)]), LIMITS)
    # pitch and roll of the driver's degrees jump to 180 beyond a yaw of 90
    assert_close(limited.pose_deg, torch.tensor([[0.0, 40, 0]] * 2), atol=0.01, rtol=0)


def test_a_turn_and_a_travel_add_up(caplog):
    # shares of 0.6 and 0.8 make one of 1, of which 0.8 + 0.2 tanh(1) = 0.952319 is left
    with caplog.at_level(logging.WARNING):
        limited = limit_motion(face(), face(turn=[(0.0, 24.0, 0.0)], shift=(0.32, 0.0)), LIMITS)
    left = 0.952319
    assert_close(turned(limited, face()), torch.tensor([[0.0, 24 * left, 0]]), atol=1e-3, rtol=0)
    assert float(limited.translation[0, 0]) == pytest.approx(0.32 * left, abs=1e-5)
    assert "it turns by up to 24 deg, it moves by up to 16% of" in caplog.text
    alone = face(turn=[(0.0, 24.0, 0.0)])
    assert limit_motion(face(), alone, LIMITS) is alone


@pytest.mark.parametrize(("scale", "ratio"), [(9.0, 1.5), (1 / 9, 1 / 1.5)])
def test_travel_and_size_end_at_the_limit(scale, ratio):
    source, moved = face(), face(shift=(3.0, -4.0), scale=scale)
    limited = limit_motion(source, moved, LIMITS)
    # along the same direction, 3 : -4; t_z is untouched
    assert_close(limited.translation, torch.tensor([[0.24, -0.32, 0.3]]), atol=1e-5, rtol=0)
    assert_close(limited.scale, torch.tensor([[ratio]]), atol=1e-4, rtol=0)
    assert torch.equal(limited.rotation, moved.rotation)


def test_a_still_stays_in_its_place_but_for_fast_movement(caplog):
    source, still = face(), face(turn=[(0.0, 0.0, 0.0)] * 100)
    away = torch.zeros(100, 3)
    away[30:, 0] = 1.0  # a walk to the side, slow enough
    away = gaussian_average(away, 10.0) + still.translation
    away[80, 1] = 0.1 * math.e  # a start, seen from near
    larger = gaussian_average((away[:, :1] > 0.5).float(), 10.0).exp()
    moved = replace(still, translation=away, scale=larger)
    with caplog.at_level(logging.WARNING):
        limited = limit_motion(source, moved, LIMITS, keeps_place=True)
    place = limited.translation - still.translation
    assert place[:, 0].abs().max() < 0.3 * LIMITS.still_translation
    assert 0.9 * 0.1 < place[80, 1] < 0.1
    assert limited.scale.log().abs().max() < 0.3 * math.log(LIMITS.still_scale)
    assert_close(limited.scale[-1], source.scale[0], atol=1e-3, rtol=0)
    assert torch.equal(place[:, 2], torch.zeros(100))
    (record,) = caplog.records
    assert "it moves by up to 52% of the crop's side, its size changes by" in record.message


def test_a_driver_who_came_nearer_moves_a_still_no_farther():
    nods = 0.1 * torch.sin(torch.arange(100.0) / 2)
    still = face(turn=[(0.0, 0.0, 0.0)] * 100)
    travel = still.translation.clone()
    travel[:, 1] = nods
    nearer = replace(
        still, scale=3 * still.scale, translation=torch.cat((3 * travel[:, :2], travel[:, 2:]), 1)
    )
    limited = limit_motion(face(), nearer, LIMITS, keeps_place=True)
    assert_close(limited.scale, still.scale)
    expected = limit_motion(face(), replace(still, translation=travel), LIMITS, keeps_place=True)
    assert_close(limited.translation, expected.translation, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("reach", "ratio"), [(0.2, 1.2)])
def test_fast_movement_of_a_still_ends_at_its_limit(reach, ratio):
    moved = face(turn=[(0.0, 0.0, 0.0)] * 60)
    travel, zoom = moved.translation.clone(), moved.scale.clone()
    travel[30, 0], zoom[30] = 0.5, 1.9
    moved = replace(moved, translation=travel, scale=zoom)
    limited = limit_motion(face(), moved, LIMITS, keeps_place=True)
    assert float(limited.translation[30, 0]) == pytest.approx(reach, abs=1e-3)
    assert float(limited.scale[30]) == pytest.approx(ratio, abs=1e-3)
    for name in ("translation", "scale"):  # a single frame is no slow travel
        assert torch.equal(getattr(limited, name)[:30], getattr(moved, name)[:30])


@pytest.mark.parametrize(
    ("preset", "limits", "compat", "expected"),
    [
        (COMPACT, "auto", "none", COMPACT.limits),
        (COMPACT, "auto", "published", None),
        (COMPACT, "off", "none", None),
        (COMPACT, "on", "published", COMPACT.limits),
        (PAPER, "auto", "none", None),
        (PAPER, "on", "none", COMPACT.limits),
        (PAPER_ANIMAL, "auto", "none", None),
    ],
)
def test_which_limits_count(preset, limits, compat, expected):
    assert limits_for(preset, DrivingOptions(limits=limits, compat=compat)) == expected


@torch.no_grad()
def test_driving_holds_a_still_in_its_place_unless_the_limits_are_off():
    model = small_networks_model(COMPACT, scale=0.0)
    source = face().describe(canonical=torch.rand(1, 21, 3) - 0.5)
    driver = Motion.from_degrees(
        pose_deg=torch.zeros(2, 3),
        expression=torch.zeros(2, 21, 3),
        translation=torch.tensor([(0.0, 0, 0), (2.0, 0, 0)]),
        scale=torch.ones(2, 1),
    ).describe(space=COMPACT_SPACE)

    def travel(**options):
        driven = drive(model, source, driver, DrivingOptions(**options))
        return float(driven.motion.translation[1, 0])

    assert COMPACT.limits is not None
    assert abs(travel()) < 1e-6  # the still goes back to its place
    assert travel(stitch=False) == pytest.approx(COMPACT.limits.translation, abs=1e-5)
    in_source_crop = 2 * COMPACT.driving_crop.scale / COMPACT.source_framing.scale
    assert travel(limits="off") == pytest.approx(in_source_crop)
    assert travel(compat="published") == 2.0
