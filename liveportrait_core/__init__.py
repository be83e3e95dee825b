"""LivePortrait as a library: the public names. Importing it does no work."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .animation.batching import ChunkSize, batched, in_chunks, memory_estimate
    from .animation.crops import crop_of, driving_crops, source_crops
    from .animation.drive import amplify, drive, move, stitch_keypoints
    from .animation.edit import edit_keypoints
    from .animation.finding import KnownFace, TrackedFaces, landmark_network
    from .animation.inputs import DrivenKeypoints, Scene, check_space, open_scene
    from .animation.read import (
        face_tensor,
        fill_gaps,
        frame_ranges,
        framed,
        read_crops,
        read_driving,
        read_source,
    )
    from .animation.readers import FaceChoice, FaceReaders
    from .animation.retarget import close_source_lip, hold_source_eyes, open_eyes, open_lip
    from .assets.shipped_motions import shipped_motions
    from .checkpoints.manifest import file_named, files_for
    from .errors import (
        CheckpointError,
        FaceNotFoundError,
        LivePortraitError,
        MediaError,
        MotionSpaceError,
    )
    from .face.faces import Faces, FaceTrack
    from .imaging.composite import frame_mask, paste_back_pixels, paste_mask
    from .imaging.crop import CropTransform
    from .imaging.tensors import Pixels, pixels_from_tensor, tensor_from_pixels
    from .media.audio import Waveform
    from .media.clips import Clip, CountedClip, Frames
    from .media.images import read_image, write_image
    from .media.motion_file import load_motion, save_motion
    from .media.motion_pickle import motion_from_template
    from .media.video import VideoReader, VideoWriter
    from .model import LivePortraitModel, load_model, save_model
    from .motion.edit import driving_expression, neutral_motion
    from .motion.expression import Expression
    from .motion.types import Motion
    from .options import AnimateOptions, DrivingOptions, Edit, FaceOptions, Framing
    from .pipeline import Animation, animate, matched, prepare, with_reference
    from .preset import Preset
    from .stages import (
        Crop,
        crop_face,
        decode,
        extract_appearance,
        extract_motion,
        paste_back,
        relative_motion,
        retarget_eyes,
        retarget_lip,
        stitch,
        transform_keypoints,
        warp,
        warp_decode,
    )
    from .viz.drawing import FaceMark, draw_faces
    from .viz.motion_plot import plot_motion

__version__: Final = "0.1.0"

_HOMES: Final = {
    "options": ("AnimateOptions", "DrivingOptions", "Edit", "FaceOptions", "Framing"),
    "checkpoints.manifest": (
        "file_named",
        "files_for",
    ),
    "animation.batching": (
        "ChunkSize",
        "batched",
        "in_chunks",
        "memory_estimate",
    ),
    "media.clips": (
        "Clip",
        "CountedClip",
        "Frames",
    ),
    "animation.drive": (
        "amplify",
        "drive",
        "move",
        "stitch_keypoints",
    ),
    "animation.edit": ("edit_keypoints",),
    "errors": (
        "CheckpointError",
        "FaceNotFoundError",
        "LivePortraitError",
        "MediaError",
        "MotionSpaceError",
    ),
    "face.faces": (
        "FaceTrack",
        "Faces",
    ),
    "animation.finding": (
        "KnownFace",
        "TrackedFaces",
        "landmark_network",
    ),
    "imaging.composite": (
        "frame_mask",
        "paste_back_pixels",
        "paste_mask",
    ),
    "imaging.crop": ("CropTransform",),
    "viz.drawing": (
        "FaceMark",
        "draw_faces",
    ),
    "imaging.tensors": (
        "Pixels",
        "pixels_from_tensor",
        "tensor_from_pixels",
    ),
    "media.audio": ("Waveform",),
    "media.images": (
        "read_image",
        "write_image",
    ),
    "media.motion_file": (
        "load_motion",
        "save_motion",
    ),
    "media.motion_pickle": ("motion_from_template",),
    "media.video": (
        "VideoReader",
        "VideoWriter",
    ),
    "model": (
        "LivePortraitModel",
        "load_model",
        "save_model",
    ),
    "motion.edit": (
        "driving_expression",
        "neutral_motion",
    ),
    "motion.expression": ("Expression",),
    "motion.types": ("Motion",),
    "assets.shipped_motions": ("shipped_motions",),
    "viz.motion_plot": ("plot_motion",),
    "pipeline": (
        "Animation",
        "animate",
        "matched",
        "prepare",
        "with_reference",
    ),
    "preset": ("Preset",),
    "animation.readers": (
        "FaceChoice",
        "FaceReaders",
    ),
    "animation.retarget": (
        "close_source_lip",
        "hold_source_eyes",
        "open_eyes",
        "open_lip",
    ),
    "animation.inputs": (
        "DrivenKeypoints",
        "check_space",
        "Scene",
        "open_scene",
    ),
    "animation.crops": (
        "crop_of",
        "driving_crops",
        "source_crops",
    ),
    "animation.read": (
        "face_tensor",
        "fill_gaps",
        "frame_ranges",
        "framed",
        "read_crops",
        "read_driving",
        "read_source",
    ),
    "stages": (
        "Crop",
        "crop_face",
        "decode",
        "extract_appearance",
        "extract_motion",
        "paste_back",
        "relative_motion",
        "retarget_eyes",
        "retarget_lip",
        "stitch",
        "transform_keypoints",
        "warp",
        "warp_decode",
    ),
}
"""Module of each public name."""
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] - found by __getattr__
    "AnimateOptions",
    "Animation",
    "CheckpointError",
    "ChunkSize",
    "Clip",
    "CountedClip",
    "Crop",
    "CropTransform",
    "DrivenKeypoints",
    "DrivingOptions",
    "Edit",
    "Expression",
    "FaceChoice",
    "FaceMark",
    "FaceNotFoundError",
    "FaceOptions",
    "FaceReaders",
    "FaceTrack",
    "Faces",
    "Frames",
    "Framing",
    "KnownFace",
    "LivePortraitError",
    "LivePortraitModel",
    "MediaError",
    "Motion",
    "MotionSpaceError",
    "Pixels",
    "Preset",
    "Scene",
    "TrackedFaces",
    "VideoReader",
    "VideoWriter",
    "Waveform",
    "amplify",
    "animate",
    "batched",
    "check_space",
    "close_source_lip",
    "crop_face",
    "crop_of",
    "decode",
    "draw_faces",
    "drive",
    "driving_crops",
    "driving_expression",
    "edit_keypoints",
    "extract_appearance",
    "extract_motion",
    "face_tensor",
    "file_named",
    "files_for",
    "fill_gaps",
    "frame_mask",
    "frame_ranges",
    "framed",
    "hold_source_eyes",
    "in_chunks",
    "landmark_network",
    "load_model",
    "load_motion",
    "matched",
    "memory_estimate",
    "motion_from_template",
    "move",
    "neutral_motion",
    "open_eyes",
    "open_lip",
    "open_scene",
    "paste_back",
    "paste_back_pixels",
    "paste_mask",
    "pixels_from_tensor",
    "plot_motion",
    "prepare",
    "read_crops",
    "read_driving",
    "read_image",
    "read_source",
    "relative_motion",
    "retarget_eyes",
    "retarget_lip",
    "save_model",
    "save_motion",
    "shipped_motions",
    "source_crops",
    "stitch",
    "stitch_keypoints",
    "tensor_from_pixels",
    "transform_keypoints",
    "warp",
    "warp_decode",
    "with_reference",
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
