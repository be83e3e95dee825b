"""A region of one motion laid over another."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.config.spec import OptionError
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MotionSpaceError
from liveportrait_core.motion.edit import driving_expression, neutral_motion
from liveportrait_core.motion.layers import layer_motions
from liveportrait_core.motion.life import idle_motion
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.sequence import join_motions
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.tool_options import LayerOptions
from liveportrait_core.motion.transfer import relative_motion
from liveportrait_core.motion.types import Motion
from tests.support.motions import random_motion

VALUES = ("expression", "rotation", "pose_deg", "scale", "translation")
REGIONS = ("all", "expression", "pose", "lip", "eyes")
SPACES = (COMPACT_SPACE, HUMAN_SPACE)


def film(seed=1, frames=6, space=COMPACT_SPACE, **changes):
    return replace(random_motion(seed, frames, space), reference_frame=2, **changes)


def still(motion, frames=1):
    """A motion that stays at another one's neutral frame."""
    return own_reference(motion)[torch.zeros(frames, dtype=torch.long)].describe(
        reference_frame=0, reference=own_reference(motion), fps=motion.fps
    )


def same(one, other, atol=1e-5):
    for name in VALUES:
        tolerance = {"atol": 5e-4 if name == "pose_deg" else atol, "rtol": 0}
        assert_close(getattr(one, name), getattr(other, name), **tolerance, msg=name)


def mask(region, space=COMPACT_SPACE):
    return keypoint_space(space).expression_mask(region, masked=False)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("region", REGIONS)
def test_a_motion_laid_over_itself_is_itself(region, space):
    base = film(space=space)
    same(layer_motions(base, base, LayerOptions(region=region)), base)


@pytest.mark.parametrize("region", REGIONS)
def test_adding_a_motion_that_rests_changes_nothing(region):
    base = film()
    same(layer_motions(base, still(film(2), 6), LayerOptions(region=region, how="add")), base)


@pytest.mark.parametrize("region", REGIONS)
def test_in_place_of_a_motion_that_rests_the_base_rests(region):
    base, resting = film(), film(2)
    made = layer_motions(base, still(resting, 6), LayerOptions(region=region))
    neutral = own_reference(base)
    if region != "pose":  # the neutral face turns with the head
        turned = neutral.expression @ neutral.rotation.mT @ made.rotation
        wanted = torch.where(mask(region), turned, base.expression)
        assert_close(made.expression, wanted, atol=1e-6, rtol=0)
    if region in ("all", "pose"):
        assert_close(made.rotation, neutral.rotation.expand(6, 3, 3), atol=1e-5, rtol=0)
    else:
        assert torch.equal(made.rotation, base.rotation)


@pytest.mark.parametrize("how", ["replace", "add"])
@pytest.mark.parametrize("region", ["lip", "eyes", "pose", "expression"])
def test_outside_of_the_region_the_base_keeps_its_bits(region, how):
    base = film()
    made = layer_motions(base, film(2), LayerOptions(region=region, how=how))
    outside = ~mask(region).expand_as(base.expression)
    if region == "pose":
        in_head, as_before = (each.expression @ each.rotation.mT for each in (made, base))
        assert_close(in_head, as_before, atol=1e-6, rtol=0)
    else:
        assert torch.equal(made.expression[outside], base.expression[outside])
    kept = ("scale",) if region == "pose" else ("scale", "translation", "rotation", "pose_deg")
    for name in kept:
        assert torch.equal(getattr(made, name), getattr(base, name))
    assert torch.equal(made.canonical, base.canonical)


def test_layers_of_regions_apart_go_together_in_any_order():
    base, lips, eyes = film(1), film(2), film(3)
    lip, eye = LayerOptions(region="lip"), LayerOptions(region="eyes")
    one = layer_motions(layer_motions(base, lips, lip), eyes, eye)
    other = layer_motions(layer_motions(base, eyes, eye), lips, lip)
    same(one, other, atol=1e-6)


def human(seed):
    """A film whose expression does not turn with the head."""
    return film(seed, space=HUMAN_SPACE)


def human_face(seed):
    return random_motion(seed, 1, HUMAN_SPACE)


