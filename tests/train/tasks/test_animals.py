"""Fine-tuning on animals: what counts, what is mixed in, what is written, what is refused."""

import json
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from liveportrait_core.config.fields import build, specs_of
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import write_image
from liveportrait_core.model import load_model, save_model
from liveportrait_core.networks.build import build as build_networks
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.refusals import refused
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_compact_model, tiny_published_model
from tests.support.videos import SIZE_PX, frame, moving_video, square_faces
from train import animals
from train.data.clip_set import ClipSet
from train.data.face_crops import CropSettings
from train.data.mixed import Counts, Mix, MixedClips, MixedHeads
from train.data.preparing import prepare
from train.data.rendered import RenderedSet
from train.data.sets import open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.losses.compact_motion_terms import MotionWeights
from train.losses.compact_picture_terms import picture_terms, unlabelled_terms
from train.losses.paper_terms import paper_terms
from train.losses.picture_weights import PictureWeights
from train.models.presets import PAPER_PRESETS
from train.models.runs import open_model
from train.tasks.animals import (
    LEFT_OUT,
    CompactAnimalsConfig,
    PaperAnimalsConfig,
    compact_animals_task,
    open_animals,
    paper_animals_task,
)
from train.tasks.compact_steps import PICTURE, MotionHalf, PictureHalf
from train.tasks.paper_step import NETWORKS

