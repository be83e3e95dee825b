"""Reports as HTML pages: sections of tables, notes and images, from one template."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2

from liveportrait_core.media.atomic import write_whole

TEMPLATE: Final = Path(__file__).with_name("html_page.html.jinja")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of a page."""

    address: str
    """Of its file, or `jpeg_address`."""
    caption: str = ""


Cell = str | int | float | Sequence[str | Image]
"""Text, a number, or several lines and images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a page."""

    rows: Sequence[Sequence[Cell]]
    header: Sequence[str] = ()
    style: str = ""
    """Classes of the template: `figures` has all columns but the first to the right,
    `last-row-ours` stresses the last row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page."""

    blocks: Sequence[Table | Image | str]
    """In order; a text is a note."""
    heading: str = ""


def jpeg_address(jpeg: bytes) -> str:
    """An address that holds the image itself."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def html_page(title: str, sections: Sequence[Section]) -> str:
    """A page as text; every value is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["grouped"] = _grouped
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=title, sections=sections)


def write_html_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write a page as ASCII, whole or not at all.

    Raises:
        MediaError: The file cannot be written.
    """
    write_whole(path, html_page(title, sections).encode("ascii", "xmlcharrefreplace"))


def _grouped(number: float) -> str:
    """A number with commas between thousands, a float with one decimal."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"
