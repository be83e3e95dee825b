"""The wires between our nodes: each socket's payload, written out.

Payloads are frozen and shared by every branch of a graph: no node changes one. Tensors are
float32 on ComfyUI's intermediate device, usually the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.errors import about

if TYPE_CHECKING:
    from comfy.model_patcher import ModelPatcher

    from ..liveportrait_core.animation.inputs import DrivenKeypoints, DrivingInputs
    from ..liveportrait_core.animation.kept import Kept
    from ..liveportrait_core.face.faces import FaceTrack
    from ..liveportrait_core.imaging.crop import CropTransform
    from ..liveportrait_core.model import LivePortraitModel
    from .adapt.running import LiveRuns

ModelSocket = io.Custom("LIVEPORTRAIT_MODEL")
FacesSocket = io.Custom("LIVEPORTRAIT_FACES")
# core's Faces: a track for each face; in it, for every frame, box (x, y, w, h) and landmarks in
# pixels of the frame, the landmarks' layout, score, face_id, state
CropsSocket = io.Custom("LIVEPORTRAIT_CROPS")
FeaturesSocket = io.Custom("LIVEPORTRAIT_FEATURES")
MotionSocket = io.Custom("LIVEPORTRAIT_MOTION")
# core's Motion: expression (N, 21, 3), scale (N, 1), translation (N, 3), pose_deg (N, 3) pitch,
# yaw, roll; optional canonical (N, 21, 3), eyes_open (N, 2), lip_open (N, 1), validity (N,),
# shot (N,); fps as a fraction, space, producer, reference_frame, reference, absent channels, parts
# of the face whose expression it carries, absolute channels and parts. The dict of a published
# template is taken as well, so that other packs can feed the wire without our classes.
BlendshapesSocket = io.Custom("LIVEPORTRAIT_BLENDSHAPES")
# core's Blendshapes: weights (N, 52) in the order of ARKIT_SHAPES, optional head_deg (N, 3) pitch,
# yaw, roll; the known shapes, fps as a fraction, producer
FaceLandmarksSocket = io.Custom("FACE_LANDMARKS")
# ComfyUI's own: {"frames": for each a list of faces with "blendshapes" and "transformation_matrix"}
KeypointsSocket = io.Custom("LIVEPORTRAIT_KEYPOINTS")
OptionsSocket = io.Custom("LIVEPORTRAIT_OPTIONS")
# core's AnimateOptions
BoundingBoxSocket = io.Custom("BOUNDING_BOX")
# ComfyUI's own: {x, y, width, height} in pixels, or a list of them
VideoInfoSocket = io.Custom("VHS_VIDEOINFO")
# Video Helper Suite's: {loaded_fps, source_fps, ...}


@dataclass(frozen=True, kw_only=True)  # no slots: it is kept by weak references
class LoadedModel:
    """LIVEPORTRAIT_MODEL: networks that ComfyUI loads and unloads."""

    model: LivePortraitModel
    patcher: ModelPatcher
    """ComfyUI's model patcher around all of the networks."""
    face_models: Path | None
    """Folder of the landmark and detection files to use; None takes ours."""
    kept: Kept
    """Faces, crops, motion and features that earlier runs with this model found; it goes when
    ComfyUI drops the output of Load Model, and its features when ComfyUI unloads the model."""
    live: LiveRuns
    """What Live Portrait keeps from run to run; it goes with `kept`."""
    plain: LoadedModel | None = None
    """Of a compiled model the same one as it was loaded, which previews draw with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """LIVEPORTRAIT_CROPS: where the crops of a clip's frames lie in them, and what they show."""

    transforms: tuple[CropTransform, ...]
    """One for each frame."""
    track: FaceTrack | None
    """The face in every frame; None where the frames were crops already."""
    role: Literal["source", "driver"]
    fps: Fraction
    travel: Tensor | None = None
    """How a driver's crops lie in those that its motion is measured in (`ClipCrops`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """LIVEPORTRAIT_FEATURES: f_s = F(I_s) of every source frame."""

    volume: Tensor
    """(N, C, D, H, W)."""
    origin: str
    """Model that they are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenFace:
    """LIVEPORTRAIT_KEYPOINTS: source and driving keypoints, and the motions they are made of."""

    keypoints: DrivenKeypoints
    """source_keypoints and driving_keypoints, (N, 21, 3) in crop units."""
    inputs: DrivingInputs
    origin: str
    """Model that they are for."""


_MADE_BY: Final = {
    "LoadedModel": ("LIVEPORTRAIT_MODEL", "Load Model"),
    "Faces": ("LIVEPORTRAIT_FACES", "Find Faces"),
    "Crops": ("LIVEPORTRAIT_CROPS", "Crop Face"),
    "Features": ("LIVEPORTRAIT_FEATURES", "Extract Appearance"),
    "DrivenFace": ("LIVEPORTRAIT_KEYPOINTS", "Transform Keypoints"),
    "AnimateOptions": ("LIVEPORTRAIT_OPTIONS", "Driving Options"),
}
Payload = TypeVar("Payload")


def checked(value: object, kind: type[Payload], name: str) -> Payload:
    """A payload of ours; nodes that pass on any value can connect another one.

    Args:
        value: What came over the wire.
        kind: The payload's class.
        name: The input's id.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, kind):
        return value
    socket, maker = _MADE_BY[kind.__name__]
    with about(name):
        raise ValueError(
            f"The input '{name}' is {type(value).__name__}; {socket} is expected. Connect {maker}."
        )
