"""uint8 HWC pixels <-> float BCHW tensors, and resizing: the one place that does it."""

from __future__ import annotations

from typing import Any, Final, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB, 0 to 255."""

Part = tuple[slice, slice]
"""Rows and columns of a picture, from a first to before a last."""

RGB: Final = 3
"""Channels of a picture."""
PICTURE_AXES: Final = 3
BATCH_AXES: Final = 4

ResizeMethod = Literal["area", "bilinear"]
_INTERPOLATION: dict[ResizeMethod, int] = {
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
}


def tensor_from_pixels(pixels: Pixels) -> Tensor:
    """One picture or a stack of pictures as a float batch.

    `tensor_from_pixels(read_image("face.png").rgb)`

    Args:
        pixels: (H, W, 3) or (B, H, W, 3) uint8 RGB.

    Returns:
        (B, 3, H, W) float32 in [0, 1]; B is 1 for one picture.

    Raises:
        ValueError: Another type or shape.
    """
    axes_fit = pixels.ndim in (PICTURE_AXES, BATCH_AXES) and pixels.shape[-1] == RGB
    if pixels.dtype != np.uint8 or not axes_fit:
        raise ValueError(
            f"The picture is {_described(pixels)}; uint8 of shape (H, W, 3) or (B, H, W, 3) is "
            "expected. Convert it to 8-bit RGB first."
        )
    batch = pixels if pixels.ndim == BATCH_AXES else pixels[None]
    channels_first = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
    return torch.from_numpy(channels_first).float() / 255.0


def pixels_from_tensor(tensor: Tensor, *, truncate: bool = False) -> Pixels:
    """A float batch as 8-bit pictures.

    `write_image("face.png", pixels_from_tensor(picture)[0])`

    Convention:
        - values outside [0, 1] are clipped
        - rounded to the nearest level; `truncate` cuts the fraction off, as the published
          code does, which darkens every picture by half a level on average

    Args:
        tensor: (3, H, W) or (B, 3, H, W) RGB in [0, 1].
        truncate: Cut off instead of rounding.

    Returns:
        (H, W, 3) or (B, H, W, 3) uint8, as many axes as came in.

    Raises:
        ValueError: Another shape.
    """
    if tensor.ndim not in (PICTURE_AXES, BATCH_AXES) or tensor.shape[-3] != RGB:
        raise ValueError(
            f"The tensor has shape {tuple(tensor.shape)}; (3, H, W) or (B, 3, H, W) is "
            "expected. Move the channels to the front."
        )
    levels = tensor.detach().float().clamp(0, 1) * 255.0
    levels = levels if truncate else levels.round()
    return levels.to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()


def resize_pixels(
    pixels: Pixels, size: tuple[int, int], method: ResizeMethod | None = None
) -> Pixels:
    """A picture at another size.

    Args:
        pixels: (H, W, 3) or (H, W) uint8.
        size: Height and width of the result, pixels.
        method: None takes the area average for shrinking and bilinear for growing.

    Returns:
        The resized picture; the same array when the size is already right.

    Raises:
        ValueError: A side below 1.
    """
    height, width = size
    if min(height, width) < 1:
        raise ValueError(
            f"The size to resize to is {width}x{height}; sides of 1 or more are expected. "
            "Choose a larger size."
        )
    if pixels.shape[:2] == (height, width):
        return pixels
    if method is None:
        shrinks = height * width < pixels.shape[0] * pixels.shape[1]
        method = "area" if shrinks else "bilinear"
    resized = cv2.resize(pixels, (width, height), interpolation=_INTERPOLATION[method])
    return np.asarray(resized, np.uint8)


def limited_size(height: int, width: int, *, max_side: int) -> tuple[int, int]:
    """Height and width scaled down so that the longer one is at most `max_side` (0: no limit)."""
    longer = max(height, width)
    if max_side <= 0 or longer <= max_side:
        return height, width
    # The shorter side is cut to an integer, not rounded: published sizes are.
    return (
        max_side if height == longer else max(1, int(height * (max_side / longer))),
        max_side if width == longer else max(1, int(width * (max_side / longer))),
    )


def limit_pixels(pixels: Pixels, *, max_side: int = 1280, divisor: int = 2) -> Pixels:
    """A picture scaled down to a longest side and cut to sides that a video coder takes.

    Convention:
        - scaled with bilinear weights, and only down
        - the right and bottom edges lose the rest of the division; a side shorter than
          `divisor` stays as it is

    Args:
        pixels: (H, W, 3) uint8.
        max_side: Limit for the longer side, pixels; 0 is no limit.
        divisor: Both sides become multiples of it.
    """
    size = limited_size(*_sides(pixels), max_side=max_side)
    scaled = resize_pixels(pixels, size, "bilinear")
    height, width = (side - side % divisor or side for side in size)
    return scaled[:height, :width]


def _sides(pixels: Pixels) -> tuple[int, int]:
    return int(pixels.shape[0]), int(pixels.shape[1])


def _described(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {tuple(array.shape)}"
