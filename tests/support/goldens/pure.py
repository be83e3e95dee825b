"""Formulas without networks: pose, keypoints, openness, smoothing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.animation.drive import motion_multiplier
from liveportrait_core.constants import HUMAN_SPACE
from liveportrait_core.imaging.composite import paste_mask
from liveportrait_core.imaging.tensors import limit_pixels, pixels_from_tensor
from liveportrait_core.motion.openness import eyes_condition, eyes_open, lip_condition, lip_open
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.rotation import degrees_from_bins, rotation_from_degrees
from liveportrait_core.motion.smoothing import smooth_rotation, smooth_values
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.motion.types import Motion

from ..golden import Comparison, GoldenFolder, largest_difference
from .driver import Arrays, openness_pairs

TOLERANCE = 1e-5
DEGREES_TOLERANCE = 1e-3


def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Every formula of the motion maths."""
    arrays = folder.arrays("pure.npz")
    for part in (_pose, _keypoints, _openness, _smoothing, _volumes, _neutral, _pixels, _mask):
        yield from part(arrays)


def _pose(arrays: Arrays) -> Iterator[Comparison]:
    degrees = degrees_from_bins(_tensor(arrays, "headpose.logits"))
    error = largest_difference(degrees, arrays["headpose.degrees"])
    yield Comparison("head pose degrees", "headpose", error, DEGREES_TOLERANCE)
    rotation = rotation_from_degrees(*_tensor(arrays, "rot.pitch_yaw_roll_deg").unbind(1))
    yield Comparison(
        "rotation matrix", "rot", largest_difference(rotation, arrays["rot.R"]), TOLERANCE
    )


def _keypoints(arrays: Arrays) -> Iterator[Comparison]:
    angles = ("pitch", "yaw", "roll")
    refined = [_tensor(arrays, f"transform.{angle}")[:, 0] for angle in angles]
    from_bins = [
        degrees_from_bins(_tensor(arrays, f"transform_raw.{angle}_logits")) for angle in angles
    ]
    for name, pose in (("transform", refined), ("transform_raw", from_bins)):
        motion = Motion.from_degrees(
            pose_deg=torch.stack(pose, 1),
            expression=_tensor(arrays, "transform.exp"),
            scale=_tensor(arrays, "transform.scale"),
            translation=_tensor(arrays, "transform.t"),
        ).describe(canonical=_tensor(arrays, "transform.kp"))
        error = largest_difference(transform_keypoints(motion), arrays[f"{name}.x"])
        yield Comparison("transform keypoints", name, error, TOLERANCE)


def _openness(arrays: Arrays) -> Iterator[Comparison]:
    landmarks, pairs = _tensor(arrays, "ratio.lmk203"), openness_pairs()
    eyes, lip = eyes_open(landmarks, pairs), lip_open(landmarks, pairs)
    yield Comparison("eye opening", "ratio", _error(arrays, "ratio.eye", eyes), TOLERANCE)
    yield Comparison("lip opening", "ratio", _error(arrays, "ratio.lip", lip), TOLERANCE)
    wanted = _tensor(arrays, "ratio.eye_with_target")[:, 2:]
    error = _error(arrays, "ratio.eye_with_target", eyes_condition(eyes[: len(wanted)], wanted))
    yield Comparison("eye condition", "target", error, TOLERANCE)
    for case in range(len(landmarks)):
        driver_eyes = _tensor(arrays, f"ratio.comb.{case}.c_d_eyes")[:, :1]
        driver_lip = _tensor(arrays, f"ratio.comb.{case}.c_d_lip")
        ours = eyes_condition(eyes[case : case + 1], driver_eyes)[0]
        error = largest_difference(ours, arrays["ratio.combined_eye"][case])
        yield Comparison("eye condition", str(case), error, TOLERANCE)
        ours = lip_condition(lip[case : case + 1], driver_lip)[0]
        error = largest_difference(ours, arrays["ratio.combined_lip"][case])
        yield Comparison("lip condition", str(case), error, TOLERANCE)


def _smoothing(arrays: Arrays) -> Iterator[Comparison]:
    for name, golden in arrays.items():
        if not (name.startswith("smooth.") and ".obs" in name):
            continue
        stem, _, variance = name.rpartition(".obs")
        values = _tensor(arrays, f"{stem}.in")[:, 0]
        if stem == "smooth.R":
            ours = smooth_rotation(values, float(variance), entrywise=True)
        else:
            ours = smooth_values(values, float(variance))
        yield Comparison("smoothing", name, largest_difference(ours, golden), TOLERANCE)


def _volumes(arrays: Arrays) -> Iterator[Comparison]:
    source = _tensor(arrays, "motion_multiplier.source")[:, 0]
    driving = _tensor(arrays, "motion_multiplier.driving0")[:, 0]
    ours = motion_multiplier(source, driving)[:, 0, 0]
    error = largest_difference(ours, arrays["motion_multiplier.value"])
    yield Comparison("motion multiplier", "hull", error, TOLERANCE)


def _neutral(arrays: Arrays) -> Iterator[Comparison]:
    golden = arrays["resource.lip_array"][0]
    ours = keypoint_space(HUMAN_SPACE).neutral_expression(torch.zeros(1, dtype=torch.float64))
    yield Comparison(
        "neutral expression", "resource", largest_difference(ours, golden), TOLERANCE * 1e-2
    )


def _pixels(arrays: Arrays) -> Iterator[Comparison]:
    # the input of prepare_source is not in the set, only its checksum: it cannot be checked
    ours = pixels_from_tensor(_tensor(arrays, "parse.in"), truncate=True)
    error = largest_difference(ours.reshape(arrays["parse.out"].shape), arrays["parse.out"])
    yield Comparison("8-bit pixels", "parse", error, 0.0)
    rows = zip(arrays["resize_to_limit.args"], arrays["resize_to_limit.hw"], strict=True)
    for (height, width, max_side, divisor), golden in rows:
        picture = np.zeros((height, width, 3), np.uint8)
        limited = limit_pixels(picture, max_side=int(max_side), divisor=int(divisor))
        error = largest_difference(limited.shape[:2], golden)
        yield Comparison("limited size", f"{height}x{width}", error, 0.0)


def _mask(arrays: Arrays) -> Iterator[Comparison]:
    mask = (paste_mask(512).numpy().reshape(512, 512) * 255).round().astype(np.uint8)
    profile, corner = arrays["resource.mask_row_profile"], arrays["resource.mask_corner"]
    errors = {
        "row": largest_difference(mask[256, : len(profile)], profile),
        "corner": largest_difference(mask[: len(corner), : len(corner)], corner),
    }
    whole = np.repeat(mask[..., None], 3, axis=2)
    same = zlib.crc32(whole.tobytes()) == int(arrays["resource.mask_crc32"][0])
    errors["whole"] = 0.0 if same else float("inf")
    for case, error in errors.items():
        yield Comparison("paste-back mask", case, error, 0.0)


def _error(arrays: Arrays, name: str, ours: Tensor) -> float:
    return largest_difference(ours, arrays[name])


def _tensor(arrays: Arrays, name: str) -> Tensor:
    return torch.from_numpy(np.asarray(arrays[name]))
