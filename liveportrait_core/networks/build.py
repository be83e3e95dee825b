"""The seven untrained networks of a preset."""

from __future__ import annotations

import importlib

from torch import nn

from ..constants import NUM_KEYPOINTS
from ..preset import Preset
from .appearance_extractor import AppearanceExtractor
from .blocks import scaled
from .dense_motion import DenseMotion
from .motion_extractor import MotionExtractor
from .retargeting import eyes_mlp, lip_mlp, stitching_mlp
from .spade_decoder import SpadeDecoder
from .warping import Warping

NETWORK_NAMES = ("appearance", "motion", "warping", "decoder", "stitching", "eyes", "lip")
"""F, M, W, G, S, R_eyes, R_lip, by the names they have everywhere in the library."""

VOLUME_PX = 4
"""Pixels of the face along a side of a cell of the volume."""
MIN_FACE_PX = 128
"""The published hourglass halves a quarter of the face's side five times."""


def build(preset: Preset) -> dict[str, nn.Module]:
    """The untrained networks of a preset, by name, in the order of `NETWORK_NAMES`.

    Raises:
        ValueError: The sizes do not fit the preset's family.
    """
    if preset.family == "compact":
        return importlib.import_module(".compact.build", __package__).build(preset)
    _check_sizes(preset)
    return _build_published(preset.width)


def volume_shape(preset: Preset) -> tuple[int, int, int, int]:
    """(C, D, h, w) of the volume that F gives for one face."""
    if preset.family == "compact":
        return importlib.import_module(".compact.build", __package__).volume_shape(preset)
    side = preset.face_size_px // VOLUME_PX
    return (*_of_volume(preset.width), side, side)


def _of_volume(width: float) -> tuple[int, int]:
    """Channels and depth of a volume."""
    return scaled(32, width), scaled(16, width, at_least=4)


def _check_sizes(preset: Preset) -> None:
    face, output = preset.face_size_px, preset.output_size_px
    if face < MIN_FACE_PX or face % MIN_FACE_PX:
        raise ValueError(
            f"face_size_px of the preset {preset.name} is {face}; a multiple of {MIN_FACE_PX} is "
            "expected by the published networks. Give 256, as in the paper."
        )
    if output != 2 * face:
        raise ValueError(
            f"output_size_px of the preset {preset.name} is {output}; {2 * face}, twice the face's "
            f"side, is expected by the published decoder. Give {2 * face}."
        )


def _build_published(width: float) -> dict[str, nn.Module]:
    def of(*channels: int) -> tuple[int, ...]:
        return tuple(scaled(count, width) for count in channels)

    features, hidden = of(256, 128)
    volume_channels, depth = _of_volume(width)
    return {
        "appearance": AppearanceExtractor(
            widths=of(64, 128, 256), volume_channels=volume_channels, volume_depth=depth
        ),
        "motion": MotionExtractor(dims=of(96, 192, 384, 768), num_keypoints=NUM_KEYPOINTS),
        "warping": Warping(
            DenseMotion(
                volume_channels=volume_channels,
                volume_depth=depth,
                compressed_channels=scaled(4, width, at_least=1),
                num_keypoints=NUM_KEYPOINTS,
                widths=of(32, 64, 128, 256, 512, 1024),
            ),
            volume_channels=volume_channels,
            volume_depth=depth,
            out_channels=features,
        ),
        "decoder": SpadeDecoder(in_channels=features, widths=of(512, 256, 64), hidden=hidden),
        "stitching": stitching_mlp(NUM_KEYPOINTS, of(128, 128, 64)),
        "eyes": eyes_mlp(NUM_KEYPOINTS, of(256, 256, 128, 128, 64)),
        "lip": lip_mlp(NUM_KEYPOINTS, of(128, 128, 64)),
    }
