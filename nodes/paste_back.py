"""Paste Back: rendered faces into their frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.errors import about, counted
from . import library, runtime
from .adapt.images import (
    alpha_of,
    checked_images,
    image_of,
    pixels_of,
    with_alpha,
    with_even_sides,
)
from .adapt.results import where_pasted
from .fields import even_size_field
from .schema import field, schema
from .sockets import Crops, CropsSocket, checked

if TYPE_CHECKING:
    from .adapt.results import Mask


class PasteBack(io.ComfyNode):
    """Whole frames with the new face in them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_PasteBack",
            display_name="Paste Back",
            description="Pastes rendered faces back where they were cropped, through a soft mask.",
            stage="stages",
            search_aliases=["LivePortraitComposite", "uncrop", "composite face"],
            inputs=[
                field(
                    io.Image,
                    "images",
                    tooltip="The source's frames: one, or as many as faces. Connect the result of "
                    "another Paste Back for several people in one image.",
                ),
                field(
                    io.Image,
                    "painted",
                    tooltip="From Warp & Decode; of any size, it covers the same area.",
                ),
                field(CropsSocket, "crops", tooltip="From Crop Face of the source."),
                field(
                    io.Mask,
                    "mask",
                    optional=True,
                    tooltip="Where to paste: as large as the rendered face or as the frame; one, "
                    "or one for each frame. Without it a soft square.",
                ),
                even_size_field(),
            ],
            outputs=[
                io.Image.Output(
                    "pasted", display_name="images", tooltip="The frames with the new face."
                ),
                io.Mask.Output(
                    "pasted_mask",
                    display_name="mask",
                    tooltip="Where the frames were changed; a single mask where the face keeps its "
                    "position.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        images: Tensor,
        painted: Tensor,
        crops: Crops,
        mask: Tensor | None = None,
        even_size: bool = True,
    ) -> io.NodeOutput:
        """Frame by frame."""
        images = checked_images(images, "images")
        painted = checked_images(painted, "painted")
        checked(crops, Crops, "crops")
        weights = _weights(mask, int(painted.shape[1]))
        pasted, masks = _pasted(images, painted, crops, weights)
        if even_size and len(pasted) > 1:
            pasted, masks = ([*map(with_even_sides, each)] for each in (pasted, masks))
        return io.NodeOutput(torch.stack(pasted), runtime.intermediate(torch.stack(masks)))


def _pasted(
    images: Tensor, painted: Tensor, crops: Crops, weights: list[Mask]
) -> tuple[list[Tensor], list[Tensor]]:
    """The frames with their faces, and where they were changed; one mask where that never moves."""
    num_frames = _num_frames(images, painted, crops, weights)
    progress = runtime.Progress()
    pasted: list[Tensor] = []
    masks: list[Tensor] = []
    for index in range(num_frames):
        image = images[index if len(images) > 1 else 0]
        transform = crops.transforms[index if len(crops.transforms) > 1 else 0]
        weight = weights[index if len(weights) > 1 else 0]
        frame = result = pixels_of(image)
        where = np.zeros(frame.shape[:2], np.float32)
        if not _is_missing(crops, index):
            face = pixels_of(painted[index])
            result = library.composite.paste_back_pixels(frame, face, transform, weight)
            where = where_pasted(transform, weight, face.shape[:2], frame.shape[:2])
        pasted.append(with_alpha(image_of(result), alpha_of(image)))
        if index == 0 or len(crops.transforms) > 1 or len(weights) > 1:
            masks.append(torch.from_numpy(where))
        progress.rendered(index + 1, num_frames, result)
    return pasted, masks


def _num_frames(images: Tensor, painted: Tensor, crops: Crops, weights: list[Mask]) -> int:
    """How many frames come out; every input has so many or one.

    Raises:
        ValueError: They do not fit together.
    """
    num_frames = len(painted)
    counts = {"images": len(images), "crops": len(crops.transforms), "mask": len(weights)}
    for name, count in counts.items():
        # a driver that ends early leaves frames of the source unused
        if count != 1 and count < num_frames:
            with about(name):
                raise ValueError(
                    f"'{name}' has {counted(count, 'frame')}; {num_frames}, one for each rendered "
                    "face, or a single one is expected. Connect what belongs to the same frames."
                )
    if painted.shape[1] != painted.shape[2]:
        with about("painted"):
            raise ValueError(
                f"The rendered faces are {painted.shape[2]}x{painted.shape[1]} pixels; squares are "
                "expected, as from Warp & Decode. Do not cut or stretch them."
            )
    return num_frames


def _weights(mask: Tensor | None, face_px: int) -> list[Mask]:
    if mask is None:
        return [library.composite.paste_mask(face_px).numpy()]
    masks = mask if mask.ndim > 2 else mask[None]  # noqa: PLR2004 - one mask without a batch axis
    return [one.detach().float().clamp(0, 1).cpu().numpy() for one in masks]


def _is_missing(crops: Crops, index: int) -> bool:
    if crops.track is None or len(crops.transforms) == 1:
        return False
    return crops.track.faces[index].state == "missing"


NODES: tuple[type[io.ComfyNode], ...] = (PasteBack,)
