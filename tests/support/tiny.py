"""The real classes at a tiny size, with weights from a formula: a frame in some 60 ms."""

from __future__ import annotations

from dataclasses import replace

import torch

from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.build import build
from liveportrait_core.preset import COMPACT, PAPER, Preset

from .fill import filled_networks

TINY_PAPER = replace(PAPER, name="tiny-paper", width=1 / 16, face_size_px=128, output_size_px=256)
"""Volume (B, 2, 4, 32, 32), pictures of 256."""
TINY_WIDTH_ONLY = replace(PAPER, width=1 / 16)
"""What the loader infers from narrow weights in the published layout: 256 in, 512 out."""
TINY_COMPACT = replace(COMPACT, name="tiny-compact", width=1 / 8)


def tiny_published_model(preset: Preset = TINY_PAPER, *, salt: str = "tiny") -> LivePortraitModel:
    """A published-family model; another salt gives other weights."""
    networks = filled_networks(preset=preset, salt=salt)
    return LivePortraitModel(preset=preset, origin=f"formula {salt}", **networks)


def tiny_compact_model(preset: Preset = TINY_COMPACT, *, seed: int = 0) -> LivePortraitModel:
    """A compact model as it is before training, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = build(preset)
    for net in networks.values():
        net.eval().requires_grad_(False)
    return LivePortraitModel(preset=preset, origin=f"seed {seed}", **networks)
