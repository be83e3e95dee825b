"""Options as tables of the documents (Markdown)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .arguments import flag_of
from .fields import specs_of
from .spec import default_text


def option_table(
    kind: type[Any], *, skip: Collection[str] = (), flags: bool = False, held: bool = True
) -> str:
    """The options of a dataclass as a Markdown table.

    Args:
        kind: The dataclass.
        skip: Keys that are left out.
        flags: Whether the first column holds the names of the command line.
        held: Whether those of the classes that it holds are shown, too.
    """
    columns = ["option", "values", "default", "meaning"]
    rows = [columns, ["---"] * len(columns)]
    for spec in specs_of(kind):
        if spec.key in skip or not (held or len(spec.path) == 1):
            continue
        values = spec.expects or spec.range or ("true, false" if spec.kind is bool else "")
        cells = [f"`{spec.key}`", values, default_text(spec), spec.help]
        if flags:
            cells.insert(0, f"`{flag_of(spec)}`")
        rows.append([cell.replace("|", "\\|") for cell in cells])
    if flags:
        rows[0] = ["command line", *columns]
        rows[1].append("---")
    return "\n".join(f"| {' | '.join(row)} |".replace("| --- ", "|---") for row in rows)
