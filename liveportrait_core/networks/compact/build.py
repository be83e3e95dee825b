"""All networks of a compact preset."""

from __future__ import annotations

import torch
from torch import nn

from ...preset import Preset
from ..retargeting import eyes_mlp, lip_mlp, stitching_mlp
from .appearance_extractor import RELIEF_SLOTS, CompactAppearanceExtractor
from .decoder import CompactDecoder
from .layers import DETAIL_SIZE_PX, VOLUME_CHANNELS, VOLUME_DEPTH, VOLUME_SIZE
from .motion_extractor import CompactMotionExtractor
from .warping import CompactWarping


def build(preset: Preset) -> dict[str, nn.Module]:
    """Untrained networks by the names that `LivePortraitModel` gives them.

    Weights of convolutions are laid out channels last: so are the maps that come out of them, and
    oneDNN computes these fastest (benchmarks/README.md). Files are loaded into the same layout.
    """
    width, blocks = preset.width, preset.blocks
    detailed = preset.detail_px >= DETAIL_SIZE_PX
    networks: dict[str, nn.Module] = {
        "appearance": CompactAppearanceExtractor(
            width,
            blocks,
            relief_blocks=preset.relief_blocks if preset.depth_probes else None,
        ),
        "motion": CompactMotionExtractor(width, blocks, detailed=detailed),
        "warping": CompactWarping(
            width, blocks, preset.depth_probes, bend_relief=preset.relief_blocks > 0
        ),
        "decoder": CompactDecoder(
            width,
            blocks,
            detailed=detailed,
            mouth_px=preset.mouth_px,
            eyes_px=preset.eyes_px,
        ),
        "stitching": stitching_mlp(),
        "eyes": eyes_mlp(),
        "lip": lip_mlp(),
    }
    for net in networks.values():
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - not in stubs
    return networks


def volume_shape(preset: Preset) -> tuple[int, int, int, int]:
    """(C, D, h, w) of the volume of one face: learned channels, relief and pixels."""
    pixels = 3 * (preset.face_size_px // VOLUME_SIZE) ** 2 // VOLUME_DEPTH
    channels = VOLUME_CHANNELS + (RELIEF_SLOTS if preset.depth_probes else 0) + pixels
    return (channels, VOLUME_DEPTH, VOLUME_SIZE, VOLUME_SIZE)
