from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE, CompactKeypoint
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.blendshape_map import (
    OPPOSITES,
    BlendshapeMap,
    blendshapes_of_motion,
    motion_of_blendshapes,
    num_features,
    one_of_opposites,
)
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes
from liveportrait_core.motion.openness import eyes_open, lip_open
from liveportrait_core.motion.regions import COMPACT_OPENNESS_PAIRS, keypoint_space
from liveportrait_core.motion.transform import transform_keypoints
from tests.support.motions import random_motion

SHIPPED = shipped_blendshape_map(COMPACT_SPACE)


def made(**shapes: float) -> Blendshapes:
    weights = torch.zeros(1, len(ARKIT_SHAPES))
    for name, value in shapes.items():
        weights[0, ARKIT_SHAPES.index(name)] = value
    return Blendshapes(weights=weights)


def made_up_map(space: str = HUMAN_SPACE) -> BlendshapeMap:
    """Every shape moves one coordinate alone by .1, and is read from it."""
    moves = torch.eye(len(ARKIT_SHAPES), 63) / 10
    reading = torch.zeros(num_features(space), len(ARKIT_SHAPES))
    reading[:63] = torch.eye(63, len(ARKIT_SHAPES)) * 10
    return BlendshapeMap(space=space, expression=moves.unflatten(1, (21, 3)), reading=reading)


def openings(blendshapes: Blendshapes) -> tuple[torch.Tensor, torch.Tensor]:
    keypoints = transform_keypoints(motion_of_blendshapes(blendshapes, SHIPPED))
    pairs = COMPACT_OPENNESS_PAIRS
    return eyes_open(keypoints, pairs)[0], lip_open(keypoints, pairs)[0, 0]


@pytest.mark.parametrize("space", [HUMAN_SPACE, COMPACT_SPACE])
def test_a_face_at_rest_does_not_move(space):
    motion = motion_of_blendshapes(made(), made_up_map(space))
    assert_close(motion.expression, motion.reference.expression)
    assert motion.absent == {"scale", "translation", "pose"}


def test_shapes_add_up():
    one, other = made(jawOpen=0.4), made(mouthSmileLeft=0.6)
    both = made(jawOpen=0.4, mouthSmileLeft=0.6)
    moves = [motion_of_blendshapes(shapes, SHIPPED).expression for shapes in (one, other, both)]
    assert_close(moves[0] + moves[1], moves[2])


def test_what_is_shown_is_read_again():
    torch.manual_seed(0)
    shapes = Blendshapes(
        weights=one_of_opposites(torch.rand(7, len(ARKIT_SHAPES))),
        head_deg=torch.randn(7, 3) * 10,
        fps=Fraction(30),
    )
    shape_map = made_up_map()
    read = blendshapes_of_motion(motion_of_blendshapes(shapes, shape_map), shape_map)
    assert_close(read.weights, shapes.weights, atol=1e-5, rtol=0)
    assert_close(read.head_deg, shapes.head_deg, atol=1e-4, rtol=0)
    assert (read.fps, read.known) == (Fraction(30), frozenset(ARKIT_SHAPES))


def test_a_head_that_turns_takes_named_keypoints_with_it_and_reads_the_same():
    still, turned = (
        replace(made(jawOpen=0.7, browInnerUp=0.5), head_deg=torch.tensor([angles]))
        for angles in ((0.0, 0.0, 0.0), (12.0, -20.0, 8.0))
    )
    motions = [motion_of_blendshapes(one, SHIPPED) for one in (still, turned)]
    assert_close(motions[0].expression @ motions[1].rotation, motions[1].expression)
    weights = [blendshapes_of_motion(one, SHIPPED).weights for one in motions]
    assert_close(*weights, atol=1e-4, rtol=0)


def test_published_expression_does_not_turn_with_the_head():
    shape_map = made_up_map()
    turned = replace(made(jawOpen=1), head_deg=torch.tensor([[0.0, 20.0, 0.0]]))
    motions = [motion_of_blendshapes(one, shape_map) for one in (made(jawOpen=1), turned)]
    assert_close(motions[0].expression, motions[1].expression)


