"""Files that nodes name: in ComfyUI's input and output folders, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import folder_paths

from ..liveportrait_core.errors import MediaError, about

OUTPUT: Final = " [output]"


def offered(endings: Collection[str]) -> list[str]:
    """Files of the input folder with these endings, then those of the output folder."""
    names = _files_in(folder_paths.get_input_directory(), endings)
    saved = _files_in(folder_paths.get_output_directory(), endings)
    return names + [name + OUTPUT for name in saved]


def file_named(name: str, endings: Collection[str] | None = None) -> Path | None:
    """The file that a name of `offered` means; None where there is none, or it leads elsewhere.

    Args:
        name: As ComfyUI writes it: `x.png`, `folder/x.png`, `x.png [output]`.
        endings: Of files that count; None: of any.
    """
    inside, folder = folder_paths.annotated_filepath(name)
    if _leads_out(inside) or (endings and Path(inside).suffix.lower() not in endings):
        return None
    path = Path(folder or folder_paths.get_input_directory(), inside)
    try:
        return path if path.is_file() else None
    except OSError:  # a name that no file can have
        return None


def new_file(filename_prefix: str, ending: str) -> tuple[Path, str]:
    """A name in the output folder that is free, and how it is called there.

    Raises:
        MediaError: The prefix leads out of the folder.
    """
    if _leads_out(filename_prefix):
        with about("filename_prefix"):
            raise MediaError(
                f"The filename prefix is '{filename_prefix}'; a name in ComfyUI's output folder is "
                "expected, as motions/LivePortrait. Leave out '..' and the folder before it."
            )
    folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
        filename_prefix, folder_paths.get_output_directory()
    )
    path = free_name(Path(folder), name, counter, ending)
    return path, Path(subfolder, path.name).as_posix()


def free_name(folder: Path, name: str, counter: int, ending: str) -> Path:
    """The first number without a file; ComfyUI counts only images."""
    while (path := folder / f"{name}_{counter:05}_{ending}").exists():
        counter += 1
    return path


def state_of(path: Path) -> tuple[Path, int, int]:
    """What tells a file from what it was before."""
    state = path.stat()
    return path, state.st_mtime_ns, state.st_size


def _files_in(folder: str, endings: Collection[str]) -> list[str]:
    files, _ = folder_paths.recursive_search(folder)
    return sorted(Path(name).as_posix() for name in files if Path(name).suffix.lower() in endings)


def _leads_out(name: str) -> bool:
    """Whether a name may mean something outside of the folder that it is looked up in."""
    return bool(Path(name).anchor) or ".." in Path(name).parts
