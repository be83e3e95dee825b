"""Pictures of a golden folder, read as the networks take them."""

from __future__ import annotations

from pathlib import PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.imaging.tensors import tensor_from_pixels

from ..golden import GoldenFolder


def read_pixels(folder: GoldenFolder, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a picture that a golden file names, like `images/s0.png`."""
    path = folder.images / PurePosixPath(name).name
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(f"{path}: no such picture; name its folder with --images.")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)


def read_face(folder: GoldenFolder, name: str) -> Tensor:
    """(1, 3, H, W) in [0, 1]."""
    return tensor_from_pixels(read_pixels(folder, name))
