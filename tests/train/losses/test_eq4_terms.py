"""Eq. 3 and 4, term by term, against values worked out by hand."""

import math

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.motion.regions import PUBLISHED_EYE_KEYPOINTS, PUBLISHED_LIP_KEYPOINTS
from liveportrait_core.motion.types import Motion
from train.data.augment import moved_frames
from train.data.batch import FrameBatch, PairBatch
from train.engine.draw import Draw
from train.losses.adversarial import (
    discriminator_least_squares,
    generator_least_squares,
    gradient_penalty,
)
from train.losses.identity import identity_distance
from train.losses.keypoints import (
    deformation_prior,
    head_pose_distance,
    keypoint_prior,
    landmark_guidance,
    wing,
)
from train.losses.paper_terms import GUIDED, PaperStep, PaperWeights, paper_terms
from train.losses.perceptual import activation_distance
from train.losses.terms import weighted_losses
from train.models.discriminators import CascadeDiscriminators
from train.models.pretrained.picture_features import PyramidDistance

COUNT, SIZE = 2, 32


def rand(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("difference", "cost"),
    # 10 ln(1 + d / 2) up to the knee at 10, then one for one
    [(0, 0), (2, 10 * math.log(2)), (-2, 10 * math.log(2)), (10, 17.917595), (13, 20.917595)],
)
def test_wing_is_a_logarithm_up_to_its_knee_and_straight_after(difference, cost):
    value = wing(torch.tensor(float(difference)), width=10.0, curvature=2.0)
    assert float(value) == pytest.approx(cost, abs=1e-5)


def test_wing_in_crop_units_is_that_of_pixels_of_256():
    pixels = torch.tensor([1.0, 9.0, 40.0])
    torch.testing.assert_close(wing(pixels / 128) * 128, wing(pixels, 10.0, 2.0))


def test_guidance_is_the_mean_over_the_points_of_both_frames():
    here, off = torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)
    off[0, 0, 0], off[0, 0, 2] = 2 / 128, 5.0  # one point, in x; depth is free
    # 10/128 ln 2 over 2 N = 4
    expected = 10 / 128 * math.log(2) / 4
    assert float(landmark_guidance(off, here, here, here)) == pytest.approx(expected)
    assert float(landmark_guidance(here, here, here, off)) == pytest.approx(expected)


def test_two_keypoints_that_are_too_near_pay_in_both_orders():
    near = torch.tensor([[[0.0, 0.0, 0.33], [0.2, 0.0, 0.33]]])
    # .1 - .2^2 = .06, twice
    assert float(keypoint_prior(near)) == pytest.approx(0.12)
    apart = torch.tensor([[[0.0, 0.0, 0.33], [0.0, 0.4, 0.33]]])
    assert float(keypoint_prior(apart)) == pytest.approx(0.0, abs=1e-7)


def test_keypoints_away_from_the_faces_depth_pay_for_their_mean():
    points = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.4, 0.2]]])
    # far apart; mean z is .1
    assert float(keypoint_prior(points)) == pytest.approx(0.23)


def test_deformation_is_its_mean_size():
    assert float(deformation_prior(torch.tensor([[[0.3, -0.1, 0.2]]]))) == pytest.approx(0.2)


def test_head_pose_is_the_mean_over_three_angles_of_each_face():
    found = torch.tensor([[3.0, 0.0, 0.0], [1.0, -2.0, 6.0]])
    assert head_pose_distance(found, torch.zeros(2, 3)).tolist() == [1.0, 3.0]


def test_least_squares_want_ones_and_zeros():
    half = torch.full((2, 1, 3, 3), 0.5)
    assert float(generator_least_squares(half)) == 0.25
    assert float(generator_least_squares(torch.ones(2, 1))) == 0.0
    assert float(discriminator_least_squares(half, half)) == 0.5
    assert float(discriminator_least_squares(torch.ones(2, 1), torch.zeros(2, 1))) == 0.0


def test_the_penalty_of_a_linear_critic_is_its_slope_from_one():
    slope = torch.tensor([3.0, 4.0], requires_grad=True)  # of length 5
    true, generated = rand(COUNT, 2, 1, 1), rand(COUNT, 2, 1, 1, seed=1)
    penalty = gradient_penalty(
        lambda picture: picture.flatten(1) @ slope[:, None], true, generated, rand(COUNT, 1, 1, 1)
    )
    assert float(penalty.detach()) == pytest.approx(16.0)
    penalty.backward()
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    torch.testing.assert_close(slope.grad, torch.tensor([4.8, 6.4]))


def test_identity_is_one_minus_the_cosine():
    ours, theirs = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    torch.testing.assert_close(
        identity_distance(ours * torch.tensor([[1.0], [1.0], [-1.0]]), theirs.expand(3, 2)),
        torch.tensor([0.0, 1.0, 2.0]),
    )


def test_activations_add_up_over_layers():
    ours, theirs = [torch.zeros(2, 3), torch.zeros(4)], [torch.full((2, 3), 0.5), torch.ones(4)]
    assert float(activation_distance(ours, theirs)) == 1.5


