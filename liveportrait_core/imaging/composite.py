"""Paste-back: the animated face into its picture, through a soft mask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .crop import (
    BILINEAR_REACH,
    Crop,
    CropTransform,
    Matrix,
    apply_matrix,
    scale_about_corner,
    warp_tensor,
)
from .tensors import BATCH_AXES, RGB, Part, Pixels

TEMPLATE_PX: Final = 512
"""Side of the template that the mask's numbers refer to."""
INNER_SQUARE_PX: Final = (16.0, 496.0)
"""The mask is 1 inside this square of the template."""
FADE_PX: Final = 16.0
"""Width of the fade from 1 to 0, template pixels."""
LEVELS: Final = 255.0


def paste_mask(size_px: int) -> Tensor:
    """The soft square through which a face is pasted back.

    Convention:
        - floor(255 clip(1 - d / 16, 0, 1)) / 255, d the distance of a pixel's centre to the
          square from 16 to 496 of 512: the published template to the last level. Its right
          and lower edges fade a pixel later than the others.
        - another size stretches it so that the outermost pixels keep the template's values:
          any other stretch would end above 0 and show the square's edge

    Args:
        size_px: Side of the face that is pasted.

    Returns:
        (size_px, size_px) float32 in [0, 1].

    Raises:
        ValueError: A size below 1.
    """
    if size_px < 1:
        raise ValueError(
            f"The mask size is {size_px} px; 1 or more is expected. Give 512, which is usual."
        )
    position = torch.linspace(0, TEMPLATE_PX - 1, size_px, dtype=torch.float64)
    low, high = INNER_SQUARE_PX
    outside = (low - position).clamp(min=0) + (position - high).clamp(min=0)
    distance = torch.hypot(outside[:, None], outside[None, :])
    return ((LEVELS * (1 - distance / FADE_PX).clamp(0, 1)).floor() / LEVELS).float()


def paste_back(
    frame: Tensor, face: Tensor, crop: Crop, mask: Tensor, *, antialias: bool = False
) -> Tensor:
    """The frame with the face put back where it was cropped (Sec. 3.3).

    `paste_back(frame, face, crop, paste_mask(512))`

    Convention:
        - mask * face + (1 - mask) * frame, both brought to the frame with bilinear samples
        - a face larger or smaller than its crop covers the same place
        - gradients flow to the frame, the face and the mask

    Args:
        frame: (3, H, W) or (B, 3, H, W) RGB in [0, 1], the picture of the crop.
        face: (3, S, S) or (B, 3, S, S) RGB in [0, 1].
        crop: From `crop_face`.
        mask: In [0, 1], as large as the face (`paste_mask`) or as the frame: (S, S) or (H, W),
            with a leading batch or channel axis if need be.
        antialias: Average the face's pixels when more than two fall on a pixel of the frame.
            Off is plain bilinear, as published.

    Returns:
        A new tensor, with a batch axis when the frame or the face has one.

    Raises:
        ValueError: Shapes that do not fit together.
    """
    weight = _checked_mask(frame, face, mask)
    size = (int(frame.shape[-2]), int(frame.shape[-1]))
    in_face = weight.shape[-2:] == face.shape[-2:]
    to_warp = _with_channel(face, weight if in_face else torch.ones_like(face[..., :1, :, :]))
    to_face = _frame_to_face(crop.transform, int(face.shape[-1]))
    if antialias:
        to_warp, to_face = _shrunk(to_warp, to_face)
    warped, extra = warp_tensor(to_warp, to_face, size).split((RGB, 1), dim=-3)
    if in_face:
        return (extra * warped + (1 - extra) * frame).clamp(0, 1)
    # Outside the face there is nothing to paste, whatever the frame-sized mask is there.
    return (weight * warped + (1 - weight * extra) * frame).clamp(0, 1)


def paste_back_pixels(
    frame: Pixels,
    face: Pixels,
    transform: CropTransform,
    mask: NDArray[np.float32],
    *,
    antialias: bool = True,
    truncate: bool = False,
) -> Pixels:
    """`paste_back` for 8-bit pictures, fast: it computes only the part of the frame that changes.

    Args:
        frame: (H, W, 3) uint8.
        face: (S, S, 3) uint8.
        transform: The crop's.
        mask: (S, S) float32 in [0, 1], as large as the face, or (H, W) as large as the frame.
        antialias: Average the face's pixels when more than two fall on a pixel of the frame.
        truncate: Cut fractions of a level off, as published, instead of rounding.

    Returns:
        (H, W, 3) uint8; a new array.

    Raises:
        ValueError: A mask of another size.
    """
    ground = PasteGround(frame, len(face), transform, mask, antialias=antialias, truncate=truncate)
    return ground.with_face(face)


