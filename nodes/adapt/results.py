"""Animations of the library -> IMAGE batches and masks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .. import library, runtime
from .images import ImageBatch, alpha_of, image_of, pixels_of, with_alpha, with_even_sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...liveportrait_core.animation.animation import Animation
    from ...liveportrait_core.animation.render import RenderedFrame
    from ...liveportrait_core.imaging.crop import CropTransform
    from .clips import AnyClip

    Mask = NDArray[np.float32]


def rendered_images(
    animation: Animation,
    progress: runtime.Progress,
    background: AnyClip,
    *,
    even_size: bool,
) -> tuple[Tensor, Tensor]:
    """All frames in one batch, and where they were changed.

    Args:
        animation: What is rendered.
        progress: Shows every frame.
        background: The clip that is pasted into; images keep their transparency.
        even_size: Whether odd sides of several frames are made even.
    """
    sized = with_even_sides if even_size and len(animation) > 1 else _as_it_is
    images: Tensor | None = None
    masks: list[Tensor] = []
    mask = library.composite.paste_mask(animation.model.preset.output_size_px).numpy()
    with closing(library.render.render(animation)) as frames:
        for frame in frames:
            image = image_of(frame.picture)
            if isinstance(background, ImageBatch) and animation.options.pastes:
                like = background.images[frame.index if background.num_frames > 1 else 0]
                image = with_alpha(image, alpha_of(like))
            image = sized(image)
            if images is None:
                images = image.new_empty((len(animation), *image.shape))
            images[frame.index] = image
            if frame.index == 0 or animation.is_video:
                masks.append(sized(_mask_of(frame, mask, pastes=animation.options.pastes)))
            progress.rendered(frame.index + 1, len(animation), frame.picture)
    assert images is not None
    return images, runtime.intermediate(torch.stack(masks))


def face_images(animation: Animation, images: Tensor) -> Tensor:
    """The face of every rendered image alone, (N, S, S, 3) at the size that the model renders."""
    transforms = animation.read.transforms
    size_px = animation.model.preset.output_size_px
    crops = [
        library.crops.crop_of(
            pixels_of(image), transforms[index if animation.is_video else 0].resized(size_px)
        )
        for index, image in enumerate(images)
    ]
    return torch.stack([image_of(crop) for crop in crops])


def unchanged_images(clip: AnyClip, *, even_size: bool) -> tuple[Tensor, Tensor]:
    """The frames of a clip as they are, in one batch, and a mask that says so."""
    if isinstance(clip, ImageBatch):
        images = runtime.intermediate_image(clip.images)
    else:
        images = torch.stack([image_of(frame) for frame in clip])
    if even_size and len(images) > 1:
        images = torch.stack([with_even_sides(image) for image in images])
    return images, runtime.intermediate(torch.zeros(1, *images.shape[1:3]))


def _as_it_is(image: Tensor) -> Tensor:
    return image


def _mask_of(frame: RenderedFrame, mask: Mask, *, pastes: bool) -> Tensor:
    height, width = frame.picture.shape[:2]
    if frame.state == "missing":
        return torch.zeros(height, width)
    if not pastes:
        return torch.ones(height, width)
    face_size = mask.shape[0], mask.shape[1]
    return torch.from_numpy(where_pasted(frame.transform, mask, face_size, (height, width)))


def where_pasted(
    transform: CropTransform, mask: Mask, face_size: tuple[int, int], frame_size: tuple[int, int]
) -> Mask:
    """Where a frame was changed, and how strongly: (H, W) float32."""
    if mask.shape == face_size:
        return library.composite.frame_mask(transform, mask, frame_size)
    return (
        library.composite.frame_mask(transform, np.ones(face_size, np.float32), frame_size) * mask
    )
