"""What the training commands write is listed by Load Model and animates a picture."""

from __future__ import annotations

import json
import shutil

import pytest

from liveportrait_core.model import save_model
from tests.comfyui_real.prompts import Graph, animate_video
from tests.comfyui_real.videos import change, read_video
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_published_model
from train import animals, finetune
from train.models.presets import PAPER_PRESETS

SHORT = ("steps=2", "batch=1", "grid_every=0", "lr=0.001", "warmup_steps=1", "bfloat16=false")
NAMES = ("person.safetensors", "pets/cats.safetensors", "pets/published.safetensors")


@pytest.fixture(scope="module")
def place(tmp_path_factory, short_clip):
    """A video of one person, and heads of people and of creatures, made up."""
    root = tmp_path_factory.mktemp("place")
    (root / "person").mkdir()
    shutil.copyfile(short_clip, root / "person" / "video.mp4")
    write_rendered(root / "heads")
    creatures = write_rendered(root / "creatures", seed=5)
    index = json.loads((creatures / "index.json").read_text("utf-8"))
    (creatures / "index.json").write_text(json.dumps({**index, "creatures": 1.0}), "utf-8")
    return root


@pytest.fixture(scope="module")
def trained(pack_server, place):
    """The server with a file of each command in models/liveportrait; gone again afterwards."""
    folder = pack_server.base / "models" / "liveportrait"
    (folder / "pets").mkdir(parents=True)
    person = [f"run={place / 'person-run'}", f"clips={place / 'person'}", "clip_px=128"]
    assert finetune.main([*person, f"out={folder / NAMES[0]}", *SHORT]) == 0
    save_model(tiny_published_model(PAPER_PRESETS["tiny"]), place / "tiny.safetensors")
    for name, base in (("cats", "default"), ("published", place / "tiny.safetensors")):
        run = place / f"{name}-run"
        mixed = [f"animals={place / 'creatures'}", f"data={place / 'heads'}", f"base={base}"]
        more = ["total_batch=1", "clip_px=128"] if name == "published" else []
        assert animals.main([f"run={run}", *mixed, *SHORT, *more]) == 0
        shutil.copyfile(run / "model.safetensors", folder / "pets" / f"{name}.safetensors")
    yield pack_server
    shutil.rmtree(folder)


def test_load_model_lists_what_was_trained(trained):
    loader = trained.object_info()["LPS_LoadModel"]["input"]["required"]
    assert set(NAMES) <= set(loader["model_name"][1]["options"])


def film_of(server, name, **options):
    """The frames of the portrait after the short clip, by one of the files."""
    graph = Graph(server.object_info())
    model = graph.add("LPS_LoadModel", model_name=name)
    saved = animate_video(graph, model=model, options=graph.add("LPS_DrivingOptions", **options))
    run = server.queue(graph.prompt).ok()
    return read_video(server.path(run.files(saved[0])[0])).frames


@pytest.mark.parametrize("name", NAMES[:2])
def test_what_was_trained_animates_the_portrait(trained, name):
    frames = film_of(trained, name)
    assert frames.shape == (16, 512, 512, 3)
    assert change(frames).mean() > 0.2


def test_animals_of_the_published_kind_paint_a_crop_as_their_networks_do(trained):
    # untrained, they paint no animal, but they paint; a portrait shows no animal to be found
    frames = film_of(trained, NAMES[2], source_is_cropped=True)
    assert len(frames) == 16
    assert frames.std() > 1
