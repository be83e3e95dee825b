import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.config.fields import specs_of
from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.geometry import rotation_from_degrees
from liveportrait_core.model import load_model, save_model
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp_decode,
)
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.refusals import refused
from tests.support.rendered import write_rendered
from train import compact, evaluate, stage2
from train.data.augment import augment_frames, augment_pairs
from train.data.batch import FrameBatch
from train.data.rendered import RenderedSet
from train.engine import checkpoint
from train.engine.draw import Draw
from train.models.runs import compact_model, initialise_from, load_run, preset_of
from train.tasks.compact import CompactConfig

QUICK = ["steps=3", "batch=1", "log_every=1", "save_every=2", "grid_every=3", "bfloat16=false"]
ONE_STEP = [*QUICK, "steps=1", "grid_every=0"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_rendered(tmp_path_factory.mktemp("rendered"))


@pytest.fixture(scope="module")
def base(tmp_path_factory, data):
    run = tmp_path_factory.mktemp("runs") / "base"
    options = [f"run={run}", f"data={data}", "motion_batch=2", "own_keypoints_from=1", *QUICK]
    compact.main([*options, f"validation_data={data}", "validation_pairs=2", "validate_every=2"])
    return run


def test_the_compact_networks_are_trained_logged_and_written(base):
    model = load_model(base / "model.safetensors")
    assert model.preset.name == "compact"
    assert model.stitching is None
    assert len(losses_of(base)) == 3
    assert (base / "grid-000003.png").is_file()


def test_faces_to_validate_on_are_measured_and_the_best_state_is_kept(base, data):
    rows = (base / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    found = {row["step"]: row["psnr_db"] for row in map(json.loads, rows)}
    assert list(found) == [2, 3]  # every second step, and the last
    pairs = RenderedSet([data]).pairs(np.arange(2), np.arange(2))
    best = compact_model(
        load_model(base / "best" / "model.safetensors").modules(), pairs.source.image.shape[-1]
    )
    points = [
        transform_keypoints(extract_motion(best, f.image)) for f in (pairs.source, pairs.driving)
    ]
    generated = warp_decode(best, extract_appearance(best, pairs.source.image), *points)
    errors = (generated - pairs.driving.image).square().mean((1, 2, 3))
    psnr_db = float((-10 * errors.log10()).mean())
    assert psnr_db == pytest.approx(max(found.values()), abs=0.02)  # written in float16


def test_a_killed_run_gives_the_same_losses(tmp_path, data, base):
    again = tmp_path / "again"
    options = [f"run={again}", f"data={data}", "motion_batch=2", "own_keypoints_from=1", *QUICK]
    cut_off_and_resumed(compact.main, options, step=2)
    assert losses_of(again) == losses_of(base)


def test_training_goes_on_from_a_smaller_model_and_trains_one_half_alone(tmp_path, data):
    run, options = tmp_path / "motion", [f"data={data}", "init=default", "motion_batch=2"]
    compact.main([f"run={run}", *options, *ONE_STEP, "batch=0"])
    before, after = load_model("default").modules(), load_run(run)
    old, new = before["decoder"].state_dict(), after["decoder"].state_dict()
    assert all(torch.allclose(new[key], old[key]) for key in old)
    old, new = before["motion"].state_dict(), after["motion"].state_dict()
    assert not torch.allclose(new["heat.weight"], old["heat.weight"])
    rows = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    assert "picture" not in json.loads(rows[-1])


def test_a_run_that_has_begun_no_longer_asks_for_what_it_began_with(tmp_path, data):
    init, run = tmp_path / "init.safetensors", tmp_path / "run"
    save_model(load_model("default"), init)
    options = [f"run={run}", f"data={data}", f"init={init}", "motion_batch=0", *ONE_STEP]
    assert compact.main(options) == 0
    init.unlink()
    assert compact.main([*options, "steps=2"]) == 0
    assert [row["step"] for row in losses_of(run)] == [1, 2]
    motion = load_run(run)["motion"].state_dict()  # which the checkpoint has, too
    before = load_model("default").motion.state_dict()
    assert all(torch.equal(value, motion[key]) for key, value in before.items())


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    options = [f"run={tmp_path / 'run'}", "steps=1", f"data={tmp_path / 'nowhere'}"]
    assert "nowhere" in refused(compact.main, capsys, options)


def test_weights_of_another_shape_are_refused():
    with pytest.raises(CheckpointError, match="2 tensors that this network has not"):
        initialise_from(torch.nn.Linear(2, 2), torch.nn.Linear(3, 3))


def test_stage_2_leaves_the_base_alone_and_may_be_cut_off(tmp_path, data, base):
    run = tmp_path / "retarget"
    stage2.main([f"run={run}", f"base={base}", f"data={data}", "total_batch=1", *QUICK])
    before, after = load_model(base / "model.safetensors"), load_model(run / "model.safetensors")
    for name in ("appearance", "motion", "warping", "decoder"):
        old, new = before.modules()[name].state_dict(), after.modules()[name].state_dict()
        assert all(torch.equal(old[key], new[key]) for key in old)
    assert {"stitching", "eyes", "lip"} <= set(after.modules())
    again = tmp_path / "again"
    options = [f"run={again}", f"base={base}", f"data={data}", "total_batch=1", *QUICK]
    options.append("grid_every=0")
    assert cut_off_and_resumed(stage2.main, options, step=2) == 0
    assert losses_of(again) == losses_of(run)


def test_stage_2_without_a_base_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="Train it first"):
        load_run(tmp_path)


def test_evaluation_writes_every_measure(tmp_path, base):
    data, out = write_rendered(tmp_path / "heads", identities=2), tmp_path / "measures.json"
    model = str(base / "model.safetensors")
    assert evaluate.main(["--model", model, "--rendered", str(data), "--json", str(out)]) == 0
    measures = json.loads(out.read_text(encoding="utf-8"))
    assert {"psnr_gain_db", "lip_r", "eye_r", "gaze_r", "yaw_error_deg"} <= set(measures)
    assert measures["identities"] == 2


def test_evaluation_of_nothing_is_one_sentence(capsys):
    assert evaluate.main([]) == 2
    assert "Nothing is named to measure on" in capsys.readouterr().err


def test_a_folder_that_was_not_rendered_is_refused(tmp_path):
    with pytest.raises(MediaError, match=r"has no index\.json"):
        RenderedSet([tmp_path])


def test_a_rendering_that_is_not_finished_is_refused(tmp_path, data):
    (tmp_path / "index.json").write_text((data / "index.json").read_text(encoding="utf-8"))
    with pytest.raises(MediaError, match="lacks 1 of 1 shard "):
        RenderedSet([tmp_path])


def test_pairs_join_consecutive_frames_and_say_which_share_the_pose(data):
    rendered = RenderedSet([data])
    pairs = rendered.pairs(np.array([0, 1, 2]), np.array([0, 1, 2]))
    truth = torch.from_numpy(rendered.small["keypoints"])
    torch.testing.assert_close(pairs.driving.keypoints, truth[[0, 1, 2], [0, 1, 2]])
    torch.testing.assert_close(pairs.source.keypoints, truth[[0, 1, 2], [1, 2, 0]])
    assert pairs.truth.same_pose.tolist() == [False, True, False]


def test_keypoints_follow_their_picture_through_augmentation():
    size, count = 128, 40
    keypoints = torch.zeros(count, 21, 3)
    keypoints[:, 0, :2] = torch.tensor([0.3, -0.2])
    image = torch.zeros(count, 3, size, size)
    centre = ((keypoints[0, 0, :2] + 1) / 2 * size - 0.5).round().long()
    image[:, :, centre[1] - 2 : centre[1] + 3, centre[0] - 2 : centre[0] + 3] = 1.0
    frames = FrameBatch(
        pixels=image,
        keypoints=keypoints,
        canonical=keypoints,
        pose_deg=torch.zeros(count, 3),
        valid=torch.ones(count, dtype=torch.bool),
    )
    moved = augment_frames(frames, Draw.of(0, 0, 0))
    # where a picture is not occluded and not blurred away, its brightest spot is the keypoint
    flat = moved.image.mean(1).flatten(1)
    bright = flat.argmax(1)
    found = torch.stack((bright % size, bright // size), 1) / size * 2 - 1 + 1 / size
    distance = (found - moved.keypoints[:, 0, :2]).norm(dim=1)
    assert float(distance.median()) < 0.05


def test_a_turned_picture_has_a_turned_pose():
    count = 8
    canonical = torch.randn(count, 21, 3, generator=torch.Generator().manual_seed(1))
    pose = torch.tensor([[10.0, -20.0, 5.0]]).expand(count, 3)
    frames = FrameBatch(
        pixels=torch.rand(count, 3, 16, 16),
        keypoints=canonical @ rotation_from_degrees(*pose.unbind(1)),
        canonical=canonical,
        pose_deg=pose,
        valid=torch.ones(count, dtype=torch.bool),
    )
    moved = augment_frames(frames, Draw.of(0, 0, 1))
    turned = canonical @ rotation_from_degrees(*moved.pose_deg.unbind(1))
    shape, wanted = (x - x.mean(1, keepdim=True) for x in (moved.keypoints, turned))
    scale = shape.norm(dim=(1, 2), keepdim=True) / wanted.norm(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(shape, wanted * scale, atol=1e-4, rtol=1e-4)


def test_a_pair_is_coloured_as_one(data):
    rendered = RenderedSet([data])
    pairs = rendered.pairs(np.array([0]), np.array([0]))
    pairs = replace(pairs, driving=replace(pairs.driving, pixels=pairs.source.pixels))
    coloured = augment_pairs(pairs, Draw.of(0, 0, 2))
    assert torch.equal(coloured.source.image, coloured.driving.image)
    assert not torch.equal(coloured.source.image, pairs.source.image)


def test_discriminators_are_trained_and_left_out_of_the_model(tmp_path, data, base):
    run = tmp_path / "gan"
    options = [f"data={data}", f"init={base}", "motion_batch=0", "gan=true"]
    compact.main([f"run={run}", *options, *ONE_STEP, "steps=2"])
    rows = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    assert {"gan_face", "gan_eyes", "gan_lip", "matching"} <= set(json.loads(rows[-1]))
    assert any(
        not torch.equal(p, q)
        for p, q in zip(
            checkpoint.load(run)["modules"]["discriminators"].values(),
            checkpoint.load(run)["average"]["discriminators"].values(),
            strict=True,
        )
    )
    assert set(load_model(run / "model.safetensors").modules()) == set(load_run(base))


def test_a_run_of_the_first_form_is_written_and_read_as_such(tmp_path, data):
    run = tmp_path / "small"
    options = [f"data={data}", "motion_batch=1", "detail_px=128", "blocks=0", "depth_probes=0"]
    compact.main([f"run={run}", *options, *ONE_STEP])
    preset = load_model(run / "model.safetensors").preset
    assert (preset.detail_px, preset.blocks) == (128, 0)
    assert load_run(run)["decoder"].detail is None
    compact.main([f"run={tmp_path / 'grown'}", f"init={run}", f"data={data}", *ONE_STEP])
    assert load_model(tmp_path / "grown" / "model.safetensors").preset.detail_px == 256


def test_a_run_begun_by_an_earlier_version_is_read_and_resumed(tmp_path, data):
    run = tmp_path / "run"
    options = [
        f"run={run}",
        f"data={data}",
        "motion_batch=1",
        "detail_px=128",
        "blocks=0",
        "depth_probes=0",
    ]
    compact.main([*options, *ONE_STEP])
    first, config = losses_of(run), json.loads((run / "config.json").read_text("utf-8"))
    config["strip_every"] = config.pop("grid_every")
    (run / "config.json").write_text(json.dumps({**config, "preset": "small"}), "utf-8")
    preset = preset_of(run)
    assert (preset.family, preset.detail_px, preset.blocks) == ("compact", 128, 0)
    assert load_run(run)["decoder"].detail is None
    assert compact.main([*options, *ONE_STEP, "steps=2"]) == 0
    assert losses_of(run)[:1] == first
    assert len(losses_of(run)) == 2


def test_the_keys_of_a_saved_config_are_those_of_the_command_line(base):
    saved = json.loads((base / "config.json").read_text("utf-8"))
    flat = {key for key, value in saved.items() if not isinstance(value, dict)}
    flat |= {f"{key}.{name}" for key, value in saved.items() if key not in flat for name in value}
    assert flat == {spec.key for spec in specs_of(CompactConfig)}
