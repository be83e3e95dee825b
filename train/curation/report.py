"""What was kept and what was rejected: numbers as JSON, a page, and a contact sheet."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from liveportrait_core.errors import counted
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.atomic import write_whole
from liveportrait_core.media.images import write_image

from ..data.clip_shards import ShardClip
from ..reports.html_page import Cell, Image, Section, Table, jpeg_address, write_html_page
from ..reports.sample_grid import caption_row, grid_of
from .quality import sampled
from .store import ShardStore

SHEET_NAME: Final = "contact-sheet.jpg"
PAGE_NAME: Final = "report.html"
NUMBERS_NAME: Final = "report.json"
CELL_PX: Final = 160
ROWS: Final = 24
"""Clips on the sheet, evenly taken."""
MOMENTS: Final = 6
"""Frames of each."""
DOT_COLOUR: Final = (0, 255, 0)
MAX_FILES: Final = 500
"""Files that the page names."""
COUNTS: Final = {
    "files": "files",
    "films": "video clips",
    "stills": "images",
    "frames": "frames",
    "seconds": "seconds of video",
}
"""Totals of the index, and what the page calls them."""
SOUND_NAMES: Final = {
    "clips": "clips with sound",
    "seconds": "seconds of sound",
    "score": "correlation of lips with loudness, median",
    "lag_ms": "ms by which sound is late behind lips, median",
}
"""What the index says of sound, and what the page calls it."""
NOTHING: Final = "Nothing."
"""What the page says of an empty table."""


def write_report(store: ShardStore, index: Mapping[str, Any]) -> None:
    """Write all three into the folder.

    Raises:
        MediaError: They cannot be written, or a shard cannot be read.
    """
    clips = [ShardClip(shard, clip) for shard, clip in store.clips()]
    if clips:
        write_image(store.folder / SHEET_NAME, contact_sheet(clips))
    files = [
        {
            "name": row["name"],
            "clips": row["clips"],
            "rejected": [
                {name: value for name, value in entry.items() if name != "picture"}
                for entry in row["rejected"]
            ],
        }
        for row in store.rows
    ]
    numbers = {**{name: index[name] for name in (*COUNTS, "sound", "rejected")}, "by_file": files}
    write_whole(store.folder / NUMBERS_NAME, (json.dumps(numbers, indent=1) + "\n").encode())
    sections = _sections(store.rows, index, has_sheet=bool(clips))
    write_html_page(store.folder / PAGE_NAME, "Curation", sections)


def contact_sheet(clips: Sequence[ShardClip]) -> Pixels:
    """Some clips, a row each: moments of it, the first with its landmarks; captions below.

    Raises:
        MediaError: A shard cannot be read.
    """
    chosen = [clips[number] for number in sampled(len(clips), ROWS)]
    images = [clip for clip in chosen if len(clip) == 1]
    rows = [_video_row(clip) for clip in chosen if len(clip) > 1]
    rows += [_image_row(images[k : k + MOMENTS]) for k in range(0, len(images), MOMENTS)]
    return np.concatenate(rows)


def rejections(index: Mapping[str, Any]) -> str:
    """What was left out: "nothing.", or a line each with reason, times and seconds."""
    rows = [
        f"  {reason:20} {entry['times']:6d} {entry['seconds']:10.1f} s"
        for reason, entry in index["rejected"].items()
    ]
    return "\n".join(["", *rows]) if rows else "nothing."


def _video_row(clip: ShardClip) -> Pixels:
    numbers = sampled(len(clip), MOMENTS)
    arrays = clip.annotations()
    cells = [_cell(clip[number]) for number in numbers]
    _mark(cells[0], arrays["landmarks"][0])
    about = f"{_name(clip)} {clip.clip.about['from_s']:.1f} s, {counted(len(clip), 'frame')}"
    return _captioned(cells, [about, *(_readings(arrays, number) for number in numbers[1:])])


def _image_row(clips: Sequence[ShardClip]) -> Pixels:
    cells = [_cell(clip[0]) for clip in clips]
    captions: list[str] = []
    for clip, cell in zip(clips, cells, strict=True):
        arrays = clip.annotations()
        _mark(cell, arrays["landmarks"][0])
        captions.append(f"{_name(clip)} {_readings(arrays, 0)}")
    return _captioned(cells, captions)


def _captioned(cells: list[Pixels], captions: list[str]) -> Pixels:
    """A row of cells with captions below, padded with white."""
    missing = MOMENTS - len(cells)
    white = np.full((CELL_PX, CELL_PX, 3), 255, np.uint8)
    row = grid_of([[*cells, *[white] * missing]])
    return np.concatenate((row, caption_row([*captions, *[""] * missing], CELL_PX)))


def _mark(cell: Pixels, landmarks: NDArray[np.float32]) -> None:
    for x, y in landmarks:
        place = (int((x + 1) / 2 * CELL_PX), int((y + 1) / 2 * CELL_PX))
        cv2.circle(cell, place, 1, DOT_COLOUR, -1, cv2.LINE_AA)


def _readings(arrays: Mapping[str, NDArray[np.float32]], number: int) -> str:
    first, second, lip = arrays["openness"][number]
    yaw_deg = arrays["pose_deg"][number, 1]
    return f"yaw {yaw_deg:.0f} eye {(first + second) / 2:.2f} lip {lip:.2f}"


def _name(clip: ShardClip) -> str:
    return Path(str(clip.clip.about["source"])).name.encode("ascii", "replace").decode()


def _cell(picture: Pixels) -> Pixels:
    small = cv2.resize(picture, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def _sections(
    rows: Sequence[Mapping[str, Any]], index: Mapping[str, Any], *, has_sheet: bool
) -> list[Section]:
    """The page: totals, what was left out, the contact sheet, and what came of each file."""
    totals = Table(
        rows=[
            *([name, index[key]] for key, name in COUNTS.items()),
            *([SOUND_NAMES[key], value] for key, value in index["sound"].items()),
        ]
    )
    reasons = [
        [reason, int(entry["times"]), float(entry["seconds"]), _pictures(rows, reason)]
        for reason, entry in index["rejected"].items()
    ]
    header = ["reason", "times", "seconds", "some of them"]
    sheet = [Image(address=SHEET_NAME, caption="some of the clips")] if has_sheet else []
    shown = [
        [row["name"], int(row["clips"]), [_rejection_text(entry) for entry in row["rejected"]]]
        for row in rows[:MAX_FILES]
    ]
    files = _table(["file", "clips", "left out"], shown)
    more = len(rows) - MAX_FILES
    note = [f"{more:,} more in {NUMBERS_NAME}."] if more > 0 else []
    return [
        Section(blocks=[totals]),
        Section(heading="Left out", blocks=[_table(header, reasons)]),
        Section(heading="Kept", blocks=sheet or [NOTHING]),
        Section(heading="Files", blocks=[files, *note]),
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table | str:
    return Table(header=header, rows=rows) if rows else NOTHING


def _pictures(rows: Sequence[Mapping[str, Any]], reason: str) -> list[Image]:
    return [
        Image(address=jpeg_address(base64.b64decode(entry["picture"])))
        for row in rows
        for entry in row["rejected"]
        if entry["reason"] == reason and "picture" in entry
    ]


def _rejection_text(entry: Mapping[str, Any]) -> str:
    text = f"{entry['reason']} {entry.get('note', '')}".strip()
    if "seconds" not in entry:
        return text
    return f"{text} ({entry['seconds']:.1f} s from {entry.get('from_s', 0):.1f} s on)"
