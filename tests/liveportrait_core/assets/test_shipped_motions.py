from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.animation.drive import drive
from liveportrait_core.assets.shipped_motions import shipped_motion, shipped_motions
from liveportrait_core.constants import COMPACT_SPACE, NUM_KEYPOINTS
from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.options import DrivingOptions
from liveportrait_core.preset import COMPACT
from tests.support.motions import random_motion
from tests.support.tiny import tiny_compact_model

NAMES = {
    *("blink_and_smile", "idle", "look_around", "nod"),
    *("shake_head", "surprise", "talking", "wink"),
}
MOST_BYTES = 400_000


@pytest.fixture(params=sorted(NAMES))
def motion(request):
    return load_motion(shipped_motion(request.param))


def shipped(name):
    return load_motion(shipped_motion(name))


def test_the_motions_are_listed_by_name():
    motions = shipped_motions()
    assert set(motions) == NAMES
    assert list(motions) == sorted(motions)
    assert all(isinstance(path, Path) and path.is_file() for path in motions.values())


def test_the_motions_stay_small():
    assert sum(path.stat().st_size for path in shipped_motions().values()) <= MOST_BYTES


@pytest.mark.parametrize(
    ("name", "answer"), [("winks", "Did you mean wink?"), ("zzz", "one of blink_and_smile")]
)
def test_a_name_that_does_not_exist_is_answered_with_those_that_do(name, answer):
    with pytest.raises(ValueError, match=answer):
        shipped_motion(name)


def test_a_motion_is_of_the_default_space_and_a_few_seconds_long(motion):
    assert motion.space == COMPACT_SPACE
    assert motion.fps == Fraction(25)
    assert 2 <= len(motion) / motion.fps <= 6
    assert not motion.absent
    assert not motion.absolute
    assert motion.producer


def test_the_first_frame_is_neutral_and_the_reference(motion):
    assert motion.reference_frame == 0
    assert not motion.expression[0].any()
    assert not motion.pose_deg[0].any()
    assert not motion.translation[0].any()
    assert float(motion.lip_open[0, 0]) < 0.03
    assert (motion.eyes_open[0] > 0.3).all()


def test_the_last_frame_passes_into_the_first(motion):
    keypoints = transform_keypoints(motion)
    steps = (keypoints[1:] - keypoints[:-1]).norm(dim=-1).mean(1)
    seam = (keypoints[0] - keypoints[-1]).norm(dim=-1).mean()
    assert float(seam) < 0.003  # crop units: .15 % of the crop's side
    assert seam < steps.max() / 2


def test_the_openings_are_those_of_the_keypoints(motion):
    """By hand, not by the table of pairs: lids over eye corners, inner lips over lip corners."""
    keypoints = transform_keypoints(motion)[..., :2]

    def ratio(upper, lower, left, right):
        height = (keypoints[:, upper] - keypoints[:, lower]).norm(dim=-1)
        return height / (keypoints[:, left] - keypoints[:, right]).norm(dim=-1)

    eyes = (
        ratio(C.LEFT_UPPER_LID, C.LEFT_LOWER_LID, C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER),
        ratio(C.RIGHT_UPPER_LID, C.RIGHT_LOWER_LID, C.RIGHT_EYE_OUTER, C.RIGHT_EYE_INNER),
    )
    lip = ratio(C.INNER_UPPER_LIP, C.INNER_LOWER_LIP, C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER)
    assert_close(motion.eyes_open, torch.stack(eyes, 1), atol=1e-4, rtol=0)
    assert_close(motion.lip_open[:, 0], lip, atol=1e-4, rtol=0)
    assert motion.validity.tolist() == [1.0] * len(motion)
    assert motion.canonical.shape == (len(motion), NUM_KEYPOINTS, 3)


def test_every_option_can_be_followed(motion):
    model = tiny_compact_model()
    source = random_motion(1, 1, COMPACT.space)
    for retarget in ("add", "replace"):
        options = DrivingOptions(eyes_open="driver", lip_open="driver", retarget=retarget)
        driven = drive(model, source, motion, options)
        assert driven.driving_keypoints.isfinite().all()
        assert len(driven) == len(motion)


def test_no_motion_asks_for_more_than_the_default_model_paints_well(motion):
    assert motion.yaw_deg.abs().max() <= 15
    assert motion.pitch_deg.abs().max() <= 10
    assert motion.roll_deg.abs().max() <= 6
    assert motion.lip_open.max() < 0.25


@pytest.mark.parametrize(
    "name", ["nod", "shake_head", "blink_and_smile", "look_around", "idle", "talking", "surprise"]
)
def test_eyes_shut_for_a_moment(name):
    lowest = shipped(name).eyes_open.amin(0)
    assert (lowest < 0.08).all()


def test_a_wink_shuts_one_eye():
    lowest = shipped("wink").eyes_open.amin(0)
    assert float(lowest[0]) < 0.03
    assert float(lowest[1]) > 0.3


def swings(values, least):
    """How many sides a curve visits one after the other, each beyond `least`."""
    sides = [side for side in ((values > least).int() - (values < -least).int()).tolist() if side]
    return 1 + sum(a != b for a, b in pairwise(sides))


def peaks(values, least):
    """How many frames are higher than their neighbours and `least`."""
    middle = values[1:-1]
    return int(((middle > values[:-2]) & (middle >= values[2:]) & (middle > least)).sum())


def test_each_motion_does_what_its_name_says():
    nod = shipped("nod")
    assert peaks(nod.pitch_deg, 3) == 2
    assert nod.yaw_deg.abs().max() < 1
    assert swings(shipped("shake_head").yaw_deg, 2) == 4
    assert swings(shipped("look_around").yaw_deg, 5) == 2
    smile = shipped("blink_and_smile").expression
    width = (smile[:, C.RIGHT_LIP_CORNER] - smile[:, C.LEFT_LIP_CORNER])[:, 0]
    assert float(width.max()) > 0.05
    idle = shipped("idle")
    assert idle.pose_deg.abs().max() < 5
    assert idle.lip_open.max() < 0.03
    assert (
        12 <= peaks(shipped("talking").lip_open[:, 0], 0.04) <= 25
    )  # some four syllables a second
    brows = shipped("surprise").expression[:, C.LEFT_BROW_MIDDLE, 1]
    assert float(brows.min()) < -0.04
