"""Results of each video in a folder, so that a stopped evaluation can be resumed."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.atomic import make_folder, replacing, write_whole
from liveportrait_core.model import LivePortraitModel

from .accumulator import VideoSums

SETTINGS_NAME: Final = "settings.json"
_DAMAGED: Final = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
Row = dict[str, float | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoResult:
    """The measures of one video, and its sums for the set's measures."""

    row: Row
    """Its row of the report."""
    sums: VideoSums
    grid: Pixels
    saved_frames: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Files of pictures for an independent face mesh, by name."""


class VideoResults:
    """A folder with a file for each video that was measured to its end.

    Convention:
        - a video that changed since is measured again, and so is one that was left out: it may be
          complete by now
        - names within the files (`told`, `kept`, `strip`, `film`) are those of the first version
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        """Create the folder, or resume from what is in it.

        Args:
            folder: Of the results.
            settings: Plain values that results depend on.

        Raises:
            MediaError: It holds results of other settings, or cannot be written.
        """
        self._folder = folder
        stored = folder / SETTINGS_NAME
        expected: dict[str, object] = json.loads(json.dumps(settings))
        if stored.is_file():
            _refuse_others(stored, expected)
            return
        make_folder(folder)
        write_whole(stored, json.dumps(expected, indent=2).encode())

    def load(self, name: str, video: Path) -> VideoResult | None:
        """The stored result of a video; None where it has to be measured."""
        try:
            with np.load(self._file(name), allow_pickle=False) as arrays:
                record = json.loads(str(arrays["told"]))
                features, grid = torch.from_numpy(arrays["features"]), arrays["strip"]
            if record["stamp"] != _stamp(video):
                return None
            return VideoResult(
                row=record["row"],
                sums=VideoSums(
                    record["means"],
                    record["sums"],
                    record["counts"],
                    features.split(record["features"]),
                ),
                grid=grid,
                saved_frames=record["kept"],
            )
        except (OSError, *_DAMAGED):  # there is none, or it cannot be read
            return None

    def save(self, name: str, video: Path, result: VideoResult) -> None:
        """Store the result of a video, whole or not at all.

        Raises:
            MediaError: The file cannot be written.
        """
        record = {
            "film": name,
            "stamp": _stamp(video),
            "row": result.row,
            "means": result.sums.means,
            "sums": dict(result.sums.sums),
            "counts": dict(result.sums.counts),
            "features": [len(part) for part in result.sums.features],
            "kept": result.saved_frames,
        }
        features = torch.cat(result.sums.features or (torch.empty(0, 1),)).numpy()
        with replacing(self._file(name)) as part, part.open("wb") as file:
            np.savez_compressed(
                file, told=np.array(json.dumps(record)), strip=result.grid, features=features
            )

    def _file(self, name: str) -> Path:
        return self._folder / f"film-{short_digest(name)}.npz"


def short_digest(text: str) -> str:
    """A short hash of a name, for the name of a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of(model: LivePortraitModel) -> str:
    """A short hash of the weights of a model."""
    digest = hashlib.sha256()
    for name, network in model.modules().items():
        for key, value in network.state_dict().items():
            digest.update(f"{name}.{key} {tuple(value.shape)} {value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def sizes_in(folder: Path | None) -> dict[str, int]:
    """The files of a folder by name, with their bytes."""
    if folder is None or not folder.is_dir():
        return {}
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}


def _stamp(video: Path) -> list[int]:
    """Files, bytes and last change of a video."""
    files = sorted(video.iterdir()) if video.is_dir() else [video]
    stats = [path.stat() for path in files]
    latest = max((one.st_mtime_ns for one in stats), default=0)
    return [len(stats), sum(one.st_size for one in stats), latest]


def _refuse_others(record: Path, expected: Mapping[str, object]) -> None:
    try:
        before = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{record} cannot be read ({error}); settings of the results beside it are expected. "
            "Give another folder with --out."
        ) from error
    for key in {**expected, **before}:
        if before.get(key) != expected.get(key):
            raise MediaError(
                f"{record.parent} holds results with {key} {before.get(key)}; "
                f"{expected.get(key)} is expected. Give another folder with --out."
            )
