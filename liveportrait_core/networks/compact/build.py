"""All networks of a compact preset."""

from __future__ import annotations

from torch import nn

from ...preset import Preset
from ..retargeting import eyes_mlp, lip_mlp, stitching_mlp
from .decoder import Decoder
from .layers import DETAIL_SIZE_PX
from .motion import Motion
from .volume import Appearance
from .warping import Warping


def build(preset: Preset) -> dict[str, nn.Module]:
    """Untrained networks by the names that `LivePortraitModel` gives them."""
    width, blocks = preset.width, preset.blocks
    detailed = preset.detail_px >= DETAIL_SIZE_PX
    return {
        "appearance": Appearance(width, blocks),
        "motion": Motion(width, blocks, detailed=detailed),
        "warping": Warping(width, blocks),
        "decoder": Decoder(width, blocks, detailed=detailed),
        "stitching": stitching_mlp(),
        "eyes": eyes_mlp(),
        "lip": lip_mlp(),
    }
