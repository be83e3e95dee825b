"""Windows about mouths or eyes: what a branch of G sees and what is true there, stored once."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import replacing
from liveportrait_core.networks.compact.eyes import EyeView
from liveportrait_core.networks.compact.mouth import MouthView
from liveportrait_core.networks.compact.tone import luminance_of

from ..engine.draw import Draw
from ..engine.tensors import map_tensors
from .pixels import as_image

View = TypeVar("View", MouthView, EyeView)
PATTERN: Final = "windows-{:05d}.npz"
TINTED_SHARE = 0.5
"""Of pictures of G whose part has another colour than it should, so that the branch does not
trust it."""
TINT = 0.08
"""Standard deviation of that colour in each channel, its luminance left out."""
GAIN = 0.1
"""Standard deviation of the logarithm of red, green and blue of all that a window shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWindows(Generic[View]):
    """B windows; pictures are bytes, or numbers in [0, 1]."""

    view: View
    """What the branch sees."""
    truth: Tensor
    """(B, 3, W, W) the driving frame."""
    inside: Tensor
    """(B, 1, W, W) how far a pixel is of the part: inner mouth, or iris and white."""

    def __len__(self) -> int:
        return len(self.truth)

    def to(self, device: torch.device) -> PartWindows[View]:
        """The windows on another device, in numbers."""
        return map_tensors(self, lambda x: as_image(x.to(device, non_blocking=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowKind(Generic[View]):
    """What the windows about a part are."""

    name: str
    """Of the part, for messages."""
    view: type[View]
    left_out: Callable[[PartWindows[View]], Tensor]
    """(B,) which windows nothing is learned from."""
    reason: str
    """Why: "have green teeth"."""


class StoredWindows(Generic[View]):
    """All windows of a folder, in memory; those that their kind leaves out are never drawn."""

    def __init__(self, kind: WindowKind[View], arrays: Mapping[str, Tensor]) -> None:
        """Take the arrays of a file: the fields of the view and of `PartWindows` by name.

        Raises:
            MediaError: All are left out.
        """
        self._kind, self._all = kind, dict(arrays)
        left_out = kind.left_out(self.rows(range(len(self))).to(torch.device("cpu")))
        self._drawn = np.flatnonzero(~left_out.numpy())
        if not len(self._drawn):
            raise MediaError(
                f"All of the {len(self)} windows of the {kind.name} {kind.reason}, which are left "
                "out; others are expected. Make more windows."
            )

    @classmethod
    def of(cls, kind: WindowKind[View], folder: Path, shards: int) -> StoredWindows[View]:
        """Those of the first `shards` files of a folder.

        Raises:
            MediaError: One is missing or damaged.
        """
        parts = [_read(folder / PATTERN.format(number)) for number in range(shards)]
        return cls(kind, {name: torch.cat([part[name] for part in parts]) for name in parts[0]})

    def __len__(self) -> int:
        return len(self._all["truth"])

    def rows(self, numbers: Sequence[int] | NDArray[np.integer]) -> PartWindows[View]:
        """The windows of these numbers."""
        named = {name: rows[torch.as_tensor(numbers)] for name, rows in self._all.items()}
        view = self._kind.view(**{f.name: named[f.name] for f in fields(self._kind.view)})
        return PartWindows(view=view, truth=named["truth"], inside=named["inside"])

    def draw(self, draw: Draw, count: int) -> PartWindows[View]:
        """Random windows."""
        return self.rows(self._drawn[draw.integers(count, 0, len(self._drawn))])


def store(windows: PartWindows[View], path: Path) -> None:
    """Write windows; the file is whole or not there.

    Raises:
        MediaError: It cannot be written.
    """
    named = {f.name: getattr(windows.view, f.name) for f in fields(windows.view)}
    named |= {"truth": windows.truth, "inside": windows.inside}
    arrays: dict[str, Any] = {name: _stored(tensor) for name, tensor in named.items()}
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def joined(parts: Sequence[PartWindows[View]]) -> PartWindows[View]:
    """All of some windows, one after the other."""

    def of(entries: Sequence[Any]) -> dict[str, Tensor]:
        names = [field.name for field in fields(entries[0])]
        return {name: torch.cat([getattr(one, name) for one in entries]) for name in names}

    view = type(parts[0].view)(**of([one.view for one in parts]))
    return PartWindows(
        view=view,
        truth=torch.cat([one.truth for one in parts]),
        inside=torch.cat([one.inside for one in parts]),
    )


def lights(draw: Draw, count: int) -> Tensor:
    """(B, 3) gains of red, green and blue of all that windows show."""
    return torch.exp(GAIN * draw.normal(count, 3))


def tints(draw: Draw, count: int) -> Tensor:
    """(B, 3) colours without luminance by which a share of G's pictures is wrong."""
    tint = TINT * draw.normal(count, 3) * (draw.uniform(count, 1) < TINTED_SHARE)
    return tint - luminance_of(tint)


def _stored(tensor: Tensor) -> NDArray[np.generic]:
    """Pictures as bytes, other numbers as they are."""
    is_picture = tensor.ndim == 4  # noqa: PLR2004 - (B, C, h, w)
    return ((tensor * 255).round().to(torch.uint8) if is_picture else tensor.float()).numpy()


def _read(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise MediaError(
            f"{path} is damaged or not whole ({' '.join(map(str, error.args))}). Delete it and "
            "run the same command again."
        ) from error