class PasteGround:
    """A frame that many faces are pasted into, one at a time: `paste_back_pixels` of each.

    `ground = PasteGround(frame, 512, transform, mask)`, then `ground.with_face(face)` of each

    Convention:
        - what is the same for all faces is computed once: 16 bytes a pixel of the part that changes
    """

    def __init__(
        self,
        frame: Pixels,
        face_px: int,
        transform: CropTransform,
        mask: NDArray[np.float32],
        *,
        antialias: bool = True,
        truncate: bool = False,
    ) -> None:
        """Nothing is pasted yet; `face_px` is the faces' side, the rest as `paste_back_pixels`.

        Raises:
            ValueError: A mask of another size.
        """
        face_size = (face_px, face_px)
        in_face, in_frame = mask.shape == face_size, mask.shape == frame.shape[:2]
        if not (in_face or in_frame):
            raise ValueError(_mask_message(mask.shape, frame.shape[:2], face_size))
        self._frame, self._truncate = frame, truncate
        self._place = _place(
            transform, face_px, frame.shape[:2], antialias=antialias, from_corner=truncate
        )
        if self._place is None:
            return
        extra = mask if in_face else np.ones(face_size, np.float32)
        inside = self._place.drawn(extra, as_levels=truncate)
        weight = inside if in_face else mask[self._place.part]
        keep = 1 - weight if in_face else 1 - weight * inside
        self._weight = weight[..., None]
        self._kept = keep[..., None] * frame[self._place.part]

    @property
    def part(self) -> Part:
        """Where a frame with a face may differ from the frame; empty where the face is outside."""
        return (slice(0, 0), slice(0, 0)) if self._place is None else self._place.part

    def with_face(self, face: Pixels) -> Pixels:
        """The frame with a face (S, S, 3) uint8 in it; a new array."""
        result = self._frame.copy()
        if self._place is None:
            return result
        mixed = self._weight * self._place.drawn(face) + self._kept
        np.clip(mixed if self._truncate else np.rint(mixed, out=mixed), 0, 255, out=mixed)
        result[self._place.part] = mixed.astype(np.uint8)
        return result


def frame_mask(
    transform: CropTransform,
    mask: NDArray[np.float32],
    size: tuple[int, int],
    *,
    antialias: bool = True,
    truncate: bool = False,
) -> NDArray[np.float32]:
    """Where in a frame a face is pasted, and how strongly: the weight of `paste_back_pixels`.

    Convention:
        - a mask as large as the frame is pasted through its product with this weight of ones:
          `frame_mask(transform, np.ones((S, S), np.float32), size) * mask`

    Args:
        transform: The crop's.
        mask: (S, S) float32 in [0, 1], as large as the pasted face.
        size: Height and width of the frame, pixels.
        antialias: As in `paste_back_pixels`.
        truncate: As in `paste_back_pixels`.

    Returns:
        (H, W) float32 in [0, 1]; 0 where the frame stays as it is.

    Raises:
        ValueError: A mask that is not square.
    """
    if mask.ndim != len(size) or mask.shape[0] != mask.shape[1]:
        raise ValueError(
            f"The mask has shape {tuple(mask.shape)}; (S, S) is expected, as large as the face. "
            "paste_mask makes one."
        )
    weight = np.zeros(size, np.float32)
    place = _place(transform, len(mask), size, antialias=antialias, from_corner=truncate)
    if place is not None:
        weight[place.part] = place.drawn(mask, as_levels=truncate)
    return weight


@dataclass(frozen=True, slots=True)
class _Place:
    """The part of a frame that a face reaches, and the way from there to the face."""

    part: Part
    """Rows and columns."""
    to_face: Matrix
    """From the part's pixels to those of the averaged face."""
    factor: int
    """Face pixels in a row that are averaged first."""

    def drawn(self, picture: NDArray[Any], *, as_levels: bool = False) -> NDArray[np.float32]:
        """A picture as large as the face, on the part's pixels.

        Args:
            picture: (S, S) or (S, S, 3).
            as_levels: Go through 8 bits, as the published mask does.
        """
        rows, columns = self.part
        size = columns.stop - columns.start, rows.stop - rows.start
        averaged = _averaged(picture, self.factor)
        if not as_levels:
            return _warped(averaged, self.to_face, size)
        levels = np.rint(averaged * LEVELS).astype(np.uint8)
        return np.divide(_warped(levels, self.to_face, size), LEVELS, dtype=np.float32)


