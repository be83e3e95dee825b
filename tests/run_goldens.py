"""Run golden vectors: python -m tests.run_goldens FOLDER [--images FOLDER].

Prints every quantity with its number of cases, largest error and tolerance. Exit code 1: one is
out of tolerance; 2: the folder cannot be used.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .support.golden import Comparison, GoldenFolder
from .support.goldens import crop, e2e, editor, execute, nets, pure

NAMED_CASES = 8


class UnusableFolderError(Exception):
    """The folder is not a set of goldens; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of a golden set and the files that it is made of."""

    files: tuple[str, ...]
    run: Callable[[GoldenFolder], Iterator[Comparison]]
    needs_images: bool = False


CHECKS = {
    "nets": Check(("nets.npz", "nets.json"), nets.check, needs_images=True),
    "pure": Check(("pure.npz",), pure.check),
    "crop": Check(("crop.npz", "crop.json"), crop.check, needs_images=True),
    "execute": Check(
        ("execute_inputs.npz", "execute_outputs.npz", "execute_cases.json", "nets.json"),
        execute.check,
    ),
    "editor": Check(
        ("editor.npz", "editor_cases.json", "execute_inputs.npz", "nets.json"), editor.check
    ),
    "e2e": Check(("e2e.npz", "e2e_cases.json", "nets.json"), e2e.check, needs_images=True),
}


@dataclass(frozen=True, slots=True)
class Row:
    """All cases of one quantity."""

    quantity: str
    num_cases: int
    worst: Comparison
    failed: tuple[str, ...]

    def __str__(self) -> str:
        verdict = "ok"
        if self.failed:
            more = f" and {len(self.failed) - NAMED_CASES} more" * (len(self.failed) > NAMED_CASES)
            verdict = f"OUT in {', '.join(self.failed[:NAMED_CASES])}{more}"
        return (
            f"{self.quantity:<40} {self.num_cases:>5}  {self.worst.error:>9.3g}  "
            f"{self.worst.tolerance:>9.3g}  {verdict}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.run_goldens", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of goldens")
    parser.add_argument("--images", type=Path, help="folder of their pictures; FOLDER/images")
    chosen = parser.parse_args(arguments)
    folder = GoldenFolder(chosen.folder, chosen.images or chosen.folder / "images")
    try:
        checks = usable_checks(folder)
        print(f"{'quantity':<40} {'cases':>5}  {'error':>9}  {'tolerance':>9}")
        rows = [row for name in checks for row in _run(name, folder)]
    except UnusableFolderError as error:
        print(error, file=sys.stderr)
        return 2
    num_cases, num_out = sum(row.num_cases for row in rows), sum(bool(row.failed) for row in rows)
    print(f"{len(rows)} quantities, {num_cases} comparisons, {num_out} out of tolerance")
    return 1 if num_out else 0


def usable_checks(folder: GoldenFolder) -> list[str]:
    """Names of the checks whose files are all in the folder and can be read.

    Raises:
        UnusableFolderError: There is nothing to check, or a file is damaged.
    """
    if not folder.path.is_dir():
        raise UnusableFolderError(
            f"{folder.path} is not a folder; a folder of goldens was expected. Give the folder "
            "that holds pure.npz and the others."
        )
    checks = [name for name, check in CHECKS.items() if all(map(folder.has, check.files))]
    if not checks:
        raise UnusableFolderError(
            f"{folder.path} holds no complete set of goldens, such as pure.npz alone or "
            "execute_inputs.npz with execute_outputs.npz, execute_cases.json and nets.json. "
            "Give the folder that holds them."
        )
    for name in sorted({file for check in checks for file in CHECKS[check].files}):
        _check_readable(folder.path / name)
    of_images = [name for name in checks if CHECKS[name].needs_images]
    if of_images and not folder.images.is_dir():
        raise UnusableFolderError(
            f"{folder.images} is not a folder; the pictures that the goldens of "
            f"{', '.join(of_images)} were made from were expected. Name their folder with --images."
        )
    return checks


def summarise(comparisons: Iterable[Comparison]) -> list[Row]:
    """One row for each quantity, in the order of first appearance."""
    by_quantity: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        by_quantity.setdefault(comparison.quantity, []).append(comparison)
    return [
        Row(
            quantity=quantity,
            num_cases=len(cases),
            worst=max(cases, key=_badness),
            failed=tuple(case.case for case in cases if not case.passed),
        )
        for quantity, cases in by_quantity.items()
    ]


def _run(name: str, folder: GoldenFolder) -> list[Row]:
    try:
        rows = summarise(CHECKS[name].run(folder))
    except (KeyError, FileNotFoundError) as error:
        raise UnusableFolderError(
            f"The {name} goldens of {folder.path} lack {error}; every array and picture that "
            "their cases name was expected. Complete the folder."
        ) from error
    for row in rows:
        print(row, flush=True)
    return rows


def _badness(case: Comparison) -> float:
    badness = case.error / case.tolerance if case.tolerance else case.error
    return math.inf if math.isnan(badness) else badness


def _check_readable(path: Path) -> None:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text())
        else:
            with np.load(path) as file:
                for name in file.files:
                    file[name]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UnusableFolderError(
            f"{path} cannot be read ({error}); a golden file as listed in its README was "
            "expected. Copy it again."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
