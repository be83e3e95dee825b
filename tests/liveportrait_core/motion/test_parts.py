"""Motions that carry the expression of some parts of the face."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.animation.drive import move
from liveportrait_core.animation.inputs import prepare_inputs
from liveportrait_core.constants import COMPACT_SPACE, FACE_PARTS, HUMAN_SPACE
from liveportrait_core.motion.change import change_motion
from liveportrait_core.motion.edit import blend, cleared, driving_expression, neutral_motion
from liveportrait_core.motion.layers import layer_motions
from liveportrait_core.motion.reference import own_reference, with_absolute
from liveportrait_core.motion.regions import KEYPOINT_SPACES, keypoint_space
from liveportrait_core.motion.rotation import rotation_from_degrees
from liveportrait_core.motion.sequence import join_motions
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.tool_options import ChangeOptions, ChannelGains, LayerOptions
from liveportrait_core.motion.transfer import absolute_motion, relative_motion
from liveportrait_core.motion.types import CHANNELS
from liveportrait_core.options import DrivingOptions
from tests.support.motions import random_motion

SPACES = (COMPACT_SPACE, HUMAN_SPACE)
HEAD = frozenset(CHANNELS) - {"expression"}
LIP = frozenset({"lip"})
VALUES = ("expression", "rotation", "pose_deg", "scale", "translation")


def mask(parts, space=HUMAN_SPACE):
    return keypoint_space(space).part_mask(parts)[:, 0]


def lips(seed=2, frames=6, space=HUMAN_SPACE, **changes):
    """Lips only; the other values are there, so that a reader of them is found out."""
    carried = {"parts": LIP, "absent": HEAD} | changes
    return replace(random_motion(seed, frames, space), **carried)


def driven_by(motion, source):
    return relative_motion(source, motion, own_reference(motion))


@pytest.mark.parametrize("space", KEYPOINT_SPACES)
def test_every_keypoint_belongs_to_one_part(space):
    counts = sum(mask({part}, space).int() for part in FACE_PARTS)
    assert counts.tolist() == [1] * 21
    assert not mask(set(), space).any()


@pytest.mark.parametrize("space", SPACES)
def test_lips_alone_move_the_lips_alone(space):
    source, motion = random_motion(1, space=space), lips(space=space)
    carried = mask(LIP, space)
    whole = replace(motion, parts=FACE_PARTS, absent=frozenset())
    wanted = {
        "relative": relative_motion(source, whole, whole[:1], region="lip"),
        "absolute": replace(source, expression=whole.expression),
    }
    made = {
        "relative": relative_motion(source, motion, motion[:1]),
        "absolute": absolute_motion(source, motion),
    }
    for mode, moved in made.items():
        lip = wanted[mode].expression[:, carried]
        assert torch.equal(moved.expression[:, carried], lip)
        assert (moved.expression[:, ~carried] == source.expression[:, ~carried]).all()
        assert torch.equal(moved.rotation, source.rotation.expand(6, 3, 3))
        assert moved.parts == FACE_PARTS


def test_a_source_that_lacks_an_expression_has_what_the_driver_carries():
    source = random_motion(1).describe(absent=frozenset({"expression"}))
    moved = driven_by(lips(), source)
    assert (moved.carried_parts, moved.absent) == (LIP, frozenset())


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_smoothing_leaves_what_only_the_source_carries(mode):
    source, motion = random_motion(1, 6), lips()
    options = DrivingOptions(motion=mode, smooth=True)
    moved = move(prepare_inputs(source, motion, options), options).motion
    carried = mask(LIP)
    assert torch.equal(moved.expression[:, ~carried], source.expression[:, ~carried])
    assert torch.equal(moved.rotation, source.rotation)
    assert not torch.equal(moved.expression[:, carried], source.expression[:, carried])


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("how", ["replace", "add"])
@pytest.mark.parametrize("region", ["all", "expression", "lip"])
def test_lips_over_a_film_are_a_layer_of_the_region_lip(space, how, region):
    film, motion = random_motion(1, 6, space), lips(space=space)
    whole = replace(cleared(motion), parts=FACE_PARTS, absent=frozenset())
    wanted = layer_motions(film, whole, LayerOptions(region="lip", how=how))
    made = layer_motions(film, motion, LayerOptions(region=region, how=how))
    for name in VALUES:
        assert torch.equal(getattr(made, name), getattr(wanted, name))
    assert torch.equal(made.eyes_open, film.eyes_open)
    assert made.lip_open is None
    assert (made.parts, made.absent) == (FACE_PARTS, frozenset())


def test_a_layer_of_a_part_that_is_not_carried_changes_nothing():
    film = random_motion(1, 6)
    made = layer_motions(film, lips(), LayerOptions(region="eyes"))
    for name in (*VALUES, "eyes_open", "lip_open"):
        assert torch.equal(getattr(made, name), getattr(film, name))


def test_brows_over_lips_carry_both():
    brows = lips(3, parts=frozenset({"brows"}))
    made = layer_motions(lips(), brows, LayerOptions(region="all"))
    assert made.parts == made.reference.parts == {"lip", "brows"}
    assert made.absent == HEAD
    source = random_motion(1)
    moved = driven_by(made, source)
    for motion in (lips(), brows):
        carried, alone = mask(motion.parts), driven_by(motion, source)
        assert_close(moved.expression[:, carried], alone.expression[:, carried])


def test_what_only_some_joined_motions_carry_rests_in_the_others():
    film, motion, source = random_motion(1, 6), lips(), random_motion(9)
    for parts, rests in (((film, motion), slice(6, None)), ((motion, film), slice(6))):
        moved = driven_by(join_motions(parts, 0), source)
        rows = moved.expression[rests][:, ~mask(LIP)]
        first = rows[:1].expand_as(rows)
        assert torch.equal(rows, first)
        assert torch.equal(moved.rotation[rests], moved.rotation[rests][:1].expand(6, 3, 3))
    joined = join_motions([motion, lips(3, parts=frozenset({"brows"}))], 2)
    assert joined.parts == joined.reference.parts == {"lip", "brows"}
    assert joined.absent == HEAD


def test_a_blend_takes_what_only_one_carries_from_that_one():
    film, motion = random_motion(1, 6), lips()
    carried = mask(LIP)
    for mixed in (blend(film, motion, 0.5), blend(motion, film, 0.5)):
        assert mixed.parts == FACE_PARTS
        assert not mixed.absent
        assert_close(mixed.expression[:, ~carried], film.expression[:, ~carried])
        assert_close(mixed.rotation, film.rotation, atol=1e-6, rtol=0)
        half = (film.expression + motion.expression)[:, carried] / 2
        assert_close(mixed.expression[:, carried], half)


def test_sliders_are_carried_by_a_motion_that_had_only_lips():
    source, motion = random_motion(1), lips()
    made = driving_expression(motion, Sliders(blink=-20, yaw_deg=5))
    turned = rotation_from_degrees(*torch.tensor([[0.0], [5.0], [0.0]])) @ source.rotation
    assert made.parts >= {"lip", "eyes"}
    assert made.absent == {"translation", "scale"}
    moved = driven_by(made, source)
    assert_close(moved.rotation, turned.expand(6, 3, 3))
    by_sliders = driving_expression(neutral_motion(HUMAN_SPACE), Sliders(blink=-20, yaw_deg=5))
    wanted = driven_by(by_sliders, source).expression.expand(6, 21, 3)
    assert_close(moved.expression[:, mask({"eyes"})], wanted[:, mask({"eyes"})])
    assert driving_expression(motion, Sliders()).parts == LIP


@pytest.mark.parametrize("name", ["retimed", "mirrored", "trimmed", "looped", "smoothed"])
def test_a_changed_motion_carries_the_same(name):
    options = {
        "retimed": ChangeOptions(fps=Fraction(30)),
        "mirrored": ChangeOptions(mirror=True),
        "trimmed": ChangeOptions(duration=0.1),
        "looped": ChangeOptions(times=2, crossfade=2),
        "smoothed": ChangeOptions(smooth="one-euro"),
    }[name]
    motion = lips(space=COMPACT_SPACE, absolute=LIP)
    made = change_motion(motion, options)
    assert (made.parts, made.absent, made.absolute) == (LIP, HEAD, LIP)
    head = random_motion(2, 6, COMPACT_SPACE).describe(absent=frozenset({"expression"}))
    made = change_motion(head, options)
    assert (made.parts, made.absent) == (FACE_PARTS, {"expression"})


def test_absolute_lips_are_louder_about_a_neutral_mouth():
    motion, source = lips(absolute=LIP), random_motion(1)
    loud = change_motion(motion, ChangeOptions(gains=ChannelGains(gain_expression=2)))
    neutral = keypoint_space(HUMAN_SPACE).neutral_expression(torch.zeros(()))
    wanted = (neutral + 2 * (motion.expression - neutral))[:, mask(LIP)]
    assert_close(driven_by(loud, source).expression[:, mask(LIP)], wanted)


@pytest.mark.parametrize("absolute", [LIP, frozenset({"expression"})])
def test_absolute_lips_over_a_film_stay_as_they_are(absolute):
    film, source = random_motion(1, 6), random_motion(9)
    motion = lips(absolute=absolute)
    made = layer_motions(film, motion)
    assert made.absolute == LIP
    moved, carried = driven_by(made, source), mask(LIP)
    assert torch.equal(moved.expression[:, carried], motion.expression[:, carried])
    by_film = driven_by(film, source).expression[:, ~carried]
    assert_close(moved.expression[:, ~carried], by_film)


def test_absolute_lips_that_are_mixed_count_from_a_neutral_mouth():
    film, motion, source = random_motion(1, 6), lips(absolute=LIP), random_motion(9)
    carried = mask(LIP)
    neutral = keypoint_space(HUMAN_SPACE).neutral_expression(torch.zeros(()))
    travel = (motion.expression - neutral)[:, carried]
    film_travel = (film.expression - film.expression[:1])[:, carried]
    options = {
        LayerOptions(strength=0.25): 0.75 * film_travel + 0.25 * travel,
        LayerOptions(how="add"): film_travel + travel,
    }
    for chosen, wanted in options.items():
        made = layer_motions(film, motion, chosen)
        assert not made.absolute
        moved = driven_by(made, source).expression - source.expression
        assert_close(moved[:, carried], wanted)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("how", ["replace", "add"])
@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
def test_what_only_the_top_carries_goes_as_far_as_the_strength(space, how, strength):
    source, film = random_motion(9, space=space), random_motion(1, 6, space)
    options = LayerOptions(region="all", how=how, strength=strength)
    made = layer_motions(lips(space=space), film, options)
    moved, whole = driven_by(made, source), driven_by(film, source)
    assert_close(moved.translation, torch.lerp(source.translation, whole.translation, strength))
    assert_close(moved.scale, torch.lerp(source.scale, whole.scale, strength))
    rest, wanted = ~mask(LIP, space), torch.lerp(source.expression, whole.expression, strength)
    if space == HUMAN_SPACE:  # of keypoints with names the expression turns with the head
        assert_close(moved.expression[:, rest], wanted[:, rest])
    if strength == 0:
        assert_close(moved.expression, driven_by(lips(space=space), source).expression)
        assert_close(moved.rotation, source.rotation.expand(6, -1, -1))


def test_a_film_over_absolute_lips_is_relative_and_added_it_is_not():
    film, motion, source = random_motion(1, 6), lips(absolute=LIP), random_motion(9)
    carried = mask(LIP)
    replaced = layer_motions(motion, film)
    assert not replaced.absolute
    wanted = driven_by(film, source).expression[:, carried]
    assert_close(driven_by(replaced, source).expression[:, carried], wanted)
    added = layer_motions(motion, film, LayerOptions(how="add"))
    assert added.absolute == LIP
    sums = motion.expression + film.expression - film.expression[:1]
    assert_close(driven_by(added, source).expression[:, carried], sums[:, carried])


def test_joined_lips_are_absolute_where_all_are():
    one, two, source = lips(2, absolute=LIP), lips(3, absolute=LIP), random_motion(9)
    carried = mask(LIP)
    joined = join_motions([one, two], 0)
    assert joined.absolute == LIP
    both = torch.cat((one.expression, two.expression))[:, carried]
    assert_close(driven_by(joined, source).expression[:, carried], both)
    mixed = join_motions([one, lips(3)], 0)
    assert not mixed.absolute
    neutral = keypoint_space(HUMAN_SPACE).neutral_expression(torch.zeros(()))
    moved = driven_by(mixed, source).expression[:6] - source.expression
    assert_close(moved[:, carried], (one.expression - neutral)[:, carried])


def test_fewer_absolute_parts_are_those_that_were_named():
    motion = random_motion(1, 2).describe(absolute=frozenset({"expression"}))
    fewer = with_absolute(motion, {"lip"})
    assert fewer.absolute == LIP
    neutral = keypoint_space(HUMAN_SPACE).neutral_expression(torch.zeros(()))
    assert torch.equal(fewer.reference.expression[0], neutral)
    assert with_absolute(fewer, FACE_PARTS) is fewer
