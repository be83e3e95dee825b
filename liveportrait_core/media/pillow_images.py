"""Pictures and animations that Pillow recognises and decodes."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

from ..errors import MediaError

OpenedImage = Image.Image
DAMAGED: Final = (
    *(OSError, SyntaxError, ValueError, RuntimeError),
    *(struct.error, LookupError, TypeError, OverflowError, MemoryError),
)
"""What Pillow raises as it reads damaged or cut files, by format."""
HEIF_PACKAGES: Final = ("pi_heif", "pillow_heif")
"""Packages that let Pillow read HEIC; one of them is enough."""

# Formats with a signature that no video shares.
_FORMATS: Final = (
    *("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "DIB", "TIFF"),
    *("AVIF", "HEIF", "JPEG2000", "PPM", "ICO"),
)
_BITS: Final = 8
_ANIMATED_FORMATS: Final = frozenset({"GIF", "PNG", "WEBP"})
"""Formats in which several pictures are an animation, not pages or views."""


_SAVED_AS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    ".webp": ("WEBP", {"lossless": True, "exact": True}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
ENCODED_BY_PILLOW: Final = frozenset(_SAVED_AS)
"""File name endings of lossless formats, in which OpenCV leaves the profile out."""


@cache
def can_read_heif() -> bool:
    """Whether a package that reads HEIC is installed; it is made known to Pillow."""
    for name in HEIF_PACKAGES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        module.register_heif_opener()
        return True
    return False


@contextmanager
def opened(file: bytes | IO[bytes], name: str | Path) -> Generator[Image.Image | None]:
    """The picture or animation that a file holds, not yet decoded; None for anything else.

    Args:
        file: Content of the file, or the open file.
        name: Its name, for messages.

    Raises:
        MediaError: It has too many pixels.
    """
    can_read_heif()
    stream = BytesIO(file) if isinstance(file, bytes) else file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # of damaged metadata
        try:
            image = Image.open(stream, formats=[name for name in _FORMATS if _is_known(name)])
        except Image.DecompressionBombError as error:
            raise MediaError(
                f"The picture {name} is too large ({error}). Make it smaller first; about 13,000 "
                "pixels a side can be read."
            ) from error
        except DAMAGED:
            image = None
        yield image


def is_animated(image: Image.Image) -> bool:
    """Whether an opened file has several pictures that are shown one after the other."""
    return image.format in _ANIMATED_FORMATS and bool(getattr(image, "is_animated", False))


def is_cmyk(image: Image.Image) -> bool:
    """Whether an opened picture holds printing inks."""
    return image.mode == "CMYK"


def is_tiff_with_alpha(image: Image.Image) -> bool:
    """Whether an opened picture is a TIFF of 8 bits with alpha, which OpenCV multiplies into it."""
    if not (isinstance(image, TiffImagePlugin.TiffImageFile) and image.has_transparency_data):
        return False
    return set(image.tag_v2.get(ExifTags.Base.BitsPerSample, (_BITS,))) == {_BITS}


def decoded(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """The opened picture upright: RGB (H, W, 3), or CMYK (H, W, 4), and alpha (H, W) or None.

    Raises:
        Exception: One of `DAMAGED`: it is.
    """
    image = ImageOps.exif_transpose(image)
    if is_cmyk(image):
        return np.array(image, np.uint8), None
    if image.has_transparency_data:
        pixels = np.array(image.convert("RGBA"), np.uint8)
        return np.ascontiguousarray(pixels[:, :, :3]), np.ascontiguousarray(pixels[:, :, 3])
    return np.array(image.convert("RGB"), np.uint8), None


def encoded(pixels: NDArray[np.uint8], suffix: str, profile: bytes) -> bytes:
    """A picture as the content of a file with a colour profile, without loss.

    Args:
        pixels: (H, W, 3) RGB, or (H, W, 4) with alpha.
        suffix: One of `ENCODED_BY_PILLOW`.
        profile: Content of the ICC profile.

    Raises:
        OSError, ValueError: The format cannot hold the picture.
    """
    form, options = _SAVED_AS[suffix]
    stream = BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(stream, form, icc_profile=profile, **options)
    return stream.getvalue()


def paletted(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture in 256 colours of its own, dithered: indices (H, W), and ARGB (256, 4)."""
    image = Image.fromarray(np.ascontiguousarray(rgb), "RGB")
    colours = image.quantize(256)
    chosen = image.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)
    palette = np.full((256, 4), 255, np.uint8)
    entries = np.array(chosen.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    palette[: len(entries), 1:] = entries
    return np.array(chosen, np.uint8), palette


def _is_known(name: str) -> bool:
    Image.init()
    return name in Image.OPEN