def test_the_guided_keypoints_are_ten_that_count_as_eyes_or_lip():
    assert len(GUIDED) == len(set(GUIDED.values())) == 10
    assert set(GUIDED) <= {*PUBLISHED_EYE_KEYPOINTS, *PUBLISHED_LIP_KEYPOINTS}
    lip = {C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER, C.INNER_UPPER_LIP, C.INNER_LOWER_LIP, C.LOWER_LIP}
    assert {keypoint for keypoint, mark in GUIDED.items() if mark in lip} <= {
        *PUBLISHED_LIP_KEYPOINTS
    }


def frames(seed, valid):
    return FrameBatch(
        pixels=rand(COUNT, 3, SIZE, SIZE, seed=seed),
        keypoints=rand(COUNT, 21, 3, seed=seed + 1) - 0.5,
        pose_deg=torch.full((COUNT, 3), 10.0),
        valid=torch.tensor(valid),
    )


def motion(pose_deg):
    return Motion.from_degrees(
        pose_deg=torch.full((COUNT, 3), pose_deg),
        expression=torch.full((COUNT, 21, 3), 0.02),
        scale=torch.ones(COUNT, 1),
        translation=torch.zeros(COUNT, 3),
    )


def a_step(valid=(True, True)):
    """A step whose moved keypoints are those of a perfect detector."""
    pairs = PairBatch(source=frames(0, valid), driving=frames(5, valid))
    moved = moved_frames(pairs.driving.image, Draw.of(0, 0, 0))
    points = [(rand(COUNT, 21, 3, seed=s) - 0.5).requires_grad_() for s in (8, 9)]
    zoom = torch.linalg.det(moved.linear).sqrt()[:, None, None]
    xy = points[1][..., :2] @ moved.linear + moved.shift[:, None]
    pictures = [
        {name: rand(COUNT, 3, SIZE, SIZE, seed=s) for name in ("global", "face", "lip")}
        for s in (20, 21)
    ]
    return PaperStep(
        pairs=pairs,
        source=motion(10.0),
        driving=motion(16.0),
        source_keypoints=points[0],
        driving_keypoints=points[1],
        moved_keypoints=torch.cat((xy, points[1][..., 2:] * zoom), 2),
        moved=moved,
        generated=pictures[0],
        true=pictures[1],
        discriminator_outputs=CascadeDiscriminators(1 / 16)(*pictures),
    )


def rows_of(step, **weights):
    return weighted_losses(paper_terms(PaperWeights(**weights), PyramidDistance(), "hinge"), step)


def test_every_term_of_eq_4_is_a_row_even_without_weight():
    nothing = dict.fromkeys(PaperWeights.__dataclass_fields__, 0.0)
    total, rows = rows_of(a_step(), **nothing)
    cascades = [f"{kind}_{part}" for kind in ("perceptual", "gan", "matching", "discriminator")
                for part in ("global", "face", "lip")]  # fmt: skip
    single = ["equivariance", "keypoint_prior", "head_pose", "deformation", "guide", "face_id"]
    assert set(rows) == {*single, *cascades}
    assert float(total.detach()) == 0.0
    assert all(
        float(rows[name].detach()) != 0 for name in rows if name not in ("equivariance", "face_id")
    )


def test_a_perfect_detector_pays_no_equivariance():
    _, rows = rows_of(a_step())
    assert float(rows["equivariance"]) == pytest.approx(0.0, abs=1e-6)


def test_pose_counts_for_both_frames_and_only_where_it_is_valid():
    # the source is right, the driving frame 6 degrees off: 3 in the mean
    assert float(rows_of(a_step())[1]["head_pose"]) == pytest.approx(3.0)
    assert float(rows_of(a_step((True, False)))[1]["head_pose"]) == pytest.approx(1.5)
    assert float(rows_of(a_step((False, False)))[1]["head_pose"]) == 0.0


def test_guidance_pulls_x_and_y_of_the_guided_keypoints_of_valid_faces():
    step = a_step((True, False))
    rows_of(step)[1]["guide"].backward()
    for points in (step.source_keypoints, step.driving_keypoints):
        pulled = points.grad.abs() > 0
        assert pulled[0, :, :2].all(1).nonzero()[:, 0].tolist() == sorted(GUIDED)
        assert not pulled[0, :, 2].any()
        assert not pulled[1].any()


def test_a_discriminator_whose_loss_weighs_nothing_does_not_learn():
    terms = {
        t.name: t.weight for t in paper_terms(PaperWeights(gan_lip=0), PyramidDistance(), "hinge")
    }
    assert terms["gan_lip"] == terms["matching_lip"] == terms["discriminator_lip"] == 0
    assert (terms["gan_face"], terms["matching_face"], terms["discriminator_face"]) == (1, 10, 1)


def test_a_penalty_comes_with_a_row_for_each_discriminator():
    weights = PaperWeights(gradient_penalty=10.0, gan_lip=0)
    terms = {t.name: t.weight for t in paper_terms(weights, PyramidDistance(), "hinge")}
    assert (terms["penalty_global"], terms["penalty_face"], terms["penalty_lip"]) == (10, 10, 0)


def test_a_weight_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"guide is -1\.0; a number from 0 up is expected"):
        PaperWeights(guide=-1.0)
