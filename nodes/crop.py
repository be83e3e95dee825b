"""Crop Face: the face of every frame, upright and framed as the model expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import torch
from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import about, counted
from ..liveportrait_core.face.faces import Faces
from ..liveportrait_core.options import AnimateOptions, DrivingCrop, Framing, Role
from . import library, runtime
from .adapt.clips import check_same_size, clip_of, fps_of
from .adapt.images import image_of
from .adapt.whole_pictures import are_whole_pictures
from .fields import FACE_INDEX, faces_field, fps_field, images_field, model_field, video_info_field
from .schema import field, schema
from .sockets import Crops, CropsSocket, LoadedModel, checked
from .widgets import OptionWidget

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core.face.faces import Faces
    from ..liveportrait_core.imaging.crop import CropTransform
    from ..liveportrait_core.model import LivePortraitModel
    from .adapt.clips import AnyClip


SCALE: Final = OptionWidget(
    spec=spec_of(Framing, "scale"),
    id="scale",
    unset=0.0,
    note="A larger one shows more around the head.",
)
ADVANCED: Final = tuple(
    OptionWidget(spec=spec_of(Framing, name), id=name, note=note)
    for name, note in (
        ("shift_x", "In sides of the crop."),
        ("shift_y", "In sides of the crop."),
        ("rotate", "A driver's crop is never turned."),
    )
)
DRIVING_CROP: Final = OptionWidget(
    spec=spec_of(AnimateOptions, "driving_crop"),
    id="driving_crop",
    note="The motion keeps the travel either way. Of no account for a source, whose crops always "
    "follow.",
)
NO_FACES: Final = (
    "no faces are connected: each whole picture is taken as a face crop. Connect Find Faces"
)


class CropFace(io.ComfyNode):
    """Face crops and their positions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_CropFace",
            display_name="Crop Face",
            description="Cuts one face out of every frame, at the size and framing of the model.",
            stage="stages",
            search_aliases=["LivePortraitCropper", "face crop"],
            inputs=[
                model_field("From Load Model; it sets size and framing."),
                images_field("images"),
                faces_field(
                    "From Find Faces, of the same images. Without it each frame is taken "
                    "as a face crop."
                ),
                FACE_INDEX.field(),
                field(
                    io.Combo,
                    "role",
                    options=list(get_args(Role)),
                    default="source",
                    tooltip="source: each crop follows its face. driver: an upright crop that "
                    "keeps the head's movement.",
                ),
                SCALE.field(),
                *(widget.field(advanced=True) for widget in ADVANCED),
                fps_field(),
                video_info_field(),
                DRIVING_CROP.field(advanced=True, optional=True),
            ],
            outputs=[
                io.Image.Output(
                    "cropped", display_name="images", tooltip="The face of every frame."
                ),
                CropsSocket.Output(
                    "crops",
                    display_name="crops",
                    tooltip="Position of the crops, for Extract Motion and Paste Back.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        images: Tensor | Input.Video,
        face_index: int,
        role: Role,
        scale: float,
        shift_x: float,
        shift_y: float,
        rotate: bool,
        fps: float,
        faces: Faces | None = None,
        video_info: object = None,
        driving_crop: DrivingCrop | None = None,
    ) -> io.NodeOutput:
        """Frame the face, then cut it out of every frame."""
        clip = clip_of(images, "images", fps_of(fps, video_info))
        checked(model, LoadedModel, "model")
        if faces is not None:
            check_same_size(checked(faces, Faces, "faces"), clip, "images")
        elif are_whole_pictures(runtime.on_device(model), model, clip):
            runtime.show_text(cls, NO_FACES)
        framing = Framing(scale=scale or None, shift_x=shift_x, shift_y=shift_y, rotate=rotate)
        track = faces[face_index] if faces is not None else None
        transforms: list[CropTransform] = []
        travel: Tensor | None = None
        if track is not None:
            framed = library.crops.clip_crops(
                model.model,
                track,
                framing,
                clip,
                role,
                driving_crop=driving_crop or AnimateOptions().driving_crop,
            )
            track, transforms, travel = framed.track, list(framed.transforms), framed.travel
        cropped, used = _cropped(model.model, clip, transforms, role)
        crops = Crops(transforms=tuple(used), track=track, role=role, fps=clip.fps, travel=travel)
        return io.NodeOutput(torch.stack(cropped), crops)


def _cropped(
    model: LivePortraitModel, clip: AnyClip, transforms: list[CropTransform], role: Role
) -> tuple[list[Tensor], list[CropTransform]]:
    """The face of every frame and where it lies; without `transforms` the whole frame.

    Raises:
        ValueError: There are fewer frames than transforms.
    """
    progress = runtime.Progress(reading_steps=runtime.STEPS)
    clip_read = library.clips.CountedClip(clip, progress.read)
    used: list[CropTransform] = []
    cropped: list[Tensor] = []
    for frame, transform in library.read.framed(model, clip_read, transforms, role):
        used.append(transform)
        cropped.append(image_of(library.crops.crop_of(frame, transform)))
    if len(used) < len(transforms):
        with about("images"):
            raise ValueError(
                f"'images' has {counted(len(used), 'frame')}; {len(transforms)} are expected, "
                "where the faces were found. Connect the images that Find Faces got."
            )
    progress.finish()
    return cropped, used


NODES: tuple[type[io.ComfyNode], ...] = (CropFace,)
