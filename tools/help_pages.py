"""The tables of the help pages, made from the nodes' schemas.

python -m tools.help_pages

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

from tests.support.comfyui.stand_in import NEWEST, ROOT, active

from .locales import LOCALES, Texts, read, texts_of

DOCS = ROOT / "web" / "docs"


@dataclass(frozen=True)
class Language:
    """What the tables of a language are written with; two columns, as the side bar is narrow."""

    code: str
    inputs: str
    input_row: tuple[str, str]
    outputs: str
    output_row: tuple[str, str]
    required: str
    optional: str
    default: str
    one_of: str
    empty: str
    between: str
    join: str
    gap: str

    def page(self, node: str) -> Path:
        """The page of a node."""
        return DOCS / f"{node}.md" if self.code == "en" else DOCS / node / f"{self.code}.md"


ENGLISH = Language(
    code="en",
    inputs="## Inputs",
    input_row=("Input", "What it does"),
    outputs="## Outputs",
    output_row=("Output", "What it is"),
    required="Required.",
    optional="Optional.",
    default="Default: {}.",
    one_of="One of: {}.",
    empty="empty",
    between="From {} to {}.",
    join=", ",
    gap=" ",
)
CHINESE = Language(
    code="zh",
    inputs="## \u8f93\u5165",
    input_row=("\u8f93\u5165", "\u4f5c\u7528"),
    outputs="## \u8f93\u51fa",
    output_row=("\u8f93\u51fa", "\u8bf4\u660e"),
    required="\u5fc5\u9700\u3002",
    optional="\u53ef\u9009\u3002",
    default="\u9ed8\u8ba4\uff1a{}\u3002",
    one_of="\u53ef\u9009\u503c\uff1a{}\u3002",
    empty="\u7a7a",
    between="\u4ece {} \u5230 {}\u3002",
    join="\u3001",
    gap="",
)
LANGUAGES = (ENGLISH, CHINESE)


def refreshed(
    page: str, entry: Mapping[str, Any], texts: Mapping[str, Any], language: Language
) -> str:
    """A page with its tables made anew.

    Args:
        page: The Markdown text.
        entry: The node in /object_info.
        texts: Its names and tooltips in the language, as in nodeDefs.json.
        language: The language.

    Raises:
        ValueError: A heading is missing.
    """
    page = _with_table(
        page, language.inputs, _table(language.input_row, _input_rows(entry, texts, language))
    )
    if not entry["output"]:
        return page
    return _with_table(
        page, language.outputs, _table(language.output_row, _output_rows(entry, texts))
    )


def _input_rows(
    entry: Mapping[str, Any], texts: Mapping[str, Any], language: Language
) -> Iterator[tuple[str, str]]:
    for group in ("required", "optional"):
        for name, (kind, *rest) in entry["input"].get(group, {}).items():
            text = texts["inputs"][name]
            facts = _facts(kind, rest[0] if rest else {}, language)
            facts = facts or (language.required if group == "required" else language.optional)
            yield _whole(text["name"]), _breakable(f"{text['tooltip']}<br>{facts}")


def _output_rows(entry: Mapping[str, Any], texts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for index, kind in enumerate(entry["output"]):
        text = texts["outputs"][str(index)]
        yield (
            _whole(text["name"]),
            _breakable("<br>".join(filter(None, (text.get("tooltip"), kind)))),
        )


def _whole(name: str) -> str:
    """A name that stays readable in a narrow column: Chinese would break anywhere."""
    return f"**{_breakable(name)}**" if name.isascii() else f"**<nobr>{name}</nobr>**"


def _breakable(text: str) -> str:
    """A text whose paths and long names may break, so that a narrow side bar does not cut it."""
    return re.sub(r"(?<=\w)([/_])(?=\w)", r"\1<wbr>", text)


def _facts(kind: Any, options: Mapping[str, Any], language: Language) -> str:
    """What may be put into a widget, and its default; nothing for a socket."""
    choices = kind if isinstance(kind, list) else options.get("options")
    if choices is not None:
        default = options.get("default", choices[0])  # a front end takes the first
        words = [f"'{word}'" if "," in word else word for word in choices]
        return language.gap.join(
            (language.one_of.format(language.join.join(words)), _default(default, language))
        )
    if "min" in options:
        limits = [f"{options[name]:.12g}" for name in ("min", "max")]
        default = _default(f"{options['default']:g}", language)
        return language.gap.join((language.between.format(*limits), default))
    if kind == "BOOLEAN":
        return _default(str(options["default"]).lower(), language)
    if kind != "STRING":
        return ""
    return _default("<br>".join(options["default"].splitlines()), language)


def _default(value: str, language: Language) -> str:
    return language.default.format(value or language.empty)


def _table(head: tuple[str, str], rows: Iterator[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _with_table(page: str, heading: str, table: str) -> str:
    pattern = rf"(^{re.escape(heading)}\n\n)(?:\|.*\n)*"
    if len(re.findall(pattern, page, re.MULTILINE)) != 1:
        raise ValueError(f"The page has no heading '{heading}', or more than one. Write it.")
    return re.sub(pattern, lambda found: found[1] + table, page, flags=re.MULTILINE)


def texts_in(language: Language, info: Mapping[str, Mapping[str, Any]]) -> Texts:
    """Names and tooltips in a language."""
    return (
        texts_of(info) if language is ENGLISH else read(LOCALES / language.code / "nodeDefs.json")
    )


def main() -> None:
    """Refresh the tables of all pages."""
    with tempfile.TemporaryDirectory() as base, active(Path(base), NEWEST) as comfyui:
        comfyui.import_pack()
        info = comfyui.object_info()
    for language in LANGUAGES:
        texts = texts_in(language, info)
        for name, entry in info.items():
            page = language.page(name)
            page.write_text(
                refreshed(page.read_text("utf-8"), entry, texts[name], language), "utf-8"
            )


if __name__ == "__main__":
    main()
