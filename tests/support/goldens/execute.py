"""Every run of the published animation loop: keypoints handed to the warping network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import torch

from liveportrait_core.animation.drive import drive
from liveportrait_core.options import DrivingOptions
from liveportrait_core.preset import PAPER, PAPER_ANIMAL

from ..golden import Comparison, GoldenFolder, largest_difference
from .driver import driving_motion, small_model, source_motion

TOLERANCE = 1e-5
REGIONS = {"exp": "expression"}
"""Published names of regions that are called otherwise here."""


def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Source and driving keypoints of each case."""
    inputs, outputs = folder.arrays("execute_inputs.npz"), folder.arrays("execute_outputs.npz")
    cases = json.loads((folder.path / "execute_cases.json").read_text())["cases"]
    models = {"human": small_model(folder, PAPER), "animal": small_model(folder, PAPER_ANIMAL)}
    for case in cases:
        model = models[case["mode"]]
        space = model.preset.space
        with torch.no_grad():
            driven = drive(
                model,
                source_motion(inputs, f"src.{case['source']}", case.get("landmarks"), space),
                driving_motion(inputs, f"drv.{case['driving']}", space),
                driving_options(case["flags"]),
            )
        name = str(case["id"])
        golden_source, golden = outputs[f"{name}.x_s"], outputs[f"{name}.x_d"]
        ours = driven.source_keypoints[: len(golden_source)]
        yield Comparison(
            "execute source keypoints", name, largest_difference(ours, golden_source), TOLERANCE
        )
        error = largest_difference(driven.driving_keypoints, golden)
        yield Comparison(f"execute {case['mode']} driving keypoints", name, error, TOLERANCE)


def driving_options(flags: dict[str, Any]) -> DrivingOptions:
    """Our options for the published flags."""
    region = flags["animation_region"]
    return DrivingOptions(
        region=REGIONS.get(region, region),
        motion="relative" if flags["flag_relative_motion"] else "absolute",
        driving_option=flags["driving_option"],
        gain=flags["driving_multiplier"],
        stitch=flags["flag_stitching"],
        normalize_lip=flags["flag_normalize_lip"],
        eyes_open="driver" if flags["flag_eye_retargeting"] else None,
        lip_open="driver" if flags["flag_lip_retargeting"] else None,
        source_video_eyes=flags["flag_source_video_eye_retargeting"],
        smooth_variance=flags["driving_smooth_observation_variance"],
        compat="published",
    )
