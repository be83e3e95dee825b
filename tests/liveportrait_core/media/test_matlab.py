"""MATLAB files of numbers; SciPy, where it is there, is the witness."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.errors import MediaError
from liveportrait_core.media.matlab import is_matlab, read_matlab

HEADER = b"MATLAB 5.0 MAT-file, made by hand".ljust(124)


def element(kind, content, order="<"):
    return struct.pack(f"{order}II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(name, values, *, kind=9, cls=6, order="<"):
    """A matrix, written by hand after MathWorks' description of level 5."""
    shape = struct.pack(f"{order}{values.ndim}i", *values.shape)
    parts = (
        element(6, struct.pack(f"{order}II", cls, 0), order),
        element(5, shape, order),
        element(1, name.encode(), order),
        element(kind, values.astype(values.dtype.newbyteorder(order)).tobytes("F"), order),
    )
    return element(14, b"".join(parts), order)


def file_of(*elements, order="<"):
    return HEADER + (b"\x00\x01IM" if order == "<" else b"\x01\x00MI") + b"".join(elements)


VALUES = np.arange(24, dtype=np.float64).reshape(2, 3, 4) / 7


@pytest.mark.parametrize("order", "<>")
def test_arrays_come_back_with_names_shapes_and_order(order):
    counts = np.arange(6, dtype=np.int16).reshape(3, 2)
    data = file_of(
        matrix("values", VALUES, order=order),
        matrix("counts", counts, kind=3, cls=10, order=order),
        order=order,
    )
    assert is_matlab(data)
    read = read_matlab(data, "m.mat")
    assert list(read) == ["values", "counts"]
    np.testing.assert_array_equal(read["values"], VALUES)
    np.testing.assert_array_equal(read["counts"], counts)


def test_compressed_and_small_elements_are_read():
    inner = matrix("values", VALUES)
    packed = struct.pack("<II", 15, len(zlib.compress(inner))) + zlib.compress(inner)
    small = struct.pack("<HH4s", 9, 0, b"")  # an empty element in eight bytes
    np.testing.assert_array_equal(read_matlab(file_of(packed, small), "m")["values"], VALUES)


def test_what_is_no_array_of_real_numbers_is_left_out():
    text = matrix("words", np.frombuffer(b"\x41\x42", np.uint8).reshape(1, 2), kind=16, cls=4)
    assert list(read_matlab(file_of(text, matrix("values", VALUES)), "m.mat")) == ["values"]


@pytest.mark.parametrize("compressed", [True, False])
def test_what_scipy_writes_is_read(compressed):
    io_of_scipy = pytest.importorskip("scipy.io")
    generator = np.random.default_rng(0)
    wanted = {
        "exp": generator.normal(size=(5, 21, 3)).astype(np.float32),
        "yaw": generator.normal(size=(5, 1)),
        "whole": np.arange(4, dtype=np.int64)[None],
        "x": np.array([[3]], np.uint8),
    }
    stream = io.BytesIO()
    others = {"words": "text", "cell": np.array([1, "a"], object), "complex": np.array([1j])}
    io_of_scipy.savemat(stream, wanted | others, do_compression=compressed)
    read = read_matlab(stream.getvalue(), "m.mat")
    assert read.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_array_equal(read[name], values)


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n", b"MATLAB 5.0 MAT"])
def test_later_and_cut_off_files_are_refused_in_a_sentence(start):
    assert is_matlab(start)
    words = "damaged" if b"5.0" in start else r"version 7.3 \(HDF5\).*Save it with -v7"
    with pytest.raises(MediaError, match=words):
        read_matlab(start, "m.mat")


WHOLE = file_of(matrix("values", VALUES), matrix("x", np.ones((1, 1))))


@given(st.integers(128, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_damage_is_told_and_never_more(place, value, cut):
    data = bytearray(WHOLE)
    data[place] = value
    try:
        read = read_matlab(bytes(data[:place] if cut else data), "m.mat")
        told = ""
    except MediaError as error:
        read, told = {}, str(error)
    assert not told or told.startswith("The MATLAB file m.mat is damaged")
    assert all(isinstance(values, np.ndarray) for values in read.values())
