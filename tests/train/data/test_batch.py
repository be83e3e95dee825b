"""The one type of batches: parts, joins, and what is missing in some of them."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data.batch import FrameBatch, PairBatch, PairTruth, concatenate

COUNTS = st.lists(st.integers(1, 3), min_size=1, max_size=4)


def frames(count, seed=0):
    source = torch.Generator().manual_seed(seed)
    return FrameBatch(
        pixels=torch.rand(count, 3, 4, 4, generator=source),
        keypoints=torch.rand(count, 21, 3, generator=source),
        pose_deg=torch.rand(count, 3, generator=source),
        valid=torch.rand(count, generator=source) > 0.5,
        canonical=torch.rand(count, 21, 3, generator=source),
    )


def pairs(count, seed=0):
    source = torch.Generator().manual_seed(seed + 50)
    truth = PairTruth(
        flow=torch.rand(count, 2, 2, 2, generator=source),
        visible=torch.rand(count, 1, 2, 2, generator=source),
        source_regions=torch.ones(count, 1, 2, 2),
        same_pose=torch.zeros(count, dtype=torch.bool),
    )
    return PairBatch(source=frames(count, seed), driving=frames(count, seed + 1), truth=truth)


def tensors_of(batch):
    names = ("image", "keypoints", "pose_deg", "valid", "canonical")
    of_frames = [getattr(f, name) for f in (batch.source, batch.driving) for name in names]
    names = ("flow", "visible", "source_regions", "same_pose")
    return of_frames + [getattr(batch.truth, name) for name in names]


@settings(max_examples=20, deadline=None)
@given(COUNTS)
def test_the_parts_of_a_joined_batch_are_what_was_joined(counts):
    parts = [pairs(count, seed) for seed, count in enumerate(counts)]
    whole, first = concatenate(parts), 0
    assert len(whole) == sum(counts)
    for part in parts:
        found = whole[first : first + len(part)]
        first += len(part)
        for ours, theirs in zip(tensors_of(found), tensors_of(part), strict=True):
            assert torch.equal(ours, theirs)


def test_what_one_part_lacks_the_whole_does_not_have():
    clips = replace(pairs(2, 3), truth=None)
    clips = replace(clips, source=replace(clips.source, canonical=None))
    whole = concatenate([pairs(1), clips])
    assert whole.truth is None
    assert whole.source.canonical is None
    assert whole.driving.canonical is not None
    assert len(whole.source.keypoints) == 3


def test_a_pair_is_valid_where_both_frames_are():
    batch = pairs(1)
    for source, driving in ((True, True), (True, False), (False, True), (False, False)):
        one, other = (
            replace(frame, valid=torch.tensor([valid]))
            for frame, valid in ((batch.source, source), (batch.driving, driving))
        )
        assert replace(batch, source=one, driving=other).valid.tolist() == [source and driving]


@pytest.mark.parametrize("with_truth", [True, False])
def test_a_batch_goes_to_a_device_as_a_whole(with_truth):
    batch = pairs(2) if with_truth else replace(pairs(2), truth=None)
    there = batch.to(torch.device("meta"))
    assert there.source.canonical.device.type == "meta"
    assert (there.truth is None) is not with_truth
    if with_truth:
        assert there.truth.same_pose.device.type == "meta"
