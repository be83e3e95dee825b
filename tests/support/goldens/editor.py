"""Sliders and editors: the published page's, and ComfyUI-AdvancedLivePortrait's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import torch

from liveportrait_core.animation.edit import (
    SampleParts,
    edit_keypoints,
    editor_keypoints,
    hold_lip_closed,
    hold_lip_open,
)
from liveportrait_core.animation.inputs import DrivenKeypoints
from liveportrait_core.constants import HUMAN_SPACE
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.expression import Expression
from liveportrait_core.motion.sliders import editor_offset, expression_offset
from liveportrait_core.options import Edit

from ..golden import Comparison, GoldenFolder, largest_difference
from .driver import Arrays, small_model, source_motion

TOLERANCE = 1e-5
PAGE_SLIDERS: Final = {
    "input_head_pitch_variation": "pitch_deg",
    "input_head_yaw_variation": "yaw_deg",
    "input_head_roll_variation": "roll_deg",
    "mov_x": "shift_x",
    "mov_y": "shift_y",
    "mov_z": "zoom",
    "lip_variation_zero": "pout",
    "lip_variation_one": "purse",
    "lip_variation_two": "grin",
    "lip_variation_three": "lip_open",
    "smile": "smile",
    "wink": "wink",
    "eyebrow": "eyebrow",
    "eyeball_direction_x": "gaze_x",
    "eyeball_direction_y": "gaze_y",
    "eyeball_x": "gaze_x",
    "eyeball_y": "gaze_y",
}
"""The published page's names of our sliders."""
EDITOR_SLIDERS: Final = {
    "rotate_pitch": "pitch_deg",
    "rotate_yaw": "yaw_deg",
    "rotate_roll": "roll_deg",
    "blink": "blink",
    "eyes": "blink",
    "eyebrow": "eyebrow",
    "wink": "wink",
    "pupil_x": "gaze_x",
    "pupil_y": "gaze_y",
    "aaa": "lip_open",
    "mouth": "lip_open",
    "eee": "grin",
    "woo": "purse",
    "smile": "smile",
}
"""The editor's names of our sliders."""
SAMPLE_PARTS: Final[dict[str, SampleParts]] = {
    "OnlyExpression": "expression",
    "OnlyRotation": "rotation",
    "OnlyMouth": "mouth",
    "OnlyEyes": "eyes",
    "All": "all",
}


def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Each slider alone, and each case of the editors."""
    arrays = folder.arrays("editor.npz")
    described = json.loads((folder.path / "editor_cases.json").read_text())
    yield from _sliders(arrays)
    yield from _editor_offsets(arrays, described["calc_fe_param_order"])
    inputs, model = folder.arrays("execute_inputs.npz"), small_model(folder)
    runs = {"image_retarget": _image, "video_retarget": _video, "phm_editor": _editor}
    prefixes = {"phm_editor": "phm.editor"}
    for case in described["cases"]:
        kind = case["kind"]
        with torch.no_grad():
            driven: DrivenKeypoints = runs[kind](model, inputs, case)
        name = f"{prefixes.get(kind, kind)}.{case['id']}"
        error = max(
            largest_difference(driven.source_keypoints, arrays[f"{name}.x_s"]),
            largest_difference(driven.driving_keypoints, arrays[f"{name}.x_d"]),
        )
        yield Comparison(f"editor {kind}", str(case["id"]), error, TOLERANCE)


def _sliders(arrays: Arrays) -> Iterator[Comparison]:
    for name in arrays:
        match = re.fullmatch(r"slider\.(\w+)\.\d+\.value", name)
        if match is None:
            continue
        value = float(arrays[name][0])
        if match[1] == "mov_x":
            value *= -1  # this golden too is of the inner function
        sliders = Expression(**{PAGE_SLIDERS[match[1]]: value})
        golden = arrays[name.removesuffix("value") + "delta"]
        error = largest_difference(expression_offset(sliders, HUMAN_SPACE), golden)
        yield Comparison("slider offset", name.removesuffix(".value"), error, TOLERANCE)


def _editor_offsets(arrays: Arrays, order: list[str]) -> Iterator[Comparison]:
    for name in arrays:
        match = re.fullmatch(r"phm\.calc_fe\.(\d+)\.params", name)
        if match is None:
            continue
        values = dict(zip(order, arrays[name].tolist(), strict=True))
        # this golden is of the inner function, whose caller turns the yaw round
        values["rotate_yaw"] *= -1
        sliders = Expression(**{EDITOR_SLIDERS[key]: value for key, value in values.items()})
        offset, turn_deg = editor_offset(sliders)
        stem = name.removesuffix("params")
        error = max(
            largest_difference(offset, arrays[stem + "exp"]),
            largest_difference(turn_deg, arrays[stem + "rot"]),
        )
        yield Comparison("editor offset", match[1], error, TOLERANCE)


def _image(model: LivePortraitModel, inputs: Arrays, case: dict[str, Any]) -> DrivenKeypoints:
    params = case["params"]
    wanted = {
        name: params[f"input_{short}_ratio"]
        for name, short in (("eyes_open", "eye"), ("lip_open", "lip"))
        if params[f"input_{short}_ratio"] != case[f"source_{short}_ratio"]
    }
    sliders = {
        PAGE_SLIDERS[name]: float(value) for name, value in params.items() if name in PAGE_SLIDERS
    }
    source = source_motion(inputs, case["source"], case["landmarks"], HUMAN_SPACE)
    return edit_keypoints(
        model,
        source,
        Edit(sliders=Expression(**sliders), stitch=case["stitching"], **wanted),
        compat="published",
    )


def _video(model: LivePortraitModel, inputs: Arrays, case: dict[str, Any]) -> DrivenKeypoints:
    source = source_motion(inputs, case["source"], case["landmarks"], HUMAN_SPACE)
    if case["silence"]:
        return hold_lip_closed(model, source, compat="published")
    variance = case["observation_variance"]
    return hold_lip_open(model, source, case["target_lip_ratio"], smooth_variance=variance)


def _editor(model: LivePortraitModel, inputs: Arrays, case: dict[str, Any]) -> DrivenKeypoints:
    params, sample = case["params"], None
    if case["sample"] is not None:
        name, frame = case["sample"].removesuffix("]").split("[")
        sample = source_motion(inputs, name, None, HUMAN_SPACE)[int(frame)]
    sliders = {
        EDITOR_SLIDERS[name]: float(value)
        for name, value in params.items()
        if name in EDITOR_SLIDERS
    }
    return editor_keypoints(
        model,
        source_motion(inputs, case["source"], None, HUMAN_SPACE),
        Expression(**sliders),
        source_ratio=params["src_ratio"],
        sample=sample,
        sample_ratio=params["sample_ratio"],
        sample_parts=SAMPLE_PARTS[params["sample_parts"]],
    )