def _place(
    transform: CropTransform,
    face_px: int,
    size: tuple[int, ...],
    *,
    antialias: bool,
    from_corner: bool,
) -> _Place | None:
    """Where a face is drawn; None when it lies outside the frame.

    Args:
        transform: The crop's.
        face_px: Side of the face.
        size: Height and width of the frame.
        antialias: Average the face's pixels where they are many.
        from_corner: Begin at the frame's corner. OpenCV rounds positions to 1/32 pixel, counted
            from the corner of what it draws: the published code draws the whole frame.
    """
    to_face = _frame_to_face(transform, face_px)
    left, top, right, bottom = _touched(to_face, face_px, size)
    if from_corner:
        left, top, to_face = 0, 0, _in_single_precision(to_face)
    if left >= right or top >= bottom:
        return None
    factor = _shrink_factor(to_face, face_px) if antialias else 1
    to_face = scale_about_corner(1 / factor) @ to_face
    to_face = to_face @ np.array([[1.0, 0, left], [0, 1.0, top], [0, 0, 1.0]])
    return _Place((slice(top, bottom), slice(left, right)), to_face, factor)


def _frame_to_face(transform: CropTransform, face_px: int) -> Matrix:
    return transform.resized(face_px).source_to_crop


def _in_single_precision(to_face: Matrix) -> Matrix:
    """A transform that went through its inverse in float32, as the published one does."""
    to_frame = np.linalg.inv(to_face.astype(np.float32)).astype(np.float64)
    return np.linalg.inv(to_frame).astype(np.float64)


def _with_channel(face: Tensor, extra: Tensor) -> Tensor:
    """A fourth channel, so that one warp serves both."""
    if BATCH_AXES in (face.ndim, extra.ndim):
        both = [
            picture if picture.ndim == BATCH_AXES else picture[None] for picture in (face, extra)
        ]
        batch = max(len(picture) for picture in both)
        face, extra = (picture.expand(batch, -1, -1, -1) for picture in both)
    return torch.cat((face, extra), -3)


def _shrink_factor(to_face: Matrix, face_px: int) -> int:
    """Largest power of two within the shrinking that divides the face."""
    shrinking = math.sqrt(abs(float(np.linalg.det(to_face[:2, :2]))))
    factor = 1
    while shrinking > BILINEAR_REACH * factor and face_px % (2 * factor) == 0:
        factor *= 2
    return factor


def _shrunk(face: Tensor, to_face: Matrix) -> tuple[Tensor, Matrix]:
    factor = _shrink_factor(to_face, int(face.shape[-1]))
    if factor == 1:
        return face, to_face
    return F.avg_pool2d(face, factor), scale_about_corner(1 / factor) @ to_face


def _touched(to_face: Matrix, face_px: int, size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the frame's part that the face reaches."""
    edge = float(face_px)  # one pixel beyond the last centre bilinear samples are zero
    corners = np.array([[-1.0, -1.0], [edge, -1.0], [-1.0, edge], [edge, edge]])
    in_frame = apply_matrix(np.linalg.inv(to_face).astype(np.float64), corners)
    low, high = np.floor(in_frame.min(0)), np.ceil(in_frame.max(0)) + 1
    left, top = (max(0, int(value)) for value in low)
    return left, top, min(size[1], int(high[0])), min(size[0], int(high[1]))


def _averaged(picture: NDArray[Any], factor: int) -> NDArray[Any]:
    if factor == 1:
        return picture
    side = len(picture) // factor
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))


def _warped(
    picture: NDArray[Any], to_picture: Matrix, size: tuple[int, int]
) -> NDArray[np.float32]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, to_picture[:2], size, flags=flags), np.float32)


def _checked_mask(frame: Tensor, face: Tensor, mask: Tensor) -> Tensor:
    """The mask as (1, h, w) or (B, 1, h, w)."""
    face_size, frame_size = face.shape[-2:], frame.shape[-2:]
    if face_size[0] != face_size[1] or face.shape[-3] != RGB or frame.shape[-3] != RGB:
        raise ValueError(
            f"The face has shape {tuple(face.shape)} and the frame {tuple(frame.shape)}; "
            "(3, S, S) and (3, H, W) are expected, with or without a batch axis. "
            "Move the channels to the front."
        )
    if mask.shape[-2:] not in (face_size, frame_size):
        raise ValueError(_mask_message(mask.shape, frame_size, face_size))
    weight = mask.to(frame.dtype)
    if weight.ndim == BATCH_AXES:
        return weight[:, :1]
    matrix_axes = 2
    if weight.ndim == matrix_axes or len(weight) == 1:
        return weight.reshape(1, *weight.shape[-2:])
    return weight[:, None]


def _mask_message(mask: tuple[int, ...], frame: tuple[int, ...], face: tuple[int, ...]) -> str:
    return (
        f"The mask has shape {tuple(mask)}; that of the face {tuple(face[-2:])} or the frame "
        f"{tuple(frame[-2:])} is expected. paste_mask makes one of the face's size."
    )
