"""Rendered identities on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError, counted

from ..engine.draw import Draw
from .folder import INDEX_NAME, RENDERED_FORMAT, RENDERED_VERSION, DataFolder, damaged, open_folder
from .heads import RenderedHeads, Turned, turned_pairs
from .rendered_shards import DENSE_ARRAYS, DEPTH, SMALL_ARRAYS, StoredHeads, StoredRows
from .skipping import Skipping
from .storage import Place, each

LARGE_ARRAYS = ("image", *DENSE_ARRAYS)
"""Mapped: the system keeps in memory what fits, once for all processes."""
_LOCAL_HEADER_BYTES = 30
Arrays = Mapping[str, NDArray[np.generic]]


class Rows(Protocol):
    """An array, or what gives its rows when they are asked for."""

    def __len__(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Identities and frames come first."""
        ...

    def __getitem__(self, place: tuple[int, int], /) -> Any:
        """Of an identity and its frame.

        Raises:
            MediaError: It cannot be read.
        """
        ...


class RenderedSet(RenderedHeads):
    """Every shard of one or more folders, pictures and dense labels left on disk.

    Raises:
        MediaError: A folder is no finished rendering, or the folders' pictures differ in size.
    """

    def __init__(
        self,
        folders: Sequence[Place | DataFolder | Arrays],
        *,
        same_pose_fraction: float = 0.5,
        turned_fraction: float = 0.0,
    ) -> None:
        """Read the small arrays; no picture is read yet.

        Args:
            folders: What `train.render` wrote, or the arrays of a shard in memory.
            same_pose_fraction: Share of the drawn pairs with one head pose and another expression,
                of those that are not drawn as turned.
            turned_fraction: Share of the drawn pairs whose yaw differs by 20 degrees or more.
        """
        parts = [part for folder in folders for part in _parts(folder)]
        self._large = [large for _, large in parts]
        pictures = [large["image"] for large in self._large]
        self._far = any(isinstance(rows, StoredRows) and rows.heads.far for rows in pictures)
        self.small = {
            name: np.concatenate([small[name] for small, _ in parts]) for name in SMALL_ARRAYS
        }
        super().__init__(same_pose_fraction=same_pose_fraction, turned_fraction=turned_fraction)
        self._turned_pairs = turned_pairs(self.small["pose_deg"]) if turned_fraction else None
        self._first = np.cumsum([0, *map(len, pictures)])
        self._skipping = Skipping("head", int(self._first[-1]))
        sizes = {rows.shape[2] for rows in pictures}
        if len(sizes) > 1:
            raise MediaError(
                f"The folders hold pictures of {' and '.join(map(str, sorted(sizes)))} px; one "
                "size is expected. Render them alike, or train on one after the other."
            )

    def __len__(self) -> int:
        return len(self.small["keypoints"])

    @property
    def size_px(self) -> int:
        """Side of the pictures."""
        return self._large[0]["image"].shape[2]

    @property
    def num_damaged(self) -> int:
        """Identities that could not be read so far."""
        return len(self._skipping)

    @property
    def has_depth(self) -> bool:
        """Whether the renderer kept depth in all folders."""
        return all(DEPTH in large for large in self._large)

    @property
    def mean_canonical(self) -> Tensor:
        """(K, 3) mean canonical keypoints."""
        return torch.from_numpy(self.small["canonical"].mean(0))

    def rows(
        self, name: str, identities: NDArray[np.integer], frames: NDArray[np.integer]
    ) -> NDArray[np.generic]:
        """(B, ...) of an array with frames, a copy."""
        if name in self.small:
            return self.small[name][identities, frames]
        places = zip(identities, frames, strict=True)
        return np.stack([self._row(name, int(number), int(frame)) for number, frame in places])

    def _row(self, name: str, identity: int, frame: int) -> NDArray[np.generic]:
        shard = int(np.searchsorted(self._first, identity, "right")) - 1
        return self._large[shard][name][identity - int(self._first[shard]), frame]

    def canonical(self, identities: NDArray[np.integer]) -> NDArray[np.generic]:
        """(B, K, 3) canonical keypoints, a copy."""
        return self.small["canonical"][identities]

    def _turned(self, draw: Draw) -> Turned:
        del draw
        assert self._turned_pairs is not None
        return self._turned_pairs

    def _readable(
        self,
        identities: NDArray[np.integer],
        needed: Sequence[tuple[str, NDArray[np.integer]]],
    ) -> NDArray[np.integer]:
        """The identities, or others where the needed frames of arrays cannot be read."""

        def read(place: int, identity: int) -> int:
            for name, frames in needed:
                self._row(name, identity, int(frames[place]))
            return identity

        def after(identity: int) -> int:
            return (identity + 1) % len(self)

        def readable(place: int) -> int:
            first = int(identities[place])
            return self._skipping.first_readable(first, partial(read, place), after)

        return np.array(each(readable, range(len(identities)), far=self._far), int)


