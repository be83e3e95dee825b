"""Fine-tuning over published weights, here made by a formula: what learns and what is written."""

from contextlib import suppress

import pytest
import torch
from safetensors import safe_open

from liveportrait_core.model import load_model, save_model
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.refusals import refused
from tests.support.tiny import tiny_published_model
from tests.support.videos import SIZE_PX, moving_video, square_faces
from train import finetune
from train.data.face_crops import CropSettings
from train.data.preparing import prepare
from train.models import runs
from train.models.presets import PAPER_PRESETS
from train.tasks.compact_steps import PICTURE

COPIED = ("motion", "stitching", "eyes", "lip")
LOSSES = ("equivariance", "head_pose", "guide", "gan_global")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base of published form and a film of a person, whose crops are prepared."""
    root = tmp_path_factory.mktemp("place")
    save_model(tiny_published_model(PAPER_PRESETS["tiny"]), root / "base.safetensors")
    moving_video(root / "person" / "film.mp4", num_frames=4)
    settings, faces = CropSettings(size_px=SIZE_PX), square_faces()
    prepare([root / "person"], root / "cache", settings, faces=faces, log=lambda line: None)
    return root


def arguments(place, run, *more):
    data = [f"clips={place / 'person'}", f"cache={place / 'cache'}", f"clip_px={SIZE_PX}"]
    quick = ["steps=2", "warmup_steps=1", "log_every=1", "save_every=1", "grid_every=0", "lr=0.01"]
    quick += ["total_batch=2", "bfloat16=false"]
    return [f"run={run}", f"base={place / 'base.safetensors'}", *data, *quick, *more]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, place):
    run = tmp_path_factory.mktemp("runs") / "low"
    out = run / "out" / "anna.safetensors"
    assert finetune.main(arguments(place, run, "rank=2", f"out={out}")) == 0
    return run


def test_f_w_and_g_change_by_the_rank_and_all_else_is_copied(place, tuned):
    before, after = load_model(place / "base.safetensors"), load_model(tuned / "model.safetensors")
    for name in COPIED:
        ours, theirs = (model.modules()[name].state_dict() for model in (after, before))
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items()), name
    for name in PICTURE:
        ours, theirs = (model.modules()[name].state_dict() for model in (after, before))
        ranks = []
        for key, value in ours.items():
            if "running" in key or key.endswith("bias") or "num_batches" in key:
                assert torch.equal(value, theirs[key]), (name, key)
            elif value.ndim > 1:
                change = (value - theirs[key]).flatten(1)
                ranks.append(int(torch.linalg.matrix_rank(change, atol=1e-4)))
        assert 0 < max(ranks) <= 2, name


def test_the_file_and_the_published_folder_hold_the_same_model(tuned):
    whole = load_model(tuned / "model.safetensors").modules()
    out = tuned / "out" / "anna.safetensors"
    assert out.read_bytes() == (tuned / "model.safetensors").read_bytes()
    with safe_open(out, "pt") as file:
        assert file.metadata()["trained"] == "finetune 2, rank 2, of base.safetensors"
    published = load_model(tuned / "published").modules()
    for name, network in whole.items():
        theirs = published[name].state_dict()
        assert all(torch.equal(value, theirs[key]) for key, value in network.state_dict().items())


def test_terms_that_teach_m_count_nothing_and_those_of_pictures_do(tuned, place, capsys):
    row = losses_of(tuned)[-1]
    assert row["perceptual_global"] > 0
    assert row["total"] == pytest.approx(
        10 * (row["perceptual_global"] + row["perceptual_face"] + row["perceptual_lip"]), rel=1e-3
    )
    said = refused(finetune.main, capsys, arguments(place, tuned, "rank=2", "weights.guide=1"))
    assert "no option 'weights.guide'" in said


def test_a_killed_run_gives_the_same_losses(place, tmp_path, tuned):
    options = arguments(place, tmp_path / "again", "rank=2")
    cut_off_and_resumed(finetune.main, options, step=1)
    assert losses_of(tmp_path / "again") == losses_of(tuned)


@pytest.mark.parametrize("asked", ["steps=1", "--dry-run"])
def test_the_base_is_read_once(place, tmp_path, monkeypatch, asked):
    read = []

    def load(place):
        read.append(str(place))
        return load_model(place)

    monkeypatch.setattr(runs, "load_model", load)
    with suppress(SystemExit):  # of a dry run
        assert finetune.main(arguments(place, tmp_path / "run", "rank=2", asked)) == 0
    assert read.count(str(place / "base.safetensors")) == 1


def test_a_rank_of_zero_lets_all_of_f_w_and_g_learn(place, tmp_path):
    assert finetune.main(arguments(place, tmp_path / "run", "rank=0", "steps=1")) == 0
    before = load_model(place / "base.safetensors").modules()
    after = load_model(tmp_path / "run" / "model.safetensors").modules()
    for name in before:
        ours, theirs = after[name].state_dict(), before[name].state_dict()
        same = {key: torch.equal(value, theirs[key]) for key, value in ours.items()}
        assert all(same.values()) == (name not in PICTURE), name
        counted = [key for key in ours if "running" in key or "num_batches" in key]
        assert all(same[key] for key in counted), name  # by norms, of many people


def test_both_ranks_begin_with_what_the_base_does(place, tmp_path):
    losses = []
    for rank in (0, 2):
        run = tmp_path / f"rank-{rank}"
        assert finetune.main(arguments(place, run, f"rank={rank}", "steps=1")) == 0
        losses.append(losses_of(run)[0]["total"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
