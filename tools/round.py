"""A round of the shipped networks on a machine that is lent for minutes, without a network.

    python -m tools.round STATE --minutes 9 --out OUT --wheels WHEELS -- --workers 16

Puts back what the last call left in STATE, runs `train.recipe` for some minutes, and packs what is
new into files of at most 16 MB there. Carry STATE to the next machine and give the same command;
`train.recipe --list OUT` says what is left. Heads are rendered anew on each machine that has none:
they are functions of their seed, and too large to carry.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

import torch

from liveportrait_core.errors import counted
from liveportrait_core.media.atomic import write_whole
from train.authoring.recipe import STAGES
from train.engine import checkpoint

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PART_BYTES: Final = 16 * 10**6
MANIFEST: Final = "state.json"
"""Written last: names the files of a state, with their sums."""
LEFT_OUT: Final = frozenset(
    {"tensorboard", "run.lock", *(stage.name for stage in STAGES if stage.identities)}
)
"""Files and folders that are not carried: heads, and what is of one machine."""


class _Manifest(TypedDict):
    """What `MANIFEST` holds."""

    round: int
    """How many were packed before."""
    files: dict[str, str]
    """Name and SHA-256 of each, in their order."""


def pack(out: Path, state: Path, part_bytes: int = PART_BYTES) -> list[str]:
    """Write all that has to be carried as files of at most so many bytes.

    Convention:
        - the state before stays until the new one is whole
        - of a finished stage only the averages are carried, which others begin with

    Returns:
        Their names.
    """
    state.mkdir(parents=True, exist_ok=True)
    before = _manifest(state)
    number = before["round"] + 1 if before else 0
    sums: dict[str, str] = {}
    stream = _Parts(state, f"round-{number:04d}", part_bytes, sums)
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        for path in _carried(out):
            name = path.relative_to(out).as_posix()
            if path.name == checkpoint.NAME and _is_finished(out, path.parent):
                data = _averages(path.parent)
                about = tarfile.TarInfo(name)
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))
            else:
                tar.add(path, name)
    stream.close()
    write_whole(state / MANIFEST, json.dumps({"round": number, "files": sums}).encode())
    for name in before["files"] if before else ():
        (state / name).unlink(missing_ok=True)
    return list(sums)


def unpack(state: Path, out: Path) -> int:
    """Put a state back; gives how many files it had, 0 for none.

    Raises:
        ValueError: A part is missing or damaged.
    """
    manifest = _manifest(state)
    if manifest is None:
        return 0
    content = io.BytesIO()
    for name, expected in manifest["files"].items():
        data = (state / name).read_bytes() if (state / name).is_file() else b""
        if hashlib.sha256(data).hexdigest() != expected:
            raise ValueError(f"{state / name} is missing or damaged. Copy the state again.")
        content.write(data)
    content.seek(0)
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=content, mode="r:") as tar:
        tar.extractall(out, filter="data")
        return len(tar.getmembers())


class _Parts(io.RawIOBase):
    """A stream into files of at most so many bytes."""

    def __init__(self, folder: Path, name: str, part_bytes: int, sums: dict[str, str]) -> None:
        super().__init__()
        self._folder, self._name, self._part_bytes, self._sums = folder, name, part_bytes, sums
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        taken = bytes(data)
        self._waiting += taken
        while len(self._waiting) >= self._part_bytes:
            self._put(bytes(self._waiting[: self._part_bytes]))
            del self._waiting[: self._part_bytes]
        return len(taken)

    def close(self) -> None:
        if not self.closed and self._waiting:
            self._put(bytes(self._waiting))
            self._waiting.clear()
        super().close()

    def _put(self, data: bytes) -> None:
        name = f"{self._name}.{len(self._sums):03d}"
        write_whole(self._folder / name, data)
        self._sums[name] = hashlib.sha256(data).hexdigest()


def _carried(out: Path) -> Iterator[Path]:
    """Files of a recipe's folder that a later call needs."""
    for path in sorted(out.rglob("*")):
        inside = path.relative_to(out).parts
        kept_twice = path.name.startswith("checkpoint-")
        if path.is_file() and not kept_twice and not LEFT_OUT.intersection(inside):
            yield path


def _is_finished(out: Path, run: Path) -> bool:
    """Whether a folder is that of a stage that has left all it has to leave."""
    stages = [stage for stage in STAGES if out / stage.name == run]
    return any(all((out / name).is_file() for name in stage.results) for stage in stages)


def _averages(run: Path) -> bytes:
    """The checkpoint of a finished run without what only training asks for."""
    state, content = checkpoint.load(run), io.BytesIO()
    assert state is not None
    torch.save({**state, "modules": {}, "optimiser": {}}, content)
    return content.getvalue()


def _manifest(state: Path) -> _Manifest | None:
    path = state / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _install(wheels: Path) -> None:
    """Install all wheels of a folder as they are."""
    files = sorted(map(str, wheels.glob("*.whl")))
    if files:
        words = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", *files]
        subprocess.run(words, check=True)  # noqa: S603 - pip


def main(arguments: Sequence[str] | None = None) -> int:
    """Put back, go on, pack; the code of the recipe."""
    parser = argparse.ArgumentParser(prog="python -m tools.round", description=__doc__)
    parser.add_argument("state", type=Path, help="folder of what is carried from call to call")
    parser.add_argument("--out", type=Path, default=Path("round"), help="of train.recipe (round)")
    parser.add_argument("--minutes", type=float, default=9.0, help="of training and rendering (9)")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to install first")
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    options, more = parser.parse_args(given[:end]), given[end + 1 :]  # those of train.recipe
    if options.wheels is not None:
        _install(options.wheels)
    try:
        print(f"{counted(unpack(options.state, options.out), 'file')} put back", flush=True)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    words = [sys.executable, "-m", "train.recipe", str(options.out)]
    words += ["--minutes", str(options.minutes), *more]
    code = subprocess.run(words, check=False).returncode  # noqa: S603 - our own module
    names = pack(options.out, options.state)
    free_gb = shutil.disk_usage(options.state).free / 1e9
    print(f"{counted(len(names), 'file')} in {options.state}; {free_gb:.0f} GB are free there")
    return code


if __name__ == "__main__":
    sys.exit(main())
