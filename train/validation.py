"""How well a run repaints faces that it never trained on, and which of its states did best."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from liveportrait_core.media.atomic import write_whole
from liveportrait_core.networks.compact.layers import resize

from .data.faces import FacePairs
from .features import PictureDistance
from .metrics.image import l1, psnr_db

LOG_NAME = "validation.jsonl"
SCORE = "psnr_db"
"""Of the measures, the one by which a state is the best so far; larger is better."""


def measures(
    paint: Callable[[FacePairs], tuple[Tensor, Tensor]],
    pairs: FacePairs,
    distance: PictureDistance,
    batch: int,
) -> dict[str, float]:
    """Means over pairs, self-reenactment.

    Args:
        paint: Gives (B, 3, h, h) painted and true pictures of some pairs.
        pairs: All of them.
        distance: Perceptual.
        batch: Pairs at a time.

    Returns:
        `psnr_db`, `l1`, `perceptual`, and `copy_psnr_db` of the source in place of the painting.
    """
    rows: dict[str, list[Tensor]] = {name: [] for name in (SCORE, "l1", "copy_psnr_db")}
    distances: list[float] = []
    count = len(pairs.told)
    with torch.no_grad():
        for first in range(0, count, batch):
            part = pairs[first : first + batch]
            painted, true = paint(part)
            rows[SCORE].append(psnr_db(painted, true))
            rows["l1"].append(l1(painted, true))
            source = resize(part.source.image, true.shape[-1])
            rows["copy_psnr_db"].append(psnr_db(source, true))
            distances.append(float(distance(painted, true)) * len(painted))
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
