"""Rendered heads in the shards of train.curate."""

import json
import tarfile

import numpy as np
import pytest
import torch

from liveportrait_core.config.fields import build
from liveportrait_core.errors import MediaError
from tests.support.batches import assert_alike
from train.data.clip_shards import shard_clips
from train.data.curated import CuratedSet
from train.data.folder import open_folder
from train.data.mixed import animal_folders
from train.data.rendered import RenderedSet
from train.data.shards import decode_arrays, decode_picture, samples_in
from train.engine.draw import Draw
from train.evaluation.rendered_protocol import is_rendered
from train.render import main
from train.rendering.export.dataset import RenderedSetError, render_set
from train.rendering.export.options import RenderConfig

SIZE = 16
IDENTITIES = 5


def config_for(folder, face_model_file, **changes):
    settings = {"identities": IDENTITIES, "seed": 5, "size_px": SIZE, "shard_size": 2}
    settings |= {"animals": 0.4, "webdataset": True}
    settings |= {"folder": folder, "face_model": face_model_file, **changes}
    return build(RenderConfig, settings)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, face_model_file):
    folder = tmp_path_factory.mktemp("rendered") / "npz"
    render_set(config_for(folder, face_model_file, webdataset=False))
    return folder


@pytest.fixture(scope="module")
def sharded(tmp_path_factory, face_model_file):
    folder = tmp_path_factory.mktemp("rendered") / "tar"
    assert render_set(config_for(folder, face_model_file)) == IDENTITIES
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_is_one_of_train_curate_with_what_it_was_rendered_with(sharded):
    assert open_folder(sharded).has_clips
    index = open_folder(sharded).index
    assert (index["films"], index["stills"], index["frames"]) == (IDENTITIES, 0, 3 * IDENTITIES)
    names = ["clips-000000.tar", "clips-000001.tar", "clips-000002.tar"]
    assert [shard["file"] for shard in index["shards"]] == names
    assert [shard["clips"] for shard in index["shards"]] == [2, 2, 1]
    assert index["rendered"]["seed"] == 5
    assert index["rendered"]["producer"]["name"] == "liveportrait-suite train.render"
    with tarfile.open(sharded / names[1]) as tar:
        members = tar.getnames()
    files = ["json", "npz", "truth.npz", "0000.png", "0001.png", "0002.png"]
    keys = ["head-5-000002", "head-5-000003"]
    assert members == [f"{key}.{file}" for key in keys for file in files]


def test_a_stream_of_the_shards_holds_all_that_the_npz_files_hold(plain, sharded):
    samples = []
    for path in sorted(sharded.glob("*.tar")):
        with path.open("rb") as stream:
            samples += samples_in(stream)
    files = [np.load(path) for path in sorted(plain.glob("shard-*.npz"))]
    for name in files[0].files:
        wanted = np.concatenate([file[name] for file in files])
        if name == "image":
            found = [
                [decode_picture(sample.files[f"{k:04d}.png"], "it") for k in range(3)]
                for sample in samples
            ]
        else:
            found = [decode_arrays(sample.files["truth.npz"], "it")[name] for sample in samples]
        np.testing.assert_array_equal(np.array(found), wanted, err_msg=name)
        assert np.array(found).dtype == wanted.dtype


def test_both_layouts_give_the_same_batches_bit_by_bit(plain, sharded):
    of_files, of_shards = RenderedSet([plain]), RenderedSet([sharded])
    assert len(of_shards) == IDENTITIES
    assert of_shards.size_px == SIZE
    assert torch.equal(of_files.mean_canonical, of_shards.mean_canonical)
    for step in range(3):
        draws = [Draw.of(0, 0, step) for _ in range(2)]
        assert_alike(of_files.draw_pairs(draws[0], 7), of_shards.draw_pairs(draws[1], 7))
        assert_alike(of_files.draw_frames(draws[0], 7), of_shards.draw_frames(draws[1], 7))
        assert draws[0].notes == draws[1].notes


def test_as_clips_they_carry_what_curated_clips_carry_and_it_is_exact(plain, sharded):
    clips = CuratedSet([sharded], size_px=SIZE, image_fraction=0.2)
    assert len(clips) == IDENTITIES
    assert clips.draw_pairs(Draw.of(0, 0, 0), 4).source.image.shape == (4, 3, SIZE, SIZE)
    wanted = np.load(plain / "shard-00000.npz")
    for row, clip in enumerate(shard_clips(sharded)[:2]):
        arrays = clip.annotations()
        np.testing.assert_array_equal(arrays["landmarks"], wanted["keypoints"][row, ..., :2])
        np.testing.assert_array_equal(arrays["openness"][:, :2], wanted["eyes_open"][row])
        np.testing.assert_array_equal(arrays["openness"][:, 2:], wanted["lip_open"][row])
        np.testing.assert_array_equal(arrays["pose_deg"], wanted["pose_deg"][row])
        np.testing.assert_array_equal(clip[1], wanted["image"][row, 1])


