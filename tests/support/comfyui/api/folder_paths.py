"""Folders, below the one that the stand-in was given."""

from __future__ import annotations

import os
import re
from pathlib import Path

base_path = models_dir = ""
folder_names_and_paths: dict[str, tuple[list[str], set[str]]] = {}


def get_input_directory() -> str:
    return str(Path(base_path, "input"))


def get_output_directory() -> str:
    return str(Path(base_path, "output"))


def get_temp_directory() -> str:
    return str(Path(base_path, "temp"))


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """`x.png [temp]` is `x.png` and the temporary folder; without a folder, None."""
    for kind in ("output", "input", "temp"):
        if name.endswith(f"[{kind}]"):
            return name[: -len(kind) - 3], str(Path(base_path, kind))
    return name, None


def add_model_folder_path(
    folder_name: str, full_folder_path: str, is_default: bool = False
) -> None:
    """A further folder for models of a kind; the default one comes first."""
    paths, _ = folder_names_and_paths.setdefault(folder_name, ([], set()))
    if full_folder_path in paths:
        paths.remove(full_folder_path)
    paths.insert(0 if is_default else len(paths), full_folder_path)


def get_folder_paths(folder_name: str) -> list[str]:
    return list(folder_names_and_paths[folder_name][0])


def recursive_search(directory: str) -> tuple[list[str], dict[str, float]]:
    """Files below a folder, relative to it; the times of folders are left out here."""
    walk = os.walk(directory, followlinks=True)
    files = [Path(parent, child) for parent, _, children in walk for child in children]
    return [str(file.relative_to(directory)) for file in files], {}


def get_filename_list(folder_name: str) -> list[str]:
    """Names of the models of a kind, from all of its folders."""
    paths, endings = folder_names_and_paths[folder_name]
    names = {name for path in paths for name in recursive_search(path)[0]}
    return sorted(name for name in names if not endings or Path(name).suffix.lower() in endings)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """The first such file; None where there is none. `..` leads nowhere."""
    inside = os.path.relpath(Path("/", filename), "/")
    for folder in folder_names_and_paths.get(folder_name, ([], set()))[0]:
        if (path := Path(folder, inside)).is_file():
            return str(path)
    return None


def get_save_image_path(filename_prefix: str, output_dir: str) -> tuple[str, str, int, str, str]:
    """Folder, name, the next free number, subfolder, and the prefix."""
    subfolder, name = os.path.split(os.path.normpath(filename_prefix))
    folder = Path(output_dir, subfolder)
    if not folder.resolve().is_relative_to(Path(output_dir).resolve()):
        raise ValueError(f"Saving outside the output folder is not allowed: {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    pattern = re.compile(re.escape(name) + r"_(\d+)", re.IGNORECASE)
    numbers = [int(found[1]) for file in folder.iterdir() if (found := pattern.match(file.name))]
    return str(folder), name, max(numbers, default=0) + 1, subfolder, filename_prefix
