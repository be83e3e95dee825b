"""Where a model's files lie: the published folders, ComfyUI's flat folder, a file of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import CheckpointError
from .keymaps import FILE_OF_NETWORK, RETARGETING_FILE
from .reading import ENDINGS

Kind = Literal["human", "animal"]

WEIGHTS_VARIABLE = "LIVEPORTRAIT_WEIGHTS"
"""Environment variable: a folder (or several, separated as in PATH) to look for models in."""
DEFAULT_FILE = Path(__file__).parents[1] / "assets" / "weights" / "default.safetensors"
"""Our own model, part of the package."""
PRESET_FILE = "preset.json"
"""Beside a published layout that we wrote: the preset, so that nothing has to be guessed."""
_KIND_OF_NAME: dict[str, Kind] = {
    "human": "human",
    "paper": "human",
    "published": "human",
    "animal": "animal",
    "animals": "animal",
    "paper-animal": "animal",
}
_ANIMAL_FOLDERS = ("liveportrait_animals", "animal", "animals")
_HUMAN_BASES = ("base_models", "liveportrait/base_models", ".")
_ANIMAL_BASES = (
    "base_models_v1.1",
    "liveportrait_animals/base_models_v1.1",
    "liveportrait_animals/base_models",
    "../liveportrait_animals/base_models_v1.1",
    "../liveportrait_animals/base_models",
    "animal",
    "animals",
)
_INSIDE_ANIMALS = ("base_models_v1.1", "base_models", ".")
"""Where the four large files may lie in a folder; the newer animals before the older."""
_OWN_RETARGETING = ("../retargeting_models", ".")
_HUMAN_RETARGETING = ("../../liveportrait/retargeting_models", "..")
"""From the large files to the retargeting file; animal models use the human one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of one published model."""

    kind: Kind
    base: Path
    """Folder of the four large files."""
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    """The large files by network name."""
    retargeting: Path | None = None
    """The file of S, R_eyes and R_lip, where there is one."""
    preset: Path | None = None
    """`preset.json`, where we wrote this folder."""


def find_model(path_or_name: str | Path) -> tuple[Path, Kind | None]:
    """The file or folder that a name or path means, and its kind where the name says it.

    Args:
        path_or_name: A path; or "default", "human", "animal"; or the name of a file or folder
            in one of `weight_folders`.

    Raises:
        CheckpointError: There is nothing of that name.
    """
    name = str(path_or_name)
    if name == "default":
        return _packaged_default(), None
    path = Path(path_or_name).expanduser()
    if path.exists() and name not in _KIND_OF_NAME:
        return path, None
    tried = list(weight_folders())
    kind = _KIND_OF_NAME.get(name)
    for folder in tried:
        if kind is not None and _find_base(folder, kind) is not None:
            return folder, kind
        for candidate in (folder / name, folder / f"{name}.safetensors"):
            if kind is None and candidate.exists():
                return candidate, None
    if path.exists():
        raise CheckpointError(
            f"{name!r} is a name of the published {kind} model{_searched(tried)}. For the "
            f"{'folder' if path.is_dir() else 'file'} that is here give ./{name}."
        )
    raise CheckpointError(
        f"No model {name!r}: no such file or folder{_searched(tried)}. Give the path of a "
        f"model, set {WEIGHTS_VARIABLE} to the folder of your weights, or use 'default'."
    )


def missing_folders() -> list[Path]:
    """Folders that the environment variable names and that do not exist."""
    return [folder for folder in _named_folders() if not folder.is_dir()]


def _named_folders() -> list[Path]:
    return [Path(part) for part in os.environ.get(WEIGHTS_VARIABLE, "").split(os.pathsep) if part]


def _searched(tried: list[Path]) -> str:
    """Where a name was looked up in vain, for the message."""
    places = ", ".join(str(folder) for folder in tried)
    missing = ", ".join(str(folder) for folder in missing_folders())
    return (f", and none in {places}" if places else ", and there is no folder of weights") + (
        f" ({WEIGHTS_VARIABLE} names {missing}, which is no folder)" if missing else ""
    )


def weight_folders() -> Iterator[Path]:
    """Existing folders in which models are searched by name, in this order.

    The environment variable, then `pretrained_weights` and ComfyUI's `models/liveportrait` in
    the current folder, then that of the ComfyUI that this package is installed in.
    """
    comfy = Path("models", "liveportrait")
    candidates = [*_named_folders(), Path("pretrained_weights"), comfy]
    pack = Path(__file__).resolve().parents[2]
    if pack.parent.name == "custom_nodes":
        candidates.append(pack.parents[1] / comfy)
    for folder in candidates:
        if folder.is_dir():
            yield folder


def find_layout(folder: Path, kind: Kind | None = None) -> Layout:
    """The published model in a folder.

    Convention:
        - the folder's name says whether the model is for animals or people, never the weights
        - an animal model uses the human retargeting file, as the published program does

    Raises:
        CheckpointError: The folder holds no such model, or not all of it.
    """
    kinds: tuple[Kind, ...] = (kind,) if kind else ("human", "animal")
    for candidate in kinds:
        base = _find_base(folder, candidate)
        if base is not None:
            return _collect(base, candidate)
    names = ", ".join(FILE_OF_NETWORK.values())
    whole = sorted(folder.glob("*.safetensors"))
    raise CheckpointError(
        f"{folder} holds no {' or '.join(kinds)} model. Expected the folders base_models and "
        f"retargeting_models as published, or the files {names} ({' or '.join(ENDINGS)}) in it."
        f"{f' A model that is one file is named itself: {whole[0]}.' if whole else ''}"
    )


def _packaged_default() -> Path:
    if not DEFAULT_FILE.is_file():
        raise CheckpointError(
            f"The packaged model {DEFAULT_FILE} is not there. Expected it in the installed "
            "package: install liveportrait-suite again, or name another model."
        )
    return DEFAULT_FILE


def _find_base(folder: Path, kind: Kind) -> Path | None:
    inside = _is_animal_folder(folder)
    if kind == "human":
        places = () if inside else _HUMAN_BASES
    else:
        places = _INSIDE_ANIMALS if inside else _ANIMAL_BASES
    for place in places:
        base = (folder / place).resolve()
        if any(_file(base, stem) for stem in FILE_OF_NETWORK.values()):
            return base
    return None


def _is_animal_folder(folder: Path) -> bool:
    resolved = folder.resolve()
    names = {resolved.name, resolved.parent.name if resolved.name.startswith("base_models") else ""}
    return bool(names & set(_ANIMAL_FOLDERS)) or (folder / "base_models_v1.1").is_dir()


def _collect(base: Path, kind: Kind) -> Layout:
    files = {name: _file(base, stem) for name, stem in FILE_OF_NETWORK.items()}
    missing = [FILE_OF_NETWORK[name] for name, path in files.items() if path is None]
    if missing:
        raise CheckpointError(
            f"{base} lacks {', '.join(missing)} ({' or '.join(ENDINGS)}). Expected all four of "
            f"{', '.join(FILE_OF_NETWORK.values())}; download the rest."
        )
    preset = _preset_file(base)
    places = _OWN_RETARGETING if kind == "human" or preset else _HUMAN_RETARGETING
    found = [path for place in places if (path := _file(base / place, RETARGETING_FILE))]
    return Layout(
        kind=kind,
        base=base,
        files={name: path for name, path in files.items() if path is not None},
        retargeting=found[0] if found else None,
        preset=preset,
    )


def _preset_file(base: Path) -> Path | None:
    path = base.parent / PRESET_FILE
    return path if path.is_file() and base.name == "base_models" else None


def _file(folder: Path, stem: str) -> Path | None:
    for ending in ENDINGS:
        path = folder / f"{stem}{ending}"
        if path.is_file():
            return path
    return None
