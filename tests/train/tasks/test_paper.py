"""Stage 1 on the published architecture, from clips and heads to files that load."""

import json
from dataclasses import replace

import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.model import load_model
from liveportrait_core.networks.build import build
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    stitch,
    transform_keypoints,
    warp_decode,
)
from tests.support.killing import cut_off_and_resumed
from tests.support.rendered import write_rendered
from tests.support.videos import SIZE_PX, frame, moving_video, square_faces
from train import stage1
from train.data.face_crops import CropSettings
from train.data.preparing import prepare
from train.data.sets import open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.engine.stats import CLOCK
from train.losses.paper_terms import PaperWeights, paper_terms
from train.models.export import write_both
from train.models.presets import PAPER_PRESETS
from train.models.runs import load_run, open_networks, preset_of
from train.models.spectral_norm import add_spectral_norm, folded_state
from train.tasks.criteria import frozen_motion_network
from train.tasks.paper import PaperConfig, paper_task
from train.tasks.validation import record

TINY = ["preset=tiny", "batch=2", "log_every=1", "save_every=2", "bfloat16=false"]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Rendered heads, more of them to validate on, and clips with their cache."""
    root = tmp_path_factory.mktemp("media")
    write_rendered(root / "heads")
    write_rendered(root / "held", identities=2, seed=7)
    moving_video(root / "people" / "a.mp4", num_frames=3)
    write_image(root / "people" / "still.png", frame((70, 50, 44), seed=2))
    settings = CropSettings(size_px=SIZE_PX)
    prepare(
        [root / "people"], root / "cache", settings, faces=square_faces(), log=lambda line: None
    )
    return root


def of_run(media):
    return [
        *(f"data={media / 'heads'}", f"clips={media / 'people'}", f"cache={media / 'cache'}"),
        *(f"clip_px={SIZE_PX}", f"validation_data={media / 'held'}", "validate_every=2"),
        *("steps=3", "total_batch=4", "grid_every=3", *TINY),
    ]


def rows(run):
    lines = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in CLOCK} for row in found]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, media):
    run = tmp_path_factory.mktemp("runs") / "tiny"
    stage1.main([f"run={run}", *of_run(media)])
    return run


def test_three_steps_log_every_term_and_their_weighted_sum(trained):
    assert len(rows(trained)) == 3
    weights = {
        term.name: term.weight for term in paper_terms(PaperWeights(), lambda x, y: x, "hinge")
    }
    for row in rows(trained):
        assert set(weights) <= set(row)
        assert row["total"] == pytest.approx(
            sum(weight * row[name] for name, weight in weights.items()), rel=1e-5
        )
    # four pairs a step, two at a time
    assert json.loads((trained / "config.json").read_text("utf-8"))["accumulate"] == 2
    # three rows of two held-out faces, at the 128 px that these have
    assert read_image(trained / "grid-000003.png").rgb.shape == (3 * 128, 2 * 128, 3)


def test_a_killed_run_gives_the_same_losses_and_the_same_best(tmp_path, media, trained):
    again = tmp_path / "again"
    assert cut_off_and_resumed(stage1.main, [f"run={again}", *of_run(media)], step=2) == 0
    assert rows(again) == rows(trained)
    logs = [(run / "validation.jsonl").read_text("utf-8") for run in (again, trained)]
    assert logs[0] == logs[1]
    assert [json.loads(line)["step"] for line in logs[0].splitlines()] == [2, 3]


def generated(model, keypoints=None):
    """A face that turns into another; with both faces' keypoints, so that S can be asked."""
    size = model.preset.face_size_px
    with torch.inference_mode():
        faces = torch.rand(2, 1, 3, size, size, generator=torch.Generator().manual_seed(0))
        points = [transform_keypoints(extract_motion(model, face)) for face in faces]
        if keypoints is not None:
            keypoints += points
        return warp_decode(model, extract_appearance(model, faces[0]), *points)


