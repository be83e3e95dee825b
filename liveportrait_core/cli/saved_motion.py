"""A motion that a command made: written, and told of."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..command_options import ReportOptions
from ..config.arguments import from_arguments
from ..errors import counted
from ..media.motion_file import save_motion
from ..motion.import_options import TemplateProgram
from ..motion.types import Motion


def save_and_tell(
    motion: Motion,
    args: argparse.Namespace,
    losses: Sequence[str] = (),
    *,
    program: TemplateProgram = "LivePortrait",
) -> None:
    """Write a motion to the output that was named, and say what it holds and what is lost.

    Args:
        motion: The motion.
        args: Of the command.
        losses: What was lost before it is written, a sentence each.
        program: Whose template a `.pkl` is.
    """
    losses = [*losses, *save_motion(motion, args.output, program=program)]
    if from_arguments(ReportOptions, args).json:
        summary = {"output": str(args.output), **describe(motion), "losses": losses}
        print(json.dumps({**summary, "warnings": args.warnings.texts}, indent=2))
        return
    print(f"{args.output}: {line_of(motion)}")
    for loss in losses:
        print(f"  {loss}")


def describe(motion: Motion) -> dict[str, Any]:
    """What a motion holds, as plain values."""
    pose = dict(zip(("pitch_deg", "yaw_deg", "roll_deg"), motion.pose_deg.unbind(1), strict=True))
    measured = len(motion)
    if motion.validity is not None:
        measured = int((motion.validity == 1).sum())
    return {
        "frames": len(motion),
        "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
        "duration_s": round(float(len(motion) / motion.fps), 3),
        "space": motion.space,
        "producer": motion.producer or "not known",
        "reference_frame": motion.reference_frame,
        "shots": len(motion.shot_slices),
        "measured_frames": measured,
        "absent": sorted(motion.absent),
        "parts": sorted(motion.carried_parts),
        "absolute": sorted(motion.absolute),
        "from_shut_lips": motion.from_shut_lips,
        "canonical": motion.canonical is not None,
        **{name: _range(values) for name, values in pose.items()},
        "scale": _range(motion.scale),
        "translation_x": _range(motion.translation[:, 0]),
        "translation_y": _range(motion.translation[:, 1]),
        "expression": _range(motion.expression),
        "eyes_open": None if motion.eyes_open is None else _range(motion.eyes_open),
        "lip_open": None if motion.lip_open is None else _range(motion.lip_open),
    }


def _range(values: Tensor) -> list[float]:
    return [round(float(values.min()), 4), round(float(values.max()), 4)]


def line_of(motion: Motion) -> str:
    """Length and rate of a motion in words."""
    seconds = float(len(motion) / motion.fps)
    return f"{counted(len(motion), 'frame')} at {float(motion.fps):g} a second, {seconds:.2f} s"
