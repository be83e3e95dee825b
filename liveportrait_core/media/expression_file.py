"""Files of expressions: values of controls under a name, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from ..config.fields import build
from ..errors import MediaError
from ..motion.control_options import Controls
from ..motion.control_tools import changed_controls
from .atomic import read_whole, write_whole
from .stated_format import StatedFormat

EXPRESSION_FORMAT: Final = "liveportrait-suite/expression"
EXPRESSION_VERSION: Final = 1
"""Readers accept this version and all before it."""
EXPRESSION_SUFFIX: Final = ".json"
_FORMAT: Final = StatedFormat(
    name=EXPRESSION_FORMAT,
    version=EXPRESSION_VERSION,
    file="expression",
    wanted="Name an expression that 'liveportrait edit --save-preset' or the editor saved.",
    anew="save the expression with this one.",
    kind="JSON",
)


def save_expression(controls: Controls, path: str | Path) -> None:
    """Write an expression; whole or not at all.

    `save_expression(Controls(smile_left=0.5, smile_right=0.5), "half_smile.json")`

    Convention of the format (one JSON object):
        - "format" is liveportrait-suite/expression, "version" 1
        - "controls" is an object of the values that are not at rest, by the names of `Controls`

    Raises:
        MediaError: The name ends otherwise, or the file cannot be written.
    """
    if Path(path).suffix.lower() != EXPRESSION_SUFFIX:
        raise MediaError(
            f"The expression is to be written to {path}; a name that ends in {EXPRESSION_SUFFIX} "
            "is expected. Choose such a name."
        )
    stated = {
        "format": EXPRESSION_FORMAT,
        "version": EXPRESSION_VERSION,
        "controls": {name: round(value, 4) for name, value in changed_controls(controls).items()},
    }
    write_whole(path, (json.dumps(stated, indent=2) + "\n").encode("ascii"))


def load_expression(path: str | Path) -> Controls:
    """Read an expression.

    `load_expression("half_smile.json").smile_left`

    Raises:
        MediaError: The file is missing, damaged, of another format or a later version, or holds a
            control that does not exist or a value out of its range.
    """
    data = read_whole(path, "expression")
    try:
        stated: Any = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise MediaError(
            f"{path} is no JSON file; an expression is expected. {_FORMAT.wanted}"
        ) from error
    header = cast("dict[str, Any]", stated) if isinstance(stated, dict) else {}
    _FORMAT.check({name: str(header.get(name, "")) for name in ("format", "version")}, path)
    controls: Any = header.get("controls")
    try:
        if not isinstance(controls, dict):
            raise ValueError('"controls" is no object of numbers.')
        return build(Controls, cast("dict[str, Any]", controls))
    except ValueError as error:
        raise MediaError(
            f"The expression {path} cannot be used: {error} Correct the file, or save it anew."
        ) from error
