"""Presets that stage 1 can train: the paper's sizes, a toy of them, and the weights that ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from liveportrait_core.preset import COMPACT, PAPER, Preset

SMALL = "small"
"""The compact networks, whose sizes a run may choose (`Stage1Config`)."""
_TRAINED_PAPER = replace(PAPER, source_crop=COMPACT.source_crop, driving_crop=COMPACT.driving_crop)
"""Rendered heads and prepared clips are framed as the compact preset frames sources; a model
trained on them wants that framing again, and its file says so."""
PUBLISHED: Mapping[str, Preset] = MappingProxyType(
    {
        "paper": _TRAINED_PAPER,
        "tiny": replace(
            _TRAINED_PAPER, name="tiny", width=1 / 16, face_size_px=128, output_size_px=256
        ),
    }
)
"""Presets of the published architecture, by the names that `preset=` takes."""
