"""Presets of the paper's architecture that stage 1 can train: its sizes, and a toy of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from liveportrait_core.config.fields import OptionError
from liveportrait_core.networks.compact.window import WINDOW_STEP_PX
from liveportrait_core.preset import COMPACT, PAPER, Preset

_TRAINED_PAPER = replace(PAPER, source_crop=COMPACT.source_crop, driving_crop=COMPACT.driving_crop)
"""Rendered heads and prepared clips are framed as the compact preset frames sources; a model
trained on them expects that framing again, and its file says so."""
PAPER_PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "paper": _TRAINED_PAPER,
        "tiny": replace(
            _TRAINED_PAPER, name="tiny", width=1 / 16, face_size_px=128, output_size_px=256
        ),
    }
)
"""By the names that `preset=` takes."""
DETAIL_PX = (128, 256)
"""Sides at which compact networks read motion and decode."""
SHIPPED_MOUTH_PX = 96
"""Side of the mouth's window of the model that ships."""
SHIPPED_EYES_PX = 64
"""Side of the eyes' windows of the model that ships."""


def check_window_px(name: str, side_px: int) -> None:
    """Refuse a side of a window that its maps do not divide.

    Args:
        name: Of the option, for the message.
        side_px: The side.

    Raises:
        OptionError: It is such.
    """
    if side_px % WINDOW_STEP_PX:
        raise OptionError(
            f"{name} is {side_px}; a multiple of {WINDOW_STEP_PX} is expected. Use "
            f"{max(1, side_px // WINDOW_STEP_PX) * WINDOW_STEP_PX}."
        )