QUICK = [f"clip_px={SIZE_PX}", "batch=2", "steps=3", "warmup_steps=1", "log_every=1"]
QUICK += ["save_every=2", "grid_every=0", "bfloat16=false"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two bases, people and animals as clips and as renderings; crops prepared."""
    root = tmp_path_factory.mktemp("place")
    save_model(tiny_compact_model(), root / "compact.safetensors", dtype=torch.float16)
    save_model(tiny_published_model(PAPER_PRESETS["tiny"]), root / "published.safetensors")
    write_rendered(root / "heads")
    creatures = write_rendered(root / "creatures", seed=5)
    index = json.loads((creatures / "index.json").read_text("utf-8"))
    (creatures / "index.json").write_text(json.dumps({**index, "creatures": 1.0}), "utf-8")
    for seed, name in enumerate(("people", "cats")):
        moving_video(root / name / "film.mp4", num_frames=3, step=2 + seed, seed=seed)
        write_image(root / name / "still.png", frame((70, 50, 44 + 6 * seed), seed=2 + seed))
        settings, faces = CropSettings(size_px=SIZE_PX), square_faces()
        prepare([root / name], root / f"{name}-cache", settings, faces=faces, log=lambda line: None)
    return root


def keys(place, *names, **more):
    """Arguments: original data by name, and the rest as it is."""
    folders = {"data": place / "heads", "clips": place / "people"}
    folders = {name: folders[name] for name in names} | more
    caches = [f"cache={place / 'people-cache'}", f"animal_cache={place / 'cats-cache'}"]
    return [*QUICK, *caches, *(f"{name}={value}" for name, value in folders.items())]


def of_compact(place, run, *names, **more):
    base = place / "compact.safetensors"
    return keys(place, *names, **{"run": run, "base": base, "animals": place / "cats", **more})


def of_published(place, run, **more):
    base = place / "published.safetensors"
    own = {"run": run, "base": base, "animals": f"{place / 'cats'},{place / 'creatures'}"}
    return [*keys(place, "data", "clips", **{**own, **more}), "total_batch=2"]


@pytest.fixture(scope="module")
def published(tmp_path_factory, place):
    run = tmp_path_factory.mktemp("runs") / "published"
    assert animals.main([*of_published(place, run), "grid_every=3"]) == 0
    return run


@pytest.fixture(scope="module")
def compact(tmp_path_factory, place):
    """M learns too: people and animals are rendered, and there are clips of animals besides."""
    run = tmp_path_factory.mktemp("runs") / "compact"
    both = f"{place / 'creatures'},{place / 'cats'}"
    options = of_compact(place, run, "data", "clips", animals=both, motion_batch=2, clip_frames=2)
    assert animals.main([*options, "batch=4", "grid_every=3"]) == 0
    return run


def test_the_counts_of_a_step_keep_all_shares_even_one_pair_at_a_time():
    mix = Mix(1, 0.5, 0.5, (True, True), (True, True))
    # by hand: animals in every second step, and of each two of a sort the second is a clip
    kinds = [asdict(mix.counts(step)) for step in range(4)]
    assert [next(name for name, n in row.items() if n) for row in kinds] == [
        *("heads", "animal_heads", "clips", "animal_clips")
    ]
    assert all(sum(row.values()) == 1 for row in kinds)
    # a quarter of 10 pairs is animals, all of them clips; a fifth of the rest is
    mix = Mix(10, 0.25, 0.2, (True, True), (False, True))
    assert [mix.counts(step) for step in range(2)] == [Counts(7, 1, 0, 2), Counts(5, 2, 0, 3)]
    assert Mix(3, 1.0, 0.5, (True, False), (True, False)).counts(7) == Counts(0, 0, 3, 0)


def test_clips_of_both_are_drawn_at_the_share():
    people, cats = (
        ClipSet([np.full((3, 8, 8, 3), level, np.uint8)], size_px=8, image_fraction=0.0)
        for level in (0, 255)
    )
    source = MixedClips(Mix(4, 0.25, 1.0, (False, True), (False, True)), people, cats)
    for step in range(3):
        pairs = source.draw_pairs(Draw.of(0, 0, step), 4)
        assert pairs.source.image.mean((1, 2, 3)).tolist() == [0, 0, 0, 1]
        assert pairs.driving.image.mean((1, 2, 3)).tolist() == [0, 0, 0, 1]
        assert source.draw_frames(Draw.of(0, 0, step), 8).image.mean((1, 2, 3)).sum() == 2
    assert source.first_pairs(4).source.image.mean((1, 2, 3)).tolist() == [0, 1]  # one clip of each
    assert source.has_motion
    assert source.size_px == 8


def test_rendered_heads_of_both_are_drawn_at_the_share(place):
    mix = Mix(2, 0.5, 0.5, (True, False), (True, False))
    people, creatures = (RenderedSet([place / name]) for name in ("heads", "creatures"))
    source, known = MixedHeads(mix, people, creatures), creatures.small["canonical"]
    pairs = source.draw_pairs(Draw.of(0, 0, 0), 2)
    frames = source.draw_frames(Draw.of(0, 0, 0), 6)
    for batch, wanted in ((pairs.source, 1), (frames, 3)):
        own = [any(np.array_equal(c, k) for k in known) for c in batch.canonical.numpy()]
        assert sum(own) == wanted
    assert pairs.truth.flow.shape == (2, 2, 64, 64)
    both = torch.from_numpy(np.concatenate((known, people.small["canonical"])))
    torch.testing.assert_close(source.mean_canonical, both.mean(0))
    shown = source.first_pairs(4).source.image
    assert torch.equal(shown[:2], people.first_pairs(2).source.image)
    assert torch.equal(shown[2:], creatures.first_pairs(2).source.image)


def test_a_published_base_learns_by_all_of_eq_4_but_three_terms(published):
    weights = build(
        PaperAnimalsConfig, {"run": "r", "steps": "1", "data": "d", "animals": "a"}
    ).weights
    table = paper_terms(weights, lambda x, y: x, "hinge")
    left_out = {*LEFT_OUT, "matching_lip", "discriminator_lip"}
    for row in losses_of(published):
        counted = {term.name: term.weight for term in table if term.name not in left_out}
        assert all(weight > 0 for weight in counted.values())
        total = sum(weight * row[name] for name, weight in counted.items())
        assert row["total"] == pytest.approx(total, rel=1e-5)
        # they are measured, all the same
        assert left_out <= set(row)
        assert row["gan_lip"] != 0
    assert losses_of(published)[0]["head_pose"] > 0


def a_published_task(place, **more):
    config = parse(PaperAnimalsConfig, of_published(place, "nowhere", **more), "animals")
    people = open_sets(config.sets, config.loop.run)
    return paper_animals_task(config, open_model(config.base), people, open_animals(config, people))


def drawn(task, step):
    batches = task.steps[0].batches
    return batches.read(batches.draw(Draw.of(0, 0, step)), torch.device("cpu"))


def test_animals_are_mixed_in_and_of_filmed_ones_nobody_tells_the_pose(place):
    task = a_published_task(place, animals=place / "cats", batch=4, animal_fraction=0.25)
    untold = [~drawn(task, step).valid for step in range(3)]
    assert [row.tolist() for row in untold] == [[False, False, False, True]] * 3
    task = a_published_task(place, animals=place / "creatures", batch=1, animal_fraction=1)
    pairs = drawn(task, 0)
    known = RenderedSet([place / "creatures"]).small["keypoints"].reshape(-1, 21, 3)
    assert pairs.valid.all()
    assert any(np.array_equal(pairs.driving.keypoints[0].numpy(), points) for points in known)
    task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)["total"].backward()
    discriminators = task.networks["discriminators"]
    for name, learns in (("global", True), ("face", True), ("lip", False)):
        gradients = [p.grad for p in discriminators.of[name].parameters() if p.grad is not None]
        assert any(bool(g.abs().max() > 0) for g in gradients) == learns


def test_both_layouts_of_a_published_result_are_an_animal_model_with_the_bases_s(place, published):
    before = load_model(place / "published.safetensors")
    ours = load_model(published / "model.safetensors")
    theirs = load_model(published / "published")
    assert ours.preset == theirs.preset
    assert (ours.preset.space, ours.preset.width) == (ANIMAL_SPACE, 1 / 16)
    for name, network in ours.modules().items():
        state, old = network.state_dict(), before.modules()[name].state_dict()
        other = theirs.modules()[name].state_dict()
        assert all(torch.equal(value, other[key]) for key, value in state.items())
        kept = name in ("stitching", "eyes", "lip")
        assert all(torch.equal(value, old[key]) for key, value in state.items()) == kept
    assert len(ours.modules()) == 7
    assert (published / "grid-000003.png").is_file()


def test_a_compact_base_learns_by_the_tables_without_l_h_and_judges(compact):
    motion, picture = asdict(MotionWeights(pose=0.0)), PictureWeights()
    for row in losses_of(compact):
        assert not any("gan" in name or "discriminators" in name for name in row)
        assert row["pose"] > 0
        tables = ((picture_terms(picture), ""), (unlabelled_terms(picture), "clips_"))
        heads, clips = (
            sum(term.weight * row[prefix + term.name] for term in table) for table, prefix in tables
        )
        of_m = sum(weight * row[name] for name, weight in motion.items())
        # half animals, half people; of each half the half are clips
        assert row["total"] == pytest.approx(of_m + (heads + clips) / 2, rel=1e-4)


def changed(before, after, name):
    old, new = (model.modules()[name].state_dict() for model in (before, after))
    return not all(torch.equal(value, old[key]) for key, value in new.items())


def test_the_compact_file_has_all_seven_networks_of_which_four_learnt(place, compact):
    before, after = (
        load_model(p) for p in (place / "compact.safetensors", compact / "model.safetensors")
    )
    assert after.preset == before.preset
    assert [name for name in before.modules() if changed(before, after, name)] == [
        *("appearance", "motion", "warping", "decoder")
    ]
    assert len(after.modules()) == 7
    assert (compact / "grid-000003.png").is_file()


def test_m_stays_unless_it_is_told_to_learn(tmp_path, place):
    options = of_compact(place, tmp_path / "run", "data", animals=place / "cats", steps=1)
    assert animals.main([*options, "animal_fraction=0.5"]) == 0
    (row,) = losses_of(tmp_path / "run")
    assert {"picture", "clips_picture"} <= set(row)  # people are rendered, animals are clips
    assert "keypoints" not in row
    before = load_model(place / "compact.safetensors")
    after = load_model(tmp_path / "run" / "model.safetensors")
    assert {name for name in before.modules() if changed(before, after, name)} == set(PICTURE)


def test_a_run_killed_and_run_again_gives_the_same_losses(tmp_path, place, compact):
    both = f"{place / 'creatures'},{place / 'cats'}"
    options = of_compact(
        place, tmp_path / "again", "data", "clips", animals=both, motion_batch=2, clip_frames=2
    )
    options.append("batch=4")
    assert cut_off_and_resumed(animals.main, options, step=2) == 0
    assert losses_of(tmp_path / "again") == losses_of(compact)


def test_a_published_base_killed_and_run_again_gives_the_same_losses(tmp_path, place, published):
    options = of_published(place, tmp_path / "again")
    assert cut_off_and_resumed(animals.main, options, step=2) == 0
    assert losses_of(tmp_path / "again") == losses_of(published)
    ours = [load_model(run / "model.safetensors") for run in (tmp_path / "again", published)]
    assert not any(changed(*ours, name) for name in ours[0].modules())


def test_a_dry_run_tells_what_learns(place, tmp_path, capsys):
    for options in (
        of_compact(place, tmp_path / "dry", "data"),
        of_published(place, tmp_path / "dry"),
    ):
        with pytest.raises(SystemExit) as leaving:
            animals.main([*options, "--dry-run"])
        assert leaving.value.code == 0
        told = capsys.readouterr().out
        assert '"animal_fraction": 0.5' in told
        assert "kept for the way back of 2 pairs" in told
    networks = build_networks(PAPER_PRESETS["tiny"])  # of the base
    count = sum(p.numel() for name in NETWORKS for p in networks[name].parameters())
    learning = float(told.split("average of ")[1].split(" M parameters")[0])
    assert learning > count / 1e6 - 0.05  # and the discriminators
    assert not (tmp_path / "dry").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("animals=", "animals is ''; a text is expected"),
        ("animal_fraction=0", "animal_fraction is 0.0; a number above 0 up to 1 is expected"),
        ("batch=0", "batch is 0; a whole number from 1 up is expected"),
        ("data=", "Neither data nor clips is given"),
        ("motion_batch=2", "M learns from rendered heads of people and of animals alone"),
        ("animals=nowhere", "There is no nowhere"),
        ("base=nobody.safetensors", "nobody.safetensors"),
    ],
)
def test_what_makes_no_sense_for_a_compact_base_is_refused(capsys, place, tmp_path, wrong, said):
    options = of_compact(place, tmp_path / "run", "data")
    assert said in refused(animals.main, capsys, [*options, wrong])
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("weights.head_pose=20", "weights.head_pose is 20; it stays 0"),
        ("weights.gan_lip=1", "weights.gan_lip is 1; it stays 0"),
        ("weights.guide=-1", "guide is -1.0; a number from 0 up is expected"),
        ("arcface=a.pth", "There is no option 'arcface'"),
        ("init=default", "There is no option 'init'"),
    ],
)
def test_what_makes_no_sense_for_a_published_base_is_refused(capsys, place, tmp_path, wrong, said):
    assert said in refused(animals.main, capsys, [*of_published(place, tmp_path / "run"), wrong])


def test_rendered_people_are_no_animals_and_sizes_must_agree(capsys, place, tmp_path):
    options = of_compact(place, tmp_path / "run", "clips", animals=place / "heads")
    assert "--animals 0.0, so people are in it" in refused(animals.main, capsys, options)
    creatures = of_compact(place, tmp_path / "run", "clips", animals=place / "creatures")
    cache = f"cache={place / 'cats-cache'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RenderedSet, "size_px", 256)
        said = refused(animals.main, capsys, [*creatures, cache, f"clips={place / 'cats'}"])
    assert "has pictures of 256 px and the original data of 128" in said


def test_a_run_of_another_base_is_not_resumed(capsys, place, compact):
    save_model(tiny_compact_model(seed=1), place / "other.safetensors")
    options = of_compact(place, compact, "data", base=place / "other.safetensors")
    said = refused(animals.main, capsys, options)
    assert "compact.safetensors, and this command asks for base=" in said


def test_the_help_is_that_of_the_base(capsys, place):
    for base, key in (("compact", "motion_batch = 0"), ("published", "weights.gan_face = 1")):
        with pytest.raises(SystemExit):
            animals.main([f"base={place / base}.safetensors", "--help"])
        said = capsys.readouterr().out
        assert key in said
        assert "fraction of animals among the pairs" in said


def test_the_task_of_a_compact_base_keeps_its_form_and_leaves_l_h_out(place):
    config = parse(
        CompactAnimalsConfig,
        [*of_compact(place, "nowhere", "data", animals=place / "creatures"), "motion_batch=2"],
        "animals",
    )
    base, people = open_model(config.base), open_sets(config.sets, config.loop.run)
    task = compact_animals_task(config, base, people, open_animals(config, people))
    expected = build_networks(tiny_compact_model().preset)
    for name, network in task.networks.items():
        assert network.state_dict().keys() == expected[name].state_dict().keys()
    motion, picture = task.steps
    assert isinstance(motion, MotionHalf)
    assert isinstance(picture, PictureHalf)
    assert {term.name: term.weight for term in motion.terms}["pose"] == 0


def test_clips_of_animals_need_originals_of_a_size_that_clips_may_have(place):
    config = parse(CompactAnimalsConfig, of_compact(place, "nowhere", "data"), "animals")
    people = SimpleNamespace(rendered=SimpleNamespace(size_px=64), clips=None)
    with pytest.raises(MediaError, match=r"pictures of 64 px, .* a multiple of 128 is expected"):
        open_animals(config, people)


def test_of_two_pairs_one_is_an_animal_and_animals_are_clips(place):
    config = parse(CompactAnimalsConfig, of_compact(place, "nowhere", "data"), "animals")
    base, people = open_model(config.base), open_sets(config.sets, config.loop.run)
    (picture,) = compact_animals_task(config, base, people, open_animals(config, people)).steps
    assert picture.sources.clips_in_step(0, 2) == 1


def test_what_is_left_out_for_animals_is_no_option():
    keys = {spec.key for spec in specs_of(PaperAnimalsConfig)}
    assert not {f"weights.{name}" for name in LEFT_OUT} & keys
    assert {"weights.guide", "discriminator_lr", "objective", "animal_fraction"} < keys
    assert not {"init", "trunk", "arcface", "preset"} & keys
