"""Checkpoints in: read -> unwrap -> rename -> infer sizes -> strict load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..networks.build import NETWORK_NAMES, build
from ..preset import PAPER, PAPER_ANIMAL, Preset
from .keymaps import ENTRY_OF_NETWORK
from .model_folders import Kind, Layout, find_layout, find_model
from .published import NUM_SHOWN, from_published, shown, split_retargeting
from .reading import as_tensors, read_file, read_metadata

FORMAT = "liveportrait-suite/model"
"""`format` in the metadata of a file of ours."""
VERSION = "1"

States = dict[str, dict[str, Tensor]]
"""For each network that is present, its tensors by our names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """The tensors of one model as they are in its files, checked and under our names."""

    preset: Preset
    states: States
    origin: str
    """The file or folder they came from."""
    metadata: dict[str, str]
    """Other metadata of the file: training command, seed, credit."""

    @property
    def num_parameters(self) -> int:
        """Numbers in all tensors."""
        return sum(value.numel() for state in self.states.values() for value in state.values())


def load_checkpoint(
    path_or_name: str | Path = "default",
) -> tuple[Preset, dict[str, nn.Module], str]:
    """The networks of a model file or folder, in float32 on the CPU, in train mode.

    Args:
        path_or_name: A `.safetensors` file of ours; a folder in the published or in ComfyUI's
            layout; or a name, see `model_folders.find_model`.

    Returns:
        The preset, the networks by name (those of the three small ones that the files hold),
        and where they came from.

    Raises:
        CheckpointError: A file is missing, empty, damaged, foreign, or does not fit.
    """
    stored = _read(path_or_name)
    networks = _checked_skeleton(stored)
    loaded: dict[str, nn.Module] = {}
    for name, state in stored.states.items():
        net = networks[name]
        own = net.state_dict()
        wide = {key: _laid_out(_widened(value), own[key]) for key, value in state.items()}
        net.load_state_dict(wide, strict=True, assign=True)
        loaded[name] = net
    return stored.preset, loaded, stored.origin


def read_model(path_or_name: str | Path) -> StoredModel:
    """The tensors of a model file or folder, in the types in which they are stored.

    Raises:
        CheckpointError: As for `load_checkpoint`.
    """
    stored = _read(path_or_name)
    _checked_skeleton(stored)
    return stored


def _read(path_or_name: str | Path) -> StoredModel:
    """The tensors, before it is known whether they fit."""
    path, kind = find_model(path_or_name)
    return _read_folder(path, kind) if path.is_dir() else _read_own_file(path)


def _read_own_file(path: Path) -> StoredModel:
    metadata = read_metadata(path) if path.suffix == ".safetensors" else {}
    tensors = read_file(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is not a model of this program; it holds {shown(tensors)}. Expected a file "
            f"that says format {FORMAT}. Of a published model give the folder of its five files."
        )
    if metadata.get("version") != VERSION:
        raise CheckpointError(
            f"{path} has version {metadata.get('version')} of {FORMAT}, newer than this program "
            f"knows. Expected version {VERSION}; update liveportrait-suite."
        )
    states: States = {}
    for key, value in tensors.items():
        name, _, inner = key.partition(".")
        states.setdefault(name, {})[inner] = value
    return StoredModel(
        preset=_parse_preset(metadata.get("preset", ""), path),
        states={name: states.pop(name) for name in NETWORK_NAMES if name in states} | states,
        origin=str(path),
        metadata={k: v for k, v in metadata.items() if k not in ("format", "version", "preset")},
    )


def _read_folder(folder: Path, kind: Kind | None) -> StoredModel:
    layout = find_layout(folder, kind)
    preset = None
    if layout.preset is not None:
        preset = _parse_preset(layout.preset.read_text(encoding="utf-8"), layout.preset)
    renamed = preset is None or preset.family == "published"
    states: States = {}
    for name, path in layout.files.items():
        tensors = as_tensors(read_file(path), path)
        states[name] = from_published(name, tensors, path) if renamed else tensors
    states |= _read_retargeting(layout.retargeting, renamed=renamed)
    return StoredModel(
        preset=preset or _inferred_preset(layout, states),
        states=states,
        origin=str(layout.base),
        metadata={},
    )


def _read_retargeting(path: Path | None, *, renamed: bool) -> States:
    if path is None:
        return {}
    content = read_file(path)
    if not renamed:
        present = {n: content[entry] for n, entry in ENTRY_OF_NETWORK.items() if entry in content}
        return {name: as_tensors(tensors, path) for name, tensors in present.items()}
    parts = split_retargeting(content, path)
    return {name: from_published(name, tensors, path) for name, tensors in parts.items()}


def _inferred_preset(layout: Layout, states: States) -> Preset:
    preset = PAPER if layout.kind == "human" else PAPER_ANIMAL
    return replace(preset, width=_inferred_width(states))


def _inferred_width(states: States) -> float:
    """The channels of two first layers against the published; 1 where the two disagree."""
    first = states["appearance"]["stem.conv.weight"].shape[0] / 64
    decoder = states["decoder"]["stem.weight"].shape[0] / 512
    return first if first == decoder else 1.0


def _parse_preset(text: str, path: Path) -> Preset:
    try:
        return Preset.from_json(json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} describes no preset this program knows ({error}). Expected what this "
            "version writes; update liveportrait-suite, or export the model again."
        ) from error


def _checked_skeleton(stored: StoredModel) -> dict[str, nn.Module]:
    """Networks to load into, without memory of their own.

    Raises:
        CheckpointError: The tensors are not exactly those of the preset's networks.
    """
    try:
        with torch.device("meta"):
            networks = build(stored.preset)
    except ValueError as error:
        raise CheckpointError(f"{stored.origin}: {error}") from error
    needed = [n for n in NETWORK_NAMES if n not in ENTRY_OF_NETWORK]
    absent = [name for name in needed if name not in stored.states]
    unknown = [name for name in stored.states if name not in networks]
    if absent or unknown:
        raise CheckpointError(
            f"{stored.origin}: missing networks: {', '.join(absent) or 'none'}; unknown: "
            f"{', '.join(unknown) or 'none'}. Expected {', '.join(NETWORK_NAMES)} of a "
            f"{stored.preset.name} model; export it again."
        )
    for name, state in stored.states.items():
        _check_network(name, state, networks[name].state_dict(), stored)
    return networks


def _check_network(
    name: str, state: Mapping[str, Tensor], expected: Mapping[str, Any], stored: StoredModel
) -> None:
    missing, extra = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or extra:
        raise CheckpointError(
            f"{stored.origin}: the {name} network does not fit: missing {shown(missing)}; left "
            f"over {shown(extra)}. Expected the {len(expected)} tensors of a "
            f"{stored.preset.name} model; name another file."
        )
    wrong = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(value.shape)}"
        for key, value in expected.items()
        if state[key].shape != value.shape
    ]
    if wrong:
        more = f" and {len(wrong) - NUM_SHOWN} more" if len(wrong) > NUM_SHOWN else ""
        raise CheckpointError(
            f"{stored.origin}: tensors of the {name} network have the wrong shape: "
            f"{', '.join(wrong[:NUM_SHOWN])}{more}. Expected a {stored.preset.name} model of "
            f"width {stored.preset.width:g}; name another file."
        )


def _widened(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _laid_out(value: Tensor, like: Tensor) -> Tensor:
    """A tensor laid out in memory as the network has it, which is how it computes fastest."""
    if value.stride() == like.stride():
        return value
    room = torch.empty_strided(value.shape, like.stride(), dtype=value.dtype)
    return room.copy_(value)