def test_blinks_shut_the_eyes_and_one_eye_alone():
    open_eyes, _ = openings(made())
    shut, _ = openings(made(eyeBlinkLeft=1, eyeBlinkRight=1))
    assert (shut < 0.25 * open_eyes).all()
    wink, _ = openings(made(eyeBlinkRight=1))  # the person's right is the image's left
    assert wink[0] < 0.25 * open_eyes[0]
    assert wink[1] > 0.9 * open_eyes[1]


def test_the_mouth_opens_as_far_as_mouths_do():
    assert openings(made(jawOpen=0.7))[1] > 0.45


@pytest.mark.parametrize("jaw", [0.2, 0.5, 1.0])
def test_closed_lips_of_an_open_jaw_meet_and_do_not_cross(jaw):
    motion = motion_of_blendshapes(made(jawOpen=jaw, mouthClose=jaw), SHIPPED)
    keypoints = transform_keypoints(motion)[0, :, 1]
    gap = keypoints[CompactKeypoint.INNER_LOWER_LIP] - keypoints[CompactKeypoint.INNER_UPPER_LIP]
    assert gap >= -1e-6
    assert gap < 0.01  # of a mouth .34 wide
    chin = motion.expression[0, CompactKeypoint.CHIN, 1]
    assert chin > 0.1 * jaw  # the jaw stays open


def test_a_neutral_frame_reads_as_nothing():
    motion = random_motion(3, frames=4, space=COMPACT_SPACE)
    assert not blendshapes_of_motion(motion, SHIPPED).weights[motion.reference_frame].any()


def test_of_two_opposites_one_is_read():
    weights = one_of_opposites(torch.randn(20, len(ARKIT_SHAPES)))
    assert (weights >= 0).all()
    for first, second in OPPOSITES:
        pair = weights[:, [ARKIT_SHAPES.index(first), ARKIT_SHAPES.index(second)]]
        assert not pair.prod(1).any()
        assert pair.sum(1).all()


def test_a_motion_of_another_space_is_refused():
    with pytest.raises(MotionSpaceError, match=r"motion is of .*human.* map of .*compact"):
        blendshapes_of_motion(random_motion(0, space=HUMAN_SPACE), SHIPPED)


def test_what_ships_fits_its_space_and_says_how_well_it_reads():
    assert SHIPPED.space == COMPACT_SPACE
    assert SHIPPED.shown == frozenset(ARKIT_SHAPES) - {"tongueOut"}
    assert SHIPPED.read <= set(SHIPPED.read_r)
    assert min(SHIPPED.read_r[name] for name in SHIPPED.read) >= 0.3
    assert SHIPPED.read_r["jawOpen"] > 0.9


def test_published_spaces_have_the_coarse_map_of_their_sliders():
    for space in (HUMAN_SPACE, ANIMAL_SPACE):
        shape_map = shipped_blendshape_map(space)
        assert shape_map.space == space
        assert shape_map.read < shape_map.shown < frozenset(ARKIT_SHAPES)
        assert not shape_map.read_r  # nobody measured it


def test_both_sides_are_mirror_images():
    mirror = list(keypoint_space(COMPACT_SPACE).mirror)
    flip = torch.tensor((-1.0, 1.0, 1.0))
    for name in ("eyeBlink", "mouthSmile", "browDown", "mouthLowerDown"):
        left, right = (
            SHIPPED.expression[ARKIT_SHAPES.index(name + side)] for side in ("Left", "Right")
        )
        assert_close(left[mirror] * flip, right, atol=0.012, rtol=0)


@pytest.mark.parametrize("space", [HUMAN_SPACE, ANIMAL_SPACE, COMPACT_SPACE])
def test_no_reading_is_beyond_twice_the_whole_shape(space):
    shape_map = shipped_blendshape_map(space)
    looks_up = motion_of_blendshapes(made(eyeLookUpLeft=1, eyeLookUpRight=1), shape_map)
    wild = random_motion(3, 20, space)
    for motion in (looks_up, wild):
        read = blendshapes_of_motion(motion, shape_map).weights
        assert read.max() <= 2
        assert read.min() >= 0
