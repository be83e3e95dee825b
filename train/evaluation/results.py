"""What each film came to, kept in a folder, so that an evaluation that is stopped goes on."""

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
from liveportrait_core.media.atomic import replacing, write_whole
from liveportrait_core.model import LivePortraitModel

from .accumulator import FilmSums

SETTINGS_NAME: Final = "settings.json"
_DAMAGED: Final = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
Row = dict[str, float | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmResult:
    """The measures of one film, and what the set's are made of."""

    row: Row
    """As it stands in the report."""
    sums: FilmSums
    strip: Pixels
    kept: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Files of pictures for an independent face mesh, by name."""


class FilmResults:
    """A folder with a file for each film that was measured to its end.

    Convention:
        - a film that changed since is measured anew, and so is one that was left out: it may be
          whole by now
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        """Make the folder, or go on with what is in it.

        Args:
            folder: Where results are, or will be.
            settings: Plain values that results depend on.

        Raises:
            MediaError: It holds results of other settings, or cannot be written.
        """
        self._folder = folder
        told = folder / SETTINGS_NAME
        wanted: dict[str, object] = json.loads(json.dumps(settings))
        if told.is_file():
            _refuse_others(told, wanted)
            return
        make_folder(folder)
        write_whole(told, json.dumps(wanted, indent=2).encode())

    def load(self, name: str, film: Path) -> FilmResult | None:
        """What is known of a film; None where it has to be measured."""
        try:
            with np.load(self._file(name), allow_pickle=False) as arrays:
                told = json.loads(str(arrays["told"]))
                features, strip = torch.from_numpy(arrays["features"]), arrays["strip"]
            if told["stamp"] != _stamp(film):
                return None
            return FilmResult(
                row=told["row"],
                sums=FilmSums(
                    told["means"], told["sums"], told["counts"], features.split(told["features"])
                ),
                strip=strip,
                kept=told["kept"],
            )
        except (OSError, *_DAMAGED):  # none yet, or none that can be read
            return None

    def save(self, name: str, film: Path, result: FilmResult) -> None:
        """Keep what a film came to, whole or not at all.

        Raises:
            MediaError: The file cannot be written.
        """
        told = {
            "film": name,
            "stamp": _stamp(film),
            "row": result.row,
            "means": result.sums.means,
            "sums": dict(result.sums.sums),
            "counts": dict(result.sums.counts),
            "features": [len(part) for part in result.sums.features],
            "kept": result.kept,
        }
        features = torch.cat(result.sums.features or (torch.empty(0, 1),)).numpy()
        with replacing(self._file(name)) as part, part.open("wb") as file:
            np.savez_compressed(
                file, told=np.array(json.dumps(told)), strip=result.strip, features=features
            )

    def _file(self, name: str) -> Path:
        return self._folder / f"film-{short_digest(name)}.npz"


def make_folder(folder: Path) -> None:
    """A folder for results, if it is not there yet.

    Raises:
        MediaError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(
            f"{folder} cannot be made ({error}); a folder for results was wanted. Name another."
        ) from error


def short_digest(text: str) -> str:
    """A word for a name, fit for a file's."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of(model: LivePortraitModel) -> str:
    """A word for the weights of a model: another model's differs."""
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


def _stamp(film: Path) -> list[int]:
    """Files, bytes and last change of a film: another one differs."""
    files = sorted(film.iterdir()) if film.is_dir() else [film]
    stats = [path.stat() for path in files]
    latest = max((one.st_mtime_ns for one in stats), default=0)
    return [len(stats), sum(one.st_size for one in stats), latest]


def _refuse_others(told: Path, wanted: Mapping[str, object]) -> None:
    try:
        before = json.loads(told.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{told} cannot be read ({error}); the settings of the results beside it were wanted. "
            "Give another folder with --out."
        ) from error
    for key in {**wanted, **before}:
        if before.get(key) != wanted.get(key):
            raise MediaError(
                f"{told.parent} holds results with {key} {before.get(key)}, and {wanted.get(key)} "
                "was asked for. Give another folder with --out."
            )
