"""Downloads, from a server in this process."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from liveportrait_core.cli.downloading import download
from liveportrait_core.cli.models import FILES
from liveportrait_core.errors import CheckpointError, MediaError

DATA = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(DATA).hexdigest()


class Shelf(ThreadingHTTPServer):
    """Serves DATA under every name, as its switches say."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, str]] = []
        self.etag: str | None = '"one"'
        self.ranges = True
        self.breaks_after: int | None = None
        self.status: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        shelf = self.server
        shelf.requests.append(dict(self.headers))
        if shelf.status:
            self.send_error(shelf.status)
            return
        start = self.start_of_range()
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        if shelf.etag:
            self.send_header("ETag", shelf.etag)
        self.end_headers()
        end = len(DATA)
        if shelf.breaks_after is not None:
            end, shelf.breaks_after = start + shelf.breaks_after, None
        self.wfile.write(DATA[start:end])
        self.close_connection = True

    def start_of_range(self) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fits = self.headers.get("If-Range") == self.server.etag
        return int(match[1]) if match and fits and self.server.ranges else 0


@pytest.fixture
def shelf():
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_with_its_checksum(shelf, tmp_path):
    told = []
    path = tmp_path / "deep" / "file.bin"
    digest = download(f"{shelf.url}/x", path, sha256=SHA256, progress=lambda *n: told.append(n))
    assert digest == SHA256
    assert path.read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert names(path.parent) == ["file.bin"]


@pytest.mark.parametrize("first_bytes", [1, 300_000])
def test_a_broken_download_goes_on_where_it_stopped(shelf, tmp_path, first_bytes):
    path = tmp_path / "file.bin"
    shelf.breaks_after = first_bytes
    with pytest.raises(CheckpointError, match="goes on where it stopped"):
        download(f"{shelf.url}/x", path)
    assert names(tmp_path) == ["file.bin.part", "file.bin.part.json"]
    assert download(f"{shelf.url}/x", path, sha256=SHA256) == SHA256
    assert shelf.requests[1]["Range"] == f"bytes={first_bytes}-"
    assert names(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("change", ["version", "no ranges", "no version", "other address"])
def test_a_part_that_cannot_be_trusted_is_fetched_anew(shelf, tmp_path, change):
    path = tmp_path / "file.bin"
    shelf.etag = None if change == "no version" else '"one"'
    shelf.breaks_after = 1000
    with pytest.raises(CheckpointError):
        download(f"{shelf.url}/x", path)
    part = tmp_path / "file.bin.part"
    part.write_bytes(b"?" * 1000)  # were it kept, the checksum would tell
    shelf.etag = {"version": '"two"', "no version": None}.get(change, '"one"')
    shelf.ranges = change != "no ranges"
    url = f"{shelf.url}/{'y' if change == 'other address' else 'x'}"
    assert download(url, path, sha256=SHA256) == SHA256


def test_a_part_as_long_as_the_file_is_fetched_anew(shelf, tmp_path):
    path = tmp_path / "file.bin"
    (tmp_path / "file.bin.part").write_bytes(b"?" * len(DATA))
    note = {"url": f"{shelf.url}/x", "version": '"one"'}
    (tmp_path / "file.bin.part.json").write_text(json.dumps(note))
    assert download(f"{shelf.url}/x", path, sha256=SHA256) == SHA256


def test_another_checksum_is_refused_and_nothing_kept(shelf, tmp_path):
    with pytest.raises(CheckpointError, match="is expected"):
        download(f"{shelf.url}/x", tmp_path / "file.bin", sha256="0" * 64)
    assert names(tmp_path) == []


def test_a_server_that_says_no_is_told(shelf, tmp_path):
    shelf.status = 404
    with pytest.raises(CheckpointError, match="the server says 404"):
        download(f"{shelf.url}/x", tmp_path / "file.bin")
    assert names(tmp_path) == []


def test_no_server_and_no_web_address_are_told(shelf, tmp_path):
    with pytest.raises(CheckpointError, match="Cannot download"):
        download("http://127.0.0.1:1/x", tmp_path / "file.bin")
    with pytest.raises(ValueError, match="http:// or https:// is expected"):
        download("file:///etc/passwd", tmp_path / "file.bin")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MediaError, match="Cannot write"):
        download(f"{shelf.url}/x", tmp_path / "file" / "file.bin")


def test_models_download_fetches_what_was_named_and_only_that(liveportrait, shelf, tmp_path):
    to = ("--to", tmp_path / "weights", "--mirror", shelf.url)
    ran = liveportrait("models", "download", "landmark", *to)
    assert ran.code == 0
    assert SHA256 in ran.out
    assert "MIT" in ran.out
    assert names(tmp_path / "weights") == ["landmark.onnx"]
    ran = liveportrait("models", "download", "landmark", *to)
    assert "there already" in ran.out
    assert len(shelf.requests) == 1


def test_models_download_human_takes_no_non_commercial_file(liveportrait, shelf, tmp_path):
    ran = liveportrait(
        *("models", "download", "human", "--to", tmp_path, "--layout", "published"),
        *("--mirror", shelf.url),
    )
    assert ran.code == 0
    fetched = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert "motion_extractor.pth" in fetched
    assert "stitching_retargeting_module.pth" in fetched
    assert not any(name.endswith("det_10g.onnx") for name in fetched)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), ("nonsense", "Choose human or animal")),
        (("default",), ("default is part of the package",)),
        (("buffalo_l/det_10g",), ("published", "--layout")),
    ],
)
def test_names_that_cannot_be_downloaded_are_refused(liveportrait, tmp_path, arguments, words):
    ran = liveportrait("models", "download", *arguments, "--to", tmp_path)
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    for word in words:
        assert word in line


def test_every_published_file_has_an_address():
    for file in FILES:
        for layout in file.paths:
            url = file.url(layout)
            assert (url is None) == (layout == "package")
            assert url is None or url.startswith("https://")
