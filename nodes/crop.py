"""Crop Face: the face of every frame, upright and framed as the model expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from comfy_api.latest import io
from torch import Tensor

from .. import liveportrait_core as core
from . import runtime
from .adapt.clips import check_same_size, clip_of, fps_of
from .adapt.images import image_of
from .faces import PICTURES_TOOLTIP, fps_field, video_info_field
from .schema import field, schema
from .sockets import Crops, CropsSocket, FacesSocket, LoadedModel, ModelSocket, checked

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core import CropTransform, Faces


class CropFace(io.ComfyNode):
    """Face crops and where they lie."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_CropFace",
            display_name="Crop Face",
            description="Cuts one face out of every frame, at the size and framing of the model.",
            stage="stages",
            search_aliases=["LivePortraitCropper"],
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model; it tells size and framing."),
                io.MultiType.Input("images", types=[io.Image, io.Video], tooltip=PICTURES_TOOLTIP),
                field(
                    FacesSocket,
                    "faces",
                    optional=True,
                    tooltip="From Find Faces, of the same pictures. Without it each frame counts "
                    "as a face crop already.",
                ),
                field(
                    io.Int,
                    "face_index",
                    default=0,
                    min=0,
                    max=63,
                    tooltip="Which face, by the number that Show Faces draws.",
                ),
                field(
                    io.Combo,
                    "role",
                    options=["source", "driver"],
                    default="source",
                    tooltip="source: each crop follows its face. driver: one upright crop for the "
                    "whole clip, so that the head's movement stays in it.",
                ),
                field(
                    io.Float,
                    "scale",
                    default=0.0,
                    min=0.0,
                    max=8.0,
                    step=0.05,
                    tooltip="Side of the crop over that of the face's landmarks; larger shows more "
                    "around the head. 0: as the model was trained (1.65 ours, 2.3 published).",
                ),
                field(
                    io.Float,
                    "shift_x",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.005,
                    advanced=True,
                    tooltip="Shifts the crop to the face's right, in crop sides, on top of the "
                    "model's own framing.",
                ),
                field(
                    io.Float,
                    "shift_y",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.005,
                    advanced=True,
                    tooltip="Shifts the crop towards the chin, in crop sides, on top of the "
                    "model's own framing.",
                ),
                field(
                    io.Boolean,
                    "rotate",
                    default=True,
                    advanced=True,
                    tooltip="Turn a source's face upright; a driver's crop is never turned.",
                ),
                fps_field(),
                video_info_field(),
            ],
            outputs=[
                io.Image.Output(
                    "cropped", display_name="images", tooltip="The face of every frame."
                ),
                CropsSocket.Output(
                    "crops",
                    display_name="crops",
                    tooltip="Where the crops lie, for Extract Motion and Paste Back.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        images: Tensor | Input.Video,
        face_index: int,
        role: Literal["source", "driver"],
        scale: float,
        shift_x: float,
        shift_y: float,
        rotate: bool,
        fps: float,
        faces: Faces | None = None,
        video_info: object = None,
    ) -> io.NodeOutput:
        """Frame the face, then cut it out of every frame."""
        clip = clip_of(images, "images", fps_of(fps, video_info))
        checked(model, LoadedModel, "model")
        if faces is not None:
            check_same_size(checked(faces, core.Faces, "faces"), clip, "images")
        framing = core.Framing(scale=scale or None, shift_x=shift_x, shift_y=shift_y, rotate=rotate)
        track = faces[face_index] if faces is not None else None
        transforms: list[CropTransform] = []
        if track is not None and role == "source":
            transforms = core.source_crops(model.model, track, framing, clip.fps)
        elif track is not None:
            transforms = core.driving_crops(model.model, track, framing)
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        counted = core.CountedClip(clip, progress.read)
        used: list[CropTransform] = []
        cropped: list[Tensor] = []
        for frame, transform in core.framed(model.model, counted, transforms, role):
            used.append(transform)
            cropped.append(image_of(core.crop_of(frame, transform)))
        if len(used) < len(transforms):
            raise ValueError(
                f"'images' has {len(used)} frames; {len(transforms)} are expected, where the faces "
                "were found. Connect the images that Find Faces got."
            )
        progress.finish()
        where = Crops(transforms=tuple(used), track=track, role=role, fps=clip.fps)
        return io.NodeOutput(torch.stack(cropped), where)


NODES: tuple[type[io.ComfyNode], ...] = (CropFace,)