def test_the_published_files_load_and_paint_the_same_picture(trained):
    for folder in (trained, trained / "best"):
        ours, points = load_model(folder / "model.safetensors"), []
        theirs = load_model(folder / "published")
        assert torch.equal(generated(ours), generated(theirs, points))
        assert ours.preset == theirs.preset == PAPER_PRESETS["tiny"]
        # stage 2 has not taught S yet: in the published files it moves nothing
        assert ours.stitching is None
        assert torch.equal(stitch(theirs, *points), points[1])
    names = sorted(file.name for file in (trained / "published").rglob("*.pth"))
    assert names == [
        *("appearance_feature_extractor.pth", "motion_extractor.pth", "spade_generator.pth"),
        *("stitching_retargeting_module.pth", "warping_module.pth"),
    ]


def test_what_is_written_is_the_average_without_its_spectral_norm(trained):
    averages = torch.load(trained / "checkpoint.pt", weights_only=True)["average"]
    written = load_run(trained)
    key = "dense_motion.mask.weight"
    assert torch.equal(written["warping"].state_dict()[key], averages["warping"][key])
    assert preset_of(trained) == PAPER_PRESETS["tiny"]
    assert set(open_networks(str(trained / "published"))) > set(written)
    inside = "middle.0.conv0.parametrizations.weight.original"
    original = averages["decoder"][inside]
    found = written["decoder"].state_dict()["middle.0.conv0.weight"]
    ratio = original / found
    torch.testing.assert_close(ratio, ratio.flatten()[0].expand_as(ratio), rtol=1e-4, atol=0)


def test_the_file_tells_how_pictures_were_compared(trained):
    from safetensors import safe_open  # noqa: PLC0415 - for the metadata alone

    with safe_open(trained / "model.safetensors", framework="pt") as file:
        told = file.metadata()
    assert told["perceptual"] == "pyramid and features of the default motion network"
    assert told["trained"] == "stage1 tiny 3"


def test_training_goes_on_from_the_published_files(tmp_path, media, trained):
    run = tmp_path / "on"
    options = [f"data={media / 'heads'}", f"init={trained / 'published'}", "steps=1"]
    config = parse(PaperConfig, [f"run={run}", *options, *TINY, "total_batch=2"], "stage1")
    begun = paper_task(config, sets_of(config)).networks
    before = load_model(trained / "published").modules()
    for name in ("appearance", "motion", "warping"):
        old, new = before[name].state_dict(), begun[name].state_dict()
        assert all(torch.equal(old[key], new[key]) for key in old)


def sets_of(config):
    return open_sets(config.training.sets, config.loop.run)


def a_task(media, *options):
    values = ["run=r", "steps=2", f"data={media / 'heads'}", *TINY, *options]
    config = parse(PaperConfig, values, "stage1")
    return paper_task(config, sets_of(config))


def test_least_squares_and_the_penalty_are_there_for_the_asking(media):
    task = a_task(media, "objective=least_squares", "weights.gradient_penalty=10", "batch=1")
    with torch.autocast("cpu", torch.bfloat16):  # in mixed precision besides
        losses = task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)
    assert {"penalty_global", "penalty_face", "penalty_lip"} <= set(losses)
    # a discriminator that knows nothing says about 0: 1 for the true, 0 for the generated
    assert float(losses["discriminator_global"].detach()) == pytest.approx(1.0, abs=0.5)
    losses["total"].backward()
    for name, module in task.networks.items():
        gradients = [p.grad for p in module.parameters() if p.requires_grad]
        assert all(g is not None and g.isfinite().all() for g in gradients), name


def test_clips_without_a_reader_cost_nothing_in_terms_that_need_one(tmp_path, media):
    options = [
        *("run=r", "steps=2", f"clips={media / 'people'}", f"cache={media / 'cache'}"),
        *(f"clip_px={SIZE_PX}", "landmark_model=", "weights.head_pose=0", "weights.guide=0", *TINY),
    ]
    config = parse(PaperConfig, options, "stage1")
    task = paper_task(config, sets_of(config))
    assert task.notes[0] == "L_P compares by: pyramid"
    assert task.frozen == {}
    losses = task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)
    assert float(losses["head_pose"].detach()) == float(losses["guide"].detach()) == 0.0
    assert float(losses["perceptual_lip"].detach()) > 0


def refused(capsys, *options):
    assert stage1.main(["run=r", "steps=1", "clips=c", *options]) == 2
    return capsys.readouterr().err


