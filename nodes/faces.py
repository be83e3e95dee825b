"""Find Faces and Show Faces: who is in the picture, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from .. import liveportrait_core as core
from ..liveportrait_core.face.faces import FaceOrder
from . import runtime
from .adapt.boxes import box_of
from .adapt.clips import DEFAULT_FPS, check_same_size, clip_of, fps_of
from .adapt.images import ImageBatch, checked_images, image_of, pixels_of
from .schema import field, schema
from .sockets import (
    BoundingBoxSocket,
    FacesSocket,
    LoadedModel,
    ModelSocket,
    VideoInfoSocket,
    checked,
)

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core import FaceMark, Faces

PICTURES_TOOLTIP: Final = "Pictures (IMAGE, also a batch of video frames) or a VIDEO."
FPS_TOOLTIP: Final = (
    "Frames per second of an IMAGE batch; connect the fps of Get Video Components. A VIDEO tells "
    "its own."
)


def fps_field() -> io.Input:
    """The frame rate of an IMAGE batch."""
    return field(
        io.Float,
        "fps",
        default=DEFAULT_FPS,
        min=0.01,
        max=1000.0,
        step=0.001,
        advanced=True,
        tooltip=FPS_TOOLTIP,
    )


def video_info_field() -> io.Input:
    """The frame rate of an IMAGE batch as Video Helper Suite tells it."""
    return field(
        VideoInfoSocket,
        "video_info",
        optional=True,
        tooltip="Video Helper Suite's video_info of an IMAGE batch; it goes before fps.",
    )


class FindFaces(io.ComfyNode):
    """Boxes, landmarks and numbers of the faces."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_FindFaces",
            display_name="Find Faces",
            description="Finds every face and follows it through all frames under one number.",
            stage="stages",
            search_aliases=["LivePortraitCropper", "face detection"],
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model; it reads the landmarks."),
                io.MultiType.Input("images", types=[io.Image, io.Video], tooltip=PICTURES_TOOLTIP),
                field(
                    io.Int,
                    "max_faces",
                    default=8,
                    min=1,
                    max=64,
                    tooltip="How many faces are followed at most.",
                ),
                field(
                    io.Combo,
                    "order",
                    options=list(get_args(FaceOrder)),
                    default="large-small",
                    tooltip="Which face gets number 0, which 1, and so on, in the first frame that "
                    "shows one.",
                ),
                field(
                    io.String,
                    "box",
                    default="",
                    tooltip="Marks one face by hand: x, y, width, height in pixels of the first "
                    "frame, as 120, 80, 200, 200. Empty searches. For animals from above the eyes "
                    "to the chin.",
                ),
                fps_field(),
                field(
                    BoundingBoxSocket,
                    "bounding_box",
                    optional=True,
                    # newer front ends make a widget of this type, which always has a value
                    extra_dict={"forceInput": True},
                    tooltip="Marks one face by another node's box; goes before the written one.",
                ),
                field(
                    io.Mask,
                    "mask",
                    optional=True,
                    tooltip="Marks one face by a mask of the first frame: the box around it.",
                ),
                video_info_field(),
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
    ) -> io.NodeOutput:
        """Read the frames once."""
        clip = clip_of(images, "images", fps_of(fps, video_info))
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        trackers = core.FaceTrackers(runtime.on_device(model), model.face_models)
        marked = box_of(box, clip, bounding_box, mask)
        counted = core.CountedClip(clip, progress.read)
        faces = trackers.find_all(counted, box=marked, max_faces=max_faces, order=order)
        progress.finish()
        runtime.show_text(cls, _summary(faces))
        return io.NodeOutput(faces, len(faces))


class ShowFaces(io.ComfyNode):
    """The faces drawn on their frames."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ShowFaces",
            display_name="Show Faces",
            description="Draws numbered boxes and landmarks, to see which face has which number.",
            stage="tools",
            search_aliases=["LivePortrait KeypointsToImage", "landmarks"],
            is_output_node=True,
            has_intermediate_output=True,
            inputs=[
                field(io.Image, "images", tooltip="The pictures that the faces were found in."),
                field(FacesSocket, "faces", tooltip="From Find Faces."),
                field(
                    io.Boolean,
                    "boxes",
                    default=True,
                    tooltip="Draw each face's box with its number; a broken line was not measured.",
                ),
                field(io.Boolean, "landmarks", default=True, tooltip="Draw each face's landmarks."),
            ],
            outputs=[
                io.Image.Output(
                    "marked", display_name="images", tooltip="The pictures with the marks."
                )
            ],
        )

    @classmethod
    def execute(cls, images: Tensor, faces: Faces, boxes: bool, landmarks: bool) -> io.NodeOutput:
        """Draw on every frame."""
        images = checked_images(images, "images")
        check_same_size(
            checked(faces, core.Faces, "faces"), ImageBatch(images, faces.fps), "images"
        )
        if faces.num_frames not in (1, len(images)):
            raise ValueError(
                f"'images' has {len(images)} frames; {faces.num_frames} are expected, where the "
                "faces were found. Connect the images that Find Faces got."
            )
        progress = runtime.Progress()
        drawn: list[Tensor] = []
        for index, image in enumerate(images):
            marks = marks_of(faces, index if faces.num_frames > 1 else 0)
            pixels = core.draw_faces(pixels_of(image), marks, boxes=boxes, points=landmarks)
            drawn.append(image_of(pixels))
            progress.rendered(index + 1, len(images))
        marked = torch.stack(drawn)
        return io.NodeOutput(marked, ui=ui.PreviewImage(marked, cls=cls))


def marks_of(faces: Faces, frame: int) -> list[FaceMark]:
    """What `draw_faces` draws in a frame."""
    return [
        core.FaceMark(
            box=face.box, number=track.face_id, points=face.landmarks.points, state=face.state
        )
        for track in faces.tracks
        for face in (track.faces[frame],)
    ]


def _summary(faces: Faces) -> str:
    lines = [f"{len(faces)} face{'s' * (len(faces) != 1)} in {faces.num_frames} frames"]
    for track in faces.tracks:
        unseen = [index for index, face in enumerate(track.faces) if face.state != "measured"]
        if unseen:
            lines.append(f"face {track.face_id} not seen in {core.frame_ranges(unseen)}")
    return "; ".join(lines)


NODES: tuple[type[io.ComfyNode], ...] = (FindFaces, ShowFaces)
