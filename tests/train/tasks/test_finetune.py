"""Fine-tuning for one person or style: what may change, what is written, what is refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from liveportrait_core.media.images import write_image
from liveportrait_core.model import load_model, save_model
from liveportrait_core.stages import warp_decode
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.refusals import refused
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_compact_model
from tests.support.videos import SIZE_PX, frame, moving_video, square_faces
from train import finetune
from train.data.face_crops import CropSettings
from train.data.preparing import prepare
from train.data.sets import open_sets
from train.engine.config import parse
from train.evaluation.measured_model import at_size
from train.models.low_rank import add_low_rank
from train.models.runs import compact_model, open_model
from train.tasks.compact_steps import PICTURE
from train.tasks.finetune import FinetuneConfig, finetune_task, merged

RANK = 2
QUICK = [
    f"clip_px={SIZE_PX}",
    "batch=2",
    "steps=3",
    "warmup_steps=1",
    "lr=0.01",
    "log_every=1",
    "save_every=2",
    "grid_every=0",
    "bfloat16=false",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A tiny base, a person's folder, one of stills alone, rendered heads; crops prepared."""
    root = tmp_path_factory.mktemp("place")
    save_model(tiny_compact_model(), root / "base.safetensors", dtype=torch.float16)
    moving_video(root / "person" / "film.mp4", num_frames=4)
    (root / "stills").mkdir()
    for folder in ("person", "stills"):
        write_image(root / folder / "still.png", frame((70, 50, 44), seed=2))
    write_rendered(root / "heads")
    settings = CropSettings(size_px=SIZE_PX)
    prepare(
        [root / "person", root / "stills"],
        root / "cache",
        settings,
        faces=square_faces(),
        log=lambda line: None,
    )
    return root


def arguments(place, run, *more):
    base = place / "base.safetensors"
    own = [f"run={run}", f"clips={place / 'person'}", f"cache={place / 'cache'}", f"base={base}"]
    return [*own, *QUICK, *more]


@pytest.fixture(scope="module")
def low(tmp_path_factory, place):
    """A run of low rank, and the file it wrote."""
    run = tmp_path_factory.mktemp("runs") / "low"
    out = run.parent / "models" / "person.safetensors"
    assert finetune.main(arguments(place, run, f"rank={RANK}", f"out={out}")) == 0
    return run, out


def adapted(place, run):
    """The base and the averaged networks of a run of low rank, as they were trained."""
    config = parse(FinetuneConfig, arguments(place, run, f"rank={RANK}"), "finetune")
    base = open_model(config.what.base)
    sets = open_sets(config.sets, config.loop.run)
    task = finetune_task(config, base, sets)
    state = torch.load(run / "checkpoint.pt", weights_only=True)["average"]
    for name, network in task.networks.items():
        network.load_state_dict(state[name])
        network.eval().requires_grad_(False)
    return base, task.networks


def picture(model):
    """What a model makes of one random face and two sets of keypoints."""
    random = torch.Generator().manual_seed(5)
    face = torch.rand(1, 3, SIZE_PX, SIZE_PX, generator=random)
    x_s = torch.rand(1, 21, 3, generator=random) - 0.5
    x_d = x_s + 0.1 * torch.rand(1, 21, 3, generator=random)
    with torch.no_grad():
        return warp_decode(model, model.appearance(face), x_s, x_d)


def test_a_change_of_low_rank_is_none_at_first_and_then_the_product_of_its_factors():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(4, 6, 3, 1, 1), nn.ReLU(), nn.Conv2d(6, 1, 1))
    x, before = torch.rand(1, 4, 5, 5), layers[0].weight.detach().clone()
    expected = layers(x)
    add_low_rank(layers, 2)
    assert torch.equal(layers(x), expected)
    change = layers[0].parametrizations.weight[0]
    assert (change.up.shape, change.down.shape) == ((6, 2), (2, 36))
    # a layer of one output has rank 1 at most
    assert layers[2].parametrizations.weight[0].up.shape == (1, 1)
    with torch.no_grad():
        change.up.copy_(torch.arange(12.0).view(6, 2))
    # output 3 (rows 6 and 7 of U), input 1, place (2, 0) of the kernel: column 9 + 6
    by_hand = before[3, 1, 2, 0] + 6 * change.down[0, 15] + 7 * change.down[1, 15]
    torch.testing.assert_close(layers[0].weight[3, 1, 2, 0], by_hand)
    learning = {name for name, p in layers.named_parameters() if p.requires_grad}
    assert {name.rsplit(".", 1)[1] for name in learning} == {"up", "down"}
    assert len(learning) == 4


def test_of_low_rank_only_the_factors_learn(place, low):
    base, learnt = adapted(place, low[0])
    for name, network in learnt.items():
        theirs = base.networks[name].state_dict()
        moved = 0
        for key, value in network.state_dict().items():
            if key.endswith((".up", ".down")):
                moved += key.endswith(".up") and bool(value.abs().max() > 0)
            else:
                plain = key.replace(".parametrizations.weight.original", ".weight")
                assert torch.equal(value, theirs[plain]), (name, key)
        assert (moved > 0) == (name in PICTURE)


def test_no_layer_changes_by_more_than_the_rank(place, low):
    base, learnt = adapted(place, low[0])
    whole = merged(base, learnt)
    ranks = []
    for name in PICTURE:
        theirs = base.networks[name].state_dict()
        for key, value in whole[name].state_dict().items():
            if value.ndim == 4:
                change = (value.double() - theirs[key].double()).flatten(1)
                ranks.append(int(torch.linalg.matrix_rank(change, atol=2e-6)))
    assert max(ranks) == RANK
    assert sum(rank == RANK for rank in ranks) > len(ranks) / 2


