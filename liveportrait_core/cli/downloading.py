"""Downloads, only ever on request: resumable, checked, under the final name when complete."""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..errors import CheckpointError
from ..media.atomic import unwritable
from ..media.clips import Progress

BLOCK_BYTES: Final = 1 << 18
TIMEOUT_S: Final = 30
PARTIAL: Final = 206
UNSATISFIABLE: Final = 416


def download(
    url: str, path: Path, *, sha256: str | None = None, progress: Progress | None = None
) -> str:
    """Fetch a file; a part of it that is there already is completed.

    Convention:
        - the part is `<name>.part` beside the file, with `<name>.part.json` saying which version
          of the file it belongs to; after an error or Ctrl-C both stay, so that the next call
          goes on there
        - a part of another version is deleted: the server is asked with If-Range

    Args:
        url: Where it is; http or https.
        path: Where it goes; its folder is made.
        sha256: What it must be, where that is known.
        progress: Called with the bytes that are there and those of all, 0 when not known.

    Returns:
        The sha256 of the file, in hexadecimal.

    Raises:
        CheckpointError: It cannot be fetched, or it is not what it should be.
        MediaError: It cannot be written.
        ValueError: The address is not of the web.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"The address is {url}; http:// or https:// is expected. Check it.")
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, progress)
        digest = sha256_of(part)
        if sha256 is not None and digest != sha256.lower():
            _forget(part)
            raise CheckpointError(
                f"{url} gave a file of sha256 {digest}; {sha256} is expected. It was "
                "deleted: try again, or look whether the makers published a new version."
            )
        part.replace(path)
        _forget(part)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise CheckpointError(
            f"Cannot download {url}: {_reason(error)}. Check the connection and the address, and "
            "run the same command again; it goes on where it stopped."
        ) from error
    except OSError as error:
        raise unwritable(path, error) from error
    return digest


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _fetch(url: str, part: Path, progress: Progress | None) -> None:
    """Complete the part.

    Raises:
        CheckpointError: The connection ended before the file did.
    """
    note = _note_of(part)
    start = part.stat().st_size if part.is_file() else 0
    version = _read_version(note, url) if start else None
    if version is None:
        start = 0
    request = urllib.request.Request(url)  # noqa: S310 - checked by the caller
    if start and version is not None:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", version)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != UNSATISFIABLE:
            raise
        # the part is as long as the file or longer: it is not to be trusted
        _forget(part)
        response = urllib.request.urlopen(url, timeout=TIMEOUT_S)  # noqa: S310
        start = 0
    with response:
        if response.status != PARTIAL:
            start = 0
        remaining = response.headers.get("Content-Length")
        total = start + int(remaining) if remaining else 0
        version = response.headers.get("ETag") or response.headers.get("Last-Modified")
        note.write_text(json.dumps({"url": url, "version": version}), encoding="utf-8")
        done = start
        with part.open("ab" if start else "wb") as stream:
            while block := response.read(BLOCK_BYTES):
                stream.write(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
    if total and done != total:
        raise CheckpointError(
            f"The download of {url} ended after {done} of {total} bytes. Run the same command "
            "again; it goes on where it stopped."
        )


def _note_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_version(note: Path, url: str) -> str | None:
    """Which version the part is of, if it can be completed at all."""
    try:
        stored = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    version = stored.get("version") if isinstance(stored, dict) else None
    # a weak tag does not promise the same bytes
    same = isinstance(version, str) and stored.get("url") == url and not version.startswith("W/")
    return version if same else None


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(error).__name__
