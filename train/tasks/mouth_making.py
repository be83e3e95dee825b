"""Make the windows that the mouth branch learns from: frozen networks over rendered pairs, once."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import make_folder, write_whole
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.networks.compact.mouth import MouthView

from ..data.augment import recoloured
from ..data.batch import PairBatch
from ..data.heads import RenderedHeads
from ..data.mouth_windows import PATTERN, MouthWindows, store
from ..data.palettes import painted
from ..data.rendered_shards import FRAMES
from ..engine.draw import Draw
from ..engine.task import Networks
from ..rendering.regions import Region
from .compact_steps import CompactBatches, Driving, driving_points, motion_network

SHARD_WINDOWS: Final = 64
BATCH: Final = 8
WIDEST_SHARE: Final = 0.5
"""Of windows whose driving frame is the one of the identity's that shows most of the inner mouth;
of the others it is any."""
DRIVEN: Final = CompactBatches(own_keypoints_fraction=0.6, own_keypoints_from=0)
"""How pairs are driven: mostly by M's keypoints, as in use."""
SETTINGS_NAME: Final = "windows.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What makes windows."""

    networks: Networks
    """F, M, W and G without a mouth branch, frozen."""
    heads: RenderedHeads
    seed: int
    mouth_px: int

    def make(self, folder: Path, shards: int, settings: Mapping[str, Any]) -> None:
        """Write the missing ones of the first shards of a folder.

        Args:
            folder: Where they go.
            shards: How many.
            settings: What they are made from; a folder keeps it.

        Raises:
            MediaError: The folder holds windows of other settings, or cannot be written.
        """
        _require_settings(folder, settings)
        for number in range(shards):
            path = folder / PATTERN.format(number)
            if not path.is_file():
                store(self.shard(number), path)
                print(
                    f"mouth windows: {number + 1} of {shards} shards", file=sys.stderr, flush=True
                )

    def shard(self, number: int) -> MouthWindows:
        """The windows of a shard: a function of its number and of the seed."""
        count = SHARD_WINDOWS // BATCH
        parts = [self.batch(Draw.of(self.seed, 0, number * count + k)) for k in range(count)]
        return _joined(parts)

    @torch.no_grad()
    def batch(self, draw: Draw) -> MouthWindows:
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
        view, window = MouthView.of(image, face, before, after, self.mouth_px)
        inside = torch.from_numpy(heads.rows("regions", identities, driving) == Region.MOUTH)
        return MouthWindows(
            view=view,
            truth=window.read(pairs.driving.image, self.mouth_px),
            inside=window.read(inside[:, None].float(), self.mouth_px),
        )

    def _frames(
        self, identities: NDArray[np.integer], draw: Draw
    ) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Driving and source frame of each identity, two of its three."""
        shown = [
            (self.heads.rows("regions", identities, np.full(len(identities), k)) == Region.MOUTH)
            .reshape(len(identities), -1)
            .sum(1)
            for k in range(FRAMES)
        ]
        count = len(identities)
        widest = np.stack(shown).argmax(0)
        any_frame = draw.integers(count, 0, FRAMES)
        chosen = draw.uniform(count).numpy() < WIDEST_SHARE
        driving = np.where(chosen, widest, any_frame)
        return driving, (driving + draw.integers(count, 1, FRAMES)) % FRAMES


def num_shards(windows: int) -> int:
    """Shards that hold so many windows at least."""
    return -(-windows // SHARD_WINDOWS)


def _joined(parts: list[MouthWindows]) -> MouthWindows:
    def joined(of: list[Any]) -> dict[str, Tensor]:
        return {f.name: torch.cat([getattr(one, f.name) for one in of]) for f in fields(of[0])}

    return MouthWindows(
        view=MouthView(**joined([one.view for one in parts])),
        truth=torch.cat([one.truth for one in parts]),
        inside=torch.cat([one.inside for one in parts]),
    )


def _require_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    make_folder(folder)
    path, expected = folder / SETTINGS_NAME, json.dumps(dict(settings), indent=2)
    if not path.is_file():
        write_whole(path, expected.encode())
    elif path.read_text(encoding="utf-8") != expected:
        raise MediaError(
            f"{folder} holds mouth windows that were made from something else ({path.name} says "
            "what). Delete the folder, or name another with cache=FOLDER."
        )
