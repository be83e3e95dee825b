"""Inputs that several nodes have."""

from __future__ import annotations

from typing import Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.options import DrivingOptions, Edit, FaceOptions
from .schema import field
from .sockets import FacesSocket, KeypointsSocket, ModelSocket, OptionsSocket, VideoInfoSocket
from .widgets import OptionWidget

DEFAULT_FPS: Final = 25.0
FIXED_EYES: Final = 0.35
"""Default of eyes that are opened to a number: a usual opening."""
FIXED_LIP: Final = 0.0
REGION: Final = OptionWidget(spec=spec_of(DrivingOptions, "region"), id="region")
MOTION_MODE: Final = OptionWidget(spec=spec_of(DrivingOptions, "motion"), id="motion_mode")
GAIN: Final = OptionWidget(spec=spec_of(DrivingOptions, "gain"), id="gain", note="1 is as driven.")
STITCH: Final = OptionWidget(spec=spec_of(DrivingOptions, "stitch"), id="stitch")
FACE_INDEX: Final = OptionWidget(
    spec=spec_of(FaceOptions, "index"),
    id="face_index",
    note="With Find Faces: the number that Show Faces draws.",
)
EYES_OPEN, LIP_OPEN = (
    OptionWidget(
        spec=spec_of(Edit, name),
        id=name,
        unset=None,
        prefix="For 'fixed': ",
        note="0 is closed, 0.8 wide open.",
    )
    for name in ("eyes_open", "lip_open")
)


def model_field(tooltip: str = "From Load Model.") -> io.Input:
    """The model."""
    return field(ModelSocket, "model", tooltip=tooltip)


def images_field(
    name: str,
    tooltip: str = "Images (IMAGE, also a batch of video frames) or a VIDEO.",
    *,
    optional: bool = False,
) -> io.Input:
    """Images or a video."""
    return io.MultiType.Input(name, types=[io.Image, io.Video], tooltip=tooltip, optional=optional)


def faces_field(tooltip: str) -> io.Input:
    """The faces of a clip."""
    return field(FacesSocket, "faces", optional=True, tooltip=tooltip)


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
        tooltip="Frames per second of an IMAGE batch; connect the fps of Get Video Components. "
        "A VIDEO has its own.",
    )


def video_info_field() -> io.Input:
    """The frame rate of an IMAGE batch from Video Helper Suite."""
    return field(
        VideoInfoSocket,
        "video_info",
        optional=True,
        tooltip="Video Helper Suite's video_info of an IMAGE batch; it is used instead of fps.",
    )


def even_size_field() -> io.Input:
    """Whether a video's frames may be saved by nodes that need even sides."""
    return field(
        io.Boolean,
        "even_size",
        optional=True,
        default=True,
        advanced=True,
        tooltip="Make an odd width or height of several frames even by repeating the last column "
        "or row, as video files need it. A single image stays as it is.",
    )


def options_field(tooltip: str) -> io.Input:
    """Everything that Driving Options sets."""
    return field(OptionsSocket, "options", optional=True, tooltip=tooltip)


def keypoints_field() -> io.Input:
    """Source and driving keypoints of one face."""
    return field(
        KeypointsSocket,
        "keypoints",
        tooltip="From Transform Keypoints, or from another node that changes keypoints.",
    )