def _parts(
    folder: Place | DataFolder | Arrays,
) -> Iterator[tuple[Arrays, Mapping[str, Rows]]]:
    """The small and the large arrays of each shard."""
    if isinstance(folder, Mapping):
        yield folder, folder
        return
    folder = open_folder(folder)
    if folder.has_clips:
        heads = StoredHeads(folder)
        yield heads.small, heads.large
        return
    for shard in _shards(folder):
        try:
            yield _opened(shard)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise MediaError(
                f"{shard} is damaged or not whole ({' '.join(map(str, error.args))}). Copy it "
                "again, or delete it and run the same train.render command again."
            ) from error


def _opened(shard: Path) -> tuple[Arrays, Mapping[str, Rows]]:
    """The small arrays of a shard, read, and the large ones, mapped."""
    with np.load(shard) as file:
        small = {name: file[name] for name in SMALL_ARRAYS}
        names = [*LARGE_ARRAYS, *([DEPTH] if DEPTH in file.files else [])]
    large = {name: _mapped(shard, name) for name in names}
    lengths = {len(rows) for rows in (*small.values(), *large.values())}
    if len(lengths) > 1:
        raise ValueError(f"its arrays hold {' and '.join(map(str, sorted(lengths)))} heads")
    return small, large


def _mapped(shard: Path, name: str) -> NDArray[np.generic]:
    """An array of an uncompressed .npz, mapped; a compressed one is read."""
    with zipfile.ZipFile(shard) as archive:
        entry = archive.getinfo(f"{name}.npy")
        if entry.compress_type != zipfile.ZIP_STORED:
            with np.load(shard) as file:
                return file[name]
    with shard.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(_LOCAL_HEADER_BYTES)
        extra = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        file.seek(entry.header_offset + _LOCAL_HEADER_BYTES + extra)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, fortran, kind = read(file)
        order = "F" if fortran else "C"
        return np.memmap(shard, kind, "r", offset=file.tell(), shape=shape, order=order)


def _shards(folder: DataFolder) -> list[Path]:
    place, index = folder.place, folder.index
    if not isinstance(place, Path):
        raise MediaError(
            f"{place} has no index of WebDataset shards; nothing else is read from a URL. Render "
            "with 'python -m train.render FOLDER --webdataset' and copy that, or check the URL."
        )
    if not index:
        raise MediaError(
            f"{place} has no {INDEX_NAME}; a folder written by 'python -m train.render' is "
            "expected. Render one, or name another folder."
        )
    found = (index.get("format"), index.get("version"))
    if found != (RENDERED_FORMAT, RENDERED_VERSION):
        raise MediaError(
            f"{place / INDEX_NAME} says format {found[0]!r} version {found[1]!r}; "
            f"{RENDERED_FORMAT} version {RENDERED_VERSION} is expected. Render the folder anew."
        )
    try:
        names = [str(shard["file"]) for shard in index["shards"]]
    except (KeyError, TypeError) as error:
        raise damaged(place / INDEX_NAME, error) from error
    if not names:
        raise MediaError(
            f"{place / INDEX_NAME} names no shard; heads are expected. Run the same train.render "
            "command again."
        )
    missing = [name for name in names if not (place / name).is_file()]
    if missing:
        raise MediaError(
            f"{place} lacks {len(missing)} of {counted(len(names), 'shard')} ({missing[0]} first); "
            "a finished rendering is expected. Run the same train.render command again."
        )
    return [place / name for name in names]
