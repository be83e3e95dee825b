"""The tables of published and own keys."""

from __future__ import annotations

import pytest
import torch

from liveportrait_core.checkpoints.keymaps import (
    FILE_OF_NETWORK,
    OURS_TO_PUBLISHED,
    PUBLISHED_TO_OURS,
)
from liveportrait_core.checkpoints.published import from_published, published_keys, to_published
from liveportrait_core.networks.build import NETWORK_NAMES, build
from liveportrait_core.preset import PAPER
from tests.support.fill import published_shapes, published_state
from tests.support.tiny import TINY_PAPER

# Tensors in each published file (facts about the published checkpoints, sec. 1.1).
NUM_PUBLISHED_KEYS = {
    "appearance": 107, "motion": 212, "warping": 97, "decoder": 182,
    "stitching": 8, "eyes": 12, "lip": 8,
}  # fmt: skip
NUM_PARAMETERS = {
    "appearance": 836_224, "motion": 28_118_728, "warping": 45_529_829, "decoder": 55_365_388,
    "stitching": 45_249, "eyes": 144_703, "lip": 37_311,
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_a_table_is_one_to_one(name):
    table = PUBLISHED_TO_OURS[name]
    assert len(set(table.values())) == len(table)
    assert {theirs: ours for ours, theirs in OURS_TO_PUBLISHED[name].items()} == dict(table)


def test_the_tables_cover_every_tensor_of_the_full_size_networks():
    with torch.device("meta"):
        networks = build(PAPER)
    for name, net in networks.items():
        assert set(PUBLISHED_TO_OURS[name].values()) == net.state_dict().keys()
        assert len(published_keys(name)) == NUM_PUBLISHED_KEYS[name]
        assert sum(p.numel() for p in net.parameters()) == NUM_PARAMETERS[name]


def test_published_shapes_that_are_easy_to_get_wrong():
    shapes = published_shapes(PAPER)
    assert shapes["motion"]["detector.stages.3.2.grn.gamma"] == (1, 1, 1, 3072)
    hourglass = "dense_motion_network.hourglass"
    assert shapes["warping"][f"{hourglass}.encoder.down_blocks.0.conv.weight"] == (64, 110, 3, 3, 3)
    assert shapes["warping"][f"{hourglass}.decoder.up_blocks.1.conv.weight"] == (256, 1024, 3, 3, 3)
    assert shapes["warping"][f"{hourglass}.decoder.conv.weight"] == (142, 142, 3, 3, 3)
    assert shapes["warping"]["dense_motion_network.occlusion.weight"] == (1, 2272, 7, 7)
    assert shapes["decoder"]["up_1.conv_s.weight_v"] == (256,)
    assert "up_1.conv_s.bias" not in shapes["decoder"]


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_our_tensors_survive_the_published_form_bit_for_bit(name, tmp_path):
    ours = from_published(name, published_state(name, TINY_PAPER), tmp_path)
    again = from_published(name, to_published(name, ours), tmp_path)
    assert list(again) == list(ours)
    for key, value in ours.items():
        assert again[key].dtype == value.dtype
        assert again[key].numpy().tobytes() == value.numpy().tobytes(), key


def test_a_left_over_classifier_of_the_backbone_is_ignored(tmp_path):
    state = published_state("motion", TINY_PAPER)
    state["detector.head.weight"] = torch.zeros(3)
    assert "head" not in " ".join(FILE_OF_NETWORK)
    assert from_published("motion", state, tmp_path).keys() == set(
        PUBLISHED_TO_OURS["motion"].values()
    )
