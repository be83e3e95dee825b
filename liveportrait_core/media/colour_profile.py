"""Colour profiles (ICC) of pictures: what is read becomes sRGB."""

from __future__ import annotations

import logging
import struct
from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from .pillow_images import DAMAGED

_LOG = logging.getLogger(__name__)
# A profile that changes no colour by more than this is sRGB under another name.
_MAX_SRGB_ERROR: Final = 2
_GRID_STEPS: Final = 9
# The colour space stands at byte 16 of a profile's header (ICC.1, 7.2).
_SPACE: Final = slice(16, 20)
_CAMERA_FORMATS: Final = ("JPEG", "MPO")
_DATE: Final = slice(24, 36)
_MODE_BY_SPACE: Final = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}


# Adobe RGB (1998): its gamma, and its linear light to that of sRGB, of the same white.
_ADOBE_GAMMA: Final = 563 / 256
_ADOBE_TO_SRGB: Final = (
    (1.39836, -0.39836, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, -0.04293, 1.04293),
)


def to_srgb(pixels: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """A picture in the colours of a profile, as sRGB.

    Convention:
        - relative colorimetric with black point compensation
        - a picture whose profile is sRGB, or cannot be read, or is of another colour space than
          the picture, stays as it is, bit for bit

    Args:
        pixels: (H, W, 3) RGB, or (H, W, 4) CMYK with 255 as full ink.
        profile: Content of the ICC profile.

    Returns:
        (H, W, 3).
    """
    try:
        transform = _transform(profile, pixels.shape[2])
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError) as error:
        _LOG.warning("A colour profile cannot be read (%s); the colours are kept.", error)
        transform = None
    if transform is None:
        return pixels[:, :, :3]
    return _applied(transform, pixels)


@cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB, always the same bytes."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    content[_DATE] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(content)


def is_adobe_rgb(image: Image.Image) -> bool:
    """Whether a camera says Adobe RGB by its EXIF data alone (DCF 2.0, optional colour space)."""
    if image.format not in _CAMERA_FORMATS:
        return False
    try:
        interop = image.getexif().get_ifd(ExifTags.IFD.Interop)
    except DAMAGED:  # EXIF data then say nothing
        return False
    return interop.get(ExifTags.Interop.InteropIndex) == "R03"


def adobe_to_srgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) in Adobe RGB (1998) as sRGB; colours outside it are cut."""
    light = (np.arange(256, dtype=np.float32) / 255) ** np.float32(_ADOBE_GAMMA)
    linear = light[pixels] @ np.asarray(_ADOBE_TO_SRGB, np.float32).T
    linear = linear.clip(0, 1)
    curve = 1.055 * linear ** (1 / 2.4) - 0.055  # IEC 61966-2-1
    return np.rint(255 * np.where(linear <= 0.0031308, 12.92 * linear, curve)).astype(np.uint8)  # noqa: PLR2004 - the standard's


def has_inks(image: Image.Image, profile: bytes | None) -> bool:
    """Whether a picture holds printing inks, and its profile says which."""
    return image.mode == "CMYK" and profile is not None and profile[_SPACE] == b"CMYK"


def _transform(profile: bytes, num_channels: int) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB; None where there is nothing to change."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _MODE_BY_SPACE[profile[_SPACE]]
    if (mode == "CMYK") != (num_channels == 4):  # noqa: PLR2004 - CMYK
        return None
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "CMYK":
        return transform
    colours = _grey_ramp() if mode == "L" else _colour_grid()
    changed = _applied(transform, colours).astype(int) - colours
    return transform if np.abs(changed).max() > _MAX_SRGB_ERROR else None


def _applied(transform: ImageCms.ImageCmsTransform, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    mode = transform.input_mode
    stored = pixels[:, :, 0] if mode == "L" else pixels
    image = Image.fromarray(np.ascontiguousarray(stored), mode)
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is so only where the image is changed in place
    return np.array(converted, np.uint8)


def _grey_ramp() -> NDArray[np.uint8]:
    """All greys (1, 256, 3)."""
    return np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)


def _colour_grid() -> NDArray[np.uint8]:
    """Colours all over the cube, (1, N, 3)."""
    levels = np.linspace(0, 255, _GRID_STEPS).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return grid.reshape(1, -1, 3)
