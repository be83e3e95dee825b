"""A driver of several shots: each is measured, smoothed and retimed by itself."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.animation.drive import move
from liveportrait_core.animation.inputs import prepare_inputs
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.edit import extend, loop, mirror, retime
from liveportrait_core.motion.smoothing import smooth_motion
from liveportrait_core.motion.transfer import relative_motion
from liveportrait_core.motion.types import Motion
from liveportrait_core.options import DrivingOptions

NAMES = ("expression", "scale", "translation", "rotation")


def motion_of(values):
    """Frames that differ by a value: a smile, a turn, a place, all at once."""
    value = torch.tensor(values)[:, None]
    torch.manual_seed(0)
    return Motion.from_degrees(
        pose_deg=value * torch.tensor([1.0, 10.0, 2.0]),
        expression=value[..., None] * torch.randn(1, 21, 3) * 0.05,
        scale=1 + 0.1 * value,
        translation=value * torch.tensor([0.1, 0.05, 0.0]),
    ).describe(canonical=torch.zeros(1, 21, 3).expand(len(values), -1, -1))


def joined(*values):
    """One motion of shots whose neutral frames are their first."""
    numbers = torch.cat([torch.full((len(part),), n) for n, part in enumerate(values)])
    starts = [sum(map(len, values[:n])) for n in range(len(values))]
    motion = motion_of([value for part in values for value in part]).describe(shot=numbers)
    return motion.describe(reference=motion[torch.tensor(starts)].describe(shot=None))


def assert_same(motion, wanted):
    for name in NAMES:
        torch.testing.assert_close(getattr(motion, name), getattr(wanted, name))


FIRST, SECOND = [0.0, 0.5, 1.0, 0.5], [5.0, 5.5, 6.0]


def test_each_shot_is_measured_from_its_own_neutral_frame():
    source, driving = motion_of([0.3]), joined(FIRST, SECOND)
    moved = move(prepare_inputs(source, driving, DrivingOptions()), DrivingOptions()).motion
    for frames, values in zip(driving.shot_slices, (FIRST, SECOND), strict=True):
        alone = motion_of(values)
        assert_same(moved[frames], relative_motion(source, alone, alone[:1]))
    # so that a shot which begins neutral begins as the source is
    assert_same(moved[4], source)


def test_one_neutral_frame_may_hold_for_all_shots():
    source, driving = motion_of([0.3]), joined(FIRST, SECOND)
    inputs = prepare_inputs(source, driving, DrivingOptions(), reference=driving[4])
    assert len(inputs.reference) == 1
    moved = move(inputs, DrivingOptions()).motion
    assert_same(moved, relative_motion(source, driving, driving[4]))


def test_nothing_is_smoothed_over_a_cut():
    whole = smooth_motion(joined(FIRST, SECOND), channels=("expression", "pose", "translation"))
    for frames, values in zip(whole.shot_slices, (FIRST, SECOND), strict=True):
        alone = smooth_motion(motion_of(values), channels=("expression", "pose", "translation"))
        assert_same(whole[frames], alone)


@pytest.mark.parametrize("of_source", [True, False])
def test_a_cut_of_the_source_or_of_the_driver_is_a_cut_of_the_result(of_source):
    source, driving = motion_of([0.0] * 7), motion_of([0.0] * 7)
    cut = torch.tensor([0, 0, 0, 0, 1, 1, 1])
    source, driving = (
        (source.describe(shot=cut), driving) if of_source else (source, driving.describe(shot=cut))
    )
    moved = relative_motion(source, driving, driving[:1])
    assert moved.shot_slices == (slice(0, 4), slice(4, 7))


@pytest.mark.parametrize("fps", [10, 24, 60])
def test_frames_of_two_shots_are_never_mixed(fps):
    driving = joined([0.0] * 5, [9.0] * 6)
    retimed = retime(driving, Fraction(fps))
    assert len(retimed) == int(11 * fps / 25)
    values = retimed.translation[:, 0] / 0.1
    torch.testing.assert_close(values, 9.0 * retimed.shot)
    assert retimed.shot.diff().tolist().count(1) == 1


def test_what_repeats_a_motion_repeats_its_shots():
    driving = joined(FIRST, SECOND)
    assert [part.start for part in extend(driving, 14, "loop").shot_slices] == [0, 4, 7, 11]
    assert [part.start for part in loop(driving, 2).shot_slices] == [0, 4, 7, 11]
    assert loop(driving, 2).reference is driving.reference


def test_a_mirrored_motion_has_a_mirrored_neutral_frame():
    driving = joined(FIRST, SECOND).describe(space=COMPACT_SPACE, reference=None)
    mirrored = mirror(driving.describe(reference=driving[torch.tensor([0, 4])]))
    assert_same(mirrored.reference, mirrored[torch.tensor([0, 4])])
