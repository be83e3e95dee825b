"""A model of the three small networks alone, and the motions that golden cases name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from liveportrait_core.checkpoints.keymaps import PUBLISHED_TO_OURS
from liveportrait_core.imaging.landmark_layouts import LIVEPORTRAIT_203, LandmarkLayout
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.openness import OpeningPair, OpennessPairs, eyes_open, lip_open
from liveportrait_core.motion.types import Motion
from liveportrait_core.networks.retargeting import eyes_mlp, lip_mlp, stitching_mlp
from liveportrait_core.preset import PAPER, Preset

from ..fill import published_state
from ..golden import GoldenFolder
from .weights import salt_of

Arrays = dict[str, np.ndarray]


def small_model(folder: GoldenFolder, preset: Preset = PAPER) -> LivePortraitModel:
    """S, R_eyes and R_lip with the golden weights; the large networks are not used."""
    nothing, salt = nn.Identity(), salt_of(folder)
    return LivePortraitModel(
        preset=preset,
        appearance=nothing,
        motion=nothing,
        warping=nothing,
        decoder=nothing,
        stitching=_filled("stitching", stitching_mlp(), salt),
        eyes=_filled("eyes", eyes_mlp(), salt),
        lip=_filled("lip", lip_mlp(), salt),
        origin="golden weights",
    )


def openness_pairs(layout: LandmarkLayout = LIVEPORTRAIT_203) -> OpennessPairs:
    """The pairs of a landmark layout that tell openness."""
    return OpennessPairs(
        first_eye=OpeningPair(height=layout.left_eye_lids, width=layout.left_eye_corners),
        second_eye=OpeningPair(height=layout.right_eye_lids, width=layout.right_eye_corners),
        lip=OpeningPair(height=layout.lip_height, width=layout.lip_width),
    )


def source_motion(arrays: Arrays, name: str, landmarks: str | None, space: str) -> Motion:
    """What the motion extractor gave for a source ("src.img"), with openness from landmarks."""
    part = _tensors(arrays, name)
    motion = Motion.from_degrees(
        pose_deg=torch.cat((part["pitch"], part["yaw"], part["roll"]), 1),
        expression=part["exp"],
        scale=part["scale"],
        translation=part["t"],
    )
    motion = replace(motion, canonical=part["kp"], space=space)
    if landmarks is None:
        return motion
    points = torch.from_numpy(arrays[landmarks]).reshape(-1, LIVEPORTRAIT_203.num_points, 2)
    pairs = openness_pairs()
    return replace(motion, eyes_open=eyes_open(points, pairs), lip_open=lip_open(points, pairs))


def driving_motion(arrays: Arrays, name: str, space: str) -> Motion:
    """A motion template ("drv.img")."""
    part = _tensors(arrays, name)
    motion = Motion.from_rotation(
        rotation=part["R"], expression=part["exp"], scale=part["scale"], translation=part["t"]
    )
    return replace(motion, eyes_open=part["c_eyes"], lip_open=part["c_lip"], space=space)


def _filled(network: str, net: nn.Module, salt: str) -> nn.Module:
    names = PUBLISHED_TO_OURS[network]
    state = published_state(network, PAPER, salt)
    net.load_state_dict({names[key]: value for key, value in state.items()})
    return net.eval()


def _tensors(arrays: Arrays, name: str) -> dict[str, Tensor]:
    prefix = name + "."
    return {
        key.removeprefix(prefix): torch.from_numpy(value)
        for key, value in arrays.items()
        if key.startswith(prefix)
    }
