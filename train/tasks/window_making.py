"""Make the windows that a branch of G learns from: frozen networks over rendered pairs, once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import make_folder, write_whole
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.networks.compact.eyes import EyesBranch, EyeView
from liveportrait_core.networks.compact.mouth import MouthBranch, MouthView
from liveportrait_core.networks.compact.window import FaceWindow

from ..data.augment import recoloured
from ..data.batch import PairBatch
from ..data.eye_windows import EYE_WINDOWS, changed_eyes
from ..data.heads import RenderedHeads
from ..data.mouth_windows import MOUTH_WINDOWS, changed_mouths
from ..data.palettes import painted
from ..data.part_windows import PATTERN, PartWindows, View, WindowKind, joined, store
from ..data.rendered_shards import FRAMES
from ..engine.draw import Draw
from ..engine.task import Networks
from ..losses.window_terms import WindowStep, eyes_step, mouth_step
from ..rendering.regions import Region
from .compact_steps import CompactBatches, Driving, driving_points, motion_network

SHARD_PAIRS: Final = 64
BATCH: Final = 8
WIDEST_SHARE: Final = 0.5
"""Of pairs whose driving frame is the one of the identity's that shows most of the part; of the
others it is any."""
DRIVEN: Final = CompactBatches(own_keypoints_fraction=0.6, own_keypoints_from=0)
"""How pairs are driven: mostly by M's keypoints, as in use."""
SETTINGS_NAME: Final = "windows.json"
Seen = Callable[[Tensor, Tensor, Tensor, Tensor, int], "tuple[View, tuple[FaceWindow, ...]]"]
"""Picture of G, source, keypoints of both, and a side: the view, and the windows that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[View]):
    """A part of the face that a branch of G paints: all that differs between mouth and eyes."""

    name: str
    """Of the branch in G."""
    size_field: str
    """Field of a preset with the window's side."""
    kind: WindowKind[View]
    region: Region
    """Pixels of the part."""
    seen: Seen[View]
    branch: Callable[[int, float], nn.Module]
    """The branch for windows of a side and a width of channels."""
    changed: Callable[[PartWindows[View], Draw], PartWindows[View]]
    """How windows are augmented."""
    step: Callable[[PartWindows[View], Tensor], WindowStep]
    """The losses' inputs of windows and what the branch adds to them."""


def _seen_mouths(
    image: Tensor, face: Tensor, source: Tensor, driving: Tensor, size: int
) -> tuple[MouthView, tuple[FaceWindow, ...]]:
    view, window = MouthView.of(image, face, source, driving, size)
    return view, (window,)


MOUTH_PART: Final = Part(
    name="mouth",
    size_field="mouth_px",
    kind=MOUTH_WINDOWS,
    region=Region.MOUTH,
    seen=_seen_mouths,
    branch=MouthBranch,
    changed=changed_mouths,
    step=mouth_step,
)
EYES_PART: Final = Part(
    name="eyes",
    size_field="eyes_px",
    kind=EYE_WINDOWS,
    region=Region.EYE,
    seen=EyeView.of,
    branch=EyesBranch,
    changed=changed_eyes,
    step=eyes_step,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker(Generic[View]):
    """What makes windows."""

    part: Part[View]
    networks: Networks
    """F, M, W and G without a branch for the part, frozen."""
    heads: RenderedHeads
    seed: int
    size_px: int

    def make(self, folder: Path, shards: int, settings: Mapping[str, Any]) -> None:
        """Write the missing ones of the first shards of a folder.

        Args:
            folder: Where they go.
            shards: How many.
            settings: What they are made from; a folder keeps it.

        Raises:
            MediaError: The folder holds windows of other settings, or cannot be written.
        """
        _require_settings(folder, settings, self.part.name)
        for number in range(shards):
            path = folder / PATTERN.format(number)
            if not path.is_file():
                store(self.shard(number), path)
                text = f"windows of the {self.part.name}: {number + 1} of {shards} shards"
                print(text, file=sys.stderr, flush=True)

    def shard(self, number: int) -> PartWindows[View]:
        """The windows of a shard: a function of its number and of the seed."""
        count = SHARD_PAIRS // BATCH
        return joined([self.batch(Draw.of(self.seed, 0, number * count + k)) for k in range(count)])

    @torch.no_grad()
    def batch(self, draw: Draw) -> PartWindows[View]:
        """Windows of some pairs, in numbers."""
        heads, motion = self.heads, motion_network(self.networks)
        identities = draw.integers(BATCH, 0, len(heads))
        driving, source = self._frames(identities, draw)
        pairs = PairBatch(
            source=heads.frames(identities, source), driving=heads.frames(identities, driving)
        )
        pairs = recoloured(painted(pairs, draw), draw)
        driven = Driving.drawn(DRIVEN, pairs, draw)
        pairs = replace(
            pairs,
            source=pairs.source.to(torch.device("cpu")),
            driving=pairs.driving.to(torch.device("cpu")),
        )
        before, after = driving_points(pairs, driven, motion)
        appearance, warping, decoder = (
            self.networks[name] for name in ("appearance", "warping", "decoder")
        )
        assert isinstance(decoder, CompactDecoder)
        face = pairs.source.image
        image = decoder(warping(appearance(face), before, after))
        view, windows = self.part.seen(image, face, before, after, self.size_px)
        inside = torch.from_numpy(self._shows(identities, driving))[:, None].float()
        return PartWindows(
            view=view,
            truth=self._read(windows, pairs.driving.image),
            inside=self._read(windows, inside),
        )

    def _read(self, windows: tuple[FaceWindow, ...], picture: Tensor) -> Tensor:
        return torch.cat([window.read(picture, self.size_px) for window in windows])

    def _frames(
        self, identities: NDArray[np.integer], draw: Draw
    ) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Driving and source frame of each identity, two of its three."""
        count = len(identities)
        shown = [
            self._shows(identities, np.full(count, k)).reshape(count, -1).sum(1)
            for k in range(FRAMES)
        ]
        widest = np.stack(shown).argmax(0)
        any_frame = draw.integers(count, 0, FRAMES)
        chosen = draw.uniform(count).numpy() < WIDEST_SHARE
        driving = np.where(chosen, widest, any_frame)
        return driving, (driving + draw.integers(count, 1, FRAMES)) % FRAMES

    def _shows(
        self, identities: NDArray[np.integer], frames: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """(B, h, h) where frames show the part."""
        return self.heads.rows("regions", identities, frames) == self.part.region


def num_shards(pairs: int) -> int:
    """Shards that hold the windows of so many pairs at least."""
    return -(-pairs // SHARD_PAIRS)


def _require_settings(folder: Path, settings: Mapping[str, Any], part: str) -> None:
    make_folder(folder)
    path, expected = folder / SETTINGS_NAME, json.dumps(dict(settings), indent=2)
    if not path.is_file():
        write_whole(path, expected.encode())
    elif path.read_text(encoding="utf-8") != expected:
        raise MediaError(
            f"{folder} holds windows that were made from something else than these of the {part} "
            f"({path.name} says what). Delete the folder, or name another with cache=FOLDER."
        )
