"""What kind of folder it is: its index is read once and says it."""

import json

import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from tests.support.rendered import write_rendered
from tests.support.shards import made_up_clip, write_clips, write_heads
from train.data import folder as folders
from train.data.curated import CuratedSet
from train.data.folder import open_folder, open_folders
from train.data.rendered import RenderedSet

SIZE_PX = 128


@pytest.fixture
def reads(monkeypatch):
    """Every place that is read as an index."""
    seen = []
    read = folders.read_bytes

    def counting(place):
        seen.append(place)
        return read(place)

    monkeypatch.setattr(folders, "read_bytes", counting)
    return seen


def test_the_index_says_whether_there_are_heads_or_clips(tmp_path):
    (tmp_path / "photos").mkdir()
    places = {
        "heads": write_rendered(tmp_path / "heads"),
        "shards": write_heads(tmp_path / "shards"),
        "clips": write_clips(tmp_path / "clips", [made_up_clip(3, SIZE_PX)]),
        "photos": tmp_path / "photos",
        "missing": tmp_path / "missing",
    }
    opened = {name: open_folder(place) for name, place in places.items()}
    assert [name for name, found in opened.items() if found.is_rendered] == ["heads", "shards"]
    assert [name for name, found in opened.items() if found.has_clips] == ["shards", "clips"]
    assert not opened["photos"].index


def test_each_index_is_read_once_however_often_it_is_asked(tmp_path, reads):
    heads, clips = write_heads(tmp_path / "heads"), tmp_path / "clips"
    write_clips(clips, [made_up_clip(3, SIZE_PX)])
    found, others = open_folders(f"{heads},{clips}")
    assert found.is_rendered
    assert RenderedSet([found]).size_px == SIZE_PX
    assert len(CuratedSet([found, others], size_px=SIZE_PX, image_fraction=0.5)) == 5
    indices = [place for place in reads if place.name == "index.json"]
    assert sorted(map(str, indices)) == sorted(
        str(place / "index.json") for place in (heads, clips)
    )


def test_a_single_file_has_no_index(tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a film")
    assert not open_folder(film).index


@pytest.mark.parametrize("text", ["{", "[]", '"words"'])
def test_a_damaged_index_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "index.json").write_text(text, encoding="utf-8")
    with pytest.raises(MediaError, match=r"index\.json is missing or damaged"):
        open_folder(tmp_path)


def test_later_versions_and_other_formats_are_refused_where_clips_are_expected(tmp_path):
    place = write_clips(tmp_path, [made_up_clip(3, SIZE_PX)])
    index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    (place / "index.json").write_text(json.dumps({**index, "version": 2}), encoding="utf-8")
    with pytest.raises(MediaError, match="version 2; 'liveportrait-suite/curated' up to version 1"):
        open_folder(place).require_clips()


def without_flow(arrays):
    del arrays["flow"]


def with_fewer_pictures(arrays):
    arrays["image"] = arrays["image"][:2]


@pytest.mark.parametrize(
    ("change", "words"),
    [(without_flow, "flow.npy"), (with_fewer_pictures, "its arrays hold 2 and 4 heads")],
)
def test_a_shard_that_lacks_something_is_named(tmp_path, change, words):
    shard = write_rendered(tmp_path / "heads") / "shard-00000.npz"
    arrays = dict(np.load(shard))
    change(arrays)
    np.savez(shard, **arrays)
    with pytest.raises(MediaError, match=f"{shard} is damaged or not whole .*{words}"):
        RenderedSet([tmp_path / "heads"])


def test_a_shard_that_is_cut_off_is_named(tmp_path):
    shard = write_rendered(tmp_path / "heads") / "shard-00000.npz"
    data = shard.read_bytes()
    for length in (len(data) // 2, len(data) - 20, 0):
        shard.write_bytes(data[:length])
        with pytest.raises(MediaError, match=f"{shard} is damaged or not whole"):
            RenderedSet([tmp_path / "heads"])


@pytest.mark.parametrize(
    ("shards", "words"),
    [([], "names no shard"), ([{"first": 0}], "damaged"), (["a"], "damaged"), (3, "damaged")],
)
def test_an_index_without_shards_is_one_sentence(tmp_path, shards, words):
    index = write_rendered(tmp_path / "heads") / "index.json"
    index.write_text(json.dumps({**json.loads(index.read_text("utf-8")), "shards": shards}))
    with pytest.raises(MediaError, match=words):
        RenderedSet([tmp_path / "heads"])
