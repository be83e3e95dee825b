"""Models of the paper's architecture that are trained further."""

from __future__ import annotations

from pathlib import Path

from liveportrait_core.errors import CheckpointError
from liveportrait_core.model import load_model
from liveportrait_core.preset import Preset

from ..engine import checkpoint
from .presets import PAPER_PRESETS
from .runs import preset_of


def trainable_preset(place: str) -> Preset:
    """The preset that a base of the paper's architecture is trained with.

    Raises:
        CheckpointError: It has other sizes.
    """
    preset = preset_of_base(place)
    known = [other for other in PAPER_PRESETS.values() if other.width == preset.width]
    if not known:
        raise CheckpointError(
            f"The base has {preset.width:g} times the paper's channels; 1 or 1/16 is expected. "
            "Give another base."
        )
    return known[0]


def preset_of_base(place: str) -> Preset:
    """The preset of a base.

    Raises:
        CheckpointError: There is no such base.
    """
    folder = Path(place)
    return preset_of(folder) if (folder / checkpoint.NAME).is_file() else load_model(place).preset
