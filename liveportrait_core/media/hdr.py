"""HDR and wide-gamut videos as BT.709: transfer functions, tone mapping and primaries.

Formulas: ITU-R BT.2100-2 (PQ and HLG), BT.2408 (203 nits as reference white), BT.1886 (gamma 2.4 of
the SDR display), BT.2087 (primaries), Reinhard et al. 2002 (tone mapping).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # pictures are read without av
    from av.video.frame import VideoFrame

Floats = NDArray[np.float32]
Transfer = Literal["pq", "hlg", "sdr"]

REFERENCE_WHITE_NITS: Final = 203.0
SDR_WHITE_NITS: Final = 100.0
"""White of a picture that was made for SDR and put into an HDR signal as it is."""
_NEAR_SDR_WHITE_NITS: Final = (85, 115)
PEAK_NITS: Final = 1000.0
"""Of the display that the picture is made for; brighter parts are cut."""

# FFmpeg's numbers (ITU-T H.273).
_TRANSFER_BY_NUMBER: Final[dict[int, Transfer]] = {16: "pq", 18: "hlg"}
_BT2020_PRIMARIES: Final = 9
_P3_PRIMARIES: Final = 12
# Linear RGB to linear BT.709, of the same white (D65); BT.2087 gives the first.
_TO_BT709: Final = {
    _BT2020_PRIMARIES: (
        (1.6605, -0.5876, -0.0728),
        (-0.1246, 1.1329, -0.0083),
        (-0.0182, -0.1006, 1.1187),
    ),
    _P3_PRIMARIES: (
        (1.2249, -0.2247, 0.0),
        (-0.0420, 1.0419, 0.0),
        (-0.0197, -0.0786, 1.0979),
    ),
}
_BT2020_LUMINANCE: Final = (0.2627, 0.6780, 0.0593)
_SDR_GAMMA: Final = 2.4
_HLG_GAMMA: Final = 1.2  # of the system, at 1000 nits
_NUM_CODES: Final = 65536
# Light that the tone mapping leaves alone; higher, white is kept better and highlights worse.
_KNEE: Final = 0.8
_DARK: Final = 1e-6
_BRIGHTEST_SHARE: Final = 0.999
_SAMPLED_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """What the numbers of a picture mean: transfer function and primaries."""

    transfer: Transfer
    primaries: int
    white_nits: float = REFERENCE_WHITE_NITS
    """What becomes SDR white, of HDR."""

    @property
    def is_hdr(self) -> bool:
        """Whether light above white has codes of its own."""
        return self.transfer != "sdr"

    def to_bt709(self, pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """The picture as BT.709 of 8 bits.

        Convention:
            - reference white, 203 nits, becomes SDR white but for the shoulder of the tone mapping
            - where another white is given, that becomes SDR white and what is brighter is cut
            - the tone mapping acts on the largest of R, G and B, which keeps the hue
            - colours outside BT.709 are cut

        Args:
            pixels: (H, W, 3) RGB, 65535 is full scale.
        """
        light = self._light(pixels)
        if self.is_hdr and self.white_nits != REFERENCE_WHITE_NITS:
            light *= np.float32(REFERENCE_WHITE_NITS / self.white_nits)
        elif self.is_hdr:
            largest = light.max(axis=-1)
            light *= (tone_mapped(largest) / np.maximum(largest, _DARK))[..., None]
        if self.primaries in _TO_BT709:
            light = light @ np.asarray(_TO_BT709[self.primaries], np.float32).T
        codes = np.rint(np.sqrt(light.clip(0, 1)) * (_NUM_CODES - 1)).astype(np.uint16)
        return _sdr_codes()[codes]

    def for_brightest(self, nits: float) -> ColourSpace:
        """The same for a video whose brightest parts have so many nits.

        Convention:
            - at about 100 nits it is an SDR video in an HDR signal, and 100 nits are its white
        """
        low, high = _NEAR_SDR_WHITE_NITS
        return replace(self, white_nits=SDR_WHITE_NITS) if low <= nits <= high else self

    def brightest_nits(self, pixels: NDArray[np.uint16]) -> float:
        """Light of the brightest parts of an HDR picture: all but a thousandth of it is darker."""
        step = max(1, min(pixels.shape[:2]) // _SAMPLED_ROWS)
        largest = self._light(pixels[::step, ::step]).max(axis=-1)
        return REFERENCE_WHITE_NITS * float(np.quantile(largest, _BRIGHTEST_SHARE))

    def _light(self, pixels: NDArray[np.uint16]) -> Floats:
        """Light of the display (H, W, 3), in reference whites."""
        light = _decoded(self.transfer)[pixels]
        if self.transfer == "hlg":
            luminance = light @ np.asarray(_BT2020_LUMINANCE, np.float32)
            scale = PEAK_NITS / REFERENCE_WHITE_NITS
            light *= (scale * luminance ** (_HLG_GAMMA - 1))[..., None]
        return light


def colour_space_of(picture: VideoFrame, stated: tuple[int, int]) -> ColourSpace | None:
    """What a picture's numbers mean, where that is not BT.709 or like it; else None.

    Args:
        picture: A decoded picture.
        stated: Primaries and transfer function of its video (ITU-T H.273), for PyAV before 17,
            whose pictures do not have them.
    """
    primaries: int = getattr(picture, "color_primaries", stated[0])
    transfer_number: int = getattr(picture, "color_trc", stated[1])
    return colour_space_by(int(primaries), int(transfer_number))


def colour_space_by(primaries: int, transfer_number: int) -> ColourSpace | None:
    """The same by the numbers of ITU-T H.273."""
    transfer = _TRANSFER_BY_NUMBER.get(transfer_number, "sdr")
    if transfer == "sdr" and primaries not in _TO_BT709:
        return None
    return ColourSpace(transfer, primaries)


def pq_to_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The PQ signal in [0, 1] as light in reference whites (BT.2100, table 4)."""
    root = signal ** (1 / _PQ_M2)
    light = np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)
    return 10000 * light ** (1 / _PQ_M1) / REFERENCE_WHITE_NITS


