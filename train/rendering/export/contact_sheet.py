"""A picture of rendered identities and their labels, to look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from liveportrait_core.errors import MediaError

from ...data.rendered import LARGE_ARRAYS, RenderedSet
from ...data.rendered_shards import FRAMES
from ..arrays import ByteArray, FloatArray, Floats
from ..regions import Region

CELL_PX: Final = 196
GAP_PX: Final = 4
MARGIN_PX: Final = 6
CAPTION_PX: Final = 30
GALLERY: Final = 24
"""Identities that are shown by their first frame, above."""
PAPER: Final = (250, 248, 244)
INK: Final = (70, 66, 62)
DOT_COLOUR: Final = (60, 255, 90)
SHOWN: Final = (*LARGE_ARRAYS, "keypoints")
HIDDEN_SHARE: Final = 0.25
"""Of the light of what is hidden in the next frame."""
MAX_MOVEMENT: Final = 0.25
"""Crop units of movement that have a full colour."""
QUALITY: Final = 84
"""Of a JPEG file."""
REGION_COLOURS: Final = {
    Region.BACKGROUND: (38, 40, 48),
    Region.TORSO: (74, 102, 170),
    Region.SKIN: (240, 196, 160),
    Region.HAIR: (122, 78, 48),
    Region.EYE: (255, 255, 255),
    Region.MOUTH: (196, 52, 60),
    Region.GLASSES: (44, 170, 130),
    Region.OCCLUDER: (236, 168, 62),
}

Arrays = dict[str, npt.NDArray[Any]]
Picture = ByteArray
Scalar = TypeVar("Scalar", bound=np.generic)
CAPTIONS: Final = (
    "first frame",
    "second",
    "third: pose of the second",
    "keypoints",
    "regions",
    "flow to the second",
    "seen in the second",
    "second moved by the flow",
)
COLUMNS: Final = len(CAPTIONS)


def write_contact_sheet(heads: RenderedSet, picture: Path, rows: int = 4) -> None:
    """Draw the first identities of a set: a gallery, and below it the labels of some.

    Args:
        heads: the set.
        picture: .png or .jpg to write, RGB.
        rows: identities whose frames and labels are shown, one a row, see CAPTIONS.

    Raises:
        MediaError: the picture cannot be written.
    """
    count = min(GALLERY, len(heads))
    arrays = {name: _first(heads, name, count) for name in SHOWN}
    gallery = [_cell(frames[0]) for frames in arrays["image"]]
    lines = [_line(gallery[start : start + COLUMNS]) for start in range(0, count, COLUMNS)]
    lines.append(_captions())
    for k in range(min(rows, count)):
        lines.append(_line(label_cells({name: array[k] for name, array in arrays.items()})))
    inner = np.concatenate(lines)
    height, width = (side + 2 * MARGIN_PX for side in inner.shape[:2])
    sheet = np.full((height, width, 3), PAPER, np.uint8)
    sheet[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = inner
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if picture.suffix in {".jpg", ".jpeg"} else []
    if not cv2.imwrite(str(picture), np.ascontiguousarray(sheet[..., ::-1]), options):
        raise MediaError(f"{picture} cannot be written. Name a .png or .jpg in an existing folder.")


def _first(heads: RenderedSet, name: str, count: int) -> npt.NDArray[Any]:
    """(count, FRAMES, ...) of an array."""
    identities = np.arange(count)
    frames = [heads.rows(name, identities, np.full(count, frame)) for frame in range(FRAMES)]
    return np.stack(frames, 1)


def label_cells(arrays: Arrays) -> list[Picture]:
    """What a row shows of one identity's arrays, a cell for each of CAPTIONS."""
    first, second, third = (np.asarray(frame, np.uint8) for frame in arrays["image"])
    palette = np.array([REGION_COLOURS[region] for region in Region], dtype=np.uint8)
    visible = _full(arrays["visible"][0], len(first))
    light = np.where(visible, 1, HIDDEN_SHARE)[..., None]
    return [
        _cell(first),
        _cell(second),
        _cell(third),
        _dotted(first, arrays["keypoints"][0]),
        _cell(_full(palette[arrays["regions"][0]], len(first))),
        _cell(_full(flow_colours(arrays["flow"][0]), len(first))),
        _cell((first * light).astype(np.uint8)),
        _cell(warp_second_to_first(arrays)),
    ]


def flow_colours(flow: Floats) -> Picture:
    """Movement of each pixel: its direction as a hue, its length as depth of colour.

    Args:
        flow: (h, h, 2) where each pixel goes, crop units.
    """
    size = len(flow)
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    step = flow.astype(np.float32) - np.stack(np.meshgrid(centres, centres), axis=-1)
    length = np.minimum(np.hypot(step[..., 0], step[..., 1]) / MAX_MOVEMENT, 1)
    hue = np.rad2deg(np.arctan2(step[..., 1], step[..., 0])) % 360
    hsv = np.stack([hue, 0.85 * np.sqrt(length), np.full_like(hue, 0.96)], axis=-1)
    colours = cv2.cvtColor(hsv.astype(np.float32), cv2.COLOR_HSV2RGB)
    return np.rint(colours * 255).astype(np.uint8)


def warp_second_to_first(arrays: Arrays) -> Picture:
    """Frame 1 seen through the flow of frame 0, (S, S, 3); black where a point is hidden."""
    second = arrays["image"][1]
    size = second.shape[0]
    flow = cv2.resize(arrays["flow"][0].astype(np.float32), (size, size))
    pixels = ((flow + 1) * np.float32(size / 2) - np.float32(0.5)).astype(np.float32)
    warped = cv2.remap(second, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR)
    return (warped * _full(arrays["visible"][0], size)[..., None]).astype(np.uint8)


def _dotted(frame: Picture, keypoints: FloatArray) -> Picture:
    cell = _cell(frame)
    for x, y, _ in keypoints:
        place = [round(float((value + 1) / 2 * CELL_PX * 16)) for value in (x, y)]
        cv2.circle(cell, place, 3 * 16, (0, 0, 0), -1, cv2.LINE_AA, 4)
        cv2.circle(cell, place, 2 * 16, DOT_COLOUR, -1, cv2.LINE_AA, 4)
    return cell


def _captions() -> Picture:
    row = np.full((CAPTION_PX, COLUMNS * (CELL_PX + GAP_PX) - GAP_PX, 3), PAPER, np.uint8)
    for k, caption in enumerate(CAPTIONS):
        origin = (k * (CELL_PX + GAP_PX) + 3, CAPTION_PX - 10)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(row, caption, origin, font, 0.44, INK, 1, cv2.LINE_AA)
    return row


def _line(cells: Sequence[Picture]) -> Picture:
    """Cells side by side, as wide as the sheet, with a gap below."""
    step = CELL_PX + GAP_PX
    line = np.full((step, COLUMNS * step - GAP_PX, 3), PAPER, np.uint8)
    for k, cell in enumerate(cells):
        line[:CELL_PX, k * step : k * step + CELL_PX] = cell
    return line


def _full(labels: npt.NDArray[Scalar], size: int) -> npt.NDArray[Scalar]:
    """Labels (h, h, ...) as large as the picture (S, S, ...) that they belong to."""
    times = size // len(labels)
    return labels.repeat(times, axis=0).repeat(times, axis=1)


def _cell(picture: Picture) -> Picture:
    size = (CELL_PX, CELL_PX)
    smaller = len(picture) > CELL_PX
    method = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    return cv2.resize(picture, size, interpolation=method).astype(np.uint8, copy=False)