def test_broken_off_and_run_again_every_byte_is_as_without(sharded, face_model_file, tmp_path):
    folder = tmp_path / "again"
    copied(sharded, folder)
    (folder / "index.json").unlink()
    (folder / "clips-000001.tar").unlink()
    (folder / "clips-000001.json").write_bytes(b"half of a ta")
    (folder / ".0123456789ab.part.tar").write_bytes(b"left by a kill")
    assert render_set(config_for(folder, face_model_file)) == 2
    assert contents(folder) == contents(sharded)
    assert render_set(config_for(folder, face_model_file)) == 0


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half(
    sharded, face_model_file, tmp_path, monkeypatch
):
    def full(self, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("train.data.shards.ShardWriter._write", full)
        with pytest.raises(MediaError, match="No space left on device"):
            render_set(config_for(tmp_path, face_model_file))
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert render_set(config_for(tmp_path, face_model_file)) == IDENTITIES
    assert contents(tmp_path) == contents(sharded)


def test_folders_of_other_layouts_and_settings_are_refused(
    plain, sharded, face_model_file, tmp_path
):
    def refused(folder, **changes):
        with pytest.raises(RenderedSetError) as caught:
            render_set(config_for(folder, face_model_file, **changes))
        return str(caught.value)

    assert refused(plain) == (
        f"{plain} holds .npz shards; WebDataset shards are expected. "
        "Leave --webdataset out, or use another folder."
    )
    assert refused(sharded, webdataset=False) == (
        f"{sharded} holds WebDataset shards; .npz shards are expected. "
        "Give --webdataset, or use another folder."
    )
    assert f"{sharded} holds heads with seed 5, and this command asks for 6" in refused(
        sharded, seed=6
    )
    (tmp_path / "settings.json").write_text('{"of": "something else"}')
    assert "is not an index of rendered heads" in refused(tmp_path)
    assert "is of something else" in refused(tmp_path, webdataset=False)


def copied(folder, place):
    place.mkdir()
    for name, data in contents(folder).items():
        (place / name).write_bytes(data)
    return place


def test_a_damaged_head_is_named_once_and_the_next_takes_its_place(sharded, tmp_path, capsys):
    place = copied(sharded, tmp_path / "heads")
    clip = shard_clips(place)[1]
    with clip.shard.open("r+b") as stream:
        for spot in (*clip.clip.frames, clip.clip.truth):
            stream.seek(spot.at)
            stream.write(bytes(spot.size))
    heads = RenderedSet([place])
    whole = RenderedSet([sharded])
    for step in range(4):
        draws = [Draw.of(0, 0, step) for _ in range(2)]
        found, wanted = (s.draw_pairs(d, 6) for s, d in zip((heads, whole), draws, strict=True))
        drawn = [word.split("/") for word in draws[1].notes[0].split()[2:]]
        for row, (identity, frame) in enumerate(drawn):
            if identity == "1":
                other = whole.pairs(np.array([2]), np.array([int(frame)]))
                assert torch.equal(found.truth.flow[row], other.truth.flow[0])
                assert torch.equal(found.driving.image[row], other.driving.image[0])
            else:
                assert torch.equal(found.truth.flow[row], wanted.truth.flow[row])
    assert heads.num_damaged == 1
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "skipped" in line)
    assert "skipped a head (1 so far)" in line
    assert "head-5-000001" in line


def test_what_is_not_whole_is_refused_before_training(sharded, tmp_path):
    place = copied(sharded, tmp_path / "heads")
    (place / "clips-000001.npz").write_bytes((place / "clips-000000.npz").read_bytes()[:-90])
    with pytest.raises(MediaError, match=r"clips-000001\.npz are damaged"):
        RenderedSet([place])
    (place / "clips-000001.npz").write_bytes((place / "clips-000002.npz").read_bytes())
    with pytest.raises(MediaError, match="are of another set"):
        RenderedSet([place])
    (place / "clips-000001.npz").unlink()
    with pytest.raises(MediaError, match="there is no such file"):
        RenderedSet([place])
    index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    del index["rendered"]
    (place / "index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(MediaError, match=r"no exact truth is known.*Name it with clips="):
        RenderedSet([place])


def test_the_command_writes_shards_and_a_contact_sheet(face_model_file, tmp_path, capsys):
    folder, sheet = tmp_path / "animals", tmp_path / "sheet.png"
    command = [str(folder), "--face-model", str(face_model_file), "--identities", "1"]
    command += ["--size", "32", "--webdataset", "--animals", "1"]
    assert main([*command, "--contact-sheet", str(sheet)]) == 0
    assert capsys.readouterr().out == f"{folder}: 1 identities rendered, 0 kept, size 32 px\n"
    assert sheet.stat().st_size > 0
    assert len(RenderedSet([folder])) == 1
    rendered, others = animal_folders(str(folder))
    assert [found.place for found in rendered] == [folder]
    assert not others
    assert is_rendered(folder)


def test_people_among_animals_are_refused_in_this_layout_too(sharded):
    with pytest.raises(MediaError, match=r"rendered with --animals 0\.4"):
        animal_folders(str(sharded))
