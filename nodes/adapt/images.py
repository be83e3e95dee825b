"""IMAGE batches <-> pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from ...liveportrait_core.errors import about
from .. import library, runtime

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ...liveportrait_core.imaging.tensors import Pixels
    from ...liveportrait_core.preset import Preset

CHANNELS: Final = (3, 4)
IMAGE_AXES: Final = 4
WHITE: Final = 255


class ImageBatch:
    """A batch of images as a clip; frames are converted one by one, so none is held twice."""

    def __init__(self, images: Tensor, fps: Fraction, audio: Input.Audio | None = None) -> None:
        """A clip.

        Args:
            images: (N, H, W, 3 or 4) in [0, 1], of any float type, on any device.
            fps: Frames per second.
            audio: ComfyUI's AUDIO of a video in memory.
        """
        self.images, self.fps, self.audio = images, fps, audio

    def __iter__(self) -> Iterator[Pixels]:
        """The frames, (H, W, 3) uint8."""
        return (pixels_of(image) for image in self.images)

    @property
    def fingerprint(self) -> str:
        """What identifies these images and their rate."""
        about = (self.fps, tuple(self.images.shape), self.images.dtype)
        digest = hashlib.blake2b(repr(about).encode())
        for image in self.images:
            runtime.check_cancelled()
            digest.update(image.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    @property
    def num_frames(self) -> int:
        """Length of the batch."""
        return len(self.images)

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.images.shape[1])

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.images.shape[2])


def with_even_sides(image: Tensor) -> Tensor:
    """An image (H, W, ...) whose odd sides are made even by repeating the last row or column."""
    for axis in (0, 1):
        last = image.shape[axis] - 1
        if not last % 2:
            image = torch.cat((image, image.narrow(axis, last, 1)), axis)
    return image


def checked_images(images: object, name: str) -> Tensor:
    """A batch of images that can be processed.

    Args:
        images: What came over the wire.
        name: The input's id.

    Raises:
        ValueError: It is no batch of images, or an empty one.
    """
    with about(name):
        if not isinstance(images, Tensor):
            raise no_images(images, name)
        shape = tuple(images.shape)
        fits = len(shape) == IMAGE_AXES and shape[-1] in CHANNELS
        if not fits or not images.is_floating_point():
            kind = str(images.dtype).removeprefix("torch.")
            raise ValueError(
                f"The input '{name}' is {kind} of shape {shape}; an IMAGE batch of shape (frames, "
                "height, width, 3 or 4) in [0, 1] is expected. Connect Load Image or Load Video."
            )
        if not all(shape):
            raise ValueError(
                f"The input '{name}' is {shape[0]} images of {shape[2]}x{shape[1]} pixels; at "
                "least one image is expected. Check the node that makes them."
            )
    return images


def check_crop_size(width: int, height: int, name: str, preset: Preset) -> None:
    """Refuse face crops that are whole pictures, where their shape tells it.

    Args:
        width: Pixels.
        height: Pixels.
        name: The input's id.
        preset: Of the model that takes them.

    Raises:
        ValueError: They are not square or larger than Crop Face's.
    """
    largest = max(preset.face_size_px, preset.output_size_px)
    if height != width or height > largest:
        with about(name):
            raise ValueError(
                f"The input '{name}' is {width}x{height} pixels; square face crops of at most "
                f"{largest} pixels a side are expected. Connect Crop Face, which cuts the face "
                "out of a picture."
            )


def no_images(value: object, name: str) -> ValueError:
    """The error for an input that is neither IMAGE nor VIDEO."""
    return ValueError(
        f"The input '{name}' is {type(value).__name__}; images (IMAGE) or a VIDEO are expected. "
        "Connect Load Image or Load Video."
    )


def pixels_of(image: Tensor) -> Pixels:
    """One image, (H, W, 3 or 4) in [0, 1] -> (H, W, 3) uint8; transparency is left out."""
    channels_first = image[..., :3].movedim(-1, 0)
    return library.tensors.pixels_from_tensor(torch.nan_to_num(channels_first.float()))


def image_of(pixels: Pixels) -> Tensor:
    """(H, W, 3) uint8 -> (H, W, 3) in [0, 1], in the type and on the device of ComfyUI's images."""
    levels = torch.from_numpy(np.ascontiguousarray(pixels))
    return runtime.intermediate_image(levels.to(torch.float32) / WHITE)


def alpha_of(image: Tensor) -> Tensor | None:
    """The transparency (H, W, 1) of an image (H, W, 3 or 4), where it has one."""
    alpha = image[..., 3:]
    return alpha if alpha.shape[-1] else None


def with_alpha(image: Tensor, alpha: Tensor | None) -> Tensor:
    """(H, W, 3) with a transparency (H, W, 1), where there is one of the same size."""
    if alpha is None or alpha.shape[:2] != image.shape[:2]:
        return image
    return torch.cat((image, alpha.to(image)), -1)