_PQ_M1: Final = 2610 / 16384
_PQ_M2: Final = 2523 / 4096 * 128
_PQ_C1: Final = 3424 / 4096
_PQ_C2: Final = 2413 / 4096 * 32
_PQ_C3: Final = 2392 / 4096 * 32


def hlg_to_scene(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The HLG signal in [0, 1] as scene light in [0, 1] (BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)  # noqa: PLR2004 - the standard's


def tone_mapped(light: Floats) -> Floats:
    """Light in reference whites bent into [0, 1].

    Convention:
        - the identity up to `_KNEE`; above it Reinhard's curve of 2002 (Eq. 4), which begins with
          slope 1 and takes the peak to 1; beyond the peak it stays 1
    """
    room = 1 - _KNEE
    most = (PEAK_NITS / REFERENCE_WHITE_NITS - _KNEE) / room
    over = ((light - _KNEE) / room).clip(0, most)
    mapped = np.minimum(light, _KNEE) + room * over * (1 + over / most**2) / (1 + over)
    return cast(Floats, mapped)


@cache
def _decoded(transfer: Transfer) -> Floats:
    """Light of every 16-bit code: in reference whites; of HLG the scene's, before its gamma."""
    signal = np.arange(_NUM_CODES) / (_NUM_CODES - 1)
    if transfer == "pq":
        return pq_to_light(signal).astype(np.float32)
    return (hlg_to_scene(signal) if transfer == "hlg" else signal**_SDR_GAMMA).astype(np.float32)


@cache
def _sdr_codes() -> NDArray[np.uint8]:
    """The 8-bit code by the square root of light in 65536 steps (inverse of BT.1886)."""
    root = np.arange(_NUM_CODES) / (_NUM_CODES - 1)
    return np.rint(255 * root ** (2 / _SDR_GAMMA)).astype(np.uint8)
