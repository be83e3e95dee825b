"""Find Faces and Show Faces: which faces are in the images, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.config.find_options import FindOptions
from ..liveportrait_core.errors import about, counted
from ..liveportrait_core.face.faces import Faces
from ..liveportrait_core.options import FaceOptions
from ..liveportrait_core.warned import HeardWarnings
from . import library, runtime
from .adapt.boxes import box_of
from .adapt.clips import check_same_size, clip_of, fps_of
from .adapt.images import ImageBatch, checked_images, image_of, pixels_of
from .fields import fps_field, images_field, model_field, video_info_field
from .schema import field, schema
from .sockets import (
    BoundingBoxSocket,
    FacesSocket,
    LoadedModel,
    checked,
)
from .widgets import OptionWidget

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core.config.find_options import FaceOrder


MAX_FACES, ORDER = (
    OptionWidget(spec=spec_of(FindOptions, name), id=name) for name in ("max_faces", "order")
)
MIN_SCORE: Final = OptionWidget(spec=spec_of(FaceOptions, "min_score"), id="min_score", unset=0.0)
NO_FACES: Final = "no faces are connected: the images are shown as they are"


class FindFaces(io.ComfyNode):
    """Boxes, landmarks and numbers of the faces."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_FindFaces",
            display_name="Find Faces",
            description="Finds every face and tracks it through all frames under one number.",
            stage="stages",
            has_intermediate_output=True,
            search_aliases=[
                "LivePortraitCropper",
                "face detection",
                "detect faces",
                "face detector",
            ],
            inputs=[
                model_field("From Load Model; it finds the landmarks."),
                images_field("images"),
                MAX_FACES.field(),
                ORDER.field(),
                field(
                    io.String,
                    "box",
                    default="",
                    tooltip="Marks one face by hand: x, y, width, height in pixels of the first "
                    "frame, as 120, 80, 200, 200. Empty searches. For animals from above the eyes "
                    "to the chin.",
                ),
                fps_field(),
                *_mark_fields(),
                video_info_field(),
                MIN_SCORE.field(advanced=True, optional=True),
            ],
            outputs=[
                FacesSocket.Output(
                    "faces",
                    display_name="faces",
                    tooltip="Boxes, landmarks and numbers in every frame.",
                ),
                io.Int.Output("count", display_name="count", tooltip="How many faces there are."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        images: Tensor | Input.Video,
        max_faces: int,
        order: FaceOrder,
        box: str,
        fps: float,
        bounding_box: object = None,
        mask: Tensor | None = None,
        video_info: object = None,
        min_score: float = 0.0,
    ) -> io.NodeOutput:
        """Read the frames once."""
        clip = clip_of(images, "images", fps_of(fps, video_info))
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        net = runtime.on_device(model)
        trackers = library.face_trackers.FaceTrackers(net, model.face_models)
        marked = box_of(box, clip, bounding_box, mask)
        clip_read = library.clips.CountedClip(clip, progress.read)
        face = FaceOptions(box=marked, min_score=min_score or None)
        options = FindOptions(max_faces=max_faces, order=order)
        with about("images"), HeardWarnings() as heard:
            faces = trackers.find_all(clip_read, face=face, options=options)
        faces = replace(faces, source_crop=net.preset.source_framing)
        progress.finish()
        text = "\n".join([*heard.texts, _summary(faces)])
        runtime.show_text(cls, text)
        # shown again on a page that is opened later, where the faces are still there
        return io.NodeOutput(faces, len(faces), ui={runtime.KEPT_TEXT: [text]})


def _mark_fields() -> list[io.Input]:
    """Other ways than the written box to mark one face."""
    return [
        field(
            BoundingBoxSocket,
            "bounding_box",
            optional=True,
            # newer front ends make a widget of this type, which always has a value
            extra_dict={"forceInput": True},
            tooltip="Marks one face by another node's box, instead of the written one.",
        ),
        field(
            io.Mask,
            "mask",
            optional=True,
            tooltip="Marks one face by a mask of the first frame: the box around it.",
        ),
    ]


class ShowFaces(io.ComfyNode):
    """The faces drawn on their frames."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ShowFaces",
            display_name="Show Faces",
            description="Draws numbered boxes, landmarks and crops, to see which face has which "
            "number.",
            stage="tools",
            search_aliases=[
                *("LivePortrait KeypointsToImage", "landmarks", "draw faces", "face box"),
                "crop box",
            ],
            is_output_node=True,
            has_intermediate_output=True,
            inputs=[
                field(io.Image, "images", tooltip="The images in which the faces were found."),
                field(
                    FacesSocket,
                    "faces",
                    optional=True,  # Find Faces may be bypassed or muted
                    tooltip="From Find Faces. Without them the images are shown as they are.",
                ),
                field(
                    io.Boolean,
                    "boxes",
                    default=True,
                    tooltip="Draw each face's box and number; dashed where it was not measured.",
                ),
                field(io.Boolean, "landmarks", default=True, tooltip="Draw each face's landmarks."),
                field(
                    io.Boolean,
                    "crop",
                    default=True,
                    optional=True,
                    tooltip="Draw the edge of the square around each face that Animate Portrait "
                    "reads and renders; Crop Face and Driving Options may frame it otherwise.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    "marked", display_name="images", tooltip="The images with the marks."
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        images: Tensor,
        boxes: bool,
        landmarks: bool,
        faces: Faces | None = None,
        crop: bool = True,
    ) -> io.NodeOutput:
        """Draw on every frame."""
        images = checked_images(images, "images")
        if faces is None:
            runtime.show_text(cls, NO_FACES)
            return io.NodeOutput(images, ui=ui.PreviewImage(images, cls=cls))
        check_same_size(checked(faces, Faces, "faces"), ImageBatch(images, faces.fps), "images")
        if faces.num_frames not in (1, len(images)):
            with about("images"):
                raise ValueError(
                    f"'images' has {counted(len(images), 'frame')}; {faces.num_frames} are "
                    "expected, where the faces were found. Connect the images that Find Faces got."
                )
        progress = runtime.Progress()
        edges = library.face_marks.edges_of(faces) if crop else {}
        drawn: list[Tensor] = []
        for index, image in enumerate(images):
            marks = library.face_marks.marks_of(faces, index if faces.num_frames > 1 else 0, edges)
            pixels = library.drawing.draw_faces(
                pixels_of(image), marks, boxes=boxes, points=landmarks
            )
            drawn.append(image_of(pixels))
            progress.rendered(index + 1, len(images))
        marked = torch.stack(drawn)
        return io.NodeOutput(marked, ui=ui.PreviewImage(marked, cls=cls))


def _summary(faces: Faces) -> str:
    """How many there are, how large each is where it is first seen, and where it is not seen."""
    number, length = counted(len(faces), "face"), counted(faces.num_frames, "frame")
    lines: list[str] = []
    for track in faces.tracks:
        unseen = track.unmeasured
        _, _, width, height = next(f.box for f in track.faces if f.state == "measured")
        lost = f", not seen in {library.frame_numbers.frame_ranges(unseen)}" if unseen else ""
        lines.append(f"face {track.face_id}: {width:.0f}x{height:.0f} px{lost}")
    # Nodes 2.0 show it as one line
    return f"{number} in {length} of {faces.width}x{faces.height} px:\n" + ";\n".join(lines)


NODES: tuple[type[io.ComfyNode], ...] = (FindFaces, ShowFaces)
