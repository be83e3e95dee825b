"""LivePortrait as a library: the public names. Importing it does no work.

`docs/library.md` shows what people do with them; everything else is imported from its room.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # for type checkers, and the list that `__getattr__` looks a name up in
    from .animation.animation import Animation as Animation

    # of single steps, for the nodes
    from .animation.batching import ChunkSize as ChunkSize
    from .animation.batching import in_chunks as in_chunks
    from .animation.batching import memory_estimate as memory_estimate
    from .animation.crops import crop_of as crop_of
    from .animation.crops import driving_crops as driving_crops
    from .animation.crops import source_crops as source_crops
    from .animation.drive import amplify as amplify
    from .animation.drive import drive as drive
    from .animation.drive import move as move
    from .animation.drive import stitch_keypoints as stitch_keypoints
    from .animation.edit import edit_keypoints as edit_keypoints
    from .animation.face_trackers import FaceTrackers as FaceTrackers
    from .animation.inputs import DrivenKeypoints as DrivenKeypoints
    from .animation.inputs import DrivingInputs as DrivingInputs
    from .animation.inputs import check_space as check_space
    from .animation.inputs import prepare_inputs as prepare_inputs
    from .animation.read import face_tensor as face_tensor
    from .animation.read import frame_ranges as frame_ranges
    from .animation.read import framed as framed
    from .animation.read import read_crops as read_crops
    from .animation.render import RenderedFrame as RenderedFrame
    from .animation.render import render as render
    from .animation.retarget import close_source_lip as close_source_lip
    from .animation.retarget import hold_source_eyes as hold_source_eyes
    from .animation.retarget import open_eyes as open_eyes
    from .animation.retarget import open_lip as open_lip
    from .assets.shipped_motions import shipped_motions as shipped_motions
    from .checkpoints.manifest import file_named as file_named
    from .checkpoints.manifest import files_for as files_for
    from .errors import CheckpointError as CheckpointError
    from .errors import FaceNotFoundError as FaceNotFoundError
    from .errors import LivePortraitError as LivePortraitError
    from .errors import MediaError as MediaError
    from .errors import MotionSpaceError as MotionSpaceError
    from .face.faces import Faces as Faces
    from .face.faces import FaceTrack as FaceTrack
    from .imaging.composite import frame_mask as frame_mask
    from .imaging.composite import paste_back_pixels as paste_back_pixels
    from .imaging.composite import paste_mask as paste_mask
    from .imaging.crop import CropTransform as CropTransform
    from .imaging.tensors import Pixels as Pixels
    from .imaging.tensors import pixels_from_tensor as pixels_from_tensor
    from .imaging.tensors import tensor_from_pixels as tensor_from_pixels
    from .media.audio import Waveform as Waveform
    from .media.clips import Clip as Clip
    from .media.clips import CountedClip as CountedClip
    from .media.clips import Frames as Frames
    from .media.images import read_image as read_image
    from .media.images import write_image as write_image
    from .media.motion_file import load_motion as load_motion
    from .media.motion_file import save_motion as save_motion
    from .media.motion_pickle import motion_from_template as motion_from_template
    from .media.video import VideoReader as VideoReader
    from .media.video import VideoWriter as VideoWriter
    from .model import LivePortraitModel as LivePortraitModel
    from .model import load_model as load_model
    from .model import save_model as save_model
    from .motion.edit import driving_expression as driving_expression
    from .motion.edit import neutral_motion as neutral_motion
    from .motion.expression import Expression as Expression
    from .motion.types import Motion as Motion
    from .options import AnimateOptions as AnimateOptions
    from .options import DrivingOptions as DrivingOptions
    from .options import Edit as Edit
    from .options import FaceOptions as FaceOptions
    from .options import Framing as Framing
    from .pipeline import animate as animate
    from .pipeline import matched as matched
    from .pipeline import prepare as prepare
    from .pipeline import read_motion as read_motion
    from .pipeline import with_reference as with_reference
    from .preset import Preset as Preset
    from .stages import Crop as Crop
    from .stages import crop_face as crop_face
    from .stages import decode as decode
    from .stages import extract_appearance as extract_appearance
    from .stages import extract_motion as extract_motion
    from .stages import paste_back as paste_back
    from .stages import relative_motion as relative_motion
    from .stages import retarget_eyes as retarget_eyes
    from .stages import retarget_lip as retarget_lip
    from .stages import stitch as stitch
    from .stages import transform_keypoints as transform_keypoints
    from .stages import warp as warp
    from .stages import warp_decode as warp_decode
    from .viz.drawing import FaceMark as FaceMark
    from .viz.drawing import draw_faces as draw_faces
    from .viz.motion_plot import plot_motion as plot_motion

__version__: Final = "0.1.0"


def _homes() -> dict[str, str]:
    """Module of each public name, out of the imports above."""
    tree = ast.parse(Path(__file__).read_text("ascii"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: f".{node.module}" for node in imports for alias in node.names}


_HOME_OF: Final = _homes()
__all__ = list(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    """A public name, from its module, when it is first asked for."""
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
