"""Pictures as bytes, the form in which batches are read, augmented and sent to a device.

A batch of bytes is a tensor (B, 3, h, h) whose channels lie last in memory, so that OpenCV works
on the same memory as (B, h, h, 3).
"""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Picture = NDArray[np.uint8]
Number = TypeVar("Number", np.uint8, np.float32)


def as_image(pixels: Tensor) -> Tensor:
    """Bytes as numbers in [0, 1]; such numbers stay as they are."""
    return pixels if pixels.is_floating_point() else pixels.float() / 255


def as_pictures(pixels: Tensor) -> Picture:
    """(B, 3, h, h) -> (B, h, h, 3) bytes; numbers in [0, 1] are rounded to them."""
    if pixels.is_floating_point():
        pixels = (pixels.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())


def as_pixels(pictures: Picture) -> Tensor:
    """(B, h, h, 3) bytes -> (B, 3, h, h) on the same memory."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


def resized(picture: NDArray[Number], size_px: int) -> NDArray[Number]:
    """(h, h, 3) -> (size, size, 3): averaged where it shrinks, linear where it grows."""
    if picture.shape[0] == size_px:
        return picture
    method = cv2.INTER_AREA if picture.shape[0] > size_px else cv2.INTER_LINEAR
    source: Any = picture
    return np.asarray(cv2.resize(source, (size_px, size_px), interpolation=method), picture.dtype)


def resized_pixels(pixels: Tensor, size_px: int) -> Tensor:
    """(B, 3, h, h) -> (B, 3, size, size) bytes, as `resized`."""
    if not pixels.is_floating_point() and pixels.shape[-1] == size_px:
        return pixels
    rows = [resized(picture, size_px) for picture in as_pictures(pixels)]
    return as_pixels(np.stack(rows))
