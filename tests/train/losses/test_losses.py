import math

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from train.losses.flow import flow_distance, masked_cross_entropy
from train.losses.keypoints import (
    gaze,
    heat_map_cross_entropy,
    keypoint_distance,
    lid_and_lip_gaps,
    motion_distance,
)
from train.losses.perceptual import feature_distance, pyramid_distance
from train.losses.terms import LossTerm, weighted_losses
from train.metrics.image import edit_ratio, psnr_db
from train.metrics.motion_errors import correlation


def test_depth_counts_less():
    truth = torch.zeros(1, 21, 3)
    sideways, deeper = truth.clone(), truth.clone()
    sideways[..., 0], deeper[..., 2] = 1.0, 1.0
    assert float(keypoint_distance(sideways, truth)) == pytest.approx(1 / 3)
    assert float(keypoint_distance(deeper, truth)) == pytest.approx(0.4 / 3)


def test_heat_maps_at_the_truth_cost_least():
    truth = torch.zeros(1, 21, 3)
    flat = torch.zeros(1, 21, 64, 64).flatten(2).log_softmax(-1).unflatten(-1, (64, 64))
    peak = torch.zeros(1, 21, 64, 64)
    peak[:, :, 31:33, 31:33] = 8.0
    peak = peak.flatten(2).log_softmax(-1).unflatten(-1, (64, 64))
    # a flat map costs the log of its number of cells, summed over 21 keypoints
    assert float(heat_map_cross_entropy(flat, truth)) == pytest.approx(math.log(64 * 64), rel=1e-4)
    assert heat_map_cross_entropy(peak, truth) < heat_map_cross_entropy(flat, truth)


def test_gaze_is_the_iris_against_its_corners():
    keypoints = torch.zeros(1, 21, 3)
    keypoints[0, C.LEFT_EYE_OUTER, 0], keypoints[0, C.LEFT_EYE_INNER, 0] = -0.3, -0.1
    keypoints[0, C.LEFT_IRIS, 0] = -0.15
    torch.testing.assert_close(gaze(keypoints)[0, 0], torch.tensor([0.05, 0.0]))


def test_gaps_are_distances():
    keypoints = torch.zeros(1, 21, 3)
    keypoints[0, C.LEFT_UPPER_LID, 1] = -0.04
    keypoints[0, C.RIGHT_LIP_CORNER, 0] = 0.3
    torch.testing.assert_close(lid_and_lip_gaps(keypoints)[0], torch.tensor([0.04, 0.0, 0.0, 0.3]))


def test_motion_distance_counts_an_opening_in_three_ways():
    truth = torch.zeros(1, len(C), 3)
    found = truth.clone()
    found[0, C.INNER_LOWER_LIP, 1] = 0.3
    keypoints = 0.3 / (3 * len(C))  # one of 21 points, one of three axes
    gaps = 2 * 0.3 / 4  # twice one of four gaps
    assert float(motion_distance(found, truth)) == pytest.approx(keypoints + gaps)
    found[0, C.LEFT_IRIS, 0] = 0.1
    keypoints += 2.5 * 0.1 / (3 * len(C))
    gaze_change = 2 * 0.1 / 4  # twice one of four coordinates
    wanted = keypoints + gaps + gaze_change
    assert float(motion_distance(found, truth)) == pytest.approx(wanted)


def test_a_constant_error_costs_its_size_on_every_level():
    truth, image = torch.zeros(2, 3, 16, 16), torch.full((2, 3, 16, 16), 0.1)
    # pixels 1.5 + 1 + 1 + 1 times .1; no gradients differ
    assert float(pyramid_distance(image, truth, torch.ones(2, 1, 16, 16))) == pytest.approx(0.45)


def test_weights_take_their_share_from_the_rest():
    truth, image = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    image[..., :8] = 0.2
    weights = torch.ones(1, 1, 16, 16)
    plain = pyramid_distance(image, truth, weights)
    weights[..., :8] = 9.0
    assert pyramid_distance(image, truth, weights) > plain


def test_flow_distance_is_a_weighted_mean():
    flow, truth = torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2)
    flow[0, 0, 0, 0] = 0.4
    weights = torch.ones(1, 1, 2, 2)
    weights[0, 0, 0, 0] = 5.0
    assert float(flow_distance(flow, truth, weights)) == pytest.approx(0.4 * 5 / 8)


def test_masked_samples_do_not_count():
    logit = torch.tensor([5.0, -5.0]).view(2, 1, 1, 1)
    target = torch.ones(2, 1, 1, 1)
    mask = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1)
    # half of -log(sigmoid(5)): the other sample is out
    assert float(masked_cross_entropy(logit, target, mask)) == pytest.approx(
        0.0067153 / 2, abs=1e-6
    )
    assert float(masked_cross_entropy(logit, target, torch.zeros_like(mask))) == 0.0


def test_a_weight_of_zero_still_logs():
    terms = (LossTerm("a", 2.0, lambda x: x), LossTerm("b", 0.0, lambda x: x * 10))
    total, values = weighted_losses(terms, torch.tensor(3.0))
    assert float(total) == 6.0
    assert float(values["b"]) == 30.0


def test_psnr_of_a_tenth_is_twenty():
    image, truth = torch.full((1, 3, 4, 4), 0.6), torch.full((1, 3, 4, 4), 0.5)
    assert float(psnr_db(image, truth)) == pytest.approx(20.0, abs=1e-4)


def test_edit_ratio_runs_from_reached_to_copied():
    source, truth = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    weights = torch.ones(1, 1, 4, 4)
    assert float(edit_ratio(truth, source, truth, weights)) == 0.0
    assert float(edit_ratio(source, source, truth, weights)) == 1.0


def test_correlation_is_blind_to_scale():
    x = torch.tensor([0.0, 1.0, 2.0])
    assert correlation(3 * x + 1, x) == pytest.approx(1.0)
    assert correlation(-x, x) == pytest.approx(-1.0)


def test_feature_distance_is_relative_to_the_truths_size():
    truth, found = [torch.full((1, 2, 2, 2), 4.0)], [torch.full((1, 2, 2, 2), 3.0)]
    assert float(feature_distance(found, truth)) == pytest.approx(0.25)
