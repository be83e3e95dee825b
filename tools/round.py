"""A round of the shipped networks on a machine that is lent for minutes, without a network.

    python -m tools.round STATE --minutes 9 --out OUT --wheels WHEELS -- --workers 16

Puts back what the last call left in STATE, runs `train.recipe` for what is left of the minutes, and
packs what later calls need into files of at most 16 MB there. Carry STATE to the next machine and
give the same command; `train.recipe --list OUT` says what is left. A call that is killed leaves the
state as it was before; one that is asked to end (Ctrl-C, SIGTERM) saves first.

`tools.round_state` says what is carried. Nothing is imported here that the wheels may bring.
"""

from __future__ import annotations

import argparse
import math
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MOST_MB: Final = 36.0
"""64 MiB less what travels beside a state: this repository and a face model."""
MINUTE_S: Final = 60.0
MB: Final = 10**6


def _install(wheels: Path) -> None:
    """Install all wheels of a folder as they are.

    Raises:
        ValueError: There is none.
    """
    files = sorted(map(str, wheels.glob("*.whl")))
    if not files:
        there = "no wheel" if wheels.is_dir() else "no folder"
        raise ValueError(
            f"--wheels is {wheels}, where there is {there}; a folder of .whl files is expected. "
            "Name that, or leave --wheels out."
        )
    words = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", *files]
    subprocess.run(words, check=True)  # noqa: S603 - pip


def _code_of(words: Sequence[str]) -> int:
    """Run a command; Ctrl-C and a request to end go to it once, and it is waited for."""
    process = subprocess.Popen(words, start_new_session=True)  # noqa: S603 - our own module

    def end(number: int, frame: object) -> None:
        del number, frame
        process.terminate()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.round", description=__doc__)
    parser.add_argument("state", type=Path, help="folder of what is carried from call to call")
    parser.add_argument("--out", type=Path, default=Path("round"), help="of train.recipe (round)")
    parser.add_argument(
        "--minutes", type=float, default=9.0, help="of this call, but for packing at its end (9)"
    )
    parser.add_argument("--wheels", type=Path, help="folder of wheels to install first")
    parser.add_argument(
        "--most-mb", type=float, default=MOST_MB, help=f"of all files in state ({MOST_MB:g})"
    )
    return parser


def _round(options: argparse.Namespace, more: Sequence[str], began_s: float) -> int:
    """Put back, go on, pack; the code of the recipe.

    Raises:
        StateError: The state is damaged, or may not be as large as it becomes.
    """
    from . import round_state  # noqa: PLC0415 - the wheels may bring what it needs

    most_bytes, needed = options.most_mb * MB, round_state.most_state_bytes()
    if most_bytes < needed:
        raise round_state.StateError(
            f"--most-mb is {options.most_mb:g}, and a state may take {needed / MB:.1f} MB before "
            f"it is compressed. Give {math.ceil(needed / MB)} or more."
        )
    count = round_state.unpack(options.state, options.out)
    print(f"{count} file{'s' * (count != 1)} put back", flush=True)
    minutes = options.minutes - (time.monotonic() - began_s) / MINUTE_S
    words = [sys.executable, "-m", "train.recipe", str(options.out)]
    code = _code_of([*words, "--minutes", f"{max(minutes, 0.01):.2f}", *more])
    names = round_state.pack(options.out, options.state, most_bytes=most_bytes)
    size_mb = sum((options.state / name).stat().st_size for name in names) / MB
    free_gb = shutil.disk_usage(options.state).free / 1e9
    print(
        f"{size_mb:.1f} MB in {options.state} ({options.most_mb:g} MB are allowed); "
        f"{free_gb:.0f} GB are free there"
    )
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Put back, go on, pack; the code of the recipe, or 2 after an error of the state."""
    began_s = time.monotonic()
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    options, more = _parser().parse_args(given[:end]), given[end + 1 :]  # those of train.recipe
    try:
        if options.wheels is not None:
            _install(options.wheels)
        return _round(options, more, began_s)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
