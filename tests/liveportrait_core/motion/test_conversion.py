from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.assets.shipped_motions import shipped_motion
from liveportrait_core.constants import COMPACT_SPACE, FACE_PARTS, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.motion.blendshape_map import blendshapes_of_motion, motion_of_blendshapes
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes
from liveportrait_core.motion.conversion import convert_motion
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.slider_map import slider_map
from tests.support.motions import random_motion

COMPACT, HUMAN = shipped_blendshape_map(COMPACT_SPACE), slider_map()


def made(**shapes: float) -> Blendshapes:
    weights = torch.zeros(1, len(ARKIT_SHAPES))
    for name, value in shapes.items():
        weights[0, ARKIT_SHAPES.index(name)] = value
    return Blendshapes(weights=weights)


def read_again(blendshapes: Blendshapes) -> dict[str, float]:
    read = blendshapes_of_motion(motion_of_blendshapes(blendshapes, HUMAN), HUMAN).weights[0]
    return {name: float(read[number]) for number, name in enumerate(ARKIT_SHAPES)}


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ("eyeBlinkLeft", "eyeBlinkRight"),
        ("eyeBlinkRight", "eyeBlinkLeft"),
        ("jawOpen", "mouthSmileLeft"),
        ("browDownLeft", "browDownRight"),
        ("mouthLeft", "mouthRight"),
        ("eyeLookOutLeft", "eyeLookInLeft"),
    ],
)
def test_sliders_tell_shapes_apart(shape, other):
    read = read_again(made(**{shape: 1}))
    assert read[shape] > 0.5
    assert read[other] < 0.2


def test_the_blink_of_a_published_driver_is_read_as_one():
    # keypoints 11, 13 and 15, 16 of a published template, where its eyes are .01 open of .36
    still = random_motion(0, frames=1, space=HUMAN_SPACE)
    moved = torch.zeros(21, 3)
    moved[[11, 13, 15, 16], 1] = torch.tensor((0.0141, -0.0078, 0.0108, -0.0036))
    blink = replace(still, expression=still.expression + moved, reference=still)
    read = blendshapes_of_motion(blink, HUMAN)
    assert read.shape("eyeBlinkRight").item() == pytest.approx(1, abs=0.3)
    assert read.shape("eyeBlinkLeft").item() == pytest.approx(1, abs=0.3)


def test_both_sides_of_a_shape_are_the_whole_slider():
    both = motion_of_blendshapes(made(mouthSmileLeft=1, mouthSmileRight=1), HUMAN)
    moved = (both.expression - both.reference.expression)[0]
    # the published slider at 1.3: corners -.02 and cheeks -.0035 a unit, downwards is positive
    assert moved[14, 1] == pytest.approx(-0.02 * 1.3)
    assert moved[3, 1] == pytest.approx(-0.0035 * 1.3)
    assert moved[7, 1] == pytest.approx(-0.0035 * 1.3)


@pytest.mark.parametrize(("source", "target"), [(COMPACT, HUMAN), (HUMAN, COMPACT)])
def test_a_motion_goes_over_with_its_head_and_its_mouth(source, target):
    weights = torch.zeros(20, len(ARKIT_SHAPES))
    weights[:, ARKIT_SHAPES.index("jawOpen")] = torch.linspace(0, 0.6, 20)
    head_deg = torch.randn(20, 3) * 8
    motion = motion_of_blendshapes(Blendshapes(weights=weights, head_deg=head_deg), source)
    converted = convert_motion(motion, source, target)
    assert (converted.motion.space, len(converted.motion)) == (target.space, 20)
    assert_close(converted.motion.pose_deg, head_deg)
    assert_close(converted.motion.reference.pose_deg, torch.zeros(1, 3))
    read = blendshapes_of_motion(converted.motion, target).shape("jawOpen")
    assert (
        torch.corrcoef(torch.stack((read, weights[:, ARKIT_SHAPES.index("jawOpen")])))[0, 1] > 0.95
    )
    assert converted.lost < 0.6


def test_what_shapes_cannot_show_is_lost():
    motion = random_motion(1, frames=6, space=HUMAN_SPACE)
    assert convert_motion(motion, HUMAN, COMPACT).lost > 0.7  # noise is no face


def test_a_still_face_loses_nothing():
    motion = random_motion(1, frames=2, space=HUMAN_SPACE)
    still = motion[torch.zeros(2, dtype=torch.long)]
    converted = convert_motion(still, HUMAN, COMPACT)
    assert converted.lost == 0
    assert_close(converted.motion.expression[0], torch.zeros(21, 3), atol=1e-6, rtol=0)


def test_place_is_that_of_the_target_s_crop():
    motion = random_motion(1, frames=3, space=HUMAN_SPACE)
    converted = convert_motion(motion, HUMAN, COMPACT).motion
    # a crop of 2.2 faces shows the same step smaller than one of 1.65
    assert_close(converted.translation, motion.translation * (2.2 / 1.65))
    assert_close(converted.scale, motion.scale)


def test_shots_keep_their_neutral_frames():
    motion = random_motion(1, frames=6, space=HUMAN_SPACE)
    reference = motion[torch.tensor([0, 3])]
    motion = replace(motion, shot=torch.tensor([0, 0, 0, 1, 1, 1]), reference=reference)
    converted = convert_motion(motion, HUMAN, COMPACT).motion
    assert_close(own_reference(converted).pose_deg, reference.pose_deg)
    assert converted.shot.tolist() == [0, 0, 0, 1, 1, 1]
    assert_close(converted.expression[3], torch.zeros(21, 3), atol=1e-6, rtol=0)


def test_frames_do_not_depend_on_one_another():
    motion = load_motion(shipped_motion("talking"))
    reference = own_reference(motion)
    whole = convert_motion(motion, COMPACT, HUMAN).motion
    part = convert_motion(motion[20:40].describe(reference=reference), COMPACT, HUMAN).motion
    assert_close(whole.expression[20:40], part.expression)


def test_lips_alone_stay_lips_alone():
    motion = replace(random_motion(1, frames=6, space=HUMAN_SPACE), parts=frozenset({"lip"}))
    converted = convert_motion(motion, HUMAN, COMPACT)
    assert converted.motion.parts == {"lip"}
    assert not any(name.startswith(("eye", "brow")) for name in converted.blendshapes.known)
    everything = convert_motion(replace(motion, parts=FACE_PARTS), HUMAN, COMPACT)
    assert "eyes" in everything.motion.parts


def test_a_map_of_another_space_is_refused():
    with pytest.raises(MotionSpaceError):
        convert_motion(random_motion(1, space=HUMAN_SPACE), COMPACT, HUMAN)