def test_a_source_is_moved_by_the_layer_as_by_the_two_alone():
    base, lips, source = (each(seed) for each, seed in ((human, 1), (human, 2), (human_face, 9)))
    made = layer_motions(base, lips, LayerOptions(region="lip"))
    driven = relative_motion(source, made, own_reference(made))
    by_base = relative_motion(source, base, own_reference(base))
    by_lips = relative_motion(source, lips, own_reference(lips))
    wanted = torch.where(mask("lip", HUMAN_SPACE), by_lips.expression, by_base.expression)
    assert_close(driven.expression, wanted, atol=1e-6, rtol=0)
    assert_close(driven.rotation, by_base.rotation)


def test_a_smile_added_to_a_film_is_the_smile_of_the_sliders():
    base = film()
    smile = driving_expression(neutral_motion(COMPACT_SPACE), Sliders(smile=0.5))
    made = layer_motions(base, smile, LayerOptions(region="expression", how="add"))
    travel = smile.expression - own_reference(smile).expression
    assert travel.abs().max() > 0.01
    assert_close(made.expression, base.expression + travel @ base.rotation, atol=1e-6, rtol=0)


def test_lips_open_along_the_axis_of_a_tilted_head():
    tilted = driving_expression(neutral_motion(COMPACT_SPACE), Sliders(roll_deg=15))
    still, turned = neutral_motion(COMPACT_SPACE), Sliders(roll_deg=15, lip_open=50)
    mouth = driving_expression(still, Sliders(lip_open=50))
    for how in ("replace", "add"):
        made = layer_motions(tilted, mouth, LayerOptions(region="lip", how=how))
        wanted = driving_expression(still, turned)
        assert_close(made.expression, wanted.expression, atol=1e-6, rtol=0)


def test_turns_add_up():
    base, turn = (
        driving_expression(neutral_motion(COMPACT_SPACE), Sliders(yaw_deg=angle))
        for angle in (12.0, -5.0)
    )
    made = layer_motions(base, turn, LayerOptions(region="pose", how="add"))
    assert_close(made.yaw_deg, torch.tensor([7.0]), atol=1e-4, rtol=0)
    replaced = layer_motions(base, turn, LayerOptions(region="pose"))
    assert_close(replaced.yaw_deg, torch.tensor([-5.0]), atol=1e-4, rtol=0)


def test_strength_goes_from_the_base_to_the_layer():
    base, over = film(1), film(2)
    none, half, full = (
        layer_motions(base, over, LayerOptions(region="all", strength=strength))
        for strength in (0, 0.5, 1)
    )
    same(none, base)
    assert_close(half.expression, (base.expression + full.expression) / 2)
    assert not torch.allclose(full.expression, base.expression, atol=1e-2)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [("hold", [0, 1, 2, 2, 2, 2]), ("loop", [0, 1, 2, 0, 1, 2]), ("bounce", [0, 1, 2, 1, 0, 1])],
)
def test_a_shorter_motion_goes_on(how, wanted):
    base, over = film(), film(2, 3)
    made = layer_motions(base, over, LayerOptions(when_shorter=how))
    by_rows = layer_motions(base, over[torch.tensor(wanted)].describe(reference=over[2]))
    same(made, by_rows, atol=1e-6)


def test_a_longer_motion_is_cut_and_another_rate_is_retimed():
    base = film(fps=Fraction(25))
    doubled = film(2, 40, fps=Fraction(50))
    made = layer_motions(base, doubled)
    every_other = doubled[:12:2].describe(reference=doubled[2], fps=Fraction(25))
    same(made, layer_motions(base, every_other), atol=1e-6)
    assert (len(made), made.fps) == (6, 25)


def test_a_base_of_one_frame_takes_length_and_rate():
    base = random_motion(1, 1, COMPACT_SPACE)
    idle = idle_motion(COMPACT_SPACE, IdleOptions(duration=1), Fraction(30))
    made = layer_motions(base, idle, LayerOptions(region="eyes"))
    assert (len(made), made.fps) == (30, 30)
    outside = ~mask("eyes")
    assert torch.equal(made.expression[:, outside], base.expression[:, outside].expand(30, -1))
    one = layer_motions(base, random_motion(2, 1, COMPACT_SPACE))
    assert len(one) == 1


def test_channels_that_it_lacks_stay_the_bases():
    base = film()
    over = film(2, absent=frozenset({"pose", "translation"}))
    made = layer_motions(base, over, LayerOptions(region="all"))
    assert torch.equal(made.rotation, base.rotation)
    assert torch.equal(made.translation, base.translation)
    assert not torch.allclose(made.expression, base.expression, atol=1e-2)


