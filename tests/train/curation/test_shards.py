import io
import tarfile

import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from train.data.shards import (
    Sample,
    ShardWriter,
    Spot,
    decode_picture,
    encode_jpeg,
    read_spot,
    samples_in,
)

SAMPLES = [
    Sample("a-0000", {"json": b"{}", "0000.jpg": b"x" * 700, "0001.jpg": b""}),
    Sample("b-0000", {"json": b"[1]", "0000.jpg": b"y" * 512}),
]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "shard.tar"
    with path.open("wb") as stream:
        writer = ShardWriter(stream)
        spots = [writer.add(sample) for sample in SAMPLES]
        writer.close()
    return path, spots


def test_any_tar_program_reads_a_shard(shard):
    path, _ = shard
    with tarfile.open(path) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}
    assert found == {
        "a-0000.json": b"{}",
        "a-0000.0000.jpg": b"x" * 700,
        "a-0000.0001.jpg": b"",
        "b-0000.json": b"[1]",
        "b-0000.0000.jpg": b"y" * 512,
    }
    assert path.stat().st_size % 10240 == 0  # whole records, as tar programs write them


def test_each_file_is_where_its_spot_says(shard):
    path, spots = shard
    # a header of 512, 2 bytes padded to 512, and the next header
    assert spots[0]["0000.jpg"] == Spot(3 * 512, 700)
    for sample, places in zip(SAMPLES, spots, strict=True):
        for ext, spot in places.items():
            assert read_spot(path, spot) == sample.files[ext]


def test_a_stream_gives_the_samples_one_after_the_other(shard):
    path, _ = shard

    class Pipe(io.RawIOBase):
        """Cannot be sought in, as what comes from an object store."""

        def __init__(self):
            self.file = path.open("rb")

        def readable(self):
            return True

        def read(self, size=-1):
            return self.file.read(size)

        def close(self):
            self.file.close()

    with Pipe() as pipe:
        assert list(samples_in(pipe)) == SAMPLES


def test_the_webdataset_package_reads_a_shard(shard):
    webdataset = pytest.importorskip("webdataset")
    found = list(webdataset.WebDataset(str(shard[0]), shardshuffle=False))
    assert [sample["__key__"] for sample in found] == ["a-0000", "b-0000"]
    assert found[0]["0000.jpg"] == b"x" * 700


def test_a_shard_that_was_cut_off_or_is_none_is_one_sentence(shard):
    path, spots = shard
    whole = path.read_bytes()
    for content in (whole[:1800], b"no tar" * 100, b""):
        with pytest.raises(MediaError, match="Copy it again"):
            list(samples_in(io.BytesIO(content)))
    path.write_bytes(whole[:1800])
    with pytest.raises(MediaError, match="ends before byte 2236"):  # 3 * 512 + 700
        read_spot(path, spots[0]["0000.jpg"])
    path.unlink()
    with pytest.raises(MediaError, match="cannot be read"):
        read_spot(path, spots[0]["json"])


def test_names_that_the_convention_forbids_are_refused():
    writer = ShardWriter(io.BytesIO())
    for key in ("a.b", "a/b"):
        with pytest.raises(ValueError, match="dot or slash"):
            writer.add(Sample(key, {"json": b""}))
    with pytest.raises(ValueError, match="more than 100"):
        writer.add(Sample("a" * 100, {"json": b""}))


def test_jpegs_keep_colours_of_single_pixels_apart():
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[:, ::2] = (220, 60, 60)
    picture[:, 1::2] = (60, 60, 220)
    found = decode_picture(encode_jpeg(picture, 95), "it").astype(int)
    # with halved colour both columns would come out alike
    assert np.abs(found - picture).mean() < 12
    with pytest.raises(MediaError, match="it is no picture"):
        decode_picture(b"", "it")
