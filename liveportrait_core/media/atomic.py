"""Files that appear under their final name only when complete."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from ..errors import MediaError, shortened


@contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """A temporary file beside `path`; a clean exit renames it, anything else removes it.

    Ctrl-C is anything else too. A file that was there before stays as it was until the rename.

    Yields:
        Path of the temporary file: empty, in the same folder, with the same suffix.

    Raises:
        MediaError: The folder is missing or not writable, or the name is a folder.
    """
    path = Path(path)
    target = path.resolve() if path.is_symlink() else path  # a link stays a link
    part = target.with_name(f".{secrets.token_hex(6)}.part{path.suffix}")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield part
        try:
            part.replace(target)
        except OSError as error:
            raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | Path, data: bytes) -> None:
    """Write `data` as the whole content of `path`, or leave `path` as it was.

    Raises:
        MediaError: The file cannot be written there.
    """
    with replacing(path) as part:
        try:
            part.write_bytes(data)
        except OSError as error:
            raise unwritable(Path(path), error) from error


def refuse_file(folder: str | Path) -> None:
    """Refuse a file in place of a folder, before any work is done.

    Raises:
        MediaError: It is so.
    """
    if Path(folder).exists() and not Path(folder).is_dir():
        raise MediaError(f"{folder} is a file; a folder is expected. Name another.")


def make_folder(folder: str | Path) -> None:
    """Make a folder and those that it is in, where they are missing.

    Raises:
        MediaError: It cannot be made, or a file has its name.
    """
    refuse_file(folder)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(
            f"The folder {folder} cannot be made: {error.strerror or error}. Choose a name in a "
            "folder that is writable and has space, or make space."
        ) from error


def check_output(path: Path, *inputs: Path, suffixes: Iterable[str] = ()) -> None:
    """Refuse a name that cannot be written or is an input, before any work is done.

    Args:
        path: The name.
        *inputs: Files that must not be overwritten.
        suffixes: Endings that it may have; none allows all.

    Raises:
        MediaError: The name is one of these.
    """
    if _is_too_long(path):
        raise MediaError(
            f"The output {shortened(path.name)} has a name of {len(path.name)} letters, too many "
            "for a file here. Choose a shorter name."
        )
    if is_stream(path):
        raise MediaError(
            f"The output {path} is standard output, a pipe or a device; a file is expected. Choose "
            "the name of a file."
        )
    allowed = sorted(suffixes)
    if allowed and path.suffix.lower() not in allowed:
        raise MediaError(
            f"The output {path} ends in '{path.suffix}'; one of {', '.join(allowed)} is expected. "
            "Choose such a name."
        )
    if path.is_dir():
        raise MediaError(f"The output {path} is a folder; a file is expected. Name a file in it.")
    folder = (path.resolve() if path.is_symlink() else path).parent
    if not folder.is_dir():
        raise MediaError(
            f"The output {path} is in a folder that does not exist. Make the folder {folder}, or "
            "choose another name."
        )
    if not _takes_new_files(folder):
        raise MediaError(
            f"The output {path} is in a folder that cannot be written to. Choose another folder."
        )
    for given in inputs:
        if path.exists() and given.exists() and path.samefile(given):
            raise MediaError(
                f"The output {path} would replace the input of the same name. Choose another name."
            )


def _is_too_long(path: Path) -> bool:
    try:
        path.lstat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _takes_new_files(folder: Path) -> bool:
    """Whether a file can be made; rights alone do not say it, as of /proc."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def unwritable(path: Path, error: OSError) -> MediaError:
    """The error that says in one sentence why `path` cannot be written, and what to do."""
    if isinstance(error, FileNotFoundError) and path.parent.is_dir():
        return MediaError(
            f"Cannot write {path}: its folder takes no new files. Choose another folder."
        )
    if isinstance(error, FileNotFoundError):
        return MediaError(
            f"Cannot write {path}: its folder does not exist. Make the folder {path.parent}, "
            "or choose another name."
        )
    reason = error.strerror or str(error)
    return MediaError(
        f"Cannot write {path}: {reason}. Choose a name in a folder that is writable and has "
        "space, or make space."
    )


def read_whole(path: str | Path, kind: str) -> bytes:
    """All bytes of a file that must exist and hold something.

    Args:
        path: The file.
        kind: What it should be, for the message: "picture", "motion file".

    Raises:
        MediaError: The file is missing, a folder, unreadable or empty.
    """
    check_readable(path, kind)
    return Path(path).read_bytes()


def is_stream(path: Path) -> bool:
    """Whether a name means standard input or output, a pipe or a device, and no file."""
    if str(path) == "-" and not path.exists():
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def check_readable(path: str | Path, kind: str) -> None:
    """Refuse a path that is missing, a folder, a pipe, unreadable or empty.

    Raises:
        MediaError: The path is one of these.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise MediaError(f"{path} is a folder; one {kind} is expected. Name a file in it.")
        if is_stream(path):
            raise MediaError(
                f"{path} is standard input, a pipe or a device; a file is expected, as it is read "
                "more than once. Save it to a file, and name that."
            )
        with path.open("rb") as stream:
            first = stream.read(1)
    except FileNotFoundError as error:
        raise MediaError(f"No {kind} at {path}. Check the name and the folder.") from error
    except OSError as error:
        raise MediaError(
            f"Cannot read the {kind} {path}: {error.strerror}. Check who may read it."
        ) from error
    if not first:
        raise MediaError(f"The {kind} {path} is empty (0 bytes). Copy or export it again.")
