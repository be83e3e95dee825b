"""A model from one layout to the other, bit for bit."""

from __future__ import annotations

from pathlib import Path

from ..errors import CheckpointError
from .loading import StoredModel, read_model
from .saving import write_own_file, write_published


def convert(source: str | Path, target: str | Path) -> StoredModel:
    """Write a model in the other layout.

    Every tensor keeps its type. Our file -> published folder -> our file gives the same bytes
    for every tensor. A published model comes back with the weights it renders with: the
    division by spectral norm is done, and `spectral.trivial_vectors` keeps it so.

    Args:
        source: Any model that `load_checkpoint` takes.
        target: A name ending in `.safetensors` for a file of ours, else a new folder for the
            published layout.

    Returns:
        The model that was written.

    Raises:
        CheckpointError: The source does not load, or the target cannot be written.
    """
    target = Path(target)
    if target.suffix in (".pth", ".pt", ".ckpt", ".onnx"):
        raise CheckpointError(
            f"{target} ends in {target.suffix}. Expected a .safetensors file, or a folder for "
            "the published layout; name one of them."
        )
    stored = read_model(source)
    (write_own_file if target.suffix == ".safetensors" else write_published)(target, stored)
    return stored
