"""The weights of `PhonemeEncoder`: those of the phoneme recogniser in the package `hama`.

The installed package's file is read; its program is never imported, so that this works everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..errors import CheckpointError
from ..networks.phonemes import PhonemeEncoder

WEIGHTS: Final = Path("assets", "asr_waveform.hama")
"""In the package's folder."""
_MAGIC: Final = b"HAMAPK\x01"
_DTYPES: Final = (np.float32, np.float16, np.int64, np.int32, np.uint8)
_ALIGNMENT: Final = 16
_MODEL: Final = "acoustic_model.model."
_MATRICES_A_BLOCK: Final = 9
"""Numbers of a block's products in the names of the file."""
_FIRST_MATRIX: Final = 829
_FIRST_DEPTHWISE: Final = 804
_BLOCKS: Final = 4


def installed_recogniser() -> Path:
    """The weights of the installed package.

    Raises:
        CheckpointError: It is not installed, or is another version.
    """
    spec = find_spec("hama")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        if (Path(folder) / WEIGHTS).is_file():
            return Path(folder) / WEIGHTS
    raise CheckpointError(
        "The phoneme recogniser of the package hama is not installed; its version 1.7 is expected. "
        "Install it: pip install 'hama>=1.7,<1.8'."
    )


@lru_cache(maxsize=1)
def load_recogniser() -> PhonemeEncoder:
    """The recogniser of the installed package, in eval mode, without gradients, on the CPU.

    Raises:
        CheckpointError: It is not installed, or is another version.
    """
    return read_recogniser(installed_recogniser()).eval().requires_grad_(False)


def recogniser_hash() -> str:
    """SHA-256 of the installed package's weights: whose ears a model of speech was trained with.

    Raises:
        CheckpointError: It is not installed.
    """
    return sha256(installed_recogniser().read_bytes()).hexdigest()


def read_recogniser(path: Path) -> PhonemeEncoder:
    """The recogniser of a file.

    Raises:
        CheckpointError: The file is none, or of another version.
    """
    try:
        theirs = _tensors(path)
    except (struct.error, ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}). Install it again: pip install 'hama>=1.7,<1.8'."
        ) from error
    encoder = PhonemeEncoder()
    try:
        ours = {key: _shaped(theirs[name]) for key, name in _names()}
        encoder.load_state_dict(ours)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} holds another recogniser ({error}); that of hama 1.7 is expected. Install "
            "it: pip install 'hama>=1.7,<1.8'."
        ) from error
    return encoder


def _shaped(stored: tuple[Tensor, bool]) -> Tensor:
    """As torch's layers keep it: matrices have outputs first."""
    tensor, is_matrix = stored
    tensor = tensor.squeeze(-1) if tensor.ndim == 3 and tensor.shape[-1] == 1 else tensor  # noqa: PLR2004
    return tensor.T.contiguous() if is_matrix else tensor


def _names() -> Iterator[tuple[str, str]]:
    """Key of ours, name in the file."""
    yield "mel.bands", "mel_fb"
    yield "stem.weight", "onnx::Conv_801"
    yield "stem.bias", "onnx::Conv_802"
    for part in ("weight", "bias"):
        yield f"phonemes.{part}", f"{_MODEL}proj.{part}"
    for block in range(_BLOCKS):
        for key, name in _names_of_block(block):
            yield f"blocks.{block}.{key}", name


def _names_of_block(block: int) -> Iterator[tuple[str, str]]:
    first, depthwise = _FIRST_MATRIX + _MATRICES_A_BLOCK * block, _FIRST_DEPTHWISE + 3 * block
    theirs = f"{_MODEL}blocks.{block}."
    for ours, matrix in (
        ("before.1", 0),
        ("before.3", 1),
        ("attention.inner", 2),
        ("attention.outer", 6),
        ("after.1", 7),
        ("after.3", 8),
    ):
        yield f"{ours}.weight", f"onnx::MatMul_{first + matrix}"
    yield "convolution.depthwise.weight", f"onnx::Conv_{depthwise}"
    yield "convolution.depthwise.bias", f"onnx::Conv_{depthwise + 1}"
    yield "convolution.gated.weight", f"{theirs}conv.pointwise1.weight"
    yield "convolution.outer.weight", f"{theirs}conv.pointwise2.weight"
    for ours, name in (
        ("before.1", "ffn1.fc1"),
        ("before.3", "ffn1.fc2"),
        ("attention.inner", "attn.in_proj"),
        ("attention.outer", "attn.out_proj"),
        ("convolution.gated", "conv.pointwise1"),
        ("convolution.outer", "conv.pointwise2"),
        ("after.1", "ffn2.fc1"),
        ("after.3", "ffn2.fc2"),
    ):
        yield f"{ours}.bias", f"{theirs}{name}{'_' if name.endswith('in_proj') else '.'}bias"
    for ours, name in (
        ("before.0", "ffn1.norm"),
        ("attention.norm", "attn_norm"),
        ("convolution.norm", "conv.norm"),
        ("after.0", "ffn2.norm"),
        ("norm", "norm"),
    ):
        for part in ("weight", "bias"):
            yield f"{ours}.{part}", f"{theirs}{name}.{part}"


def _tensors(path: Path) -> Mapping[str, tuple[Tensor, bool]]:
    """The tensors of a file by name, float32, and whether each is a matrix on the right.

    Layout, little-endian: magic, version, kind, count of tensors; for each the length of its name,
    the name, type, rank, dimensions, place and length; then the numbers, aligned to 16 bytes.
    """
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise CheckpointError(
            f"{path} is no weight file of hama 1.7. Install it: pip install 'hama>=1.7,<1.8'."
        )
    (count,) = struct.unpack_from("<I", content, 8)
    place = 12
    table: list[tuple[str, int, tuple[int, ...], int]] = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, place)
        name = content[place + 2 : place + 2 + length].decode()
        place += 2 + length
        kind, rank = struct.unpack_from("<BB", content, place)
        shape = struct.unpack_from(f"<{rank}I", content, place + 2)
        place += 2 + 4 * rank
        (offset, _size) = struct.unpack_from("<QQ", content, place)
        place += 16
        table.append((name, kind, shape, offset))
    start = -(-place // _ALIGNMENT) * _ALIGNMENT
    read: dict[str, tuple[Tensor, bool]] = {}
    for name, kind, shape, offset in table:
        numbers = np.frombuffer(content, _DTYPES[kind], int(np.prod(shape)), start + offset)
        tensor = torch.from_numpy(numbers.reshape(shape).astype(np.float32))
        read[name] = tensor, "MatMul" in name
    return read
