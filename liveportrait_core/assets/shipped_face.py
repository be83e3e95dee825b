"""The photograph of a face that ships, to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..imaging.tensors import Pixels
from ..media.images import read_image

SHIPPED_FACE: Final = Path(__file__).resolve().parent / "face.jpg"
"""Astronaut Eileen Collins, NASA, public domain: the crop of `docs/demo/portrait.jpg` that a source
is animated in."""


def shipped_face() -> Pixels:
    """(256, 256, 3) uint8.

    Raises:
        MediaError: The package is not whole.
    """
    return read_image(SHIPPED_FACE).rgb
