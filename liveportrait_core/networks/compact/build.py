"""All networks of a compact preset."""

from __future__ import annotations

from torch import nn

from ...preset import Preset
from ..retargeting import eyes_mlp, lip_mlp, stitching_mlp
from .decoder import Decoder
from .motion import Motion
from .volume import Appearance
from .warping import Warping


def build(preset: Preset) -> dict[str, nn.Module]:
    """Untrained networks by the names that `LivePortraitModel` gives them."""
    return {
        "appearance": Appearance(preset.width),
        "motion": Motion(preset.width),
        "warping": Warping(preset.width),
        "decoder": Decoder(preset.width),
        "stitching": stitching_mlp(),
        "eyes": eyes_mlp(),
        "lip": lip_mlp(),
    }
