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
    from .animation.drive import drive as drive
    from .animation.edit import edit_keypoints as edit_keypoints
    from .animation.face_trackers import FaceTrackers as FaceTrackers
    from .animation.inputs import DrivenKeypoints as DrivenKeypoints
    from .animation.render import RenderedFrame as RenderedFrame
    from .animation.render import render as render
    from .assets.shipped_blendshape_maps import shipped_blendshape_map as shipped_blendshape_map
    from .assets.shipped_expressions import expression_files as expression_files
    from .assets.shipped_expressions import load_preset as load_preset
    from .assets.shipped_expressions import save_preset as save_preset
    from .assets.shipped_motions import shipped_motions as shipped_motions
    from .assets.shipped_words import controls_from_text as controls_from_text
    from .assets.timeline_words import read_timeline as read_timeline
    from .errors import CheckpointError as CheckpointError
    from .errors import FaceNotFoundError as FaceNotFoundError
    from .errors import LivePortraitError as LivePortraitError
    from .errors import MediaError as MediaError
    from .errors import MotionSpaceError as MotionSpaceError
    from .face.faces import Faces as Faces
    from .face.faces import FaceTrack as FaceTrack
    from .imaging.tensors import Pixels as Pixels
    from .imaging.tensors import pixels_from_tensor as pixels_from_tensor
    from .imaging.tensors import tensor_from_pixels as tensor_from_pixels
    from .media.audio import Waveform as Waveform
    from .media.blendshape_file import load_blendshapes as load_blendshapes
    from .media.blendshape_file import save_blendshapes as save_blendshapes
    from .media.blendshape_map_file import load_blendshape_map as load_blendshape_map
    from .media.clips import Clip as Clip
    from .media.clips import Frames as Frames
    from .media.expression_file import load_expression as load_expression
    from .media.expression_file import save_expression as save_expression
    from .media.images import read_image as read_image
    from .media.images import write_image as write_image
    from .media.motion_file import load_motion as load_motion
    from .media.motion_file import save_motion as save_motion
    from .media.video import VideoReader as VideoReader
    from .media.video_writer import VideoWriter as VideoWriter
    from .model import LivePortraitModel as LivePortraitModel
    from .model import load_model as load_model
    from .model import save_model as save_model
    from .motion.blendshape_map import BlendshapeMap as BlendshapeMap
    from .motion.blendshape_map import blendshapes_of_motion as blendshapes_of_motion
    from .motion.blendshape_map import motion_of_blendshapes as motion_of_blendshapes
    from .motion.blendshape_options import CaptureOptions as CaptureOptions
    from .motion.blendshapes import Blendshapes as Blendshapes
    from .motion.change import change_motion as change_motion
    from .motion.control_options import Controls as Controls
    from .motion.controls import motion_of_controls as motion_of_controls
    from .motion.conversion import convert_motion as convert_motion
    from .motion.copying import controls_of_motion as controls_of_motion
    from .motion.copying import copied_expression as copied_expression
    from .motion.edit import driving_expression as driving_expression
    from .motion.edit import neutral_motion as neutral_motion
    from .motion.layers import layer_motions as layer_motions
    from .motion.life import idle_motion as idle_motion
    from .motion.life_options import IdleOptions as IdleOptions
    from .motion.reference import frame_of as frame_of
    from .motion.sequence import join_motions as join_motions
    from .motion.slider_options import Sliders as Sliders
    from .motion.speech_options import SpeechOptions as SpeechOptions
    from .motion.timeline import Timeline as Timeline
    from .motion.timeline_motion import motion_of_timeline as motion_of_timeline
    from .motion.timeline_writing import write_timeline as write_timeline
    from .motion.tool_options import ChangeOptions as ChangeOptions
    from .motion.tool_options import LayerOptions as LayerOptions
    from .motion.types import Motion as Motion
    from .options import AnimateOptions as AnimateOptions
    from .options import DrivingOptions as DrivingOptions
    from .options import Edit as Edit
    from .options import FaceOptions as FaceOptions
    from .options import Framing as Framing
    from .pipeline import animate as animate
    from .pipeline import prepare as prepare
    from .pipeline import read_motion as read_motion
    from .preset import Preset as Preset
    from .sessions.live import LiveFrame as LiveFrame
    from .sessions.live import LiveSession as LiveSession
    from .sessions.live_options import LiveOptions as LiveOptions
    from .sessions.portrait import PortraitSession as PortraitSession
    from .speech.sound import read_speech as read_speech
    from .speech.talking import motion_of_speech as motion_of_speech
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
    return sorted([*__all__, "__version__"])
