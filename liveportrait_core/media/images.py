"""Images: pictures read upright as 8-bit RGB with their alpha apart, and written whole."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError
from .atomic import read_whole, write_whole
from .colour_profile import adobe_to_srgb, has_inks, is_adobe_rgb, srgb_profile, to_srgb
from .pillow_images import (
    DAMAGED,
    ENCODED_BY_PILLOW,
    OpenedImage,
    can_read_heif,
    decoded,
    encoded,
    is_tiff_with_alpha,
    opened,
)
from .stated_colour import stated_space, to_sdr

IMAGE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""File name endings of images that can be read and written."""
READABLE_SUFFIXES: Final = IMAGE_SUFFIXES | {".jfif", ".jpe", ".avif", ".heic", ".heif"}
"""File name endings of images that can be read."""

ALPHA_SUFFIXES: Final = frozenset({".png", ".webp", ".tif", ".tiff"})
"""File name endings of images that can be transparent."""
_JPEG_SUFFIXES: Final = (".jpg", ".jpeg")
_JPEG_OPTIONS: Final = [cv2.IMWRITE_JPEG_QUALITY, 95]
_JPEG_START: Final = b"\xff\xd8"
_JPEG_ICC: Final = b"ICC_PROFILE\0\x01\x01"
"""What a JPEG's profile begins with: its name, and that it is chunk 1 of 1 (ICC.1, B.4)."""
_OPENCV_LOG: Final[Any] = getattr(cv2.utils, "logging", cv2)  # a module of its own from 4.13 on
_SILENT: Final = 0
_PNG_HEADER_BYTES: Final = 8 + 25
"""Signature and IHDR chunk."""
# Brands of ISO 23008-12 (HEIF) and of AVIF, as the file type box names them.
_STILL_BRANDS: Final = frozenset({b"avif", b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"})
_SEQUENCE_BRANDS: Final = frozenset({b"avis", b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
_BY_PILLOW: Final = frozenset({"AVIF", "HEIF", "GIF", "JPEG2000", "ICO"})
"""Formats that not every OpenCV reads."""


Decoded = tuple[NDArray[Any], NDArray[np.uint8] | None]
"""Pixels of the file's own depth, and alpha of 8 bits or None."""


@dataclass(frozen=True, slots=True)
class Image:
    """One picture with its transparency."""

    rgb: NDArray[np.uint8]
    """(H, W, 3). Under transparent pixels it holds what the file holds, not a background."""
    alpha: NDArray[np.uint8] | None = None
    """(H, W), 255 opaque, or None when the file has no transparency."""


def on_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with its alpha (H, W) laid over white."""
    weight = alpha[..., None] / np.float32(255)
    return np.rint(rgb * weight + 255 * (1 - weight)).astype(np.uint8)


def is_image(path: str | Path) -> bool:
    """Whether the name says that the file is an image that can be read."""
    return Path(path).suffix.lower() in READABLE_SUFFIXES


def heif_brand(start: bytes) -> Literal["still", "sequence"] | None:
    """What the first bytes of a file say of AVIF and HEIC: one picture or several; else None."""
    if start[4:8] != b"ftyp":
        return None
    if start[8:12] in _SEQUENCE_BRANDS:
        return "sequence"
    return "still" if start[8:12] in _STILL_BRANDS else None


def read_image(path: str | Path) -> Image:
    """Read an image: PNG, JPEG, WebP, BMP, TIFF, AVIF, HEIC, or the first picture of a GIF.

    `read_image("portrait.jpg").rgb`

    Convention:
        - turned upright as its EXIF orientation says
        - grey and palette pictures become RGB; 16-bit values v become round(v / 257)
        - a picture with a colour profile becomes sRGB (`colour_profile.to_srgb`), and so does one
          whose EXIF data say Adobe RGB
        - HDR (PQ, HLG), and a wide gamut that is stated by numbers, become BT.709 as in videos
          (`stated_colour`)
        - alpha is given apart and not composited, so that an image can be written back with it

    Raises:
        MediaError: The file is missing, empty, damaged, no picture, or holds float values.
    """
    content = read_whole(path, "picture")
    with opened(content, path) as image:
        profile: bytes | None = image.info.get("icc_profile") if image is not None else None
        is_adobe = image is not None and profile is None and is_adobe_rgb(image)
        if image is not None and (_is_for_pillow(image) or has_inks(image, profile)):
            pixels, alpha = _by_pillow(image, path)
        elif heif_brand(content):
            raise _without_decoder(path)
        else:
            pixels, alpha = _by_opencv(content, path)
    space = stated_space(content)
    if space is not None and (space.is_hdr or profile is None):
        return Image(to_sdr(pixels, space), alpha)
    pixels = _to_8_bits(pixels, path)
    if profile is not None:
        pixels = to_srgb(pixels, profile)
    return Image(adobe_to_srgb(pixels) if is_adobe else pixels, alpha)


def _is_for_pillow(image: OpenedImage) -> bool:
    return image.format in _BY_PILLOW or is_tiff_with_alpha(image)


def _by_pillow(image: OpenedImage, path: str | Path) -> Decoded:
    try:
        return decoded(image)
    except DAMAGED as error:
        raise _unreadable(path) from error


def _by_opencv(content: bytes, path: str | Path) -> Decoded:
    """The picture upright, RGB of the file's own depth, and alpha of 8 bits or None."""
    file = np.frombuffer(content, np.uint8)
    try:
        with _silent_opencv():
            # IMREAD_UNCHANGED keeps alpha but ignores EXIF, IMREAD_COLOR the other way round.
            stored = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
            upright = cv2.imdecode(file, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as error:
        raise _unreadable(path) from error
    # The stubs promise an array, but None is what OpenCV gives for a damaged file.
    if stored is None or upright is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise _unreadable(path)
    rgb = np.ascontiguousarray(upright[:, :, ::-1])
    if stored.shape[2:] != (4,):
        return rgb, None
    bgra, bgr = _to_8_bits(stored, path), _to_8_bits(upright, path)
    return rgb, _upright_alpha(bgra, bgr, path)


def write_image(
    path: str | Path, rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None
) -> None:
    """Write an image in the format that the ending of its name says.

    `write_image("result.png", picture)`

    JPEG is written with quality 95; every other format without loss. Each says that it is sRGB,
    but for BMP, which means it.

    Args:
        path: Name ending in .png, .jpg, .jpeg, .webp, .bmp, .tif or .tiff.
        rgb: (H, W, 3) in [0, 255].
        alpha: (H, W), 255 opaque. Needs a format that can hold it.

    Raises:
        MediaError: The ending is unknown or cannot hold alpha, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise MediaError(
            f"Cannot write {path}: '{suffix}' names no picture format. "
            f"Use one of {', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    if alpha is not None and suffix not in ALPHA_SUFFIXES:
        raise MediaError(
            f"Cannot write {path}: '{suffix}' cannot hold transparency. "
            f"Use one of {', '.join(sorted(ALPHA_SUFFIXES))}."
        )
    pixels = rgb if alpha is None else np.dstack((rgb, alpha))
    try:
        if suffix in ENCODED_BY_PILLOW:
            content = encoded(pixels, suffix, srgb_profile())
        else:
            content = _encoded_by_opencv(pixels, suffix)
    except (cv2.error, OSError, ValueError) as error:
        raise _unencodable(path, rgb) from error
    write_whole(path, content)


def _encoded_by_opencv(pixels: NDArray[np.uint8], suffix: str) -> bytes:
    """The content of a file.

    Raises:
        ValueError: The format cannot hold the picture.
    """
    channels = [2, 1, 0, 3][: pixels.shape[2]]
    options = _JPEG_OPTIONS if suffix in _JPEG_SUFFIXES else []
    with _silent_opencv():
        done, content = cv2.imencode(suffix, np.ascontiguousarray(pixels[:, :, channels]), options)
    if not done:
        raise ValueError(suffix)
    if suffix == ".png":
        return _marked_png(content.tobytes())
    return _marked_jpeg(content.tobytes()) if suffix in _JPEG_SUFFIXES else content.tobytes()


def _marked_png(png: bytes) -> bytes:
    """The PNG with a chunk that says its colours are sRGB (PNG 3, 11.3.2.5)."""
    content = b"sRGB\x01"  # relative colorimetric
    chunk = (1).to_bytes(4, "big") + content + crc32(content).to_bytes(4, "big")
    return png[:_PNG_HEADER_BYTES] + chunk + png[_PNG_HEADER_BYTES:]


def _marked_jpeg(jpeg: bytes) -> bytes:
    """The JPEG with the profile of sRGB, after its JFIF segment."""
    profile = _JPEG_ICC + srgb_profile()
    segment = b"\xff\xe2" + (len(profile) + 2).to_bytes(2, "big") + profile
    place = len(_JPEG_START) + 2 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:place] + segment + jpeg[place:]


def _to_8_bits(pixels: NDArray[np.generic], path: str | Path) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    if pixels.dtype == np.uint16:
        # (v + 128) // 257 is v / 257 rounded; 65535 = 257 * 255.
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    raise MediaError(
        f"The picture {path} holds {pixels.dtype} values, but 8 or 16 bits a channel are expected. "
        "Save it as PNG."
    )


def _upright_alpha(
    stored: NDArray[np.uint8], upright: NDArray[np.uint8], path: str | Path
) -> NDArray[np.uint8]:
    """Alpha (H, W), turned in the way that takes the stored colours to the upright ones."""
    for mirrored in (stored, stored[:, ::-1]):
        for quarter_turns in range(4):
            turned = np.rot90(mirrored, quarter_turns)
            if np.array_equal(turned[:, :, :3], upright):
                return np.ascontiguousarray(turned[:, :, 3])
    raise MediaError(
        f"Cannot tell which way up the transparency of {path} is. Save it as PNG without EXIF data."
    )


@contextmanager
def _silent_opencv() -> Generator[None]:
    """OpenCV logs damaged files to stderr itself; our message says the same in one sentence."""
    level = _OPENCV_LOG.getLogLevel()
    _OPENCV_LOG.setLogLevel(_SILENT)
    try:
        yield
    finally:
        _OPENCV_LOG.setLogLevel(level)


def _unreadable(path: str | Path) -> MediaError:
    return MediaError(
        f"{path} is not a picture, or it is damaged; PNG, JPEG, WebP, BMP, TIFF, AVIF or HEIC is "
        "expected. Open it in a viewer to check, and export it again."
    )


def _without_decoder(path: str | Path) -> MediaError:
    """AVIF or HEIC that Pillow did not open."""
    if can_read_heif():
        return _unreadable(path)
    return MediaError(
        f"{path} is a HEIC or AVIF picture; a package that reads it is expected. Install it with "
        "'pip install pi-heif' (for AVIF: 'pip install -U pillow'), or save the picture as JPEG."
    )


def _unencodable(path: str | Path, rgb: NDArray[np.uint8]) -> MediaError:
    return MediaError(
        f"A picture of {rgb.shape[1]} x {rgb.shape[0]} cannot be stored as {Path(path).suffix}. "
        "Choose .png, or a smaller picture."
    )
