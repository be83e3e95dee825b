"""Faces as stage 2 looks at them: what the frozen base makes of them, and what is read in them.

A compact base names its keypoints, so that it reads lids and lips itself. The keypoints of a base
of the paper's architecture have no names; there a compact model (`landmark_model`) says where
lids and lips are, in the source and in the generated picture (Eq. 6: the openings of I_p).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from liveportrait_core.constants import CompactKeypoint
from liveportrait_core.geometry import full_precision
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion, concatenate
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.networks.compact.warping import CompactWarped
from liveportrait_core.stages import (
    decode,
    extract_appearance,
    extract_motion,
    relative_motion,
    retarget_eyes,
    retarget_lip,
    transform_keypoints,
    warp,
)

from ..losses.keypoints import EYE_POINTS, MOUTH_POINTS, compact_eyes_open, compact_lip_open
from .paper_step import safe_for_volumes

FACE_SIGMA = 0.15
"""How far about its keypoints a face reaches for sure, crop units."""
PARTS: Mapping[str, tuple[Callable[[Tensor], Tensor], slice, float]] = {
    "eyes": (compact_eyes_open, EYE_POINTS, 0.08),
    "lip": (compact_lip_open, MOUTH_POINTS, 0.14),
}
"""How each part's opening is read, its keypoints, and how far around them it may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingBatch:
    """What a step of stage 2 draws."""

    sources: Tensor
    """(B, 3, h, h) bytes."""
    masks: Tensor
    """(n, 1, h, h) M_st of the labelled sources, which come first: where pictures may change."""
    drivers: tuple[Tensor, ...]
    """(B, 3, h, h) bytes of reference and driving frames; nothing where S does not learn."""
    openings: Tensor
    """(B, 2) wanted, of eyes and of lips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Source faces with everything of them that does not depend on the small networks."""

    volume: Tensor
    keypoints: Tensor
    """(B, K, 3) in the base's space."""
    landmarks: Tensor
    """(B, 21, 3) the points of `CompactKeypoint`; of a compact base its keypoints."""
    motion: Motion
    reconstructed: Tensor
    """(B, 3, h, h): I_recon, the source driven by itself."""


def faces_of(
    model: LivePortraitModel, image: Tensor, landmark_model: LivePortraitModel | None = None
) -> Faces:
    """The sources and their reconstruction, without gradient.

    Args:
        model: The base.
        image: (B, 3, h, h) in [0, 1]; a base of the paper's architecture takes it at its own side.
        landmark_model: Compact model that reads for such a base, made for pictures of side h.
    """
    with torch.no_grad():
        volume = extract_appearance(model, resize(image, model.preset.face_size_px))
        motion = motion_of(model, image)
        keypoints = keypoints_of(model, motion)
        landmarks = (
            keypoints if landmark_model is None else landmarks_of(model, image, landmark_model)
        )
        reconstructed = generate(model, volume, keypoints, keypoints)
    return Faces(
        volume=volume,
        keypoints=keypoints,
        landmarks=landmarks,
        motion=motion,
        reconstructed=reconstructed,
    )


def motion_of(model: LivePortraitModel, image: Tensor) -> Motion:
    """What M reads in (B, 3, h, h) pictures of any side."""
    with _exact(model):
        return extract_motion(model, resize(image, model.preset.face_size_px))


def keypoints_of(model: LivePortraitModel, motion: Motion) -> Tensor:
    """(B, K, 3) keypoints of motions (Eq. 2)."""
    with _exact(model):
        return transform_keypoints(motion)


def landmarks_of(
    model: LivePortraitModel, image: Tensor, landmark_model: LivePortraitModel | None = None
) -> Tensor:
    """(B, 21, 3) the points of `CompactKeypoint` in (B, 3, h, h) pictures, with gradient."""
    network = (landmark_model or model).motion
    assert isinstance(network, CompactMotionExtractor)
    with _exact(model):
        return network.read(image).keypoints


def generate(model: LivePortraitModel, volume: Tensor, source: Tensor, driving: Tensor) -> Tensor:
    """`warp_decode` for training, also in mixed precision: G(W(f_s; x_s, x_d))."""
    published = model.preset.family == "published"
    with safe_for_volumes(volume.device) if published else nullcontext():
        warped = warp(model, volume, source, driving)
    return decode(model, warped)


@torch.no_grad()
def seen_heads(model: LivePortraitModel, faces: Faces, first: int) -> Tensor:
    """(B - first, 1, h, h): where a compact model sees heads, from 0 to 1, from `first` on."""
    volume, keypoints = faces.volume[first:], faces.keypoints[first:]
    size = faces.reconstructed.shape[-1]
    if not len(volume):
        return faces.reconstructed.new_zeros(0, 1, size, size)
    warped = warp(model, volume, keypoints, keypoints)
    assert isinstance(warped, CompactWarped)
    near = heat_maps(keypoints, size, FACE_SIGMA).sum(1, keepdim=True).clamp(max=1)
    return torch.maximum(resize(warped.head_logit.sigmoid(), size), near)


def below_chins(landmarks: Tensor, size: int) -> Tensor:
    """(B, 1, size, 1): 1 in rows below the chin of (B, 21, 3) landmarks, 0 above."""
    rows = (torch.arange(size, device=landmarks.device) + 0.5) / size * 2 - 1
    chins = landmarks[:, CompactKeypoint.CHIN, 1]
    return (rows > chins[:, None]).to(landmarks.dtype)[:, None, :, None]


def retargeted(
    model: LivePortraitModel, faces: Faces, part: str, target: Tensor
) -> tuple[Tensor, Tensor]:
    """The offset and the picture for a target opening (B, 1) of `eyes` or `lip`."""
    measure = PARTS[part][0]
    verb = retarget_eyes if part == "eyes" else retarget_lip
    condition = torch.cat((measure(faces.landmarks), target), 1)
    offset = verb(model, faces.keypoints, condition)
    return offset, generate(model, faces.volume, faces.keypoints, faces.keypoints + offset)


def driven_keypoints(
    model: LivePortraitModel, sources: Motion, reference: Tensor, driving: Tensor
) -> Tensor:
    """(B, K, 3): each source moved as its own driver moved since its reference (Eq. 7).

    Args:
        model: The base.
        sources: Of B faces.
        reference: (B, 3, h, h) a frame of each driver.
        driving: (B, 3, h, h) another.
    """
    with torch.no_grad(), _exact(model):
        still, moved = (motion_of(model, image) for image in (reference, driving))
        each = [
            relative_motion(sources[i], moved[i], still[i]).describe(canonical=sources[i].canonical)
            for i in range(len(sources))
        ]
        return transform_keypoints(concatenate(each))


def _exact(model: LivePortraitModel) -> AbstractContextManager[object]:
    """Float32 about the paper's M, whose coordinates ask for it."""
    published = model.preset.family == "published"
    return full_precision(model.device) if published else nullcontext()
