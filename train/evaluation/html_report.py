"""Reports as one HTML file: the tables with our row, what was skipped, and sample grids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..data.shards import encode_jpeg
from ..reports.html_page import Image, Section, Table, jpeg_address, write_html_page
from .measures import BY_KEY
from .paper_tables import TITLES
from .report import OK, Report

JPEG_QUALITY: Final = 88


def write_page(path: Path, title: str, reports: Sequence[Report]) -> None:
    """Write reports as a page that needs no other file.

    Raises:
        MediaError: The file cannot be written.
    """
    write_html_page(path, title, [_section(report) for report in reports])


def _section(report: Report) -> Section:
    header, *rows = report.table()
    return Section(
        heading=f"{TITLES[report.mode]}, {report.layout.title or report.layout.name}",
        blocks=[
            Table(header=header, rows=rows, style="figures last-row-ours"),
            *report.notes(),
            Table(header=["measure", "", "value", "better"], rows=_rows(report), style="figures"),
            *(
                Image(address=jpeg_address(encode_jpeg(picture, JPEG_QUALITY)), caption=name)
                for name, picture in report.sample_grids
            ),
        ],
    )


def _rows(report: Report) -> list[list[str]]:
    rows = [
        [
            BY_KEY[key].title,
            key,
            "-" if result.value is None else f"{result.value:.4f}",
            BY_KEY[key].better if result.status == OK else result.status,
        ]
        for key, result in report.ordered.items()
    ]
    mesh = report.mesh.items() if isinstance(report.mesh, dict) else ()
    return [*rows, *(["face mesh", key, f"{value:.4f}", ""] for key, value in mesh)]
