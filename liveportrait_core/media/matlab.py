"""MATLAB files up to version 7 (MAT 5), as SciPy writes them: their arrays of numbers.

The layout is that of MathWorks' "MAT-File Format" (level 5).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError

HEADER_BYTES: Final = 128
_ENDIAN_AT: Final = 126
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_HDF5_AT: Final = (0, 512)
_MAX_BYTES: Final = 1 << 30
"""Of one array; larger ones are no motion."""

_MATRIX, _COMPRESSED = 14, 15
_NUMBER_TYPES: Final = {
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"},
    **{12: "i8", 13: "u8"},
}
"""numpy's names of the data types."""
_NUMBER_CLASSES: Final = range(6, 16)
_COMPLEX: Final = 0x0800
_BROKEN: Final = (struct.error, zlib.error, ValueError, KeyError, IndexError, OverflowError)


def is_matlab(start: bytes) -> bool:
    """Whether a file that begins so is one of MATLAB, of any version since 5."""
    return start.startswith(b"MATLAB ") or any(
        start[place:].startswith(_HDF5) for place in _HDF5_AT
    )


def read_matlab(data: bytes, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of real numbers in a MATLAB file, by name; what else it holds is left out.

    Args:
        data: The file.
        name: Its name, for messages.

    Raises:
        MediaError: It is of version 7.3, or damaged.
    """
    if data.startswith(b"MATLAB 7.3") or any(data[at:].startswith(_HDF5) for at in _HDF5_AT):
        raise MediaError(
            f"{name} is a MATLAB file of version 7.3 (HDF5), and version 7 or earlier is expected. "
            "Save it with -v7, or with scipy.io.savemat."
        )
    order = {b"IM": "<", b"MI": ">"}.get(data[_ENDIAN_AT:HEADER_BYTES])
    try:
        if order is None:
            raise ValueError("its header is cut off")
        return dict(_arrays(data[HEADER_BYTES:], order))
    except _BROKEN as error:
        raise MediaError(
            f"The MATLAB file {name} is damaged ({error}). Make or copy it again."
        ) from error


def _arrays(data: bytes, order: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for kind, content in _elements(data, order):
        if kind == _COMPRESSED:
            yield from _arrays(_inflated(content), order)
        elif kind == _MATRIX:
            yield from _array(content, order)


def _inflated(content: bytes) -> bytes:
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(content, _MAX_BYTES)
    if not inflater.eof:
        raise ValueError("a compressed array is cut off, or larger than 1 GiB")
    return inflated


def _array(content: bytes, order: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and values of a matrix; nothing of one that holds no real numbers."""
    (_, flags), *parts = _elements(content, order)
    (bits,) = struct.unpack_from(f"{order}I", flags)
    if bits & 0xFF not in _NUMBER_CLASSES or bits & _COMPLEX:
        return
    (_, shape), (_, name), (kind, values) = parts
    numbers = np.frombuffer(values, np.dtype(order + _NUMBER_TYPES[kind]))
    sizes = np.frombuffer(shape, np.dtype(f"{order}i4")).tolist()
    yield name.decode("ascii"), numbers.reshape(sizes, order="F")


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of the elements that stand one after another."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind >> 16:  # a small element has both in four bytes, and its content after them
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
            place += 8
        else:
            start = place + 8
            place = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("an element is cut off")
        yield kind, data[start : start + size]
