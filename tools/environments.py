"""The tests at both ends of what is claimed: python -m tools.environments FOLDER."""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

ROOT: Final = Path(__file__).resolve().parent.parent
TESTED_EXTRAS: Final = ("onnx", "heif", "train")
"""Those whose oldest releases are claimed for users; what develops is taken as it is."""


@dataclass(frozen=True)
class Environment:
    """A Python, with the oldest releases that pyproject.toml names or with the newest."""

    name: str
    python: str
    oldest: bool


ENVIRONMENTS: Final = (
    Environment("oldest", python="python3.10", oldest=True),
    Environment("newest", python="python3.13", oldest=False),
)


def oldest_releases() -> list[str]:
    """Constraints that hold each dependency at the oldest release that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in TESTED_EXTRAS for line in extras[name])]
    oldest = {}
    for requirement in map(Requirement, lines):
        (version,) = (part.version for part in requirement.specifier if part.operator == ">=")
        oldest[requirement.name] = f"{requirement.name}=={version}.*"
    return list(oldest.values())


def python_of(folder: Path) -> Path:
    """The Python of an environment."""
    windows = folder / "Scripts" / "python.exe"
    return windows if windows.exists() else folder / "bin" / "python"


def install(environment: Environment, folder: Path) -> None:
    """Make an environment anew; what pip raises is a CalledProcessError."""
    _run(environment.python, "-m", "venv", "--clear", folder)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(oldest_releases() if environment.oldest else []), "ascii")
    pip = (python_of(folder), "-m", "pip", "install", "-q", "-c", constraints)
    _run(*pip, "-e", f"{ROOT}[dev]")


def _run(*command: str | Path) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603


def main() -> int:
    """Make each environment, run the tests in it, and say which passed."""
    parser = argparse.ArgumentParser(prog="python -m tools.environments", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the environments are made")
    parser.add_argument("--constraints", action="store_true", help="print the oldest releases")
    parser.add_argument("--only", choices=[one.name for one in ENVIRONMENTS])
    parser.add_argument("--keep", action="store_true", help="use environments that are there")
    parser.add_argument("--tests", nargs="*", default=[], help="what pytest is given besides")
    options = parser.parse_args()
    if options.constraints:
        print("\n".join(oldest_releases()))
        return 0
    if options.folder is None:
        parser.error("the folder for the environments is missing; name one.")
    passed = {}
    for environment in ENVIRONMENTS:
        if options.only not in (None, environment.name):
            continue
        folder = options.folder.resolve() / environment.name
        if not (options.keep and python_of(folder).exists()):
            install(environment, folder)
        try:
            _run(python_of(folder), "-m", "pytest", "-q", "-n", "2", *options.tests)
        except subprocess.CalledProcessError:
            passed[environment.name] = False
        else:
            passed[environment.name] = True
    for name, has_passed in passed.items():
        print(f"{name}: {'passed' if has_passed else 'FAILED'}")
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
