"""HDR and wide gamuts of pictures that state them by the numbers of ITU-T H.273, as videos do."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .hdr import ColourSpace, colour_space_by

_PNG: Final = b"\x89PNG"
_PNG_BOX: Final = b"cICP"  # PNG 3, 11.3.2.6
_HEIF_BOX: Final = b"colrnclx"  # ISO 14496-12, 12.1.5
_HEAD_BYTES: Final = 65536
"""Both stand before the pixels."""


def stated_space(content: bytes) -> ColourSpace | None:
    """What a PNG, an AVIF or a HEIC picture states, where that is not sRGB or like it; else None.

    Args:
        content: Of the file.
    """
    is_png = content.startswith(_PNG)
    box = _PNG_BOX if is_png else _HEIF_BOX
    place = content.find(box, 0, _HEAD_BYTES) + len(box)
    if place < len(box):
        return None
    return colour_space_by(*struct.unpack_from(">BB" if is_png else ">HH", content, place))


def to_sdr(pixels: NDArray[np.uint8] | NDArray[np.uint16], space: ColourSpace) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of a stated colour space as BT.709, by the rules for videos.

    Convention:
        - of 8 bits, each value v counts as 257 v of 16
    """
    deep = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * np.uint16(257)
    deep = deep.astype(np.uint16, copy=False)
    if space.is_hdr:
        space = space.for_brightest(space.brightest_nits(deep))
    return space.to_bt709(deep)
