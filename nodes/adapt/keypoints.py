"""LIVEPORTRAIT_KEYPOINTS <-> the keypoints that the library's steps take, where they compute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...liveportrait_core.errors import about
from .. import runtime
from ..sockets import DrivenFace, LoadedModel, checked

if TYPE_CHECKING:
    from ...liveportrait_core.animation.inputs import DrivenKeypoints, DrivingInputs
    from ...liveportrait_core.model import LivePortraitModel


def check_origin(origin: str, model: LivePortraitModel, what: str) -> None:
    """Refuse what was made with another model.

    Raises:
        ValueError: It was.
    """
    if origin != model.origin:
        with about(what):
            raise ValueError(
                f"The {what} are of the model {origin or 'in memory'}; those of "
                f"{model.origin or 'another one'}, which is connected here, are expected. Connect "
                "the same Load Model to every node of one face."
            )


def on_device(
    loaded: LoadedModel, face: DrivenFace
) -> tuple[LivePortraitModel, DrivingInputs, DrivenKeypoints]:
    """The model, the motions and the keypoints, all on the device that computes.

    Raises:
        ValueError: The keypoints are for another model.
    """
    checked(loaded, LoadedModel, "model")
    check_origin(checked(face, DrivenFace, "keypoints").origin, loaded.model, "keypoints")
    net = runtime.on_device(loaded)
    inputs = replace(
        face.inputs,
        source=face.inputs.source.to(net.device),
        driving=face.inputs.driving.to(net.device),
        reference=face.inputs.reference.to(net.device),
    )
    keypoints = replace(
        face.keypoints,
        source_keypoints=face.keypoints.source_keypoints.to(net.device),
        driving_keypoints=face.keypoints.driving_keypoints.to(net.device),
    )
    return net, inputs, keypoints


def with_keypoints(face: DrivenFace, points: DrivenKeypoints) -> DrivenFace:
    """The face with other keypoints, on the device where ComfyUI keeps results."""
    keypoints = replace(
        face.keypoints,
        source_keypoints=runtime.intermediate(points.source_keypoints),
        driving_keypoints=runtime.intermediate(points.driving_keypoints),
        stitched=points.stitched,
    )
    return replace(face, keypoints=keypoints)
