from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.config.fields import spec_of, specs_of
from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE, CompactKeypoint
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.edit import (
    apply_expression,
    blend,
    extend,
    fit,
    loop,
    mirror,
    neutral_motion,
    retime,
)
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.sliders import expression_offset
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.motion.types import Motion
from tests.support.motions import random_motion

SPACES = (HUMAN_SPACE, ANIMAL_SPACE, COMPACT_SPACE)
SLIDERS = [spec.name for spec in specs_of(Sliders)]
FACE_SLIDERS = [name for name in SLIDERS if name != "zoom" and not name.endswith("_deg")]
C = CompactKeypoint


@pytest.mark.parametrize("space", SPACES)
def test_sliders_at_rest_change_nothing(space):
    assert not expression_offset(Sliders(), space).any()
    face = random_motion(1, 3, space)
    edited = apply_expression(face, Sliders())
    assert torch.equal(transform_keypoints(edited), transform_keypoints(face))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", FACE_SLIDERS)
def test_every_slider_moves_something_and_not_far(space, name):
    spec = spec_of(Sliders, name)
    for value in (spec.minimum, spec.maximum):
        if value:
            offset = expression_offset(Sliders(**{name: value}), space)
            assert 0.002 < float(offset.abs().max()) < 0.2


def test_every_slider_has_a_range():
    assert set(SLIDERS) == set(Sliders.__dataclass_fields__)
    assert all(spec.minimum < spec.maximum for spec in specs_of(Sliders))


def test_a_compact_blink_brings_the_lids_together():
    offset = expression_offset(Sliders(blink=-20), COMPACT_SPACE)
    for upper, lower in ((C.LEFT_UPPER_LID, C.LEFT_LOWER_LID), (C.RIGHT_UPPER_LID, 11)):
        assert float(offset[lower, 1] - offset[upper, 1]) == pytest.approx(-0.05)


def nose_and_irises(sliders: Sliders):
    """Where they go, (2,) x and y each, on a face whose nose stands out and whose eyes are high."""
    canonical = torch.zeros(1, 21, 3)
    canonical[0, C.NOSE_TIP] = torch.tensor((0.0, 0.0, -0.3))
    canonical[0, C.LEFT_IRIS] = torch.tensor((-0.2, -0.2, -0.1))
    canonical[0, C.RIGHT_IRIS] = torch.tensor((0.2, -0.2, -0.1))
    face = neutral_motion(COMPACT_SPACE).describe(canonical=canonical)
    still, moved = (
        transform_keypoints(apply_expression(face, each))[0, :, :2] for each in (Sliders(), sliders)
    )
    return (moved - still)[[C.NOSE_TIP, C.LEFT_IRIS, C.RIGHT_IRIS]]


@pytest.mark.parametrize("sign", [-1, 1])
def test_positive_sliders_go_where_their_help_says(sign):
    (x, _), *_ = sign * nose_and_irises(Sliders(yaw_deg=20 * sign))
    assert x < -0.05  # the image's left
    (_, y), *_ = sign * nose_and_irises(Sliders(pitch_deg=15 * sign))
    assert y > 0.05  # down
    _, (_, left), (_, right) = sign * nose_and_irises(Sliders(roll_deg=15 * sign))
    assert left < -0.02 < 0.02 < right  # clockwise
    assert (sign * nose_and_irises(Sliders(shift_x=0.1 * sign))[:, 0] < -0.05).all()
    assert (sign * nose_and_irises(Sliders(shift_y=0.1 * sign))[:, 1] > 0.05).all()
    _, left, right = sign * nose_and_irises(Sliders(gaze_x=20 * sign, gaze_y=40 * sign))
    assert min(left[0], right[0]) > 0.01
    assert max(left[1], right[1]) < -0.01
    mouth = sign * expression_offset(Sliders(pout=0.09 * sign), COMPACT_SPACE)
    assert (mouth[C.LEFT_LIP_CORNER : C.CHIN, 0] > 0.05).all()


def test_a_compact_wink_shuts_one_eye():
    offset = expression_offset(Sliders(wink=39), COMPACT_SPACE)
    assert float(offset[C.LEFT_UPPER_LID, 1]) > 0.04
    assert not offset[C.RIGHT_UPPER_LID].any()


def test_compact_gaze_looks_right_and_up():
    offset = expression_offset(Sliders(gaze_x=30, gaze_y=63), COMPACT_SPACE)
    assert (offset[[C.LEFT_IRIS, C.RIGHT_IRIS], 0] > 0.03).all()
    assert (offset[[C.LEFT_IRIS, C.RIGHT_IRIS], 1] < -0.03).all()


def test_a_compact_smile_pulls_the_corners_out_and_up():
    offset = expression_offset(Sliders(smile=1), COMPACT_SPACE)
    assert offset[C.LEFT_LIP_CORNER, 0] < 0 < offset[C.RIGHT_LIP_CORNER, 0]
    assert (offset[[C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER], 1] < 0).all()


def test_an_open_compact_mouth_drops_the_jaw():
    offset = expression_offset(Sliders(lip_open=120), COMPACT_SPACE)
    assert_close(offset[[C.INNER_LOWER_LIP, C.LOWER_LIP, C.CHIN], 1], torch.full((3,), 0.15))


