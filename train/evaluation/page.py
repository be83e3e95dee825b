"""Reports as one page: the tables with our row, what was skipped, and strips; a single file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.atomic import write_whole

from .measures import BY_KEY
from .paper import TITLES
from .report import OK, Report

JPEG_QUALITY: Final = 88
STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1c1c1c; background: #fff; }
h1, h2 { line-height: 1.2; font-weight: 600; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; padding-left: 0; }
table.paper tr:last-child td { font-weight: 600; border-top: 2px solid #1c1c1c; }
.note, figcaption { color: #555; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; display: block; }
"""


def write_page(path: Path, title: str, reports: Sequence[Report]) -> None:
    """Write reports as a page that needs no other file.

    Raises:
        MediaError: The file cannot be written.
    """
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>",
        *(_section(report) for report in reports),
        "</html>",
    ]
    write_whole(path, "\n".join(parts).encode("ascii", "xmlcharrefreplace"))


def _section(report: Report) -> str:
    head = f"{TITLES[report.mode]}, {report.layout.title or report.layout.name}"
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in report.notes())
    rows = [["measure", "", "value", "better"]] + [
        [
            BY_KEY[key].title,
            key,
            "-" if result.value is None else f"{result.value:.4f}",
            BY_KEY[key].better if result.status == OK else result.status,
        ]
        for key, result in report.ordered.items()
    ]
    if isinstance(report.mesh, dict):
        rows += [["face mesh", key, f"{value:.4f}", ""] for key, value in report.mesh.items()]
    strips = "".join(
        f'<figure><img alt="{escape(name, quote=True)}" src="{_data_address(picture)}">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
        for name, picture in report.strips
    )
    tables = _table(report.table(), "paper") + notes + _table(rows, "measures")
    return f"<h2>{escape(head)}</h2>{tables}{strips}"


def _table(rows: Sequence[Sequence[str]], kind: str) -> str:
    lines = [
        "<tr>" + "".join(f"<{cell}>{escape(one)}</{cell}>" for one in row) + "</tr>"
        for cell, row in zip(["th", *["td"] * (len(rows) - 1)], rows, strict=True)
    ]
    return f"<table class={kind}>{''.join(lines)}</table>"


def _data_address(picture: Pixels) -> str:
    """The picture as JPEG within the page."""
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
