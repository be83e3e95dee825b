"""Folders of shards behind a URL, read by range."""

import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
import torch
from fsspec.implementations.memory import MemoryFileSystem

from liveportrait_core.errors import MediaError
from tests.support.shards import made_up_clip, write_clips, write_heads
from train.data import storage
from train.data.clip_shards import shard_clips
from train.data.curated import CuratedSet
from train.data.mixed import animal_folders
from train.data.rendered import RenderedSet
from train.data.sets import open_sets
from train.data.storage import Remote, place_named, read_part, size_of
from train.engine.config import parse
from train.engine.draw import Draw
from train.tasks.compact import CompactConfig

SIZE_PX = 128
FRAMES = (6, 5, 4, 1)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media") / "films"
    return write_clips(folder, [made_up_clip(n, SIZE_PX, seed=n) for n in FRAMES])


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    return write_heads(tmp_path_factory.mktemp("media") / "heads")


@pytest.fixture
def stored(films, heads):
    """The URLs of both folders in a store in memory."""
    system = fsspec.filesystem("memory")
    for name, folder in (("films", films), ("heads", heads)):
        for path in folder.iterdir():
            system.pipe_file(f"/store/{name}/{path.name}", path.read_bytes())
    yield "memory://store"
    system.rm("/store", recursive=True)


@pytest.fixture
def asked(monkeypatch):
    """What a store was asked for: name, and the number of bytes or None for all."""
    seen, cat = [], MemoryFileSystem.cat_file

    def counting(self, path, start=None, end=None, **more):
        seen.append((Path(path).name, None if end is None else end - start))
        return cat(self, path, start=start, end=end, **more)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", counting)
    return seen


def opened(place):
    return CuratedSet([place_named(str(place))], size_px=SIZE_PX, image_fraction=0.25)


def assert_same_pairs(one, other, count=20):
    pairs = [clips.draw_pairs(Draw.of(0, 0, 3), count) for clips in (one, other)]
    assert torch.equal(pairs[0].source.image, pairs[1].source.image)
    assert torch.equal(pairs[0].driving.image, pairs[1].driving.image)


def test_clips_of_a_store_are_those_of_the_disk_and_are_read_member_by_member(films, stored, asked):
    clips = opened(f"{stored}/films")
    assert asked == [("index.json", None), ("clips-000000.json", None)]
    asked.clear()
    assert_same_pairs(clips, opened(films))
    assert {name for name, _ in asked} == {"clips-000000.tar"}
    largest = max(spot.size for clip in shard_clips(films) for spot in clip.clip.frames)
    assert all(size is not None and size <= largest for _, size in asked)


def test_heads_of_a_store_are_those_of_the_disk_and_are_read_once(heads, stored, asked):
    far, near = RenderedSet([place_named(f"{stored}/heads")]), RenderedSet([heads])
    asked.clear()
    pairs = [found.draw_pairs(Draw.of(0, 0, 1), 6) for found in (far, near)]
    for name in ("flow", "visible", "source_regions"):
        assert torch.equal(getattr(pairs[0].truth, name), getattr(pairs[1].truth, name))
    assert torch.equal(pairs[0].source.image, pairs[1].source.image)
    assert torch.equal(pairs[0].driving.keypoints, pairs[1].driving.keypoints)
    # six pairs of four heads: each frame and each truth at most once, 4 * (3 + 1)
    assert len(asked) <= 16 + 12  # and what two readers asked for at the same moment
    asked.clear()
    far.draw_pairs(Draw.of(0, 0, 1), 6)
    assert asked == []


def sets_of(arguments):
    config = parse(CompactConfig, arguments, "compact")
    return open_sets(config.sets, config.loop.run)


def test_a_run_takes_urls_as_data_and_clips(tmp_path, stored):
    values = [f"run={tmp_path / 'run'}", "steps=1", "init=default", f"clip_px={SIZE_PX}"]
    values += [f"data={stored}/heads", f"clips={stored}/films"]
    sets = sets_of(values)
    assert (len(sets.rendered), len(sets.clips)) == (4, 4)
    both = sets_of([*values[:4], f"clips={stored}/heads,{stored}/films"])
    assert len(both.clips) == 8
    with pytest.raises(MediaError, match="Curate it first"):
        sets_of([*values[:4], f"clips={stored}"])


def test_animals_may_lie_in_a_store(stored):
    rendered, others = animal_folders(f"{stored}/films")
    assert not rendered
    assert [folder.place for folder in others] == [Remote(f"{stored}/films")]
    with pytest.raises(MediaError, match="people are in it"):
        animal_folders(f"{stored}/heads")


