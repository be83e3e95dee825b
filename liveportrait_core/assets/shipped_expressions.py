"""Expressions by name: those that ship, and those that the user saved."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from ..errors import MediaError, nearest, shortened
from ..media.atomic import make_folder
from ..media.expression_file import EXPRESSION_SUFFIX, load_expression, save_expression
from ..motion.control_options import Controls

SHIPPED_EXPRESSIONS_FOLDER: Final = Path(__file__).resolve().parent / "expressions"
EXPRESSIONS_VARIABLE: Final = "LIVEPORTRAIT_EXPRESSIONS"
"""Environment variable that names another folder for the user's own."""
MOST_LETTERS: Final = 60
NOT_A_NAME: Final = re.compile(r"none|con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
"""The node's word for no preset, and names that Windows keeps for devices."""


def expressions_folder() -> Path:
    """Where the user's expressions are, for the command line and the nodes alike.

    `~/.liveportrait/expressions`, or what `LIVEPORTRAIT_EXPRESSIONS` names; it need not exist.
    """
    named = os.environ.get(EXPRESSIONS_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".liveportrait" / "expressions"


def expression_files() -> dict[str, Path]:
    """The files by name: those that ship, then the user's, each in alphabetical order.

    `load_expression(expression_files()["wink"])`

    Convention:
        - one of the user's takes the place of a shipped one of its name
    """
    folders = (SHIPPED_EXPRESSIONS_FOLDER, expressions_folder())
    return {
        path.stem: path
        for folder in folders
        for path in sorted(folder.glob(f"*{EXPRESSION_SUFFIX}"))
    }


def load_preset(name: str) -> Controls:
    """An expression by name.

    `load_preset("surprised")`

    Raises:
        MediaError: There is none of this name, or its file cannot be used.
    """
    files = expression_files()
    if name not in files:
        near = nearest(name, files, 0.6)
        meant = f"Did you mean '{near}'?" if near else "Choose one of these."
        raise MediaError(
            f"The expression is '{shortened(name)}'; one of {', '.join(files)} is expected. {meant}"
        )
    return load_expression(files[name])


def save_preset(name: str, controls: Controls) -> Path:
    """Keep an expression under a name, in place of an earlier one of the user's.

    Returns:
        Its file, in `expressions_folder`.

    Raises:
        MediaError: The name is none for a file, or it cannot be written.
    """
    letters = name.replace("_", "").replace("-", "")
    if len(name) > MOST_LETTERS or not letters.isalnum() or NOT_A_NAME.fullmatch(name):
        raise MediaError(
            f"The name of the expression is '{shortened(name)}'; 1 to {MOST_LETTERS} letters, "
            "digits, '-' and '_' are expected, and neither 'none' nor a name that Windows keeps "
            "for devices, as con. Choose such a name."
        )
    folder = expressions_folder()
    make_folder(folder)
    path = folder / f"{name}{EXPRESSION_SUFFIX}"
    save_expression(controls, path)
    return path
