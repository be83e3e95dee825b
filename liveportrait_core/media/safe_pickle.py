"""Pickles of plain containers, arrays and tensors, read without running anything in them."""

from __future__ import annotations

import io
import pickle
import re
import struct
import warnings
from collections import OrderedDict
from collections.abc import Collection
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import MediaError, one_line

_PLAIN_DTYPE: Final = re.compile(r"[<>=|]?[biuf][1248]")
_BROKEN_PICKLE: Final = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What a damaged or hand-made pickle can raise."""


def read_pickle(data: bytes, name: str, *, records: Collection[str] = ()) -> object:
    """The object in a pickle of dicts, lists, tuples, numbers, text, arrays and tensors.

    No function or class of the pickle's choice is ever looked up. The few names that numpy and
    torch write are answered by stand-ins that take nothing but the bytes, type and shape of an
    array.

    Args:
        data: The pickle.
        name: The file's name, for messages.
        records: Names of classes, of whatever module, whose objects are read as `Record`.

    Returns:
        The object; its arrays are `Array` stand-ins, to be read with `to_array`.

    Raises:
        MediaError: The pickle asks for anything else, or is damaged.
    """
    try:
        return PlainUnpickler(data, name, records).load()
    except _BROKEN_PICKLE as error:
        raise MediaError(
            f"{name} is no pickle that can be read, or it is damaged ({one_line(error)}). "
            "A motion file is expected; make or copy it again."
        ) from error


def read_torch(data: bytes) -> object:
    """What a torch file holds: tensors and plain containers, on the CPU.

    Raises:
        pickle.UnpicklingError: It asks for anything else, or is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of how old or odd it is
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # of damaged files it raises errors of any class
        told = str(error).split("\n", maxsplit=1)[0]
        raise pickle.UnpicklingError(told or type(error).__name__) from error


class Record:
    """An object of a pickle: nothing but its fields, in `vars`; what it was made of is left out."""

    def __init__(self, *_: object) -> None:
        pass


class Array:
    """A numpy array of a pickle: bytes, type and shape, checked only by `to_array`."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


def to_array(value: object) -> NDArray[np.float32]:
    """A number, list of numbers, tensor, or array of a pickle as float32.

    Raises:
        ValueError: It is none of these, or its bytes do not fit its shape.
    """
    if isinstance(value, Tensor):
        return value.detach().cpu().float().numpy()
    if not isinstance(value, Array):
        return np.asarray(value, np.float32)
    match value.state:
        case (_, tuple() as shape, _Dtype() as dtype, in_columns, bytes() | bytearray() as data):
            order = "F" if in_columns else "C"
            return np.frombuffer(data, dtype.resolve()).reshape(shape, order=order).astype("f4")
        case _:
            raise ValueError("an array without shape, type and bytes")


class _Dtype:
    """A numpy dtype of a pickle."""

    __slots__ = ("byte_order", "code")

    def __init__(self, code: object) -> None:
        self.code = code
        self.byte_order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.byte_order = str(state[1])

    def resolve(self) -> np.dtype[Any]:
        if not isinstance(self.code, str) or not _PLAIN_DTYPE.fullmatch(self.code):
            raise ValueError(f"an array of type {self.code!r}, and plain numbers are expected")
        dtype = np.dtype(self.code)
        return dtype.newbyteorder(">") if self.byte_order == ">" else dtype


class PlainUnpickler(pickle.Unpickler):
    """An unpickler that finds nothing but the stand-ins below, never a real function."""

    def __init__(self, data: bytes, name: str, records: Collection[str]) -> None:
        super().__init__(io.BytesIO(data))
        self._name = name
        # Classes of this reader alone: what a pickle sets on them is gone with it.
        self._records = {record: type(record, (Record,), {}) for record in records}
        # Bound methods: a pickle cannot set attributes on them.
        numpy_names: dict[tuple[str, str], object] = {
            ("multiarray", "_reconstruct"): self._new_array,
            ("multiarray", "scalar"): self._new_scalar,
            ("numeric", "_frombuffer"): self._array_from_buffer,
        }
        self._allowed: dict[tuple[str, str], object] = {
            (f"{root}.{module}", member): found
            for root in ("numpy.core", "numpy._core")
            for (module, member), found in numpy_names.items()
        }
        self._allowed["numpy", "ndarray"] = "ndarray"
        self._allowed["numpy", "dtype"] = self._new_dtype
        self._allowed["_codecs", "encode"] = self._encode
        self._allowed["collections", "OrderedDict"] = self._new_dict
        self._allowed["torch._utils", "_rebuild_tensor_v2"] = self._new_tensor
        self._allowed["torch.storage", "_load_from_bytes"] = self._new_storage

    def find_class(self, module_name: str, global_name: str, /) -> object:
        """The stand-in for a name, where it has one.

        Raises:
            MediaError: It has none.
        """
        found = self._allowed.get((module_name, global_name), self._records.get(global_name))
        if found is None:
            asked = one_line(f"{module_name}.{global_name}")
            raise MediaError(
                f"{self._name} asks for {asked}, and a template holds only "
                "numbers and arrays; a pickle can run programs, so it is refused. "
                "Do not open it elsewhere unless you trust its maker."
            )
        return found

    def persistent_load(self, pid: object, /) -> object:
        """Objects outside the pickle: there are none.

        Raises:
            UnpicklingError: Always.
        """
        raise pickle.UnpicklingError("it refers to objects outside itself")

    def _new_array(self, *_: object) -> Array:
        return Array()

    def _new_dtype(self, code: object, *_: object) -> _Dtype:
        return _Dtype(code)

    def _new_dict(self, *items: Any) -> OrderedDict[object, object]:
        return OrderedDict(*items)

    def _new_scalar(self, dtype: object, data: object) -> float:
        array = Array()
        array.state = (1, (), dtype, False, data)
        return float(to_array(array))

    def _array_from_buffer(self, data: object, dtype: object, shape: object, order: str) -> Array:
        array = Array()
        array.state = (1, shape, dtype, order == "F", data)
        return array

    def _new_storage(self, data: bytes) -> Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of typed storages
            stored: Any = read_torch(data)
            return torch.empty(0, dtype=stored.dtype).set_(stored.untyped())

    def _new_tensor(
        self,
        numbers: Tensor,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_: Any,
    ) -> Tensor:
        tensor = numbers.as_strided(shape, strides, offset)
        if tensor.numel() > numbers.numel():
            raise pickle.UnpicklingError("a tensor larger than its numbers")
        return tensor

    def _encode(self, text: str, encoding: str) -> bytes:
        """Old pickles hold bytes as text."""
        if encoding not in {"latin1", "latin-1"}:
            raise pickle.UnpicklingError(f"bytes kept as {encoding}")
        return text.encode("latin-1")
