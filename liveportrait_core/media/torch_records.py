"""Files of torch that hold objects besides tensors, read without running anything in them."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Final

import torch
from torch import Tensor

from ..errors import MediaError, one_line
from .safe_pickle import PlainUnpickler

_DTYPES: Final = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}
_INDEX: Final = "data.pkl"
_UNREADABLE: Final = (
    pickle.UnpicklingError, zipfile.BadZipFile, OSError, EOFError, LookupError, TypeError,
    ValueError, RuntimeError, AttributeError, OverflowError,
)  # fmt: skip


def read_torch_records(path: Path, records: Collection[str]) -> object:
    """What a file of `torch.save` holds, with objects of some classes as `Record`.

    Args:
        path: A zip archive, as torch writes since 1.6.
        records: Names of these classes, of whatever module.

    Returns:
        Plain containers, tensors on the CPU and records.

    Raises:
        MediaError: The file is missing or damaged, or asks for anything else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (index,) = (name for name in archive.namelist() if PurePosixPath(name).name == _INDEX)
            return _Unpickler(archive, index, str(path), records).load()
    except _UNREADABLE as error:
        raise MediaError(
            f"{path} is no file of torch that can be read, or it is damaged ({one_line(error)}). "
            "A .pt file of torch 1.6 or later is expected; download or copy it again."
        ) from error


class _Unpickler(PlainUnpickler):
    """Finds the numbers of tensors in the archive; else as its parent."""

    def __init__(
        self, archive: zipfile.ZipFile, index: str, name: str, records: Collection[str]
    ) -> None:
        super().__init__(archive.read(index), name, records)
        self._archive, self._folder = archive, PurePosixPath(index).parent
        self._stored: dict[str, Tensor] = {}

    def find_class(self, module_name: str, global_name: str, /) -> object:
        """As its parent; kinds of storage are their number types."""
        if module_name == "torch" and global_name in _DTYPES:
            return _DTYPES[global_name]
        return super().find_class(module_name, global_name)

    def persistent_load(self, pid: object, /) -> Tensor:
        """The numbers of a storage, flat."""
        match pid:
            case ("storage", torch.dtype() as dtype, str() as key, _, int() as count):
                if key not in self._stored:
                    data = self._archive.read(str(self._folder / "data" / key))
                    self._stored[key] = torch.frombuffer(bytearray(data), dtype=dtype, count=count)
                return self._stored[key]
            case _:
                raise pickle.UnpicklingError("it refers to objects outside itself")
