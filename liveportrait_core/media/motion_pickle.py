"""Driving templates of the published LivePortrait and its relatives: `.pkl` in and out."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor

from ..constants import ANIMAL_SPACE, FACE_PARTS, HUMAN_SPACE, NUM_KEYPOINTS
from ..errors import MediaError, counted
from ..motion.import_options import TemplateProgram
from ..motion.reference import own_reference, reference_of_frames
from ..motion.transfer import relative_motion
from ..motion.transform import transform_keypoints
from ..motion.types import Motion
from .atomic import write_whole
from .safe_pickle import to_array

_FPS_WHEN_MISSING: Final = 25  # as the published loader assumes
JOYVASA_PRODUCER: Final = "JoyVASA template"
_ANIMAL_PRODUCER: Final = "LivePortrait animal template"
_ANGLES: Final = ("pitch", "yaw", "roll")
# Written where a motion does not know them, since the published loader needs them in each
# frame: eyes as open as in the published templates, lips closed.
_EYES_OPEN_WHEN_UNKNOWN: Final = 0.35
_LIP_OPEN_WHEN_UNKNOWN: Final = 0.0
_DRIVING: Final = (
    *("expression", "scale", "translation", "pose_deg", "rotation"),
    *("eyes_open", "lip_open"),
)
"""Tensors of a motion that change from frame to frame."""


def motion_from_template(
    template: object, *, space: str | None = None, name: str = "in memory"
) -> Motion:
    """A driving template as a motion.

    Layouts, recognised by their keys and named in `producer`: the published one of today
    (`R`, `kp`, `c_eyes_lst`, `c_lip_lst`), its oldest (`R_d`, `c_d_eyes_lst`, `c_d_lip_lst`),
    its animals (`R` alone), FasterLivePortrait (`kp` and angles), JoyVASA (angles alone).

    Convention:
        - the stored rotation is kept as it is, its degrees derived; angles count where there
          is no rotation
        - a missing `output_fps` means 25; `x_s` is derived and not read
        - a `kp` of zeros, as `save_template` writes it, means unknown
        - JoyVASA's lips are absolute, as it drives with them

    Args:
        template: The dict, its values numbers, lists, numpy arrays, tensors, or `Array`.
        space: The keypoint space; None for animal where the layout is an animal's, else human.
        name: Where it comes from, for messages.

    Raises:
        MediaError: It is no template, or damaged.
    """
    frames = _frames_of(template, name)
    try:
        return _motion_of(cast(dict[str, Any], template), frames, space)
    except KeyError as error:
        raise MediaError(
            f"The template {name} lacks {error} in a frame. "
            "Make it again with the program that wrote it."
        ) from error
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise MediaError(
            f"The template {name} is damaged: {error}. "
            "Make it again with the program that wrote it."
        ) from error


def check_template_space(space: str, path: str | Path) -> None:
    """Refuse a motion of a keypoint space that the published code does not know.

    Raises:
        MediaError: It is of one.
    """
    if space not in {HUMAN_SPACE, ANIMAL_SPACE}:
        raise MediaError(
            f"Cannot write {path}: the motion is in space '{space}', and a template holds "
            f"'{HUMAN_SPACE}' or '{ANIMAL_SPACE}'. Save it as .safetensors."
        )


def save_template(
    motion: Motion, path: str | Path, program: TemplateProgram = "LivePortrait"
) -> list[str]:
    """Write a template with every key that the program's loader needs.

    Convention:
        - programs measure a template from its first frame: where another frame is the neutral one,
          it takes the place of the first, so that all others drive as they did
        - frames of shots that have neutral frames of their own are moved onto that of the first
          shot (Eq. 7)

    Args:
        motion: The motion.
        path: The file.
        program: The published LivePortrait, or FasterLivePortrait, whose frames have angles.

    Returns:
        What the format cannot keep of this motion, one sentence each; often empty.

    Raises:
        MediaError: The motion is of a space the published code does not know, or the file cannot
            be written.
    """
    check_template_space(motion.space, path)
    losses = _losses(motion)
    motion = motion.to("cpu", torch.float32).map_tensors(Tensor.detach)
    if _has_other_neutral(motion):
        motion = _with_neutral_first(motion)
    columns = {
        "scale": _rows(motion.scale),
        "R": _rows(motion.rotation),
        "exp": _rows(motion.expression),
        "t": _rows(motion.translation),
    }
    if program == "FasterLivePortrait":
        angles = motion.pose_deg.split(1, dim=1)
        columns |= {name: _rows(angle) for name, angle in zip(_ANGLES, angles, strict=True)}
    template: dict[str, object] = {
        "n_frames": len(motion),
        "output_fps": max(1, round(motion.fps)),
    }
    if motion.space == HUMAN_SPACE:
        known = _with_all_known(motion)
        columns["kp"] = _rows(known.canonical)
        if program == "LivePortrait":
            columns["x_s"] = _rows(transform_keypoints(known))
        template["c_eyes_lst"] = _rows(known.eyes_open)
        template["c_lip_lst"] = _rows(known.lip_open)
    template["motion"] = [
        {name: rows[frame] for name, rows in columns.items()} for frame in range(len(motion))
    ]
    write_whole(path, pickle.dumps(template))
    return losses


def _has_other_neutral(motion: Motion) -> bool:
    """Whether frames are measured from another one than the first; a lone one is so from none."""
    return len(motion) > 1 and (motion.reference is not None or motion.reference_frame != 0)


def _with_neutral_first(motion: Motion) -> Motion:
    """The motion with its neutral frame in the place of the first one."""
    neutral = own_reference(motion)
    first, moved = neutral[:1], motion
    if len(neutral) > 1:
        rows = reference_of_frames(motion, neutral)
        moved = relative_motion(first, motion, rows, match_openness=False)
        moved = replace(moved, eyes_open=motion.eyes_open, lip_open=motion.lip_open)
    changed: dict[str, Tensor] = {}
    for name in _DRIVING:
        resting, values = getattr(first, name), getattr(moved, name)
        if resting is not None and values is not None:
            changed[name] = torch.cat((resting, values[1:]))
    return replace(motion, **changed)


def _with_all_known(motion: Motion) -> Motion:
    """The motion with unknown tensors set to neutral values."""
    num_frames = len(motion)
    canonical, eyes, lip = motion.canonical, motion.eyes_open, motion.lip_open
    if canonical is None:
        canonical = torch.zeros_like(motion.expression)
    if eyes is None:
        eyes = torch.full((num_frames, 2), _EYES_OPEN_WHEN_UNKNOWN)
    if lip is None:
        lip = torch.full((num_frames, 1), _LIP_OPEN_WHEN_UNKNOWN)
    return motion.describe(canonical=canonical, eyes_open=eyes, lip_open=lip)


def _losses(motion: Motion) -> list[str]:
    human = motion.space == HUMAN_SPACE
    still = FACE_PARTS - motion.parts
    losses = {
        f"The frame rate {motion.fps} became {max(1, round(motion.fps))}.": (
            motion.fps.denominator != 1 or motion.fps < 1
        ),
        "Frame 0 became the neutral frame, which programs measure the others from.": (
            _has_other_neutral(motion)
        ),
        "The neutral frame that is kept apart is lost; a face at rest counts as neutral.": (
            len(motion) == 1 and motion.reference is not None
        ),
        "Which frames were missing or interpolated is not kept.": motion.validity is not None,
        f"Absent channels became constant: {', '.join(sorted(motion.absent))}.": (
            bool(motion.absent)
        ),
        f"Parts of the face without expression became constant: {', '.join(sorted(still))}.": (
            bool(still)
        ),
        f"Channels meant as absolute became relative: {', '.join(sorted(motion.absolute))}.": (
            bool(motion.absolute)
        ),
        "A source with open lips is not told to close them first.": motion.from_shut_lips,
        f"Unknown eye opening became {_EYES_OPEN_WHEN_UNKNOWN} in each frame.": (
            human and motion.eyes_open is None
        ),
        f"Unknown lip opening became {_LIP_OPEN_WHEN_UNKNOWN} in each frame.": (
            human and motion.lip_open is None
        ),
        "Eye and lip opening and canonical keypoints are not kept: animals have none.": (
            not human
            and any(
                known is not None for known in (motion.eyes_open, motion.lip_open, motion.canonical)
            )
        ),
    }
    return [sentence for sentence, lost in losses.items() if lost]


def _rows(values: Tensor | None) -> list[np.ndarray[Any, Any]]:
    """(B, ...) as B arrays of (1, ...), each with memory of its own."""
    assert values is not None
    return [row[None].numpy().copy() for row in values]


def _frames_of(template: object, path: str | Path) -> list[dict[str, Any]]:
    if not isinstance(template, dict) or not isinstance(template.get("motion"), list):
        raise MediaError(
            f"{path} is no driving template: it has no list 'motion'. "
            "Give a template that LivePortrait or a relative wrote."
        )
    frames = cast(list[Any], template["motion"])
    num_frames = template.get("n_frames", len(frames))
    if not frames or num_frames != len(frames):
        raise MediaError(
            f"The template {path} names {num_frames} frames and holds {len(frames)}; "
            "as many as named, and at least one, are expected. Make it again."
        )
    if not all(isinstance(frame, dict) for frame in frames):
        raise MediaError(
            f"The template {path} is damaged: a frame in it is no dict. Make it again."
        )
    return frames


def _motion_of(template: dict[str, Any], frames: list[dict[str, Any]], space: str | None) -> Motion:
    first = frames[0]
    values = {
        "expression": _stack((frame["exp"] for frame in frames), NUM_KEYPOINTS, 3),
        "scale": _stack((frame["scale"] for frame in frames), 1),
        "translation": _stack((frame["t"] for frame in frames), 3),
    }
    rotation_key = next((key for key in ("R", "R_d") if key in first), None)
    if rotation_key is not None:
        rotation = _stack((frame[rotation_key] for frame in frames), 3, 3)
        motion = Motion.from_rotation(rotation=rotation, **values)
    else:
        degrees = [_stack((frame[angle] for frame in frames), 1) for angle in _ANGLES]
        motion = Motion.from_degrees(pose_deg=torch.cat(degrees, dim=1), **values)
    canonical = None
    if "kp" in first:
        canonical = _stack((frame["kp"] for frame in frames), NUM_KEYPOINTS, 3)
        canonical = canonical if canonical.any() else None
    eyes = template.get("c_eyes_lst") or template.get("c_d_eyes_lst")
    lip = template.get("c_lip_lst") or template.get("c_d_lip_lst")
    producer = _producer_of(first, bool(eyes))
    animal = producer == _ANIMAL_PRODUCER
    return motion.describe(
        canonical=canonical,
        eyes_open=_openness(eyes, len(frames), 2) if eyes else None,
        lip_open=_openness(lip, len(frames), 1) if lip else None,
        fps=_fps_of(template.get("output_fps", _FPS_WHEN_MISSING)),
        space=space or (ANIMAL_SPACE if animal else HUMAN_SPACE),
        producer=producer,
        absolute=frozenset({"lip"} if producer == JOYVASA_PRODUCER else ()),
    )


def _producer_of(frame: dict[str, Any], has_openness: bool) -> str:
    if all(angle in frame for angle in _ANGLES):
        return "FasterLivePortrait template" if "kp" in frame else JOYVASA_PRODUCER
    if "R_d" in frame:
        return "LivePortrait template, oldest layout"
    if has_openness or "kp" in frame:
        return "LivePortrait template"
    return _ANIMAL_PRODUCER


def _openness(rows: list[object], num_frames: int, width: int) -> Tensor:
    if len(rows) != num_frames:
        raise ValueError(f"{len(rows)} eye or lip openings for {counted(num_frames, 'frame')}")
    return _stack(rows, width)


def _stack(rows: Iterable[object], *shape: int) -> Tensor:
    """One value of each frame as (B, *shape) float32, whatever axes of size 1 it came with."""
    stacked = np.stack([to_array(row).reshape(shape) for row in rows])
    if not np.isfinite(stacked).all():
        raise ValueError("it holds values that are not finite")
    return torch.from_numpy(stacked)


def _fps_of(value: object) -> Fraction:
    fps = Fraction(str(value))  # text: 29.97 means 2997/100, not the nearest binary number
    if fps <= 0:
        raise ValueError(f"its frame rate is {value}")
    return fps
