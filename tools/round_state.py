"""What `tools.round` carries from call to call, as files of at most 16 MB.

Not carried: heads, which each machine renders anew, as they are functions of their seed; models
that no stage that is left begins with; kept checkpoints, TensorBoard and all sample grids but the
last of the stage that is being trained. Of its checkpoint `tools.small_state` says what is kept.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

import torch

from liveportrait_core.media.atomic import write_whole
from liveportrait_core.networks.build import build
from liveportrait_core.preset import COMPACT
from train.authoring.recipe import GOALS, STAGES, RecipeConfig, left, needs
from train.engine import checkpoint
from train.tasks.compact import NETWORKS

from . import small_state

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PART_BYTES: Final = 16 * 10**6
MB: Final = 10**6
MANIFEST: Final = "state.json"
"""Written last: names the files of a state, with their sums."""
SMALL_NAME: Final = "checkpoint.small.pt"
"""In place of a checkpoint, what `small_state` makes of it."""
OF_ONE_MACHINE: Final = frozenset({"tensorboard", "run.lock"})
GRIDS: Final = "grid-*.png"


class StateError(ValueError):
    """A state is damaged, or larger than it may be; the message says what to do."""


class _Manifest(TypedDict):
    """What `MANIFEST` holds."""

    round: int
    """How many were packed before."""
    files: dict[str, str]
    """Name and SHA-256 of each, in their order."""


def pack(
    out: Path, state: Path, part_bytes: int = PART_BYTES, most_bytes: float = math.inf
) -> list[str]:
    """Write all that has to be carried as files of at most so many bytes.

    Convention:
        - the state before stays until the new one is whole
        - where it would be too large, the optimiser's moments are left out and begin anew

    Args:
        out: Of `train.recipe`.
        state: Where the files go.
        part_bytes: Of a file, at most.
        most_bytes: Of all together, at most.

    Returns:
        Their names.

    Raises:
        StateError: It is too large all the same; the state before is kept.
    """
    state.mkdir(parents=True, exist_ok=True)
    before = _manifest(state)
    number = before["round"] + 1 if before else 0
    for with_moments in (True, False):
        parts = _Parts(state, f"round-{number:04d}", part_bytes, most_bytes)
        _write(out, parts, with_moments=with_moments)
        if not parts.is_too_large:
            break
        parts.remove()
        if with_moments:
            print("too large: the optimiser's moments are left out", file=sys.stderr, flush=True)
    else:
        raise StateError(
            f"What has to be carried of {out} takes more than {most_bytes / MB:g} MB, so {state} "
            "stays as it was before this call. Allow more with --most-mb."
        )
    manifest: _Manifest = {"round": number, "files": parts.sums}
    write_whole(state / MANIFEST, json.dumps(manifest).encode())
    for name in before["files"] if before else ():
        (state / name).unlink(missing_ok=True)
    return list(parts.sums)


def unpack(state: Path, out: Path) -> int:
    """Put a state back; gives how many files it had, 0 for none.

    Raises:
        StateError: A part is missing or damaged.
    """
    manifest = _manifest(state)
    if manifest is None:
        return 0
    content = io.BytesIO()
    for name, expected in manifest["files"].items():
        data = (state / name).read_bytes() if (state / name).is_file() else b""
        if hashlib.sha256(data).hexdigest() != expected:
            raise StateError(f"{state / name} is missing or damaged. Copy the state again.")
        content.write(data)
    content.seek(0)
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=content, mode="r:*") as tar:
        tar.extractall(out, filter="data")
        count = len(tar.getmembers())
    for path in out.glob(f"*/{SMALL_NAME}"):
        checkpoint.save(path.parent, small_state.restored(torch.load(path, weights_only=True)))
        path.unlink()
    return count


def most_state_bytes() -> int:
    """Bytes that a state may take, before it is compressed: that of a run in which all learn."""
    with torch.device("meta"):
        built = build(COMPACT)
    return small_state.most_bytes({name: built[name] for name in NETWORKS})


class _Parts(io.RawIOBase):
    """A stream into files of at most so many bytes; what is too much in all is not kept."""

    def __init__(self, folder: Path, name: str, part_bytes: int, most_bytes: float) -> None:
        super().__init__()
        self._folder, self._name, self._part_bytes = folder, name, part_bytes
        self._left = most_bytes
        self.is_too_large = False
        self._waiting = bytearray()
        self.sums: dict[str, str] = {}
        """SHA-256 by name."""

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        taken = bytes(data)
        self._left -= len(taken)
        self.is_too_large = self._left < 0
        if self.is_too_large:
            return len(taken)
        self._waiting += taken
        while len(self._waiting) >= self._part_bytes:
            self._put(bytes(self._waiting[: self._part_bytes]))
            del self._waiting[: self._part_bytes]
        return len(taken)

    def finish(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._put(bytes(self._waiting))
            self._waiting.clear()

    def remove(self) -> None:
        """Delete what was written."""
        for name in self.sums:
            (self._folder / name).unlink(missing_ok=True)

    def _put(self, data: bytes) -> None:
        name = f"{self._name}.{len(self.sums):03d}"
        write_whole(self._folder / name, data)
        self.sums[name] = hashlib.sha256(data).hexdigest()


def _write(out: Path, parts: _Parts, *, with_moments: bool) -> None:
    """Write what is carried as a compressed tar."""
    with (
        gzip.GzipFile(fileobj=parts, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for path in _carried(out):
            name = path.relative_to(out)
            if path.name == checkpoint.NAME:
                data = _small(path.parent, with_moments=with_moments)
                about = tarfile.TarInfo((name.parent / SMALL_NAME).as_posix())
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))
            else:
                tar.add(path, name.as_posix())
    parts.finish()


def _carried(out: Path) -> Iterator[Path]:
    """Files of a recipe's folder that a later call needs, and its logs."""
    stages = left(RecipeConfig(out=out))
    running = {stage.name for stage in stages}
    read = set(GOALS).union(*(needs(stage, out) for stage in stages))
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name, *inside = path.relative_to(out).parts
        stage = next((stage for stage in STAGES if stage.name == name), None)
        if stage is None or not inside:
            yield path
        elif not stage.identities and not OF_ONE_MACHINE.intersection(inside):
            is_result = path.relative_to(out).as_posix() in stage.results
            is_state = path.name == checkpoint.NAME
            kept_twice = path.name.startswith("checkpoint-")
            is_last = name in running and path == max(path.parent.glob(GRIDS), default=None)
            old_grid = path.match(GRIDS) and not is_last
            unused = (is_result and name not in read) or (is_state and name not in running)
            if not (kept_twice or old_grid or unused):
                yield path


def _small(run: Path, *, with_moments: bool) -> bytes:
    """The checkpoint of a run as it is carried."""
    state, content = checkpoint.load(run), io.BytesIO()
    assert state is not None
    if not with_moments:
        state["optimiser"]["state"] = {}
    torch.save(small_state.smaller(state), content)
    return content.getvalue()


def _manifest(state: Path) -> _Manifest | None:
    path = state / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
