"""Stages 1 and 2 on folders of films and stills, with rendered heads and without."""

import json
from pathlib import Path

import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.model import load_model
from tests.support.killing import cut_off_and_resumed
from tests.support.rendered import write_rendered
from tests.support.videos import SIZE_PX, frame, moving_video, square_faces
from train import compact, stage2
from train.data import preparing, sets
from train.data.face_crops import CropSettings
from train.data.pixels import as_image
from train.data.prepared_clips import PreparedSet
from train.data.preparing import prepare, read_index
from train.data.sets import Sets, open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.engine.stats import CLOCK
from train.losses.compact_picture_terms import picture_terms, unlabelled_terms
from train.losses.picture_weights import PictureWeights
from train.models.runs import BaseModel, load_run, open_model
from train.tasks import retargeting_step
from train.tasks.compact import CompactConfig
from train.tasks.retargeting import retargeting_task
from train.tasks.retargeting_faces import faces_of, seen_heads
from train.tasks.retargeting_step import RetargetingConfig

ROOT = Path(__file__).resolve().parents[3]
QUICK = ["batch=2", "log_every=1", "save_every=2", "grid_every=0", "bfloat16=false"]
SMALL = ["detail_px=128", "blocks=0", "depth_probes=0", "motion_batch=2", "own_keypoints_from=1"]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Folders of rendered heads and of clips, and the cache of the clips."""
    root = tmp_path_factory.mktemp("media")
    write_rendered(root / "heads")
    moving_video(root / "people" / "a.mp4", num_frames=4)
    moving_video(root / "people" / "b.mp4", num_frames=3, step=-3, seed=1)
    write_image(root / "people" / "still.png", frame((70, 50, 44), seed=2))
    settings = CropSettings(size_px=SIZE_PX)
    prepare(
        [root / "people"], root / "cache", settings, faces=square_faces(), log=lambda line: None
    )
    return root


def keys(media, *names):
    folders = {"data": media / "heads", "clips": media / "people", "cache": media / "cache"}
    return [f"clip_px={SIZE_PX}", *(f"{name}={folders[name]}" for name in names)]


def rows(run):
    lines = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in CLOCK} for row in found]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, media):
    run = tmp_path_factory.mktemp("runs") / "mixed"
    compact.main([f"run={run}", *keys(media, "data", "clips", "cache"), *SMALL, *QUICK, "steps=3"])
    return run


def test_clips_come_in_once_m_can_read_and_have_rows_of_their_own(mixed):
    first, second, third = rows(mixed)
    assert "equivariance" not in first
    assert not any(name.startswith("clips_") for name in first)
    for row in (second, third):
        assert row["equivariance"] > 0
        assert {"clips_picture", "clips_perceptual", "clips_motion", "picture", "flow"} <= set(row)
        assert "clips_flow" not in row
    assert load_model(mixed / "model.safetensors").preset.blocks == 0


def test_the_total_weighs_both_kinds_of_pairs_by_their_numbers(mixed):
    row, weights = rows(mixed)[1], PictureWeights()
    config = json.loads((mixed / "config.json").read_text(encoding="utf-8"))
    of_m = ["keypoints", "heat", "canonical", "pose", "gaps", "gaze", "expression", "equivariance"]
    motion = sum(config["motion_weights"][name] * row[name] for name in of_m)
    tables = ((picture_terms(weights), ""), (unlabelled_terms(weights), "clips_"))
    labelled, unlabelled = (
        sum(term.weight * row[prefix + term.name] for term in table) for table, prefix in tables
    )
    # a batch of two, half of it clips
    assert row["total"] == pytest.approx(motion + (labelled + unlabelled) / 2, rel=1e-4)


def test_a_run_on_clips_killed_and_run_again_gives_the_same_losses(tmp_path, media, mixed):
    again = tmp_path / "again"
    options = [f"run={again}", *keys(media, "data", "clips", "cache"), *SMALL, *QUICK, "steps=3"]
    assert cut_off_and_resumed(compact.main, options, step=2) == 0
    assert rows(again) == rows(mixed)


def test_clips_alone_train_all_but_m_which_stays_as_it_was(tmp_path, media, mixed):
    run = tmp_path / "alone"
    options = [*SMALL, *QUICK, "steps=2", "gan=true", f"init={mixed}", "grid_every=2"]
    compact.main([f"run={run}", *keys(media, "clips", "cache"), *options])
    before, after = load_run(mixed), load_run(run)
    assert same(before["motion"], after["motion"])
    assert not same(before["decoder"], after["decoder"])
    assert {"clips_picture", "clips_gan_face", "clips_discriminators"} <= set(rows(run)[0])
    assert "picture" not in rows(run)[0]
    # three clips, four rows: source, driving, and the output by M's keypoints twice
    assert read_image(run / "grid-000002.png").rgb.shape == (4 * SIZE_PX, 3 * SIZE_PX, 3)


def same(network, other):
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in network.state_dict().items())


def test_stage_2_takes_sources_and_drivers_from_both(tmp_path, media, mixed, monkeypatch):
    monkeypatch.setattr(retargeting_step, "GRID_FACES", 1)
    run = tmp_path / "retarget"
    options = [*QUICK, "total_batch=2", "steps=1", "grid_every=1", f"base={mixed}"]
    stage2.main([f"run={run}", *keys(media, "data", "clips", "cache"), *options])
    assert {"stitching", "eyes", "lip"} <= set(load_model(run / "model.safetensors").modules())
    # a rendered head and a clip, as they are and at four openings of eyes and of lips
    assert read_image(run / "grid-000001.png").rgb.shape == (2 * SIZE_PX, 9 * SIZE_PX, 3)


def stage_2_on_clips(media, mixed, *arguments):
    options = ["run=nowhere", "steps=1", "batch=3", "total_batch=3", f"base={mixed}", *arguments]
    config = parse(RetargetingConfig, [*keys(media, "clips", "cache"), *options], "stage2")
    return retargeting_task(config, open_model(str(mixed)), open_sets(config.sets, config.loop.run))


def test_heads_of_clips_are_where_w_sees_them_and_about_the_keypoints(media, mixed):
    task = stage_2_on_clips(media, mixed)
    (step,) = task.steps
    pixels, heads = step._sources(Draw.of(0, 0, 0))
    sources = as_image(pixels)
    assert sources.shape == (3, 3, SIZE_PX, SIZE_PX)
    assert len(heads) == 0
    model = step.model(task.networks)
    faces = faces_of(model, sources)
    with torch.no_grad():
        logit = model.warping(faces.volume, faces.keypoints, faces.keypoints).head_logit
    seen = seen_heads(model, faces, 1)
    assert seen.shape == (2, 1, SIZE_PX, SIZE_PX)
    # a 32 px map grows four times: the middle of each cell keeps its value between its neighbours
    cells = torch.nn.functional.avg_pool2d(seen, 4)[:, 0, 1:-1, 1:-1]
    middles = (torch.arange(1, 31) + 0.5) / 16 - 1
    grid = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)
    away = (grid - faces.keypoints[1:, :, None, None, :2]).norm(dim=-1).amin(1)
    told = logit[1:, 0, 1:-1, 1:-1].sigmoid()
    assert (away > 0.7).any()
    torch.testing.assert_close(cells[away > 0.7], told[away > 0.7], atol=0.02, rtol=0)
    assert float(cells[away < 0.06].min()) > 0.85


def test_stage_2_on_stills_alone_says_that_it_needs_films(media, mixed):
    (step,) = stage_2_on_clips(media, mixed).steps
    entries = read_index(media / "cache", CropSettings(size_px=SIZE_PX)).values()
    stills = [entry for entry in entries if entry.frames == 1]
    pictures = PreparedSet(media / "cache", stills, size_px=SIZE_PX, image_fraction=0.2)
    with pytest.raises(MediaError, match="Add videos to clips"):
        retargeting_task(step.config, BaseModel(step.preset, step.base), Sets(None, pictures))


def refused(kind, *arguments):
    with pytest.raises(OptionError) as refusal:
        parse(kind, ["run=r", "steps=1", *arguments], "stage")
    return str(refusal.value)


def test_what_makes_no_sense_is_one_sentence():
    neither = refused(RetargetingConfig, "base=b")
    assert "Neither data nor clips is given" in neither
    alone = refused(CompactConfig, "clips=people")
    assert "nothing that M could learn its keypoints from" in alone
    nothing = refused(CompactConfig, "clips=people", "init=default", "batch=0")
    assert "Give a batch" in nothing
    assert "clip_fraction is 2.0; a number from 0 to 1 is expected" in refused(
        CompactConfig, "data=d", "clip_fraction=2"
    )
    assert "multiple of 128" in refused(CompactConfig, "data=d", "clip_px=200")


def test_heads_larger_than_the_stored_clips_are_refused(tmp_path, media):
    folders = keys(media, "data", "clips", "cache")[1:]
    config = parse(CompactConfig, ["run=r", "steps=1", *folders, "clip_px=128"], "stage1")
    heads = open_sets(config.sets, config.loop.run).rendered
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(heads), "size_px", 256)
        with pytest.raises(MediaError, match="Give clip_px=256"):
            open_sets(config.sets, config.loop.run)


def test_of_several_processes_the_first_prepares_and_the_others_wait(media, monkeypatch):
    config = parse(
        CompactConfig,
        ["run=r", "steps=1", "init=default", *keys(media, "clips", "cache")],
        "stage1",
    )
    answers = [True, False, False]
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(preparing, "is_prepared", lambda *_: answers.pop())
    monkeypatch.setattr(sets.time, "sleep", lambda seconds: None)
    assert len(open_sets(config.sets, config.loop.run).clips) == 3
    assert not answers


def test_the_default_finder_frames_a_photograph_and_a_rendered_film(tmp_path):
    demo = [ROOT / "docs" / "demo" / name for name in ("portrait.jpg", "driving.mp4")]
    settings = CropSettings(size_px=SIZE_PX, max_frames=3)
    clips = prepare(demo, tmp_path, settings, log=lambda line: None)
    assert {clip.name: clip.frames for clip in clips} == {"driving.mp4": 3, "portrait.jpg": 1}
    pairs = PreparedSet(tmp_path, clips, size_px=SIZE_PX, image_fraction=0.5).first_pairs(2)
    keypoints = pairs.with_readings(load_model("default").motion).source.keypoints
    # in crops as M knows them all keypoints are within the picture and their middle near its own
    assert float(keypoints[..., :2].abs().max()) < 0.8
    assert float(keypoints[..., :2].mean(1).abs().max()) < 0.3
