"""Colour profiles made by hand: three primaries and one gamma, or a grey gamma (ICC.1:2001)."""

import struct

import numpy as np

# Primaries as columns XYZ, adapted to D50 (Bradford), as the profiles of these spaces hold them.
ADOBE_RGB = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
ADOBE_GAMMA = 563 / 256


def rgb_profile(primaries: np.ndarray, gamma: float) -> bytes:
    """A display profile of RGB."""
    curve = _curve(gamma)
    tags = {name: _xyz(column) for name, column in zip(_PRIMARIES, primaries.T, strict=True)}
    return _profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey_profile(gamma: float) -> bytes:
    """A display profile of grey."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def adobe_to_srgb(rgb: np.ndarray) -> np.ndarray:
    """Colours in Adobe RGB (..., 3), 0 to 255, as sRGB, by the formulas of both."""
    linear = (np.asarray(rgb) / 255) ** ADOBE_GAMMA @ (np.linalg.inv(SRGB) @ ADOBE_RGB).T
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * encoded


_PRIMARIES = (b"rXYZ", b"gXYZ", b"bXYZ")


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(float(value)) for value in values)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    white = np.array([0.9642, 1, 0.8249])
    text = b"made by a test\0"
    tags = {b"wtpt": _xyz(white), b"cprt": b"text\0\0\0\0" + text.ljust(16, b"\0"), **tags}
    table, data, offset = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    size = 128 + len(table) + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(white)[8:]
    return header.ljust(128, b"\0") + table + data