def test_channels_that_only_the_layer_has_are_there_afterwards():
    flat = neutral_motion(COMPACT_SPACE)[torch.zeros(6, dtype=torch.long)]
    base = replace(flat, absent=frozenset({"pose", "translation", "scale"}))
    over = film(2)
    made = layer_motions(base, over, LayerOptions(region="pose"))
    assert made.absent == {"scale"}
    source = random_motion(4, 1, COMPACT_SPACE)
    driven = relative_motion(source, made, own_reference(made))
    wanted = relative_motion(source, over, own_reference(over), region="pose")
    assert_close(driven.rotation, wanted.rotation, atol=1e-5, rtol=0)


def test_the_neutral_frame_of_each_shot_goes_along():
    shot = torch.tensor([0, 0, 1, 1, 1, 1])
    base = film(shot=shot, reference=random_motion(7, 2, COMPACT_SPACE))
    over = film(2, shot=torch.tensor([0, 0, 0, 0, 1, 1]), reference=random_motion(8))
    over = over.describe(reference=random_motion(8, 2, COMPACT_SPACE))
    made = layer_motions(base, over)
    assert made.shot.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.equal(made.reference.scale, base.reference.scale[[0, 1, 1]])
    same(layer_motions(base, base), base)


def test_openness_is_kept_where_the_region_does_not_move_it():
    base = film()
    made = {region: layer_motions(base, film(2), LayerOptions(region=region)) for region in REGIONS}
    for region, eyes, lip in (("pose", 1, 1), ("lip", 1, 0), ("eyes", 0, 1), ("all", 0, 0)):
        assert (made[region].eyes_open is not None) == bool(eyes)
        assert (made[region].lip_open is not None) == bool(lip)
    assert torch.equal(made["lip"].eyes_open, base.eyes_open)


@pytest.mark.parametrize("opening", [0.03, 0.12])
def test_a_blink_of_idle_motion_shuts_the_eyes_as_it_does_alone(opening):
    canonical = random_motion(3, 1, COMPACT_SPACE).canonical.clone()
    canonical[:, [9, 11]] = canonical[:, [8, 10]] + torch.tensor((0.0, opening, 0.0))
    upright = Motion.from_degrees(
        pose_deg=torch.zeros(6, 3),
        expression=torch.zeros(6, 21, 3),
        scale=torch.ones(6, 1),
        translation=torch.zeros(6, 3),
    )
    base = upright.describe(canonical=canonical.expand(6, -1, -1), space=COMPACT_SPACE)
    blink = driving_expression(neutral_motion(COMPACT_SPACE), Sliders(blink=-20))
    source = random_motion(4, 1, COMPACT_SPACE)
    for region in ("eyes", "lip"):
        made = layer_motions(base, blink, LayerOptions(region=region))
        assert (made.reference.canonical is None) == (region == "eyes")
    made = layer_motions(base, blink, LayerOptions(region="eyes"))
    driven = relative_motion(source, made, own_reference(made))
    alone = relative_motion(source, blink, own_reference(blink))
    assert_close(driven.expression[:1], alone.expression, atol=1e-6, rtol=0)


def test_whose_lips_it_has_says_whether_they_are_measured_from_shut_ones():
    film, speech = random_motion(1, 6), random_motion(2, 6).describe(from_shut_lips=True)

    def made(base, over, **options):
        return layer_motions(base, over, LayerOptions(**options)).from_shut_lips

    assert made(film, speech, region="lip")
    assert not made(film, speech, region="eyes")
    assert not made(film, speech, region="lip", how="add")
    assert not made(speech, film, region="all")
    assert made(speech, film, region="eyes")
    assert join_motions([speech, speech], 1).from_shut_lips
    assert not join_motions([speech, film], 1).from_shut_lips


def test_motion_of_another_space_is_refused():
    with pytest.raises(MotionSpaceError, match="'over' is of the keypoint space"):
        layer_motions(film(), film(space=HUMAN_SPACE))


@pytest.mark.parametrize("options", [{"region": "nose"}, {"how": "mix"}, {"strength": 1.5}])
def test_an_option_that_is_none_is_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        LayerOptions(**options)
