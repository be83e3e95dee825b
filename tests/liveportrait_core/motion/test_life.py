"""Idle motion: a loop of blinks, glances, breath and a head that is never quite still."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE, CompactKeypoint
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.life import idle_motion
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.regions import COMPACT_NEUTRAL_FACE
from liveportrait_core.motion.transfer import relative_motion
from liveportrait_core.motion.transform import transform_keypoints

FPS = Fraction(25)


def lids(motion):
    """(B,) height of the left eye over that of the neutral one, by its keypoints."""
    upper, lower = CompactKeypoint.LEFT_UPPER_LID, CompactKeypoint.LEFT_LOWER_LID
    height = motion.expression[:, lower, 1] - motion.expression[:, upper, 1]
    return height / 0.05


def blinks(motion):
    """The frames in which a blink begins, round the loop."""
    shut = lids(motion) < lids(neutral_motion(COMPACT_SPACE)) - 0.4
    return (shut & ~shut.roll(1)).nonzero().flatten()


def steps(values):
    """(B, ...) change from each frame to the next, from the last to the first too."""
    return (values.roll(-1, 0) - values).abs()


@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE, ANIMAL_SPACE])
@pytest.mark.parametrize("duration", [0.1, 0.5, 3, 10])
def test_it_has_the_frames_asked_for_and_moves_relative_to_a_neutral_face(space, duration):
    motion = idle_motion(space, IdleOptions(duration=duration), FPS)
    assert len(motion) == max(1, round(duration * 25))
    assert (motion.fps, motion.space) == (FPS, space)
    assert motion.reference is not None
    assert torch.equal(motion.reference.expression, neutral_motion(space).expression)
    assert motion.translation.shape == (len(motion), 3)
    assert motion.expression.isfinite().all()


def test_its_end_goes_on_with_its_beginning():
    motion = idle_motion(COMPACT_SPACE, IdleOptions(duration=20), FPS)
    for values in (motion.pose_deg, motion.scale, motion.expression):
        seam, inside = steps(values)[-1], steps(values)[:-1].amax(0)
        assert (seam <= inside + 1e-6).all()
        assert inside.max() > 0
    assert steps(motion.pose_deg).max() < 0.6
    assert steps(motion.pose_deg)[-1].max() > 0


def test_another_frame_rate_shows_the_same_movements():
    slow = idle_motion(COMPACT_SPACE, IdleOptions(), FPS)
    quick = idle_motion(COMPACT_SPACE, IdleOptions(), 2 * FPS)
    assert len(quick) == 2 * len(slow)
    torch.testing.assert_close(quick.expression[::2], slow.expression, atol=1e-6, rtol=0)
    torch.testing.assert_close(quick.pose_deg[::2], slow.pose_deg, atol=1e-5, rtol=0)


def test_it_blinks_as_often_as_asked_and_as_people_do():
    motion = idle_motion(COMPACT_SPACE, IdleOptions(duration=120, blinks=20), 4 * FPS)
    starts = blinks(motion)
    assert 36 <= len(starts) <= 40  # 40 in two minutes; some are shallow
    gaps = starts.diff() / 100
    assert gaps.min() > 0.5
    assert gaps.std() > 0.3
    shut = lids(motion)
    length = ((shut < shut.median() - 0.1).sum() / len(starts)).item() / 100
    assert 0.12 < length < 0.3
    first = slice(int(starts[3]) - 10, int(starts[3]) + 30)
    lowest = shut[first].argmin()
    assert shut[first].diff()[: int(lowest)].min() < -shut[first].diff()[int(lowest) :].max()


def test_it_does_not_repeat_within_its_length():
    motion = idle_motion(COMPACT_SPACE, IdleOptions(duration=60), FPS)
    pose = motion.pose_deg
    shifted = torch.stack([(pose - pose.roll(lag, 0)).abs().mean() for lag in range(50, 1450, 25)])
    assert shifted.min() > 0.3 * shifted.max()


def test_amount_scales_the_head_and_none_is_a_still_face():
    one, two = (
        idle_motion(COMPACT_SPACE, IdleOptions(amount=amount), FPS).pose_deg for amount in (1, 2)
    )
    torch.testing.assert_close(two, 2 * one)
    assert 0.3 < one.std(0)[1] < 3
    still = idle_motion(COMPACT_SPACE, IdleOptions(amount=0), FPS)
    neutral = neutral_motion(COMPACT_SPACE)
    assert torch.equal(still.expression, neutral.expression.expand(len(still), -1, -1))
    assert torch.equal(still.pose_deg, torch.zeros(len(still), 3))
    assert torch.equal(still.scale, torch.ones(len(still), 1))


def test_a_seed_is_a_motion():
    first, again, other = (
        idle_motion(COMPACT_SPACE, IdleOptions(duration=4, seed=seed), FPS).expression
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"duration": 0}, "0.1 to 3600"), ({"amount": 3}, "0 to 2"), ({"blinks": -1}, "0 to 60")],
)
def test_what_makes_no_sense_is_refused(options, expected):
    with pytest.raises(OptionError, match=expected):
        IdleOptions(**options)


@pytest.mark.parametrize("size", [0.7, 1.0, 1.5])
def test_a_blink_shuts_eyes_of_any_size(size):
    upper, lower = CompactKeypoint.LEFT_UPPER_LID, CompactKeypoint.LEFT_LOWER_LID
    face = torch.tensor(COMPACT_NEUTRAL_FACE)
    face[upper] = face[lower] + size * (face[upper] - face[lower])
    source = neutral_motion(COMPACT_SPACE).describe(canonical=face[None])
    motion = idle_motion(COMPACT_SPACE, IdleOptions(duration=20), 2 * FPS)
    moved = relative_motion(source, motion, motion.reference)
    keypoints = transform_keypoints(moved)
    height = keypoints[:, lower, 1] - keypoints[:, upper, 1]
    assert height.min() < 0.1 * height.median()
    assert height.median() == pytest.approx(0.063 * size, rel=0.1)
