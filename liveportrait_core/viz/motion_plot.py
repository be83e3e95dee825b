"""Motions as pictures of curves over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..constants import FACE_PARTS
from ..errors import counted
from ..imaging.tensors import Pixels
from ..motion.edit import retime
from ..motion.reference import check_motions, own_reference, reference_of_frames
from ..motion.regions import keypoint_space
from ..motion.types import Channel, Motion
from .drawing import MARK_COLOURS, Colour
from .sheet import AXIS_PX, LINE_PX, MUTED, TEXT, Panel, Shades, Sheet

INTERPOLATED_COLOUR, MISSING_COLOUR = (240, 190, 90), (235, 80, 80)
TOP = 82
"""Upper edge of the panels under two lines of header."""
COMPARED_PX = 118
"""Height of one of the panels of a comparison, with its title."""
NEUTRAL = "Expression, mean distance of the keypoints from the neutral frame, crop units"
ABSENT, NOT_MEASURED = "absent: the source keeps its own", "not measured"


def plot_motion(motion: Motion) -> Pixels:
    """A motion as curves over time.

    Convention:
        - frames that were not measured are shaded: interpolated ones yellow, missing ones red
        - a channel that is absent from the motion has an empty panel that says so
        - "expression" is how far the keypoints' expression lies from that of the neutral
          frame, the mean over the keypoints that it carries; left and right are the image's

    Args:
        motion: One frame or more.

    Returns:
        (720, 1280, 3) uint8 RGB.

    Raises:
        ValueError: The motion has no frame.
    """
    if not len(motion):
        raise ValueError("The motion has 0 frames; 1 or more are expected. Give a longer motion.")
    motion = _plain(motion)
    reference = _reference(motion)
    sheet = Sheet(
        len(motion), float(motion.fps), shades=unmeasured_frames(motion), dashed=reference
    )
    label = (
        "reference: none of these" if reference is None else f"dashed: reference, frame {reference}"
    )
    labels: dict[str, Colour] = {label: TEXT}
    labels |= {label: colour for label, (colour, _) in reversed(list(sheet.shades.items()))}
    sheet.draw_header(list(zip(motion_texts(motion), (TEXT, MUTED), strict=True)), labels)
    sheet.draw_panels(motion_panels(motion), TOP)
    return sheet.picture()


def motion_panels(motion: Motion) -> list[Panel]:
    """The curves of `plot_motion`; the motion lies on the CPU and needs no gradient."""
    openings: dict[str, Tensor] = {}
    if motion.eyes_open is not None:
        openings |= {"left eye": motion.eyes_open[:, 0], "right eye": motion.eyes_open[:, 1]}
    if motion.lip_open is not None:
        openings["lip"] = motion.lip_open[:, 0]
    x, y, _ = motion.translation.unbind(1)
    pose = {"pitch": motion.pitch_deg, "yaw": motion.yaw_deg, "roll": motion.roll_deg}
    rows: tuple[tuple[Channel | None, str, dict[str, Tensor], float], ...] = (
        ("pose", "Head pose, degrees", pose, 4.0),
        (None, "Opening, height / width", openings, 0.2),
        ("expression", NEUTRAL, {"distance": _travel(motion)}, 0.01),
        ("translation", "Translation, crop units", {"x": x, "y": y}, 0.04),
        ("scale", "Scale", {"scale": motion.scale[:, 0]}, 0.04),
    )
    return [
        Panel(
            title=title,
            curves={n: v.numpy() for n, v in curves.items() if channel not in motion.absent},
            note=ABSENT if channel else NOT_MEASURED,
            min_span=min_span,
            from_zero=channel in (None, "expression"),
        )
        for channel, title, curves, min_span in rows
    ]


def motion_texts(motion: Motion) -> tuple[str, str]:
    """Frames, seconds and frame rate; keypoint space, producer, parts and what is absolute."""
    fps = motion.fps
    rate = str(fps) if fps.denominator == 1 else f"{float(fps):.5g} ({fps})"
    made_by = f"made by {motion.producer}" if motion.producer else ""
    parts = ""
    if motion.parts != FACE_PARTS:
        parts = f"expression of: {', '.join(sorted(motion.parts))}"
    absolute = f"absolute: {', '.join(sorted(motion.absolute))}" if motion.absolute else ""
    return (
        f"{counted(len(motion), 'frame')}, {float(len(motion) / fps):.2f} s at {rate} frames/s",
        "  |  ".join(filter(None, (f"space {motion.space}", made_by, parts, absolute))),
    )


def unmeasured_frames(motion: Motion) -> Shades:
    """The shaded frames: by label their colour and a (N,) mask."""
    if motion.validity is None:
        return {}
    validity = motion.validity.numpy()
    interpolated, missing = (validity > 0) & (validity < 1), validity <= 0
    kinds = {
        f"{interpolated.sum():,} interpolated": (INTERPOLATED_COLOUR, interpolated),
        f"{missing.sum():,} missing": (MISSING_COLOUR, missing),
    }
    return {label: kind for label, kind in kinds.items() if kind[1].any()}


def _plain(motion: Motion) -> Motion:
    """The motion as the panels take it."""
    return motion.to("cpu", torch.float64).map_tensors(Tensor.detach)


def _reference(motion: Motion) -> int | None:
    """The neutral frame; None where it is none of the motion's own."""
    if motion.reference is not None:
        return None
    return min(max(motion.reference_frame, 0), len(motion) - 1)