def test_compact_offsets_turn_with_the_head():
    profile = Motion.from_degrees(
        pose_deg=torch.tensor([[0.0, 0.0, 90.0]]),
        expression=torch.zeros(1, 21, 3),
        scale=torch.ones(1, 1),
        translation=torch.zeros(1, 3),
    ).describe(space=COMPACT_SPACE)
    edited = apply_expression(profile, Sliders(lip_open=120))
    # a head lying on its side opens its mouth sideways
    assert float(edited.expression[0, C.CHIN, 0].abs()) == pytest.approx(0.15, abs=1e-6)
    assert float(edited.expression[0, C.CHIN, 1]) == pytest.approx(0.0, abs=1e-6)


def test_pose_and_zoom_are_added():
    face = random_motion(1, 2)
    edited = apply_expression(face, Sliders(yaw_deg=7, zoom=1.1))
    assert_close(edited.yaw_deg, face.yaw_deg + 7)
    assert_close(edited.scale, face.scale * 1.1)
    assert not torch.equal(edited.rotation, face.rotation)


@pytest.mark.parametrize(
    ("name", "value"), [("smile", float("nan")), ("zoom", 0.0), ("smile", 1.31), ("blink", -21)]
)
def test_a_slider_that_is_no_use_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Sliders(**{name: value})


@pytest.mark.parametrize(("weight", "which"), [(0.0, 0), (1.0, 1)])
def test_a_blend_ends_at_its_two_motions(weight, which):
    pair = random_motion(1, 4), random_motion(2, 4)
    mixed = blend(*pair, weight)
    for name in ("expression", "scale", "translation", "rotation", "pose_deg"):
        assert_close(getattr(mixed, name), getattr(pair[which], name), atol=1e-5, rtol=0)


def test_half_way_between_two_turns_is_half_the_turn():
    turned = [
        replace(random_motion(1), **_pose(torch.tensor([[0.0, yaw, 0.0]]))) for yaw in (-10.0, 30.0)
    ]
    assert_close(blend(*turned, 0.5).yaw_deg, torch.tensor([10.0]), atol=1e-3, rtol=0)


def _pose(pose_deg: torch.Tensor) -> dict[str, torch.Tensor]:
    zeros = torch.zeros(1, 21, 3)
    turned = Motion.from_degrees(
        pose_deg=pose_deg, expression=zeros, scale=torch.ones(1, 1), translation=torch.zeros(1, 3)
    )
    return {"pose_deg": turned.pose_deg, "rotation": turned.rotation}


def test_a_blend_of_different_spaces_is_refused():
    with pytest.raises(MotionSpaceError):
        blend(random_motion(1), random_motion(1, space=ANIMAL_SPACE), 0.5)


def test_retiming_keeps_the_seconds():
    clip = replace(random_motion(1, 30), fps=Fraction(30))
    assert len(retime(clip, 60)) == 60
    assert len(retime(clip, 10)) == 10
    assert len(retime(clip, Fraction(30000, 1001))) == 29  # 1 s holds 29.97 frames
    assert retime(clip, 30) is clip


def test_retiming_to_twice_the_rate_and_back_gives_the_clip_back():
    clip = replace(random_motion(1, 12), fps=Fraction(24), reference_frame=5)
    back = retime(retime(clip, 48), 24)
    assert back.reference_frame == 5
    assert_close(back.expression, clip.expression)
    assert_close(back.rotation, clip.rotation, atol=1e-5, rtol=0)


def test_new_frames_lie_between_old_ones():
    clip = replace(random_motion(1, 2), fps=Fraction(25))
    doubled = retime(clip, 50)
    assert_close(doubled.expression[1], clip.expression.mean(0))


def test_a_frame_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="frame rate is 0"):
        retime(random_motion(1, 3), 0)


def test_a_loop_repeats():
    clip = random_motion(1, 5)
    repeated = loop(clip, 3)
    assert len(repeated) == 15
    assert torch.equal(repeated.expression[5:10], clip.expression)


def test_a_crossfaded_loop_has_no_jump():
    clip = random_motion(1, 8)
    ramp = torch.linspace(0, 1, 8)[:, None].expand(8, 1)
    repeated = loop(replace(clip, scale=1 + ramp), 2, crossfade=4)
    assert len(repeated) == 2 * (8 - 4)
    assert float(repeated.scale.diff(dim=0).abs().max()) < 0.5  # the bare seam jumps by 1


def numbered(frames, **changes):
    """A motion whose frame k has scale k."""
    clip = random_motion(1, frames)
    return replace(clip, scale=torch.arange(float(frames))[:, None], **changes)


def order(motion):
    return motion.scale[:, 0].int().tolist()


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("hold", [0, 1, 2, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0, 1]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2, 1]),
    ],
)
def test_a_short_motion_goes_on(how, wanted):
    assert order(extend(numbered(3), 8, how)) == wanted


