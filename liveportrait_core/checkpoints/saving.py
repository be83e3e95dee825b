"""Checkpoints out: one safetensors file of ours, or the published folders."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import CheckpointError
from ..preset import Preset
from .keymaps import ENTRY_OF_NETWORK, FILE_OF_NETWORK, RETARGETING_FILE
from .loading import FORMAT, VERSION, StoredModel
from .model_folders import PRESET_FILE
from .published import to_published

_RUNNING = (".running_mean", ".running_var")


def save_checkpoint(
    path: str | Path,
    preset: Preset,
    networks: Mapping[str, nn.Module],
    *,
    dtype: torch.dtype = torch.float32,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write networks as one file of ours.

    Convention:
        - metadata: `format`, `version`, `preset` as JSON, then what the caller adds
        - tensors are `<network>.<key>`
        - in float16, running statistics and the three small networks stay in float32

    Raises:
        CheckpointError: The file cannot be written, or a weight does not fit the type.
    """
    states = {
        name: {key: _stored(name, key, value, dtype) for key, value in net.state_dict().items()}
        for name, net in networks.items()
    }
    write_own_file(
        Path(path),
        StoredModel(preset=preset, states=states, origin=str(path), metadata=dict(metadata or {})),
    )


def write_own_file(path: Path, stored: StoredModel) -> None:
    """Write tensors as one file of ours, in the types they have.

    Raises:
        CheckpointError: The file cannot be written.
    """
    tensors = {
        f"{name}.{key}": value.contiguous()
        for name, state in stored.states.items()
        for key, value in state.items()
    }
    preset = json.dumps(stored.preset.to_json())
    metadata = stored.metadata | {"format": FORMAT, "version": VERSION, "preset": preset}
    with _whole(path) as part:
        part.write_bytes(save(tensors, metadata))  # as readable as any other file of the user


def write_published(folder: Path, stored: StoredModel) -> None:
    """Write tensors as the published folders: `base_models` and `retargeting_models`.

    A model of the paper's family gets the published keys, so any program for the published
    files reads it. A compact model has no published twin: its files hold its own keys under
    the same file names, and `preset.json` beside the folders says so. Tensors keep their type.

    Raises:
        CheckpointError: The folder exists and is not empty, or cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise CheckpointError(
            f"{folder} is not empty. Expected a new folder for the published layout; name one."
        )
    renamed = stored.preset.family == "published"
    theirs = {
        name: to_published(name, state) if renamed else state
        for name, state in stored.states.items()
    }
    prefix = "module." if renamed else ""
    retargeting = {
        entry: {f"{prefix}{key}": value for key, value in theirs[name].items()}
        for name, entry in ENTRY_OF_NETWORK.items()
        if name in theirs
    }
    with _whole(folder) as part:
        base, small = part / "base_models", part / "retargeting_models"
        base.mkdir(parents=True)
        for name, stem in FILE_OF_NETWORK.items():
            torch.save(theirs[name], base / f"{stem}.pth")
        if retargeting:
            small.mkdir()
            torch.save(retargeting, small / f"{RETARGETING_FILE}.pth")
        preset = json.dumps(stored.preset.to_json(), indent=1)
        (part / PRESET_FILE).write_text(preset + "\n", encoding="utf-8")


def _stored(network: str, key: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu()
    narrow = network in FILE_OF_NETWORK and not key.endswith(_RUNNING)
    if not value.is_floating_point() or not narrow:
        return value.clone()
    cast = value.to(dtype)
    if not cast.isfinite().all():
        raise CheckpointError(
            f"{network}.{key} reaches {value.abs().max():g}, which {dtype} cannot hold. "
            "Save in torch.float32, or look for what made the training diverge."
        )
    return cast.clone()


@contextmanager
def _whole(path: Path) -> Generator[Path, None, None]:
    """A temporary file or folder beside `path`, renamed after success and removed after failure."""
    part = path.with_name(f".{secrets.token_hex(6)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except (OSError, SafetensorError, RuntimeError) as error:  # torch and safetensors: disk full
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(
            f"Cannot write {path}: {reason}. Choose a place that is writable and has space."
        ) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        elif part.exists():
            part.unlink()