def test_what_makes_no_sense_is_one_sentence(capsys):
    tiny = "preset=tiny"
    assert "preset is 'large'; one of paper, tiny is expected" in refused(capsys, "preset=large")
    assert "set weights.head_pose=0 weights.guide=0" in refused(capsys, tiny, "landmark_model=")
    assert "give arcface=FILE" in refused(capsys, tiny, "weights.face_id=1")
    assert "one of hinge, least_squares" in refused(capsys, tiny, "objective=wasserstein")
    assert "guide is -1.0; a number from 0 up is expected" in refused(
        capsys, tiny, "weights.guide=-1"
    )
    for option in ("motion_batch=1", "gan=true", "preset=small"):
        said = refused(capsys, option)
        assert said.startswith(
            f"python -m train.stage1: {option.removesuffix('=1').removesuffix('=true')} is of"
        )
        assert "Use python -m train.compact." in said


def test_the_published_networks_are_the_default():
    assert parse(PaperConfig, ["run=r", "steps=1", "clips=c"], "stage1").preset == "paper"


def test_a_published_model_is_no_reader_of_landmarks(trained):
    with pytest.raises(CheckpointError, match="its keypoints have no names"):
        frozen_motion_network(str(trained / "model.safetensors"))
    assert frozen_motion_network("") is None


def test_the_total_batch_is_shared_by_processes_and_parts():
    config = parse(PaperConfig, ["run=r", "steps=1", "data=d"], "stage1")
    batches = config.training.optimiser.batches
    assert (batches.total_batch, config.training.optimiser.lr, batches.batch) == (104, 2e-4, 4)
    parts = {count: batches.parts(count, 1) for count in (1, 2, 4, 8)}
    assert parts == {1: (4, 26), 2: (4, 13), 4: (2, 13), 8: (1, 13)}
    assert replace(batches, batch=13).parts(8, 1) == (13, 1)
    assert replace(batches, total_batch=0).parts(8, 3) == (4, 3)
    shared = config.for_processes(8)
    assert (shared.training.optimiser.batches.batch, shared.loop.accumulate) == (1, 13)
    with pytest.raises(OptionError, match=r"no multiple of 3 processes; give total_batch=105"):
        batches.parts(3, 1)


def test_a_recognition_network_counts_without_another_option():
    weights = PaperWeights()
    assert weights.known_faces(is_known=True).face_id == 10
    assert weights.known_faces(is_known=False).face_id == 0
    assert PaperWeights(face_id=0.0).known_faces(is_known=True).face_id == 0


def test_a_decoder_under_spectral_norm_paints_as_its_folded_weights():
    torch.manual_seed(0)
    decoder, plain = (build(PAPER_PRESETS["tiny"])["decoder"] for _ in range(2))
    add_spectral_norm(decoder)
    assert sum(".parametrizations." in key for key in decoder.state_dict()) == 3 * 18
    decoder.eval()
    plain.load_state_dict(folded_state(decoder))
    weight = decoder.up[0].shortcut.weight.flatten(1)
    assert float(torch.linalg.matrix_norm(weight, 2).detach()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(plain.up[0].shortcut.weight, decoder.up[0].shortcut.weight)


def test_the_best_is_what_scores_higher_than_all_before(tmp_path):
    assert record(tmp_path, 2, {"psnr_db": 20.0})
    assert not record(tmp_path, 4, {"psnr_db": 19.0})
    assert record(tmp_path, 6, {"psnr_db": 21.0})
    # a killed run comes by step 4 again: what it wrote later is forgotten
    assert record(tmp_path, 4, {"psnr_db": 20.5})
    lines = (tmp_path / "validation.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4]


def test_writing_again_replaces_what_was_there(tmp_path):
    torch.manual_seed(0)
    preset = PAPER_PRESETS["tiny"]
    built = {n: m.eval() for n, m in build(preset).items() if n not in ("stitching", "eyes", "lip")}
    write_both(tmp_path, preset, built, {"note": "first"})
    built["warping"].mix.bias.data.fill_(0.25)
    write_both(tmp_path, preset, built, {"note": "second"})
    for place in (tmp_path / "model.safetensors", tmp_path / "published"):
        assert float(load_model(place).warping.mix.bias[0]) == 0.25
