"""WebDataset shards: plain tar files in which the files of one sample follow each other.

Written with the standard library. The convention is a tar whose members are named `key.ext`, the
key without dots; all members of a key make one sample. The `webdataset` package reads it as a
stream, and so does any tar program. Written by ourselves each member's place in the file is
known, so that two frames of a clip can be read without the rest, which streams cannot do.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import Pixels

from .storage import Place, read_part

BLOCK: Final = tarfile.BLOCKSIZE
MAX_NAME: Final = 100
"""Characters of a member's name; a longer one would need a header of its own."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a member's content lies in its tar."""

    at: int
    """Bytes from the beginning."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Files that belong together."""

    key: str
    """Without dots."""
    files: Mapping[str, bytes]
    """Content by what comes after the key and its dot, such as `json` or `0003.jpg`."""


class ShardWriter:
    """Writes a tar; the same samples give the same bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        """A tar that begins where the stream is.

        Args:
            stream: Opened for writing.
        """
        self._stream = stream
        self.size = 0
        """Bytes so far."""

    def add(self, sample: Sample) -> dict[str, Spot]:
        """Append a sample.

        Returns:
            Where each of its files lies.

        Raises:
            ValueError: A name that the convention forbids.
            OSError: The disk is full.
        """
        if "." in sample.key or "/" in sample.key:
            raise ValueError(
                f"The key {sample.key!r} has a dot or slash; plain words are expected. Rename it."
            )
        return {ext: self._add(f"{sample.key}.{ext}", data) for ext, data in sample.files.items()}

    def close(self) -> None:
        """End the tar; the stream stays open."""
        ended = self.size + 2 * BLOCK
        self._write(bytes(2 * BLOCK + -ended % tarfile.RECORDSIZE))

    def _add(self, name: str, data: bytes) -> Spot:
        if len(name) > MAX_NAME:
            raise ValueError(f"The name {name} has more than {MAX_NAME} characters; shorten it.")
        header = tarfile.TarInfo(name)
        header.size = len(data)
        self._write(header.tobuf(tarfile.USTAR_FORMAT))
        spot = Spot(self.size, len(data))
        self._write(data)
        self._write(bytes(-len(data) % BLOCK))
        return spot

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self.size += len(data)


def samples_in(stream: BinaryIO) -> Iterator[Sample]:
    """The samples of a tar, one after the other: of a file, a pipe or an object store.

    Args:
        stream: Read once, forwards only.

    Raises:
        MediaError: It is no tar, or is damaged.
    """
    key, files = "", dict[str, bytes]()
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    continue
                folder, _, name = member.name.rpartition("/")
                stem, _, ext = name.partition(".")
                found = f"{folder}/{stem}" if folder else stem
                if found != key and files:
                    yield Sample(key, files)
                    files = {}
                key = found
                files[ext] = content.read()
    except (tarfile.TarError, EOFError) as error:
        raise MediaError(
            f"A shard is no tar file, or was cut off ({error}). Copy it again."
        ) from error
    if files:
        yield Sample(key, files)


def read_spot(place: Place, spot: Spot) -> bytes:
    """One file of a tar, without the rest.

    Raises:
        MediaError: The tar is missing or too short.
    """
    data = read_part(place, spot.at, spot.size)
    if len(data) < spot.size:
        raise MediaError(
            f"The shard {place} ends before byte {spot.at + spot.size}, where a clip is expected. "
            "Copy it again."
        )
    return data


def encode_jpeg(picture: Pixels, quality: int) -> bytes:
    """A picture as JPEG with full colour: lips and irises are small.

    Args:
        picture: (H, W, 3) RGB.
        quality: 1 to 100.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    done, encoded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), options)
    assert done
    return encoded.tobytes()


def encode_png(picture: Pixels) -> bytes:
    """A picture as PNG: every bit of it, where its truth is exact.

    Args:
        picture: (H, W, 3) RGB.
    """
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    assert done
    return encoded.tobytes()


def decode_picture(data: bytes, name: str) -> Pixels:
    """The picture, (H, W, 3) RGB.

    Raises:
        MediaError: It is damaged; the message names it.
    """
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if stored is None:
        raise MediaError(
            f"{name} is no picture or damaged; JPEG or PNG is expected. Copy its shard again."
        )
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)


def encode_arrays(arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False) -> bytes:
    """Arrays as .npz; the same arrays give the same bytes."""
    stream = io.BytesIO()
    save: Any = np.savez_compressed if compressed else np.savez
    save(stream, **arrays)
    return stream.getvalue()


def decode_arrays(data: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Arrays of an .npz.

    Raises:
        MediaError: It is damaged; the message names it.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {entry: archive[entry] for entry in archive.files}
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise MediaError(f"{name} are damaged ({error}). Copy the shard again.") from error
