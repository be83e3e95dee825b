"""Training F and W on the source's relief: which pairs, which rows, what is left alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.model import load_model
from liveportrait_core.networks.build import build
from liveportrait_core.preset import COMPACT
from tests.support.refusals import refused
from tests.support.rendered import write_rendered
from train import compact
from train.data.batch import PairBatch
from train.data.heads import TURNED_DEG
from train.data.rendered import RenderedSet
from train.engine.draw import Draw
from train.losses.compact_field_terms import FieldStep, coverage_loss, depth_loss
from train.models.runs import load_run, open_networks
from train.rendering.regions import Region

QUICK = ["steps=2", "batch=1", "log_every=1", "grid_every=0", "bfloat16=false", "motion_batch=0"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_rendered(tmp_path_factory.mktemp("rendered"), identities=12)


def test_the_asked_share_of_pairs_is_turned(data):
    heads = RenderedSet([data], turned_fraction=1.0)
    pairs = heads.draw_pairs(Draw.of(0, 0, 0), 40)
    turn = (pairs.driving.pose_deg - pairs.source.pose_deg)[:, 1].abs()
    assert float(turn.min()) >= TURNED_DEG
    usual, none = (
        RenderedSet([data], **share).draw_pairs(Draw.of(0, 0, 0), 40)
        for share in ({}, {"turned_fraction": 0.0})
    )
    assert torch.equal(usual.source.image, none.source.image)


def test_heads_that_never_turn_are_refused_where_turned_pairs_are_asked_for(data, tmp_path, capsys):
    still = write_rendered(tmp_path / "still")
    with np.load(still / "shard-00000.npz") as file:
        arrays = dict(file)
    np.savez(still / "shard-00000.npz", **{**arrays, "pose_deg": 0 * arrays["pose_deg"]})
    options = [f"run={tmp_path / 'run'}", f"data={still}", "turned_fraction=0.5", *QUICK]
    assert "turns by 20 degrees" in refused(compact.main, capsys, options)


def test_a_pair_carries_the_depth_of_both_frames(data):
    heads = RenderedSet([data])
    pairs = heads.pairs(np.array([3]), np.array([2]))
    with np.load(data / "shard-00000.npz") as file:
        depth, regions = file["depth"][3], file["regions"][3]
    relief = pairs.truth.relief
    assert np.array_equal(relief.source_depth[0, 0].numpy(), depth[0].astype(np.float32))
    assert np.array_equal(relief.driving_depth[0, 0].numpy(), depth[2].astype(np.float32))
    assert np.array_equal(relief.driving_regions[0, 0].numpy(), regions[2])


def test_the_true_relief_costs_nothing_and_hair_counts_twice(data):
    pairs: PairBatch = RenderedSet([data]).pairs(np.array([0]), np.array([0]))
    truth = pairs.truth
    even = torch.full_like(truth.relief.source_depth, -0.5)  # pools to itself
    regions = torch.full_like(truth.source_regions, int(Region.EYE))
    regions[..., :32] = int(Region.HAIR)
    relief = replace(truth.relief, source_depth=even, driving_depth=even, driving_regions=regions)
    pairs = replace(pairs, truth=replace(truth, source_regions=regions, relief=relief))
    networks = build(replace(COMPACT, width=0.25, depth_probes=4))
    points = (pairs.source.keypoints, pairs.driving.keypoints)
    warped = networks["warping"](networks["appearance"](pairs.source.image), *points)
    size = warped.relief.depth.shape[-1]
    exact, sure = torch.full((1, 1, size, size), -0.5), torch.full((1, 1, size, size), 30.0)
    known = replace(warped.relief, depth=exact, head_logit=sure, torso_logit=-sure)
    step = FieldStep(replace(warped, relief=known, depth=exact[:, 0]), pairs)
    assert float(depth_loss(step)) == pytest.approx(0, abs=1e-6)
    assert float(coverage_loss(step)) == pytest.approx(0, abs=1e-6)
    wrong = exact.clone()
    wrong[..., : size // 2] += 0.3  # where the hair is
    step = FieldStep(replace(warped, relief=replace(known, depth=wrong), depth=exact[:, 0]), pairs)
    assert float(depth_loss(step)) == pytest.approx(0.3 * 2 / 3, abs=1e-6)


def test_the_field_alone_is_trained_and_the_decoder_stays(data, tmp_path):
    run, options = tmp_path / "field", [f"data={data}", "turned_fraction=0.5"]
    assert compact.main([f"run={run}", *options, "init=default", "field_only=true", *QUICK]) == 0
    rows = [json.loads(row) for row in (run / "stats.jsonl").read_text("utf-8").splitlines()]
    assert {"flow", "background", "head", "depth", "coverage"} <= set(rows[-1])
    assert "picture" not in rows[-1]
    assert load_model(run / "model.safetensors").preset.depth_probes == 10
    trained, before = load_run(run), open_networks("default")
    for name, same in (("decoder", True), ("motion", True), ("warping", False)):
        state = trained[name].state_dict()
        kept = [torch.equal(state[k], v) for k, v in before[name].state_dict().items()]
        assert all(kept) == same, name
    assert compact.main([f"run={tmp_path / 'all'}", *options, f"init={run}", *QUICK]) == 0
    rows = (tmp_path / "all" / "stats.jsonl").read_text("utf-8").splitlines()
    assert {"picture", "depth", "coverage"} <= set(json.loads(rows[-1]))


def test_what_does_not_fit_is_refused(data, tmp_path, capsys):
    old = write_rendered(tmp_path / "old")
    with np.load(old / "shard-00000.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "depth"}
    np.savez(old / "shard-00000.npz", **arrays)
    options = [f"run={tmp_path / 'run'}", f"data={old}", "depth_probes=4", *QUICK]
    assert "have no depth" in refused(compact.main, capsys, options)
    options = [f"run={tmp_path / 'run'}", f"data={data}", *QUICK]
    assert "depth_probes is 1" in refused(compact.main, capsys, [*options, "depth_probes=1"])
    only = [*options, "field_only=true", "gan=true"]
    assert "field_only needs rendered heads" in refused(compact.main, capsys, only)