def test_the_merged_model_paints_as_the_adapted_one_does(place, low):
    base, learnt = adapted(place, low[0])
    before, after = (compact_model(m, SIZE_PX) for m in (base.networks, merged(base, learnt)))
    expected = picture(compact_model(learnt, SIZE_PX))
    torch.testing.assert_close(picture(after), expected, atol=1e-6, rtol=0)
    assert float((picture(before) - expected).abs().max()) > 1e-3
    # and the file does but for its sixteen bits, whose rounding differs from machine to machine
    written = at_size(load_model(low[1]), SIZE_PX)
    torch.testing.assert_close(picture(written), expected, atol=1e-2, rtol=0)


def test_the_file_is_a_whole_compact_model_that_keeps_m_s_and_r(place, low):
    before, after = load_model(place / "base.safetensors"), load_model(low[1])
    assert after.preset == before.preset
    assert list(after.modules()) == [
        *PICTURE[:1],
        "motion",
        *PICTURE[1:],
        "stitching",
        "eyes",
        "lip",
    ]
    for name in ("motion", "stitching", "eyes", "lip"):
        theirs = before.modules()[name].state_dict()
        for key, value in after.modules()[name].state_dict().items():
            assert torch.equal(value, theirs[key])
    stored = load_file(low[1])
    assert not any("parametrizations" in key for key in stored)
    assert stored.keys() == load_file(place / "base.safetensors").keys()
    assert stored["decoder.out.weight"].dtype == torch.float16
    assert not (low[0] / "model.safetensors").exists()


def test_a_run_killed_and_run_again_gives_the_same_losses(tmp_path, place, low):
    options = arguments(place, tmp_path / "again", f"rank={RANK}")
    assert cut_off_and_resumed(finetune.main, options, step=2) == 0
    assert losses_of(tmp_path / "again") == losses_of(low[0])
    again, first = (load_file(path) for path in (tmp_path / "again" / "model.safetensors", low[1]))
    assert all(torch.equal(again[key], value) for key, value in first.items())


def test_without_a_rank_all_of_f_w_and_g_learns_and_rendered_heads_may_be_mixed_in(tmp_path, place):
    run = tmp_path / "full"
    options = arguments(place, run, "rank=0", f"data={place / 'heads'}", "steps=1")
    assert finetune.main(options) == 0
    (row,) = losses_of(run)
    assert {"picture", "flow", "clips_picture"} <= set(row)
    assert "keypoints" not in row
    before, after = load_model(place / "base.safetensors"), load_model(run / "model.safetensors")
    assert not torch.equal(after.warping.down1_norm.weight, before.warping.down1_norm.weight)
    assert not torch.equal(after.decoder.out.bias, before.decoder.out.bias)
    assert torch.equal(after.motion.heat.weight, before.motion.heat.weight)
    assert torch.equal(after.motion.mean_canonical, before.motion.mean_canonical)


def test_a_dry_run_tells_what_learns(place, tmp_path, capsys):
    with pytest.raises(SystemExit) as leaving:
        finetune.main([*arguments(place, tmp_path / "dry", f"rank={RANK}"), "--dry-run"])
    assert leaving.value.code == 0
    told = capsys.readouterr().out
    assert '"rank": 2' in told
    assert "kept for the way back of 2 pairs" in told
    assert not (tmp_path / "dry").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("rank=-1", "rank is -1; a whole number from 0 up is expected"),
        ("batch=0", "batch is 0; a whole number from 1 up is expected"),
        ("clips=", "clips is missing"),
        ("out=person.pt", "ends in .safetensors"),
        ("out=models/motion_extractor.safetensors", "not that of a published file"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(capsys, place, tmp_path, wrong, said):
    heads = f"data={place / 'heads'}"
    assert said in refused(finetune.main, capsys, arguments(place, tmp_path / "run", heads, wrong))
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_film_is_refused(capsys, place, tmp_path):
    options = arguments(place, tmp_path / "run", f"clips={place / 'stills'}")
    assert "stills has no video of a face" in refused(finetune.main, capsys, options)
    (tmp_path / "empty").mkdir()
    options = arguments(place, tmp_path / "run", f"clips={tmp_path / 'empty'}")
    assert "neither pictures nor videos" in refused(finetune.main, capsys, options)


def test_a_base_that_is_not_there_is_refused(capsys, place, tmp_path):
    options = arguments(place, tmp_path / "run", "base=nobody.safetensors")
    assert "nobody.safetensors" in refused(finetune.main, capsys, options)


def test_the_base_is_not_written_over(capsys, place, tmp_path):
    base = place / "base.safetensors"
    assert "out is the base itself" in refused(
        finetune.main, capsys, arguments(place, tmp_path, f"out={base}")
    )


def test_a_run_of_another_rank_is_not_resumed(capsys, place, low):
    said = refused(finetune.main, capsys, arguments(place, low[0], "rank=3"))
    assert "holds a run with rank=2, and this command asks for rank=3" in said
    assert Path(low[0] / "checkpoint.pt").exists()


def test_an_out_that_cannot_be_written_is_refused_before_training(tmp_path, place, capsys):
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc here")
    run = tmp_path / "run"
    assert finetune.main(arguments(place, run, "out=/proc/model.safetensors")) == 2
    assert "is in a folder that cannot be written to" in capsys.readouterr().err
    assert not run.exists()
