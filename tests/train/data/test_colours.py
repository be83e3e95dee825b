"""Colours of pairs: source and driving frame change alike, and some pairs have none."""

from dataclasses import replace

import pytest
import torch

from train.data.augment import GREY_PAIRS_SHARE, TONED_SHARE, YELLOWED_SHARE, augment_pairs
from train.data.batch import FrameBatch, PairBatch, PairTruth
from train.engine.draw import Draw

COUNT = 256
STEP = 0.03
"""Ratios of one tone spread by less than this, as bytes are whole numbers."""


@pytest.fixture(scope="module")
def pairs():
    source = torch.Generator().manual_seed(0)
    frames = FrameBatch(
        pixels=0.3 + 0.4 * torch.rand(COUNT, 3, 4, 4, generator=source),
        keypoints=torch.zeros(COUNT, 21, 3),
        pose_deg=torch.zeros(COUNT, 3),
        valid=torch.ones(COUNT, dtype=torch.bool),
    )
    truth = PairTruth(
        flow=torch.zeros(COUNT, 2, 2, 2),
        visible=torch.ones(COUNT, 1, 2, 2),
        source_regions=torch.ones(COUNT, 1, 2, 2),
        same_pose=torch.zeros(COUNT, dtype=torch.bool),
    )
    return PairBatch(source=frames, driving=frames, truth=truth)


@pytest.fixture(scope="module")
def changed(pairs):
    return augment_pairs(pairs, Draw.of(3, 0, 0))


def channel_ratios(image):
    """Red and blue over green of every pixel that is not clipped, as their spread per picture."""
    ratios = image[:, (0, 2)] / image[:, 1:2].clamp(min=1e-3)
    inside = ((image > 0.01) & (image < 0.99)).all(1, keepdim=True).expand_as(ratios)
    middle = (ratios * inside).sum((2, 3)) / inside.sum((2, 3)).clamp(min=1)
    spread = ((ratios - middle[..., None, None]).abs() * inside).amax((1, 2, 3))
    return middle, spread


def test_frames_that_were_alike_stay_alike(changed):
    assert torch.equal(changed.source.image, changed.driving.image)


def test_a_share_of_the_pairs_has_one_tone_and_a_share_of_those_is_not_grey(changed):
    middle, spread = channel_ratios(changed.source.image)
    one_tone = spread < STEP
    grey = one_tone & (middle == 1).all(1)
    assert one_tone.float().mean().item() == pytest.approx(GREY_PAIRS_SHARE, abs=0.08)
    toned = (one_tone & ~grey).sum() / one_tone.sum()
    assert toned.item() == pytest.approx(TONED_SHARE, abs=0.15)
    assert (middle[one_tone & ~grey] - torch.tensor([1.0, 1.0]))[:, 0].gt(0).all()  # warm
    assert (middle[one_tone & ~grey] - torch.tensor([1.0, 1.0]))[:, 1].lt(0).all()


def test_a_pair_is_coloured_by_itself_and_not_by_its_neighbours(pairs):
    two = augment_pairs(pairs[:2], Draw.of(3, 0, 0))
    four = augment_pairs(pairs[:4], Draw.of(3, 0, 0))
    assert torch.equal(four.source.image[:2], two.source.image)


def test_another_frame_of_a_grey_pair_is_grey_too(pairs):
    darker = replace(pairs.driving, pixels=pairs.driving.pixels * 0.8)
    found = augment_pairs(replace(pairs, driving=darker), Draw.of(3, 0, 0))
    tones = [channel_ratios(frames.image)[1] < STEP for frames in (found.source, found.driving)]
    assert torch.equal(*tones)


def test_a_share_of_the_pairs_is_yellowed_and_none_is_blued_as_far(pairs, changed):
    before, after = (channel_ratios(one.source.image)[0][:, 1] for one in (pairs, changed))
    spread = channel_ratios(changed.source.image)[1]
    coloured = spread >= STEP
    ratio = (after / before)[coloured]
    yellowed = (ratio < 0.6).float().mean().item()
    assert 0.3 * YELLOWED_SHARE < yellowed < 1.2 * YELLOWED_SHARE
    assert (ratio > 1 / 0.6).float().mean().item() < yellowed / 2