def _travel(motion: Motion) -> Tensor:
    """(B,) mean distance of the carried keypoints' expression from that of the neutral frame."""
    motion = motion.describe(reference_frame=_reference(motion) or 0)
    neutral = reference_of_frames(motion, own_reference(motion))
    distance = (motion.expression - neutral.expression).norm(dim=-1)
    carried = keypoint_space(motion.space).part_mask(motion.carried_parts)[:, 0]
    return distance[:, carried].mean(1)


def plot_motions(motions: Mapping[str, Motion]) -> Pixels:
    """Motions over one another as curves over time.

    Convention:
        - one colour for each motion, one panel for each value; time is in seconds from the first
          frame of each, and motions of other rates are retimed to the highest
        - "expression" is the distance from each one's own neutral frame, as in `plot_motion`

    Args:
        motions: One to seven by name, of the same keypoint space.

    Returns:
        (H, 1280, 3) uint8 RGB.

    Raises:
        MotionSpaceError: The keypoint spaces differ.
        ValueError: There are none or too many, or one cannot be used (`check_motions`).
    """
    if not 1 <= len(motions) <= len(MARK_COLOURS):
        raise ValueError(
            f"There are {len(motions)} motions; 1 to {len(MARK_COLOURS)} are expected. Compare "
            "fewer of them."
        )
    check_motions(**motions)
    fps = max(motion.fps for motion in motions.values())
    plain = [_at_rate(_plain(motion), fps) for motion in motions.values()]
    panels = compared_panels(plain)
    lines = [
        (f"{number}  {name}: {motion_texts(motion)[0]}", colour)
        for number, ((name, motion), colour) in enumerate(
            zip(motions.items(), MARK_COLOURS, strict=False), 1
        )
    ]
    top = TOP + LINE_PX * (len(lines) - 2)
    height = top + COMPARED_PX * len(panels) + AXIS_PX
    sheet = Sheet(max(map(len, plain)), float(fps), height=height)
    sheet.draw_header(lines, {})
    sheet.draw_panels(panels, top)
    return sheet.picture()


def _at_rate(motion: Motion, fps: Fraction) -> Motion:
    return motion if len(motion) == 1 else retime(motion, fps)


def compared_panels(motions: Sequence[Motion]) -> list[Panel]:
    """The panels of `plot_motions`: a curve for each motion, by its number from 1."""
    rows: tuple[tuple[Channel | None, str, Callable[[Motion], Tensor | None], float], ...] = (
        ("pose", "Pitch, degrees", lambda motion: motion.pitch_deg, 4.0),
        ("pose", "Yaw, degrees", lambda motion: motion.yaw_deg, 4.0),
        ("pose", "Roll, degrees", lambda motion: motion.roll_deg, 4.0),
        (None, "Eye opening, mean of both, height / width", _eyes_open, 0.2),
        (None, "Lip opening, height / width", _lip_open, 0.2),
        ("expression", NEUTRAL, _travel, 0.01),
        ("translation", "Translation x, crop units", lambda motion: motion.translation[:, 0], 0.04),
        ("translation", "Translation y, crop units", lambda motion: motion.translation[:, 1], 0.04),
        ("scale", "Scale", lambda motion: motion.scale[:, 0], 0.04),
    )
    num_frames = max(map(len, motions))
    panels: list[Panel] = []
    for channel, title, value, min_span in rows:
        curves = {
            str(number): _padded(values, num_frames)
            for number, motion in enumerate(motions, 1)
            if channel not in motion.absent and (values := value(motion)) is not None
        }
        panels.append(
            Panel(
                title=title,
                curves=curves,
                note=ABSENT if channel else NOT_MEASURED,
                min_span=min_span,
                from_zero=channel in (None, "expression"),
            )
        )
    return panels


def _eyes_open(motion: Motion) -> Tensor | None:
    return None if motion.eyes_open is None else motion.eyes_open.mean(1)


def _lip_open(motion: Motion) -> Tensor | None:
    return None if motion.lip_open is None else motion.lip_open[:, 0]


def _padded(values: Tensor, num_frames: int) -> NDArray[np.float64]:
    """Values with a gap after them."""
    return np.pad(values.numpy(), (0, num_frames - len(values)), constant_values=np.nan)
