"""How well a run reconstructs faces that it never trained on, and which of its states did best."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.media.atomic import write_whole
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..data.batch import PairBatch
from ..data.sets import DataConfig, open_sets
from ..data.source import first_pairs
from ..engine.task import Networks
from ..metrics.image import l1, psnr_db
from ..models.pretrained.picture_features import PictureDistance

LOG_NAME = "validation.jsonl"
CACHE_NAME = "validation-clips"
"""In the folder of a run: prepared clips that it is never trained on."""
BEST_NAME = "best"
"""Folder in that of a run, of the state that did best on the validation pairs."""
Reconstruct = Callable[[PairBatch], tuple[Tensor, Tensor]]
SCORE = "psnr_db"
"""Of the measures, the one by which a state is the best so far; larger is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationConfig:
    """Faces that a run is never trained on."""

    validation_data: str = option(
        "",
        "rendered folders that are never trained on; with validation_clips they choose the best "
        "state of the run",
        place=True,
    )
    validation_clips: str = option("", "folders of clips that are never trained on", place=True)
    validation_pairs: int = option(16, "pairs of each kind that are measured", minimum=1, more=True)
    validate_every: int = option(1000, "steps between validations", minimum=1, more=True)

    def __post_init__(self) -> None:
        check_options(self)


class Validation:
    """The pairs that a run is never trained on, as `first_pairs` has them."""

    def __init__(
        self, pairs: PairBatch, distance: PictureDistance, batch: int, *, run: Path, every: int
    ) -> None:
        """Pairs that were opened before; see `open`."""
        self.pairs = pairs
        self._distance, self._batch, self._run, self._every = distance, batch, run, every

    @classmethod
    def open(
        cls,
        config: ValidationConfig,
        run: Path,
        clip_px: int,
        *,
        motion_network: CompactMotionExtractor | None,
        distance: PictureDistance,
        batch: int,
    ) -> Validation | None:
        """The pairs that a run's settings name; None where they name none.

        Args:
            config: Says where they are.
            run: Folder of the run.
            clip_px: Side of its clips.
            motion_network: M that reads the clips' landmarks and pose; None for none.
            distance: Perceptual, for the measures.
            batch: Pairs at a time.

        Raises:
            MediaError: As for `open_sets`.
        """
        if not config.validation_data and not config.validation_clips:
            return None
        source = DataConfig(
            data=config.validation_data,
            clips=config.validation_clips,
            clip_px=clip_px,
            cache=str(run / CACHE_NAME),
        )
        sets = open_sets(source, run, annotated=True)
        pairs = first_pairs((sets.rendered, sets.clips), motion_network, config.validation_pairs)
        return cls(pairs, distance, batch, run=run, every=config.validate_every)

    def is_best(self, step: int, reconstruct: Reconstruct, *, due: bool) -> bool:
        """Measure where it is due, print and log; true when no earlier step scored as high.

        Args:
            step: That has just been finished.
            reconstruct: Gives (B, 3, h, h) generated and true pictures of some pairs.
            due: Whether to measure whatever the step.
        """
        if not (due or step % self._every == 0):
            return False
        found = measures(reconstruct, self.pairs, self._distance, self._batch)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in found.items())
        print(f"validation at step {step}: {shown}", file=sys.stderr, flush=True)
        return record(self._run, step, found)


@dataclass(frozen=True, slots=True)
class KeepBest:
    """Watches a run: measures the moving average, and writes the state that does best."""

    validation: Validation
    reconstruct: Callable[[Networks, PairBatch], tuple[Tensor, Tensor]]
    """(B, 3, h, h) generated and true pictures of some pairs."""
    write: Callable[[Networks, int], object]
    """Writes the moving average after a step."""

    def __call__(self, step: int, average: Networks, *, due: bool) -> bool:
        """As `train.engine.task.Watch`."""
        reconstruct = partial(self.reconstruct, average)
        best = self.validation.is_best(step, reconstruct, due=due)
        if best:
            self.write(average, step)
        return best


def measures(
    reconstruct: Reconstruct,
    pairs: PairBatch,
    distance: PictureDistance,
    batch: int,
) -> dict[str, float]:
    """Means over pairs, self-reenactment.

    Args:
        reconstruct: Gives (B, 3, h, h) generated and true pictures of some pairs.
        pairs: All of them.
        distance: Perceptual.
        batch: Pairs at a time.

    Returns:
        `psnr_db`, `l1`, `perceptual`, and `copy_psnr_db` of the source in its place.
    """
    rows: dict[str, list[Tensor]] = {name: [] for name in (SCORE, "l1", "copy_psnr_db")}
    distances: list[float] = []
    count = len(pairs)
    with torch.no_grad():
        for first in range(0, count, batch):
            part = pairs[first : first + batch]
            generated, true = reconstruct(part)
            rows[SCORE].append(psnr_db(generated, true))
            rows["l1"].append(l1(generated, true))
            source = resize(part.source.image, true.shape[-1])
            rows["copy_psnr_db"].append(psnr_db(source, true))
            distances.append(float(distance(generated, true)) * len(generated))
    means = {name: float(torch.cat(values).mean()) for name, values in rows.items()}
    return {**means, "perceptual": sum(distances) / count}


def record(run: Path, step: int, found: Mapping[str, float]) -> bool:
    """Add a row to the run's log; true when no earlier step scored as high.

    Rows of this step and of later ones, which a killed run left behind, are dropped.
    """
    path = run / LOG_NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    rows = [row for row in map(json.loads, lines) if row["step"] < step]
    best = all(found[SCORE] > row[SCORE] for row in rows)
    rows.append({"step": step, **found})
    write_whole(path, "".join(json.dumps(row) + "\n" for row in rows).encode())
    return best
