"""Controls: each moves what it says, on its own side, and nothing else."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.config.fields import specs_of
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE, CompactKeypoint
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.control_options import (
    CONTROL_GROUPS,
    OPPOSITE,
    TURNED_ROUND,
    Controls,
)
from liveportrait_core.motion.control_shapes import RECIPES, SIDED_RECIPES
from liveportrait_core.motion.controls import control_effects, motion_of_controls
from liveportrait_core.motion.edit import mirror
from liveportrait_core.motion.regions import keypoint_space

K = CompactKeypoint
FACE = [name for group in list(CONTROL_GROUPS)[:-2] for name in CONTROL_GROUPS[group]]


@pytest.fixture(scope="module")
def compact_map():
    return shipped_blendshape_map(COMPACT_SPACE)


def travel(shape_map, **values):
    """(K, 3) how far one frame is from the face at rest."""
    motion = motion_of_controls(values, shape_map)
    assert motion.reference is not None
    return (motion.expression - motion.reference.expression)[0]


def opening(shape_map, side, **values):
    """How far a usual eye is open, 1 at rest."""
    face = torch.tensor(keypoint_space(COMPACT_SPACE).face)
    upper, lower = keypoint_space(COMPACT_SPACE).lids[("left", "right").index(side)]
    moved = face + travel(shape_map, **values)
    return ((moved[lower] - moved[upper])[1] / (face[lower] - face[upper])[1]).item()


def test_every_control_stands_in_one_group_and_the_face_ones_have_a_recipe():
    grouped = [name for names in CONTROL_GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(spec.name for spec in specs_of(Controls))
    sided = [pattern.format(side) for pattern in SIDED_RECIPES for side in ("left", "right")]
    assert sorted((*sided, *RECIPES)) == sorted(FACE)


def test_recipes_name_shapes_that_exist():
    for recipe in (*SIDED_RECIPES.values(), *RECIPES.values()):
        for shape in (*recipe.up, *recipe.down):
            assert shape in ARKIT_SHAPES or f"{shape}Left" in ARKIT_SHAPES


def test_at_rest_nothing_moves_and_nothing_is_carried(compact_map):
    motion = motion_of_controls(Controls(), compact_map)
    assert len(motion) == 1
    assert motion.absent == {"expression", "pose", "scale", "translation"}
    assert not travel(compact_map).any()


@pytest.mark.parametrize("name", FACE)
@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
def test_effects_are_what_a_whole_control_moves(name, space):
    shape_map = shipped_blendshape_map(space)
    if name == "lip_open":
        return  # below 0 it goes with the jaw; see below
    up, down = control_effects(shape_map)[name]
    with_lips = keypoint_space(space).openness is not None
    # where keypoints have names, lips that would cross meet
    rows = [
        k for k in range(21) if not with_lips or k not in (K.INNER_UPPER_LIP, K.INNER_LOWER_LIP)
    ]
    for value, effect in ((1.0, up), (-1.0, down), (0.5, up / 2)):
        moved = travel(shape_map, **{name: value})
        torch.testing.assert_close(moved[rows], effect[rows], atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", FACE)
def test_a_mirrored_control_is_the_mirrored_motion(name, compact_map):
    """The fitted map is not quite even, so within a hundredth of the crop's half side."""
    value = -0.5 if name in TURNED_ROUND else 0.5
    mirrored = mirror(motion_of_controls({name: 0.5}, compact_map))
    opposite = motion_of_controls({OPPOSITE[name]: value}, compact_map)
    torch.testing.assert_close(mirrored.expression, opposite.expression, atol=0.01, rtol=0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_blink_shuts_its_own_eye_alone(side, compact_map):
    other = "right" if side == "left" else "left"
    assert opening(compact_map, side, **{f"blink_{side}": 1.0}) == pytest.approx(0, abs=0.05)
    assert opening(compact_map, other, **{f"blink_{side}": 1.0}) == 1
    moved = travel(compact_map, **{f"blink_{side}": 1.0})
    assert not moved[[K.RIGHT_IRIS if side == "left" else K.LEFT_IRIS]].any()


def test_shut_lids_do_not_cross_whatever_else_moves_them(compact_map):
    shut = {"blink_left": 1.0, "squint_left": 1.0, "cheek_raise": 1.0}
    # .002 of the .063 that a usual eye is open
    assert opening(compact_map, "left", **shut) == pytest.approx(-0.032, abs=0.001)


@pytest.mark.parametrize(("value", "share"), [(-1.0, 0.4), (0.5, 0.27)])
def test_irises_are_kept_from_going_along_with_lids(value, share, compact_map):
    moved = travel(compact_map, blink_left=value)
    lid, iris = moved[K.LEFT_UPPER_LID, 1].item(), moved[K.LEFT_IRIS, 1].item()
    assert lid * value > 0.01  # down where it shuts
    assert iris == pytest.approx(-share * lid)


def test_irises_are_kept_from_going_up_with_the_lower_lids_of_a_squint(compact_map):
    moved = travel(compact_map, squint_left=1.0)
    upper, lower, iris = moved[[K.LEFT_UPPER_LID, K.LEFT_LOWER_LID, K.LEFT_IRIS], 1].tolist()
    assert lower < -0.01 < 0 < upper
    assert iris == pytest.approx(-0.27 * upper - 0.14 * lower)
    assert not moved[[K.RIGHT_LOWER_LID, K.RIGHT_IRIS]].any()


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_a_look_moves_one_iris_the_named_way_and_leaves_the_eye_as_open(axis, value, compact_map):
    moved = travel(compact_map, **{f"gaze_left_{axis}": value})
    way = moved[K.LEFT_IRIS, "xy".index(axis)].item()
    assert way * value * (1 if axis == "x" else -1) > 0.04
    assert not moved[K.RIGHT_IRIS].any()
    # lids are asked to open by .16 of a look down, as the picture shuts them by as much
    opened = 0.16 * max(0.0, moved[K.LEFT_IRIS, 1].item()) / 0.063 if axis == "y" else 0
    now = opening(compact_map, "left", **{f"gaze_left_{axis}": value})
    assert now == pytest.approx(1 + opened, abs=1e-3)


def test_lip_open_below_zero_shuts_what_the_jaw_opens(compact_map):
    def gap(**values):
        moved = torch.tensor(keypoint_space(COMPACT_SPACE).face) + travel(compact_map, **values)
        return (moved[K.INNER_LOWER_LIP] - moved[K.INNER_UPPER_LIP])[1].item()

    assert not travel(compact_map, lip_open=-1.0).any()
    assert gap(jaw_open=1.0) > 0.15
    assert gap(jaw_open=1.0, lip_open=-1.0) == pytest.approx(0, abs=0.02)
    assert gap(jaw_open=0.4, lip_open=-1.0) == pytest.approx(0, abs=0.02)


def test_the_head_and_its_place(compact_map):
    motion = motion_of_controls(Controls(yaw_deg=10, shift_x=0.1, zoom=1.1), compact_map)
    assert motion.pose_deg.tolist() == [[0, 10, 0]]
    assert motion.translation[0].tolist() == pytest.approx([0.1, 0, 0])
    assert motion.scale.item() == pytest.approx(1.1)
    assert motion.absent == {"expression"}


def test_controls_carry_the_parts_that_they_move(compact_map):
    def parts(**values):
        return motion_of_controls(values, compact_map).parts

    assert parts(blink_left=0.5) == {"eyes"}
    assert parts(brow_left=0.5, smile_left=0.5) >= {"brows", "lip"}
    assert "eyes" not in parts(jaw_open=1.0)


def test_a_control_may_have_a_value_for_each_frame(compact_map):
    track = torch.tensor([0.0, 0.5, 1.0])
    motion = motion_of_controls({"jaw_open": track, "smile_left": 0.3}, compact_map)
    for frame, value in enumerate(track.tolist()):
        one = motion_of_controls({"jaw_open": value, "smile_left": 0.3}, compact_map)
        torch.testing.assert_close(motion.expression[frame], one.expression[0])


def test_what_is_wrong_is_said(compact_map):
    with pytest.raises(ValueError, match=r"no control 'smile'.* mean 'smile_left'"):
        motion_of_controls({"smile": 1.0}, compact_map)
    with pytest.raises(ValueError, match="2 and 3 values"):
        motion_of_controls({"jaw_open": torch.ones(2), "jaw_side": torch.ones(3)}, compact_map)
    with pytest.raises(MotionSpaceError, match="space 'other'"):
        motion_of_controls(Controls(), replace(compact_map, space="other"))
