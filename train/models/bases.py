"""Models of the paper's architecture that are trained further."""

from __future__ import annotations

from liveportrait_core.errors import CheckpointError
from liveportrait_core.preset import Preset

from .presets import PAPER_PRESETS


def trainable_preset(preset: Preset) -> Preset:
    """The preset that a base of the paper's architecture is trained with.

    Raises:
        CheckpointError: It has other sizes.
    """
    known = [other for other in PAPER_PRESETS.values() if other.width == preset.width]
    if not known:
        raise CheckpointError(
            f"The base has {preset.width:g} times the paper's channels; 1 or 1/16 is expected. "
            "Give another base."
        )
    return known[0]
