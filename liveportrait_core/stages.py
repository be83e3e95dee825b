"""The verbs: one for each stage of Algorithm 1. Start reading here.

Pictures are float RGB in [0, 1]. No verb changes gradients, devices or train modes; the
caller decides. Shapes are the published model's; a smaller preset has its own.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .constants import NUM_KEYPOINTS
from .imaging.composite import paste_back
from .imaging.crop import Crop, crop_face
from .model import LivePortraitModel
from .motion.rotation import NUM_POSE_BINS, degrees_from_bins
from .motion.transfer import relative_motion
from .motion.transform import transform_keypoints
from .motion.types import Motion
from .networks.build import volume_shape
from .networks.compact.decoder import CompactDecoder
from .networks.compact.source import CompactSource
from .networks.compact.warping import CompactWarped, CompactWarping
from .networks.outputs import MotionHeads, Warped

__all__ = [
    "Crop",
    "crop_face",
    "decode",
    "extract_appearance",
    "extract_motion",
    "paste_back",
    "relative_motion",
    "retarget_eyes",
    "retarget_lip",
    "source_parts",
    "stitch",
    "transform_keypoints",
    "warp",
    "warp_decode",
]


def extract_appearance(model: LivePortraitModel, face: Tensor) -> Tensor:
    """Feature volume of a face: f_s = F(I_s).

    `volume = extract_appearance(model, face)`

    Args:
        model: The model.
        face: (B, 3, 256, 256) RGB in [0, 1], cropped by `crop_face`.

    Returns:
        (B, 32, 16, 64, 64); a compact model's volume also carries the picture itself.

    Raises:
        ValueError: The crop is not of the model's size.
    """
    return model.compute("appearance", _checked_face(model, face)).float()


def extract_motion(model: LivePortraitModel, face: Tensor) -> Motion:
    """Canonical keypoints, head pose, expression, translation and scale of a face (M).

    `motion = extract_motion(model, face)`

    Args:
        model: The model.
        face: (B, 3, 256, 256) RGB in [0, 1], cropped by `crop_face`.

    Returns:
        A `Motion` of B frames in the model's keypoint space, float32.

    Raises:
        ValueError: The crop is not of the model's size.
    """
    heads: MotionHeads = model.compute("motion", _checked_face(model, face))
    pose_deg = torch.stack([_degrees(head) for head in (heads.pitch, heads.yaw, heads.roll)], 1)
    return Motion.from_degrees(
        pose_deg=pose_deg,
        expression=heads.expression.float().unflatten(1, (-1, 3)),
        scale=heads.scale.float(),
        translation=heads.translation.float(),
    ).describe(
        canonical=heads.canonical.float().unflatten(1, (-1, 3)),
        space=model.preset.space,
        producer=model.preset.name,
    )


def stitch(model: LivePortraitModel, source_keypoints: Tensor, driving_keypoints: Tensor) -> Tensor:
    """Driving keypoints that paste back without a seam: x_d + S(x_s, x_d)  (Alg. 1, line 5).

    `x_d = stitch(model, x_s, x_d)`

    Args:
        model: The model.
        source_keypoints: (B, K, 3).
        driving_keypoints: (B, K, 3).

    Returns:
        (B, K, 3) with the offset of every keypoint and the common shift of x and y applied.

    Raises:
        CheckpointError: The model was loaded without S.
    """
    keypoints = torch.cat((source_keypoints, driving_keypoints), 1)
    offset = model.compute("stitching", keypoints.flatten(1))
    keypoints_offset = offset[:, :-2].unflatten(1, (-1, 3))
    shift = torch.nn.functional.pad(offset[:, -2:], (0, 1))
    return driving_keypoints + keypoints_offset + shift[:, None]


def retarget_eyes(model: LivePortraitModel, source_keypoints: Tensor, eyes_open: Tensor) -> Tensor:
    """Offset that opens or closes the eyes: R_eyes(x_s; c_s, c_d)  (Alg. 1, line 7).

    `x_d + retarget_eyes(model, x_s, eyes_condition(eyes, target))`

    Args:
        model: The model.
        source_keypoints: (B, K, 3).
        eyes_open: (B, 3) the source's two eye openings, then the target.

    Returns:
        (B, K, 3) offset to add to keypoints.

    Raises:
        CheckpointError: The model was loaded without R_eyes.
    """
    return _retarget(model, "eyes", source_keypoints, eyes_open)


def retarget_lip(model: LivePortraitModel, source_keypoints: Tensor, lip_open: Tensor) -> Tensor:
    """Offset that opens or closes the lips: R_lip(x_s; c_s, c_d)  (Alg. 1, line 8).

    `x_d + retarget_lip(model, x_s, lip_condition(lip, target))`

    Args:
        model: The model.
        source_keypoints: (B, K, 3).
        lip_open: (B, 2) the source's lip opening, then the target.

    Returns:
        (B, K, 3) offset to add to keypoints.

    Raises:
        CheckpointError: The model was loaded without R_lip.
    """
    return _retarget(model, "lip", source_keypoints, lip_open)


def source_parts(
    model: LivePortraitModel, feature_volume: Tensor, source_keypoints: Tensor
) -> CompactSource | None:
    """What W and G need of a source alone, to be made once for many frames of a still.

    `parts = source_parts(model, volume, x_s)`, then `warp_decode(model, volume, x_s, x_d,
    parts=parts)` of each frame

    Args:
        model: The model.
        feature_volume: (B, C, D, h, w) from `extract_appearance`.
        source_keypoints: (B, K, 3).

    Returns:
        It takes 5 MB for a face of 512 px, and is as if made anew in each frame. None where there
        is nothing to keep: of a published model, and where W or G computes in 16 bits, which is
        watched for overflow as a whole.

    Raises:
        ValueError: The volume or the keypoints are not of this model's shapes, or not as many.
    """
    _check_warp(model, feature_volume, source_keypoints, source_keypoints)
    warping, decoder = model.warping, model.decoder
    if not (isinstance(warping, CompactWarping) and isinstance(decoder, CompactDecoder)):
        return None
    if any(next(net.parameters()).dtype != torch.float32 for net in (warping, decoder)):
        return None
    of_warping = warping.source(feature_volume, source_keypoints)
    of_decoder = decoder.source(of_warping.face, of_warping.keypoints)
    return CompactSource(warping=of_warping, decoder=of_decoder)


def warp(
    model: LivePortraitModel,
    feature_volume: Tensor,
    source_keypoints: Tensor,
    driving_keypoints: Tensor,
    *,
    edge_held: bool = False,
    parts: CompactSource | None = None,
) -> Warped:
    """The first half of `warp_decode`: W, with its flow and occlusion.

    `warp(model, volume, x_s, x_d).flow`

    Raises:
        ValueError: The volume or the keypoints are not of this model's shapes, or not as many.
    """
    _check_warp(model, feature_volume, source_keypoints, driving_keypoints)
    points = (source_keypoints, driving_keypoints)
    warped: Warped = (
        model.compute("warping", feature_volume, *points)
        if parts is None
        else model.compute("warping", feature_volume, *points, parts)
    )
    return replace(warped, edge_held=edge_held)


def decode(model: LivePortraitModel, warped: Warped) -> Tensor:
    """The second half of `warp_decode`: G, (B, 3, 512, 512) RGB in [0, 1].

    `decode(model, warp(model, volume, x_s, x_d))`

    Raises:
        TypeError: It is given something else than what `warp` gives.
        ValueError: Another model warped it.
    """
    _check_warped(model, warped)
    return model.compute("decoder", warped).float()


def warp_decode(
    model: LivePortraitModel,
    feature_volume: Tensor,
    source_keypoints: Tensor,
    driving_keypoints: Tensor,
    *,
    edge_held: bool = False,
    parts: CompactSource | None = None,
) -> Tensor:
    """The animated face: G(W(f_s; x_s, x_d))  (Alg. 1, line 12).

    `picture = warp_decode(model, volume, x_s, x_d)`

    Args:
        model: The model.
        feature_volume: (B, 32, 16, 64, 64) from `extract_appearance`.
        source_keypoints: (B, K, 3).
        driving_keypoints: (B, K, 3).
        edge_held: The picture is to be pasted back: a compact model leaves its edge as the source
            has it. Published models have no such means; there stitching alone cares for it.
        parts: What `source_parts` made of this volume and these source keypoints, or of one row
            of them where all are the same; the volume and those keypoints are not looked at then.

    Returns:
        (B, 3, 512, 512) RGB in [0, 1].

    Raises:
        ValueError: The volume or the keypoints are not of this model's shapes, or not as many.
    """
    points = (source_keypoints, driving_keypoints)
    return decode(model, warp(model, feature_volume, *points, edge_held=edge_held, parts=parts))


def _check_warped(model: LivePortraitModel, warped: object) -> None:
    if not isinstance(warped, Warped):
        raise TypeError(
            f"{type(warped).__name__} came where the result of warp(...) is expected. Give "
            "decode(model, warp(model, volume, x_s, x_d)), or use warp_decode."
        )
    if isinstance(warped, CompactWarped) != (model.preset.family == "compact"):
        raise ValueError(
            f"Another kind of model warped this; the result of warp(...) of this "
            f"{model.preset.name} model is expected. Warp and decode with one model."
        )


def _check_warp(
    model: LivePortraitModel, volume: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor
) -> None:
    volume_of_one = volume_shape(model.preset)
    for given, expected, name, maker in (
        (volume, volume_of_one, "feature volume", "extract_appearance"),
        (source_keypoints, (NUM_KEYPOINTS, 3), "source keypoints", "transform_keypoints"),
        (driving_keypoints, (NUM_KEYPOINTS, 3), "driving keypoints", "transform_keypoints"),
    ):
        if given.shape[1:] != expected:
            raise ValueError(
                f"The {name} came in shape {tuple(given.shape)}; this {model.preset.name} "
                f"model takes {_batch_of(expected)}. Give what {maker} gives for this model."
            )
    counts = (len(volume), len(source_keypoints), len(driving_keypoints))
    if len(set(counts)) > 1:
        raise ValueError(
            f"The feature volume is of {counts[0]}, the source keypoints of {counts[1]} and the "
            f"driving keypoints of {counts[2]} faces; as many of each are expected. Repeat a still "
            f"with volume.expand({max(counts)}, -1, -1, -1, -1)."
        )


def _batch_of(shape: tuple[int, ...]) -> str:
    return f"(B, {', '.join(map(str, shape))})"


def _checked_face(model: LivePortraitModel, face: Tensor) -> Tensor:
    size = model.preset.face_size_px
    if face.shape[1:] != (3, size, size):
        raise ValueError(
            f"The face has shape {tuple(face.shape)}; this {model.preset.name} model takes "
            f"(B, 3, {size}, {size}) RGB in [0, 1]. Crop with crop_face(..., size_px={size})."
        )
    return face.float()


def _degrees(head: Tensor) -> Tensor:
    head = head.float()
    return degrees_from_bins(head) if head.shape[-1:] == (NUM_POSE_BINS,) else head.flatten()


def _retarget(
    model: LivePortraitModel, name: str, source_keypoints: Tensor, openness: Tensor
) -> Tensor:
    row = torch.cat((source_keypoints.flatten(1), openness), 1)
    return model.compute(name, row).unflatten(1, (-1, 3))
