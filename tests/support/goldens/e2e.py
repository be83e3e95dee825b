"""The whole published pipeline against `e2e.npz`: crop, all networks, driving, paste-back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from liveportrait_core import stages
from liveportrait_core.animation.drive import drive
from liveportrait_core.imaging.composite import paste_back_pixels, paste_mask
from liveportrait_core.imaging.crop import crop_pixels, crop_transform
from liveportrait_core.imaging.landmark_layouts import LIVEPORTRAIT_203
from liveportrait_core.imaging.tensors import (
    Pixels,
    pixels_from_tensor,
    resize_pixels,
    tensor_from_pixels,
)
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.openness import eyes_open, lip_open
from liveportrait_core.motion.types import Motion

from ..golden import Comparison, GoldenFolder, largest_difference, mean_difference
from .driver import openness_pairs
from .execute import driving_options
from .faces import read_pixels
from .weights import full_size_model, salt_of

KEYPOINTS, FIELDS = 1e-5, 1e-4
PIXELS, PIXELS_MEAN = 3.0, 0.1
DRIVING_FRAMES = ("images/drv_0.png", "images/drv_1.png", "images/drv_2.png")
FLAGS_LEFT_OUT = {
    "flag_eye_retargeting": False,
    "flag_lip_retargeting": False,
    "flag_source_video_eye_retargeting": False,
    "driving_smooth_observation_variance": 3e-7,
}
"""Published defaults of the flags that these cases do not name."""

Arrays = dict[str, np.ndarray]


@torch.no_grad()
def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Every run of `e2e_cases.json`; nothing when the folder has none."""
    if not folder.has("e2e.npz"):
        return
    golden = folder.arrays("e2e.npz")
    model = full_size_model(salt_of(folder))
    drivers = [read_pixels(folder, name) for name in DRIVING_FRAMES]
    for case in json.loads((folder.path / "e2e_cases.json").read_text())["cases"]:
        yield from _run(model, folder, golden, case, drivers)


def _run(
    model: LivePortraitModel,
    folder: GoldenFolder,
    golden: Arrays,
    case: dict[str, Any],
    drivers: list[Pixels],
) -> Iterator[Comparison]:
    name = str(case["id"])
    frame = read_pixels(folder, f"images/{case['image']}.png")
    framing = model.preset.source_crop
    transform = crop_transform(
        golden[f"{name}.lmk106"],
        scale=framing.scale,
        vx_ratio=framing.vx_ratio,
        vy_ratio=framing.vy_ratio,
        size_px=model.preset.output_size_px,
        compat="published",
    )
    crop = crop_pixels(frame, transform, antialias=False)
    side = model.preset.face_size_px
    face = tensor_from_pixels(resize_pixels(crop, (side, side), "area"))
    driving = stages.extract_motion(model, tensor_from_pixels(np.stack(drivers)))
    driven = drive(
        model,
        _with_openness(stages.extract_motion(model, face), golden[f"{name}.lmk203"]),
        _with_openness(driving, golden[f"{name}.driving_lmk203"]),
        driving_options(FLAGS_LEFT_OUT | case["flags"]),
    )
    for key, keypoints in (
        ("x_s", driven.source_keypoints[:1]),
        ("x_d", driven.driving_keypoints),
    ):
        error = largest_difference(keypoints, golden[f"{name}.{key}"])
        yield Comparison("e2e keypoints", f"{name}.{key}", error, KEYPOINTS)
    volume = stages.extract_appearance(model, face)
    mask = paste_mask(model.preset.output_size_px).numpy()
    for i in range(len(driven)):
        pair = driven[i : i + 1]
        warped = stages.warp(model, volume, pair.source_keypoints, pair.driving_keypoints)
        yield from _fields(golden, name, i, warped.occlusion, warped.flow)
        painted = pixels_from_tensor(model.decoder(warped), truncate=True)[0]
        yield from _pictures(golden, name, i, "I_p", painted, 4)
        pasted = paste_back_pixels(frame, painted, transform, mask, antialias=False, truncate=True)
        yield from _pictures(golden, name, i, "paste", pasted, 3)


def _fields(
    golden: Arrays, name: str, i: int, occlusion: Tensor, flow: Tensor
) -> Iterator[Comparison]:
    for key, ours in (
        ("occlusion_every2", occlusion[0, :, ::2, ::2]),
        ("deformation_sub", flow[0, ::5, ::8, ::8]),
    ):
        error = largest_difference(ours, golden[f"{name}.{key}"][i])
        yield Comparison("e2e occlusion and flow", f"{name}.{key}.{i}", error, FIELDS)


def _pictures(
    golden: Arrays, name: str, i: int, key: str, ours: Pixels, stride: int
) -> Iterator[Comparison]:
    quantity = "e2e painted" if key == "I_p" else "e2e pasted"
    theirs = golden[f"{name}.{key}_every{stride}"][i]
    seen = ours[::stride, ::stride]
    case = f"{name}.{key}.{i}"
    yield Comparison(quantity, case, largest_difference(seen, theirs), PIXELS)
    yield Comparison(f"{quantity}, mean", case, mean_difference(seen, theirs), PIXELS_MEAN)
    mean = golden[f"{name}.{key}_mean"][i]
    error = largest_difference(ours.mean((0, 1), dtype=np.float64), mean)
    yield Comparison(f"{quantity}, mean colour", case, error, PIXELS_MEAN)


def _with_openness(motion: Motion, landmarks: np.ndarray) -> Motion:
    points = torch.from_numpy(landmarks).reshape(-1, LIVEPORTRAIT_203.num_points, 2)
    pairs = openness_pairs()
    return motion.describe(eyes_open=eyes_open(points, pairs), lip_open=lip_open(points, pairs))