@pytest.mark.parametrize("how", ["hold", "loop", "bounce"])
def test_a_motion_of_one_frame_stays_at_it(how):
    assert order(extend(numbered(1), 4, how)) == [0, 0, 0, 0]


@given(
    frames=st.integers(1, 9),
    num_frames=st.integers(-2, 40),
    how=st.sampled_from(["hold", "loop", "bounce"]),
    reference=st.integers(0, 8),
)
def test_an_extended_motion_begins_like_the_motion_and_repeats_its_frames(
    frames, num_frames, how, reference
):
    validity = torch.arange(float(frames)) / frames
    clip = numbered(frames, validity=validity, reference_frame=min(reference, frames - 1))
    longer = extend(clip, num_frames, how)
    assert len(longer) == max(frames, num_frames)
    assert longer.reference_frame == clip.reference_frame
    taken = order(longer)
    assert taken[:frames] == list(range(frames))
    for name in ("expression", "rotation", "pose_deg", "validity", "eyes_open", "lip_open"):
        assert torch.equal(getattr(longer, name), getattr(clip, name)[taken])


@given(frames=st.integers(2, 9), num_frames=st.integers(1, 40))
def test_a_bounce_never_jumps_and_never_stands(frames, num_frames):
    taken = order(extend(numbered(frames), num_frames, "bounce"))
    assert {abs(b - a) for a, b in pairwise(taken)} <= {1}


@given(
    frames=st.integers(1, 6),
    lengths=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    how=st.sampled_from(["hold", "loop", "bounce"]),
)
def test_a_longer_extension_begins_like_a_shorter_one(frames, lengths, how):
    shorter, longer = sorted(lengths)
    few, many = (order(extend(numbered(frames), n, how)) for n in (shorter, longer))
    assert many[: len(few)] == few


def test_a_motion_that_is_long_enough_is_left_as_it_is():
    clip = numbered(4)
    assert extend(clip, 4, "loop") is clip
    assert extend(clip, 2, "hold") is clip


def test_a_motion_without_frames_cannot_be_extended():
    with pytest.raises(ValueError, match="0 frames; 1 or more"):
        extend(numbered(2)[:0], 3, "hold")


def test_an_unknown_way_to_go_on_is_named():
    with pytest.raises(ValueError, match="'mirror'; one of hold, loop, bounce is expected"):
        extend(numbered(2), 3, "mirror")


def test_a_mirror_image_twice_is_the_face():
    face = random_motion(1, 3, COMPACT_SPACE)
    twice = mirror(mirror(face))
    assert_close(transform_keypoints(twice), transform_keypoints(face))
    assert_close(twice.pose_deg, face.pose_deg)


def test_a_mirrored_face_is_the_mirrored_keypoints():
    face = random_motion(1, 3, COMPACT_SPACE)
    keypoints = transform_keypoints(mirror(face))
    original = transform_keypoints(face)
    assert_close(keypoints[:, C.LEFT_IRIS, 0], -original[:, C.RIGHT_IRIS, 0])
    assert_close(keypoints[:, C.CHIN, 1:], original[:, C.CHIN, 1:])
    derived = Motion.from_rotation(
        rotation=mirror(face).rotation,
        expression=face.expression,
        scale=face.scale,
        translation=face.translation,
    )
    assert_close(derived.pose_deg, mirror(face).pose_deg, atol=1e-3, rtol=0)


def test_motion_without_sides_cannot_be_mirrored():
    with pytest.raises(MotionSpaceError, match="no sides"):
        mirror(random_motion(1))


@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
def test_a_slider_with_a_value_for_each_frame_is_that_value_in_its_frame(space):
    values = {"gaze_x": [-8.0, 0.0, 8.0], "yaw_deg": [10.0, 0.0, -5.0], "zoom": [1.0, 1.1, 0.9]}
    tracks = {name: torch.tensor(track) for name, track in values.items()}
    frames = extend(neutral_motion(space), 3, "hold")
    whole = apply_expression(frames, tracks)
    for index in range(3):
        alone = {name: track[index] for name, track in values.items()}
        expected = apply_expression(frames[index], alone)
        torch.testing.assert_close(whole[index].expression, expected.expression)
        torch.testing.assert_close(whole[index].rotation, expected.rotation)
        torch.testing.assert_close(whole[index].scale, expected.scale)


@pytest.mark.parametrize("reference", [0, 2, 7])
def test_a_crossfaded_loop_keeps_its_neutral_frame(reference):
    clip = replace(random_motion(1, 8), reference_frame=reference)
    repeated = loop(clip, 2, crossfade=3)
    assert torch.equal(repeated.reference.expression, clip.expression[reference : reference + 1])
    assert repeated.reference_frame == 0


@pytest.mark.parametrize(("fps", "num_frames", "wanted"), [(25, 3, 3), (25, 9, 9), (50, 30, 30)])
def test_a_motion_fits_another(fps, num_frames, wanted):
    fitted = fit(numbered(6), Fraction(fps), num_frames, "loop")
    assert (len(fitted), fitted.fps) == (wanted, fps)
    if fps == 25:
        assert order(fitted) == [0, 1, 2, 3, 4, 5, 0, 1, 2][:num_frames]
