"""Where shards lie: on a disk, or behind a URL in an object store, read by fsspec.

Convention:
    - `https://`, `s3://`, `gs://` and whatever else fsspec has a driver for; credentials are the
      driver's matter (environment, configuration files)
    - single members are read by range, never whole shards; what fails is tried again, with
      growing pauses, but for what will not change: a missing file, a refusal
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from liveportrait_core.errors import MediaError

MARK: Final = "://"
READERS: Final = 16
"""Requests at a time: one answer of an object store takes tens of milliseconds."""
PAUSES_S: Final = (0.5, 2.0, 8.0)
"""Between tries."""
PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("http", "https"), "aiohttp"),
        **dict.fromkeys(("s3", "s3a"), "s3fs"),
        **dict.fromkeys(("gs", "gcs"), "gcsfs"),
        **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
        "hf": "huggingface_hub",
        "oss": "ossfs",
        "sftp": "paramiko",
    }
)
"""Names of the drivers' packages for pip."""
PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals that do not last."""
UNKNOWN_SIZE: Final = -1
"""Size of a file for which a server gives none."""
Item = TypeVar("Item")
Result = TypeVar("Result")


class MissingError(MediaError):
    """There is no such file."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A folder or file behind a URL; joined like a path."""

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> Remote:
        return Remote(f"{self.url.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """What comes after the last slash."""
        return self.url.rstrip("/").rpartition("/")[2]

    def with_suffix(self, suffix: str) -> Remote:
        """The same with another ending."""
        return Remote(self.url.removesuffix(self.name) + Path(self.name).stem + suffix)


Place: TypeAlias = Path | Remote


def place_named(text: str) -> Place:
    """A URL or a path."""
    return Remote(text) if MARK in text else Path(text)


def read_bytes(place: Place) -> bytes:
    """A whole file.

    Raises:
        MissingError: There is none.
        MediaError: It cannot be read.
    """
    return _read(place, lambda path: path.read_bytes(), lambda system, path: system.cat_file(path))


def size_of(place: Place) -> int:
    """Bytes of a file; 0 where it is missing, and UNTOLD.

    Raises:
        MediaError: The server cannot be asked.
    """

    def far(system: Any, path: str) -> int:
        size = system.size(path)
        return UNKNOWN_SIZE if size is None else int(size)

    try:
        return _read(place, lambda path: path.stat().st_size if path.is_file() else 0, far)
    except MissingError:
        return 0


def read_part(place: Place, at: int, size: int) -> bytes:
    """Bytes of a file from one on; fewer where it ends before.

    Raises:
        MissingError: There is none.
        MediaError: It cannot be read, or the server gives whole files alone.
    """

    def near(path: Path) -> bytes:
        with path.open("rb", buffering=0) as stream:
            stream.seek(at)
            return stream.read(size)

    def far(system: Any, path: str) -> bytes:
        return system.cat_file(path, start=at, end=at + size)

    if not size:
        return b""
    data = _read(place, near, far)
    if len(data) > size:
        raise MediaError(
            f"The server of {place} gives whole files alone; parts of them are expected (HTTP "
            "range requests). Use another server, or copy the folder to a disk."
        )
    return data


def each(function: Callable[[Item], Result], items: Iterable[Item], *, far: bool) -> list[Result]:
    """What a function makes of each; `far` asks for several at a time, in the same order."""
    if not far:
        return [function(item) for item in items]
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(function, items))


def _read(
    place: Place, near: Callable[[Path], Result], far: Callable[[Any, str], Result]
) -> Result:
    try:
        return _asked(place, far) if isinstance(place, Remote) else near(place)
    except FileNotFoundError as error:
        raise MissingError(
            f"{place} cannot be read: there is no such file. Check that it is still there."
        ) from error
    except OSError as error:
        raise MediaError(
            f"{place} cannot be read: {error.strerror or error}. Check who may read it."
        ) from error


def _asked(place: Remote, far: Callable[[Any, str], Result]) -> Result:
    """What a driver gives, after some tries."""
    system, path = _opened(place)
    for pause_s in (*PAUSES_S, 0.0):
        try:
            return far(system, path)
        except (FileNotFoundError, PermissionError):
            raise
        except Exception as error:
            if pause_s and not _lasts(error):
                time.sleep(pause_s)
                continue
            raise MediaError(
                f"{place} cannot be read ({type(error).__name__}: {error}). Check that the "
                "server can be reached, and who may read it."
            ) from error
    raise AssertionError("the last try returns or raises")


def _lasts(error: Exception) -> bool:
    """Whether an answer will be the same the next time: a client's error, but for a few."""
    status = getattr(error, "status", None)
    return (
        isinstance(status, int)
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in PASSING
    )


def _opened(place: Remote) -> tuple[Any, str]:
    """The driver of a URL, and what it calls the file.

    Raises:
        MediaError: There is none, its package is missing, or it cannot begin.
    """
    protocol = place.url.partition(MARK)[0].rpartition("::")[2]
    try:
        return import_module("fsspec.core").url_to_fs(place.url)
    except ImportError as error:
        package = PACKAGES.get(protocol, "fsspec" if "fsspec" in str(error) else "")
        hint = f"Run pip install {package}" if package else f"Install what it names: {error}"
        raise MediaError(
            f"{place} needs a package that is not installed to read {protocol}{MARK}. {hint}, or "
            "copy the folder to a disk."
        ) from error
    except ValueError as error:
        raise MediaError(
            f"{place} begins with {protocol}{MARK}, which no driver here can read ({error}); "
            "https://, s3:// or gs:// is expected, or a folder. Copy it to one of these."
        ) from error
    except Exception as error:
        raise MediaError(
            f"{place} cannot be opened ({type(error).__name__}: {error}). Check that the "
            "driver finds what it needs, as credentials."
        ) from error
