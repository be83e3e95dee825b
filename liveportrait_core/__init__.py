"""LivePortrait as a library: the public names. Importing it does no work."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .clips import Clip, Frames, Framing
    from .driving import DrivenKeypoints, drive
    from .driving_options import DrivingOptions
    from .editing import edit_keypoints
    from .errors import (
        CheckpointError,
        FaceNotFoundError,
        LivePortraitError,
        MediaError,
        MotionSpaceError,
    )
    from .finding import TrackedFaces, landmark_network
    from .media.images import read_image, write_image
    from .media.motion_file import load_motion, save_motion
    from .media.video import VideoReader, VideoWriter
    from .model import LivePortraitModel, load_model, save_model
    from .motion.sliders import Expression
    from .motion.types import Motion
    from .pipeline import AnimateOptions, Animation, animate, prepare
    from .preset import Preset
    from .sources import read_driving, read_source
    from .stages import (
        Crop,
        crop_face,
        extract_appearance,
        extract_motion,
        paste_back,
        relative_motion,
        retarget_eyes,
        retarget_lip,
        stitch,
        transform_keypoints,
        warp_decode,
    )

__version__: Final = "0.1.0"

_HOMES: Final = {
    "clips": ("Clip", "Frames", "Framing"),
    "driving": ("DrivenKeypoints", "drive"),
    "driving_options": ("DrivingOptions",),
    "editing": ("edit_keypoints",),
    "errors": (
        "CheckpointError",
        "FaceNotFoundError",
        "LivePortraitError",
        "MediaError",
        "MotionSpaceError",
    ),
    "finding": ("TrackedFaces", "landmark_network"),
    "media.images": ("read_image", "write_image"),
    "media.motion_file": ("load_motion", "save_motion"),
    "media.video": ("VideoReader", "VideoWriter"),
    "model": ("LivePortraitModel", "load_model", "save_model"),
    "motion.sliders": ("Expression",),
    "motion.types": ("Motion",),
    "pipeline": ("AnimateOptions", "Animation", "animate", "prepare"),
    "preset": ("Preset",),
    "sources": ("read_driving", "read_source"),
    "stages": (
        "Crop",
        "crop_face",
        "extract_appearance",
        "extract_motion",
        "paste_back",
        "relative_motion",
        "retarget_eyes",
        "retarget_lip",
        "stitch",
        "transform_keypoints",
        "warp_decode",
    ),
}
"""Module of each public name."""
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] - found by __getattr__
    "AnimateOptions",
    "Animation",
    "CheckpointError",
    "Clip",
    "Crop",
    "DrivenKeypoints",
    "DrivingOptions",
    "Expression",
    "FaceNotFoundError",
    "Frames",
    "Framing",
    "LivePortraitError",
    "LivePortraitModel",
    "MediaError",
    "Motion",
    "MotionSpaceError",
    "Preset",
    "TrackedFaces",
    "VideoReader",
    "VideoWriter",
    "animate",
    "crop_face",
    "drive",
    "edit_keypoints",
    "extract_appearance",
    "extract_motion",
    "landmark_network",
    "load_model",
    "load_motion",
    "paste_back",
    "prepare",
    "read_driving",
    "read_image",
    "read_source",
    "relative_motion",
    "retarget_eyes",
    "retarget_lip",
    "save_model",
    "save_motion",
    "stitch",
    "transform_keypoints",
    "warp_decode",
    "write_image",
]


def __getattr__(name: str) -> object:
    """A public name, from its module, when it is first asked for."""
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
