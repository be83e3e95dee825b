"""A picture of some rendered identities and their labels, to look at."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from liveportrait_core.errors import MediaError

from .arrays import ByteArray
from .dataset import Arrays
from .regions import Region

CELL_PX: Final = 192
DOT_PX: Final = 2
DOT_COLOUR: Final = (0, 255, 0)
REGION_COLOURS: Final = {
    Region.BACKGROUND: (30, 30, 30),
    Region.TORSO: (60, 60, 255),
    Region.SKIN: (255, 200, 160),
    Region.HAIR: (120, 60, 0),
    Region.EYE: (255, 255, 255),
    Region.MOUTH: (220, 0, 0),
    Region.GLASSES: (0, 200, 0),
    Region.OCCLUDER: (255, 140, 0),
}

Picture = ByteArray


def write_contact_sheet(shard: Path, picture: Path, rows: int = 8) -> None:
    """Draw the first identities of a shard.

    Each row: the three frames, the first with keypoints, its regions, and the second frame warped
    onto the first by the flow, black where the first is hidden in the second.

    Raises:
        MediaError: the picture cannot be written.
    """
    with np.load(shard, allow_pickle=False) as archive:
        arrays: Arrays = {name: archive[name][:rows] for name in archive.files}
    lines = [
        _row({name: array[k] for name, array in arrays.items()})
        for k in range(len(arrays["image"]))
    ]
    sheet = np.ascontiguousarray(np.concatenate(lines)[..., ::-1])
    if not cv2.imwrite(str(picture), sheet):
        raise MediaError(f"{picture} cannot be written; name a .png or .jpg in an existing folder.")


def _row(arrays: Arrays) -> Picture:
    cells = [_enlarge(frame) for frame in arrays["image"]]
    dotted = cells[0].copy()
    for x, y, _ in arrays["keypoints"][0]:
        centre = (int((x + 1) / 2 * CELL_PX), int((y + 1) / 2 * CELL_PX))
        cv2.circle(dotted, centre, DOT_PX, DOT_COLOUR, -1)
    palette = np.array([REGION_COLOURS[region] for region in Region], dtype=np.uint8)
    regions = _enlarge(palette[arrays["regions"][0]])
    return np.concatenate([*cells, dotted, regions, _enlarge(warp_second_to_first(arrays))], axis=1)


def warp_second_to_first(arrays: Arrays) -> Picture:
    """Frame 1 seen through the flow of frame 0, (S, S, 3); black where a point is hidden."""
    second = arrays["image"][1]
    size = second.shape[0]
    flow = cv2.resize(arrays["flow"][0].astype(np.float32), (size, size))
    pixels = ((flow + 1) * np.float32(size / 2) - np.float32(0.5)).astype(np.float32)
    warped = cv2.remap(second, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR)
    visible = arrays["visible"][0].repeat(2, axis=0).repeat(2, axis=1)
    return (warped * visible[..., None]).astype(np.uint8)


def _enlarge(picture: Picture) -> Picture:
    size = (CELL_PX, CELL_PX)
    return cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
