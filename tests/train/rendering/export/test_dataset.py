import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from liveportrait_core.config.fields import build
from train.rendering.export.dataset import RenderedSetError, render_set
from train.rendering.export.options import RenderConfig

IDENTITIES = 3
SIZE = 16
REPOSITORY = Path(__file__).parents[4]
SHAPES = {
    "image": ((3, SIZE, SIZE, 3), np.uint8),
    "keypoints": ((3, 21, 3), np.float32),
    "canonical": ((21, 3), np.float32),
    "rotation": ((3, 3, 3), np.float32),
    "pose_deg": ((3, 3), np.float32),
    "gaze_deg": ((3, 2), np.float32),
    "eyes_open": ((3, 2), np.float32),
    "lip_open": ((3, 1), np.float32),
    "flow": ((3, SIZE // 2, SIZE // 2, 2), np.float16),
    "visible": ((3, SIZE // 2, SIZE // 2), np.bool_),
    "regions": ((3, SIZE // 2, SIZE // 2), np.uint8),
    "depth": ((3, SIZE // 2, SIZE // 2), np.float16),
}


def config_for(folder, face_model_file, **changes):
    settings = {"identities": IDENTITIES, "seed": 5, "size_px": SIZE, "shard_size": 2}
    settings |= {"folder": folder, "face_model": face_model_file, **changes}
    return build(RenderConfig, settings)


def load(folder):
    shards = [np.load(path) for path in sorted(folder.glob("shard-*.npz"))]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0].files}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, face_model_file):
    folder = tmp_path_factory.mktemp("rendered") / "set"
    render_set(config_for(folder, face_model_file))
    return folder


def test_a_set_holds_the_arrays_of_the_format(rendered):
    arrays = load(rendered)
    found = {name: (array.shape[1:], array.dtype) for name, array in arrays.items()}
    assert found == SHAPES
    assert all(len(array) == IDENTITIES for array in arrays.values())
    assert np.isfinite(arrays["keypoints"]).all()


def test_the_index_names_the_format_and_every_shard(rendered):
    index = json.loads((rendered / "index.json").read_text())
    assert index["format"] == "liveportrait-suite/rendered"
    assert (index["version"], index["seed"], index["size_px"], index["frames"]) == (1, 5, SIZE, 3)
    assert len(index["keypoint_names"]) == 21
    assert index["shards"] == [
        {"file": "shard-00000.npz", "first": 0, "identities": 2},
        {"file": "shard-00001.npz", "first": 2, "identities": 1},
    ]


@pytest.mark.parametrize("changes", [{"workers": 2}, {"shard_size": 1}, {"shard_size": 8}])
def test_pictures_depend_on_the_seed_and_not_on_workers_or_shards(
    rendered, face_model_file, tmp_path, changes
):
    render_set(config_for(tmp_path / "other", face_model_file, **changes))
    expected, found = load(rendered), load(tmp_path / "other")
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_another_seed_gives_other_pictures(rendered, face_model_file, tmp_path):
    render_set(config_for(tmp_path / "other", face_model_file, seed=6, identities=1))
    assert (load(tmp_path / "other")["image"][0] != load(rendered)["image"][0]).any()


def test_a_second_run_renders_only_what_is_missing(face_model_file, tmp_path):
    config = config_for(tmp_path / "set", face_model_file)
    assert render_set(config) == IDENTITIES
    kept, lost = tmp_path / "set/shard-00000.npz", tmp_path / "set/shard-00001.npz"
    before, written_ns = load(tmp_path / "set"), kept.stat().st_mtime_ns
    lost.unlink()
    calls = []
    assert render_set(config, progress=lambda done, total: calls.append((done, total))) == 1
    assert calls == [(2, 3), (3, 3)]
    assert kept.stat().st_mtime_ns == written_ns
    for name, array in load(tmp_path / "set").items():
        np.testing.assert_array_equal(array, before[name])
    assert render_set(config) == 0


def test_killed_in_the_middle_and_run_again_every_byte_is_as_without_the_kill(
    face_model_file, tmp_path
):
    settings = {"identities": 8, "shard_size": 1, "animals": 0.08}
    folder = tmp_path / "killed"
    options = [str(folder), "--face-model", str(face_model_file), "--seed", "5"]
    options += ["--identities", "8", "--shard-size", "1", "--size", str(SIZE)]
    command = subprocess.Popen([sys.executable, "-m", "train.render", *options], cwd=REPOSITORY)
    try:
        deadline_s = time.monotonic() + 900
        while not (folder / "shard-00000.npz").is_file():
            assert command.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
    finally:
        command.kill()
        command.wait()
    there = len(list(folder.glob("shard-*.npz")))
    assert 1 <= there < 8
    assert render_set(config_for(folder, face_model_file, **settings)) == 8 - there
    render_set(config_for(tmp_path / "whole", face_model_file, **settings))
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_a_folder_with_other_settings_is_refused_in_one_sentence(rendered, face_model_file):
    with pytest.raises(RenderedSetError) as caught:
        render_set(config_for(rendered, face_model_file, seed=6))
    assert str(caught.value) == (
        f"{rendered} holds heads with seed 5, and this command asks for 6. "
        "Use another folder, or the settings of the set."
    )


def test_a_foreign_index_is_refused(face_model_file, tmp_path):
    (tmp_path / "index.json").write_text("not json")
    with pytest.raises(RenderedSetError, match="is not an index of rendered heads"):
        render_set(config_for(tmp_path, face_model_file))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"identities": 0},
            "identities is 0; a whole number from 1 up is expected",
        ),
        ({"workers": 0}, "workers is 0; a whole number from 1 up is expected"),
        ({"animals": 1.5}, "animals is 1.5; a number from 0 to 1 is expected. The nearest is 1."),
        ({"seed": -1}, "seed is -1; a whole number from 0 up is expected"),
        ({"size_px": 31}, "size is 31; a multiple of 4 is expected. The nearest is 32."),
        ({"size_px": 12}, "size_px is 12; a whole number from 16 up is expected"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(face_model_file, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        config_for(tmp_path, face_model_file, **changes)
