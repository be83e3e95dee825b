"""Windows about mouths: what the mouth branch sees and what is true there, stored once."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import replacing
from liveportrait_core.motion.regions import COMPACT_MIRROR
from liveportrait_core.networks.compact.mouth import MouthView

from ..engine.draw import Draw
from ..engine.tensors import map_tensors
from .augment import LUMINANCE, MIRRORED_SHARE
from .pixels import as_image

PATTERN = "windows-{:05d}.npz"
LEAST_OPEN_PX = 40
"""Pixels of an inner mouth whose colour counts."""
TINTED_SHARE = 0.5
"""Of pictures of G whose mouth has another colour than it should, so that the branch does not
trust it."""
TINT = 0.08
"""Standard deviation of that colour in each channel, its luminance left out."""
GAIN = 0.1
"""Standard deviation of the logarithm of red, green and blue of all that a window shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthWindows:
    """B windows; pictures are bytes, or numbers in [0, 1]."""

    view: MouthView
    """What the branch sees."""
    truth: Tensor
    """(B, 3, W, W) the driving frame."""
    inside: Tensor
    """(B, 1, W, W) how far a pixel is inner mouth: teeth, gums, tongue, what is behind them."""

    def __len__(self) -> int:
        return len(self.truth)

    def to(self, device: torch.device) -> MouthWindows:
        """The windows on another device, in numbers."""
        return map_tensors(self, lambda x: as_image(x.to(device, non_blocking=True)))


class StoredWindows:
    """All windows of a folder, in memory; those with green teeth are never drawn."""

    def __init__(self, arrays: Mapping[str, Tensor]) -> None:
        """Take the arrays of a file: the fields of `MouthView` and `MouthWindows` by name."""
        self._all = dict(arrays)
        count = len(self._all["truth"])
        green = [has_green_teeth(self.rows([number])) for number in range(count)]
        self._drawn = np.flatnonzero(~np.array(green))
        if not len(self._drawn):
            raise MediaError(
                f"All of the {count} mouth windows have green teeth, which are left out; others "
                "are expected. Make more windows."
            )

    @classmethod
    def of(cls, folder: Path, shards: int) -> StoredWindows:
        """Those of the first `shards` files of a folder.

        Raises:
            MediaError: One is missing or damaged.
        """
        parts = [_read(folder / PATTERN.format(number)) for number in range(shards)]
        return cls({name: torch.cat([part[name] for part in parts]) for name in parts[0]})

    def __len__(self) -> int:
        return len(self._all["truth"])

    def rows(self, numbers: Sequence[int] | NDArray[np.integer]) -> MouthWindows:
        """The windows of these numbers."""
        return _windows({name: rows[torch.as_tensor(numbers)] for name, rows in self._all.items()})

    def draw(self, draw: Draw, count: int) -> MouthWindows:
        """Random windows, changed as `changed` has it."""
        return changed(self.rows(self._drawn[draw.integers(count, 0, len(self._drawn))]), draw)


def has_green_teeth(windows: MouthWindows) -> bool:
    """Whether the bright half of a true inner mouth has more green than red.

    Teeth never have, but for colours that were changed: where skin becomes neutral, they become
    green or blue, and a portrait's teeth should not.

    Args:
        windows: One.
    """
    truth, inside = as_image(windows.truth), as_image(windows.inside)
    if float(inside.sum()) < LEAST_OPEN_PX:
        return False
    luminance = (truth * truth.new_tensor(LUMINANCE).view(3, 1, 1)).sum(1, keepdim=True)
    mean = (luminance * inside).sum() / inside.sum()
    red, green, _ = (truth * inside * (luminance >= mean)).sum((0, 2, 3)).tolist()
    return green > red


def store(windows: MouthWindows, path: Path) -> None:
    """Write windows; the file is whole or not there.

    Raises:
        MediaError: It cannot be written.
    """
    named = {f.name: getattr(windows.view, f.name) for f in fields(MouthView)}
    named |= {"truth": windows.truth, "inside": windows.inside}
    arrays: dict[str, Any] = {name: _stored(tensor) for name, tensor in named.items()}
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def changed(windows: MouthWindows, draw: Draw) -> MouthWindows:
    """Windows mirrored by halves, in another light, and with mouths of G in wrong colours.

    Convention:
        - the light changes all that a window shows alike; the wrong colour is in G's picture alone
    """
    windows = windows.to(torch.device("cpu"))
    count = len(windows)
    windows = mirrored(windows, draw.uniform(count) < MIRRORED_SHARE)
    view = windows.view
    gain = torch.exp(GAIN * draw.normal(count, 3))
    tint = TINT * draw.normal(count, 3) * (draw.uniform(count, 1) < TINTED_SHARE)
    tint = tint - (tint * tint.new_tensor(LUMINANCE)).sum(1, keepdim=True)
    soft = F.avg_pool2d(windows.inside, 5, 1, 2)
    picture = (view.picture + soft * tint[..., None, None]).clamp(0, 1)
    lit = gain[..., None, None]
    return replace(
        windows,
        view=replace(
            view,
            picture=(picture * lit).clamp(0, 1),
            source=(view.source * lit).clamp(0, 1),
            skin=(view.skin * gain).clamp(0, 1),
        ),
        truth=(windows.truth * lit).clamp(0, 1),
    )


def mirrored(windows: MouthWindows, rows: Tensor) -> MouthWindows:
    """Windows that are mirrored where `rows` (B,) is true; left stays the image's left."""

    def picture(x: Tensor) -> Tensor:
        return torch.where(rows[:, None, None, None], x.flip(-1), x)

    def points(x: Tensor) -> Tensor:
        swapped = x[:, list(COMPACT_MIRROR)] * x.new_tensor((-1.0, 1.0, 1.0))
        return torch.where(rows[:, None, None], swapped, x)

    view = windows.view
    return MouthWindows(
        view=replace(
            view,
            picture=picture(view.picture),
            source=picture(view.source),
            driving_points=points(view.driving_points),
            source_points=points(view.source_points),
        ),
        truth=picture(windows.truth),
        inside=picture(windows.inside),
    )


def _windows(named: dict[str, Tensor]) -> MouthWindows:
    view = MouthView(**{f.name: named[f.name] for f in fields(MouthView)})
    return MouthWindows(view=view, truth=named["truth"], inside=named["inside"])


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
