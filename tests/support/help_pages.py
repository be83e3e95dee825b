"""The tables of the help pages, out of the nodes' schemas: python -m tests.support.help_pages

A page is `web/docs/<node>.md` in English, which every front end falls back to, and
`web/docs/<node>/zh.md` in Chinese. All but the tables under the two headings is written by hand.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .comfyui.stand_in import NEWEST, ROOT, active
from .locales import LOCALES, Texts, read, texts_of

DOCS = ROOT / "web" / "docs"


@dataclass(frozen=True)
class Language:
    """What the tables of a language are written with."""

    code: str
    inputs: str
    outputs: str
    input_row: tuple[str, ...]
    output_row: tuple[str, ...]
    required: str
    optional: str
    empty: str
    between: str
    join: str

    def page(self, node: str) -> Path:
        """The page of a node."""
        return DOCS / f"{node}.md" if self.code == "en" else DOCS / node / f"{self.code}.md"


ENGLISH = Language(
    code="en",
    inputs="## Inputs",
    outputs="## Outputs",
    input_row=("Input", "Values", "Default", "What it does"),
    output_row=("Output", "Type", "What it is"),
    required="required",
    optional="optional",
    empty="empty",
    between="{} to {}",
    join=", ",
)
CHINESE = Language(
    code="zh",
    inputs="## \u8f93\u5165",
    outputs="## \u8f93\u51fa",
    input_row=("\u8f93\u5165", "\u53d6\u503c", "\u9ed8\u8ba4", "\u4f5c\u7528"),
    output_row=("\u8f93\u51fa", "\u7c7b\u578b", "\u8bf4\u660e"),
    required="\u5fc5\u9700",
    optional="\u53ef\u9009",
    empty="\u7a7a",
    between="{} \u5230 {}",
    join="\u3001",
)
LANGUAGES = (ENGLISH, CHINESE)


def refreshed(page: str, entry: Mapping[str, Any], texts: Mapping[str, Any], told: Language) -> str:
    """A page with its tables made anew.

    Args:
        page: The Markdown text.
        entry: The node in /object_info.
        texts: Its names and tooltips in the language, as in nodeDefs.json.
        told: The language.

    Raises:
        ValueError: A heading is missing.
    """
    page = _with_table(page, told.inputs, _table(told.input_row, _input_rows(entry, texts, told)))
    if not entry["output"]:
        return page
    return _with_table(page, told.outputs, _table(told.output_row, _output_rows(entry, texts)))


def _input_rows(
    entry: Mapping[str, Any], texts: Mapping[str, Any], told: Language
) -> Iterator[tuple[str, ...]]:
    for group in ("required", "optional"):
        for name, (kind, *rest) in entry["input"].get(group, {}).items():
            options = rest[0] if rest else {}
            text = texts["inputs"][name]
            values, default = _values(kind, options, told)
            default = default or (told.required if group == "required" else told.optional)
            yield _label(name, text["name"]), values, default, text["tooltip"]


def _output_rows(entry: Mapping[str, Any], texts: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for index, kind in enumerate(entry["output"]):
        text = texts["outputs"][str(index)]
        yield f"**{text['name']}**", f"`{kind}`", text.get("tooltip", "")


def _label(name: str, shown: str) -> str:
    return f"**{name}**" if shown == name else f"**{shown}** `{name}`"


def _values(kind: Any, options: Mapping[str, Any], told: Language) -> tuple[str, str]:
    """What may be put in, and the default; no default for a socket."""
    choices = kind if isinstance(kind, list) else options.get("options")
    if choices is not None:
        default = options.get("default", choices[0])  # a front end takes the first
        return told.join.join(f"`{each}`" for each in choices), f"`{default}`"
    if "min" in options:
        low, high = f"{options['min']:g}", f"{options['max']:g}"
        low, high = (text.replace("1e+06", "1000000") for text in (low, high))
        return told.between.format(low, high), f"{options['default']:g}"
    if kind == "BOOLEAN":
        return "`true`, `false`", f"`{str(options['default']).lower()}`"
    if kind == "STRING":
        return "`STRING`", f"`{options['default']}`" if options["default"] else told.empty
    return told.join.join(f"`{each}`" for each in kind.split(",")), ""


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _with_table(page: str, heading: str, table: str) -> str:
    pattern = rf"(^{re.escape(heading)}\n\n)(?:\|.*\n)*"
    if len(re.findall(pattern, page, re.MULTILINE)) != 1:
        raise ValueError(f"The page has no heading '{heading}', or more than one. Write it.")
    return re.sub(pattern, lambda found: found[1] + table, page, flags=re.MULTILINE)


def texts_in(told: Language, info: Mapping[str, Mapping[str, Any]]) -> Texts:
    """Names and tooltips in a language."""
    return texts_of(info) if told is ENGLISH else read(LOCALES / told.code / "nodeDefs.json")


def main() -> None:
    """Refresh the tables of all pages."""
    with tempfile.TemporaryDirectory() as base, active(Path(base), NEWEST) as comfyui:
        pack = comfyui.import_pack()
        info = comfyui.object_info()
        info = {name: info[name] for name in pack.nodes}
    for told in LANGUAGES:
        texts = texts_in(told, info)
        for name, entry in info.items():
            page = told.page(name)
            page.write_text(refreshed(page.read_text("utf-8"), entry, texts[name], told), "utf-8")


if __name__ == "__main__":
    main()