@pytest.fixture
def failing(monkeypatch):
    """Makes requests fail: `failing(error, times)` for members of shards, at each place in them."""
    left, cat = {}, MemoryFileSystem.cat_file

    def begin(error, times, only=lambda start: True):
        def once_in_a_while(self, path, start=None, end=None, **more):
            if path.endswith(".tar") and only(start):
                left.setdefault(start, times)
                if left[start]:
                    left[start] -= 1
                    raise error
            return cat(self, path, start=start, end=end, **more)

        monkeypatch.setattr(MemoryFileSystem, "cat_file", once_in_a_while)

    monkeypatch.setattr(storage, "PAUSES_S", (0.001, 0.001, 0.001))
    return begin


def test_what_fails_in_passing_is_asked_again(films, stored, failing, capsys):
    clips = opened(f"{stored}/films")
    failing(ConnectionResetError(104, "reset by peer"), 3)
    assert_same_pairs(clips, opened(films))
    assert clips.num_damaged == 0
    assert capsys.readouterr().err == ""


def test_a_clip_that_cannot_be_read_is_named_counted_and_replaced(films, stored, failing, capsys):
    clips, first = opened(f"{stored}/films"), shard_clips(films)[0].clip
    spots = {spot.at for spot in first.frames}
    failing(TimeoutError("no answer"), 10**6, only=lambda start: start in spots)
    assert len(clips.draw_pairs(Draw.of(0, 0, 0), 40).source) == 40
    assert clips.num_damaged == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "skipped a clip (1 so far): memory://store/films/clips-000000.tar" in line
    assert "TimeoutError" in line


class RefusedError(Exception):
    status = 403


def test_a_refusal_is_not_asked_again(stored, monkeypatch):
    calls = []

    def refusing(self, path, **more):
        calls.append(path)
        raise RefusedError("forbidden")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", refusing)
    with pytest.raises(MediaError, match="RefusedError: forbidden"):
        opened(f"{stored}/films")
    assert len(calls) == 1


def test_a_folder_that_is_not_there_and_a_shard_of_another_size_are_refused(stored, films):
    with pytest.raises(MediaError, match="there is no such file"):
        opened(f"{stored}/nowhere")
    cut = (films / "clips-000000.tar").read_bytes()[:-512]
    fsspec.filesystem("memory").pipe_file("/store/films/clips-000000.tar", cut)
    with pytest.raises(MediaError, match=f"has {len(cut)} bytes"):
        opened(f"{stored}/films")


def test_a_driver_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MediaError, match=r"Run pip install s3fs, or copy the folder to a disk"):
        opened("s3://bucket/films")
    with pytest.raises(MediaError, match=r"begins with gopher://, which no driver here can read"):
        opened("gopher://bucket/films")


def test_urls_are_joined_as_paths_are():
    place = place_named("s3://bucket/films/")
    assert place == Remote("s3://bucket/films/")
    assert str(place / "clips-000000.tar") == "s3://bucket/films/clips-000000.tar"
    assert (place / "clips-000000.tar").with_suffix(".json") == place / "clips-000000.json"
    assert (place / "a.tar").name == "a.tar"
    assert place_named("C:\\films") == Path("C:\\films")


@pytest.fixture
def server(films):
    """An HTTP server of the folder; it knows ranges unless `ranges` is false."""

    class Handler(BaseHTTPRequestHandler):
        ranges = True

        def do_HEAD(self):
            self.answer(send=False)

        def do_GET(self):
            self.answer(send=True)

        def answer(self, *, send):
            path = films / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            data, asked = path.read_bytes(), self.headers.get("Range")
            part = data
            if asked and self.ranges:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                part = data[int(first) : int(last) + 1]
                self.send_response(HTTPStatus.PARTIAL_CONTENT)
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            else:
                self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            if send:
                self.wfile.write(part)

        def log_message(self, *told):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield Handler, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_web_server_with_ranges_will_do_and_one_without_is_told_apart(films, server):
    pytest.importorskip("aiohttp")
    handler, url = server
    assert_same_pairs(opened(url), opened(films), count=8)
    with pytest.raises(MediaError, match="there is no such file"):
        opened(f"{url}/nowhere")
    assert size_of(Remote(f"{url}/nowhere.tar")) == 0
    handler.ranges = False
    with pytest.raises(MediaError, match="gives whole files alone"):
        read_part(Remote(f"{url}/clips-000000.tar"), 512, 100)
