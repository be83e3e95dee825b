"""Folders. The fixture points them at temporary ones; here is no cache of lists."""

# Paths are strings in ComfyUI, and joined as strings.
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH114, PTH118, PTH204
from __future__ import annotations

import logging
import mimetypes
import os
import re
from pathlib import Path

from comfyui_version import __version__

supported_pt_extensions = {
    *(".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"),
}
base_path = ""
models_dir = ""
output_directory = input_directory = temp_directory = user_directory = ""
folder_names_and_paths: dict[str, tuple[list[str], set[str]]] = {}
LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}


def stand_in_settle(base: str) -> None:
    """Makes the folders of an installation under `base`."""
    global base_path, models_dir, user_directory  # noqa: PLW0603
    base_path, models_dir = base, os.path.join(base, "models")
    user_directory = os.path.join(base, "user")
    set_input_directory(os.path.join(base, "input"))
    set_output_directory(os.path.join(base, "output"))
    set_temp_directory(os.path.join(base, "temp"))
    for folder in ("checkpoints", "loras", "vae", "upscale_models", "audio_encoders"):
        path = os.path.join(models_dir, folder)
        folder_names_and_paths[folder] = ([path], set(supported_pt_extensions))
    nodes = os.path.join(base, "custom_nodes")
    folder_names_and_paths["custom_nodes"] = ([nodes], set())
    for path in (input_directory, output_directory, temp_directory, models_dir, nodes):
        Path(path).mkdir(parents=True, exist_ok=True)


def set_input_directory(input_dir: str) -> None:
    global input_directory  # noqa: PLW0603
    input_directory = input_dir


def set_output_directory(output_dir: str) -> None:
    global output_directory  # noqa: PLW0603
    output_directory = output_dir


def set_temp_directory(temp_dir: str) -> None:
    global temp_directory  # noqa: PLW0603
    temp_directory = temp_dir


def get_input_directory() -> str:
    return input_directory


def get_output_directory() -> str:
    return output_directory


def get_temp_directory() -> str:
    return temp_directory


def get_user_directory() -> str:
    return user_directory


def get_directory_by_type(type_name: str) -> str | None:
    """`input`, `output` or `temp`; None for anything else."""
    by_type = {"input": input_directory, "output": output_directory, "temp": temp_directory}
    return by_type.get(type_name)


def filter_files_content_types(files: list[str], content_types: list[str]) -> list[str]:
    """The files whose name says that they are an image, a video or sound."""
    by_hand = {".webp": "image", ".fbx": "model"}
    kept = []
    for file in files:
        guess = mimetypes.guess_type(file, strict=False)[0] or ""
        if by_hand.get(Path(file).suffix, guess.split("/")[0]) in content_types:
            kept.append(file)
    return kept


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """`x.png [temp]` is `x.png` and the temp folder; without a folder, None."""
    for type_name in ("output", "input", "temp"):
        if name.endswith(f"[{type_name}]"):
            return name[: -len(type_name) - 3], get_directory_by_type(type_name)
    return name, None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """Its path. 0.33 refuses what lies outside the folder."""
    name, base = annotated_filepath(name)
    base = base or default_dir or input_directory
    path = os.path.join(base, name)
    if __version__ == "0.3.64":
        return path
    if not _inside(base, path):
        raise ValueError(f"Invalid file path: {name!r}")
    return os.path.abspath(path)


def exists_annotated_filepath(name: str) -> bool:
    """Whether the file is there."""
    name, base = annotated_filepath(name)
    path = os.path.join(base or input_directory, name)
    if __version__ != "0.3.64" and not _inside(base or input_directory, path):
        return False
    return os.path.exists(path)


def _inside(folder: str, path: str) -> bool:
    return Path(path).resolve().is_relative_to(Path(folder).resolve())


def map_legacy(folder_name: str) -> str:
    return LEGACY.get(folder_name, folder_name)


def add_model_folder_path(
    folder_name: str, full_folder_path: str, is_default: bool = False
) -> None:
    """A further folder for models of this kind; the default one is looked at first."""
    name = map_legacy(folder_name)
    if name not in folder_names_and_paths:
        folder_names_and_paths[name] = ([full_folder_path], set())
        return
    paths = folder_names_and_paths[name][0]
    if full_folder_path in paths:
        if not is_default:
            return
        paths.remove(full_folder_path)
    paths.insert(0 if is_default else len(paths), full_folder_path)


def get_folder_paths(folder_name: str) -> list[str]:
    return folder_names_and_paths[map_legacy(folder_name)][0][:]


def recursive_search(
    directory: str, excluded_dir_names: list[str] | None = None
) -> tuple[list[str], dict[str, float]]:
    """Files under a folder, relative to it, and when each folder changed."""
    if not os.path.isdir(directory):
        return [], {}
    files, folders = [], {directory: os.path.getmtime(directory)}
    for parent, names, children in os.walk(directory, followlinks=True):
        names[:] = [name for name in names if name not in (excluded_dir_names or [])]
        whole = [os.path.join(parent, child) for child in children]
        files += [os.path.relpath(child, directory) for child in whole]
        for name in names:
            path = os.path.join(parent, name)
            folders[path] = os.path.getmtime(path)
    return files, folders


def filter_files_extensions(files: list[str], extensions: set[str]) -> list[str]:
    """Sorted; no extensions let everything through."""
    return sorted(
        file for file in files if not extensions or Path(file).suffix.lower() in extensions
    )


def get_filename_list(folder_name: str) -> list[str]:
    """Names of the models of this kind, from all of its folders."""
    paths, extensions = folder_names_and_paths[map_legacy(folder_name)]
    found: set[str] = set()
    for path in paths:
        found.update(filter_files_extensions(recursive_search(path, [".git"])[0], extensions))
    return sorted(found)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """The first such file; None when there is none. `..` leads nowhere."""
    name = map_legacy(folder_name)
    filename = os.path.relpath(os.path.join("/", filename), "/")
    for folder in folder_names_and_paths.get(name, ([], set()))[0]:
        path = os.path.join(folder, filename)
        if os.path.isfile(path):
            return path
        if os.path.islink(path):
            logging.warning("path %s exists but doesn't link anywhere", path)
    return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    path = get_full_path(folder_name, filename)
    if path is None:
        raise FileNotFoundError(
            f"Model in folder '{folder_name}' with filename '{filename}' not found."
        )
    return path


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """Folder, name, the next free number, subfolder and the prefix with its variables filled in."""
    for variable, value in (("%width%", image_width), ("%height%", image_height)):
        filename_prefix = filename_prefix.replace(variable, str(value))
    subfolder, name = os.path.split(os.path.normpath(filename_prefix))
    folder = os.path.join(output_dir, subfolder)
    if not _inside(output_dir, folder):
        raise Exception(f"Saving outside the output folder is not allowed: {folder}")
    Path(folder).mkdir(parents=True, exist_ok=True)
    pattern = re.compile(re.escape(name) + r"_(\d+)", re.IGNORECASE)
    matches = (pattern.match(child.name) for child in Path(folder).iterdir())
    counter = 1 + max((int(match[1]) for match in matches if match), default=0)
    return folder, name, counter, subfolder, filename_prefix
