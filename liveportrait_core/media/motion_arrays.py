"""Motions as rows of numbers, as programs that turn speech into motion write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..constants import FACE_PARTS, HUMAN_SPACE, NUM_KEYPOINTS, FacePart
from ..errors import MediaError, about
from ..motion.import_options import MotionLayout
from ..motion.types import Channel, Motion

Columns = Mapping[str, NDArray[Any]]
"""Arrays of N rows by name: exp, scale, t, pitch, yaw and roll, perhaps kp."""
ANGLES: Final = ("pitch", "yaw", "roll")
COLUMNS: Final = frozenset({"exp", "scale", "t", *ANGLES})

NUM_BINS: Final = 66
BIN_DEG: Final = 3.0
FIRST_BIN_DEG: Final = -97.5
KDTALKER_FIRST_BIN_DEG: Final = -99.0
"""As KDTalker's own function has it; the same networks, 1.5 degrees beside the published one."""
MAX_MEAN_EXPRESSION: Final = 0.3
"""Crop units; expressions of faces have .01 to .05 on average, normalised numbers about .8."""
_EPSILON: Final = 1e-5
"""MoDA adds it to its deviations."""
_EXPRESSION_FIRST: Final = ("exp", "scale", "t", *ANGLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLayout:
    """How a program orders the numbers of a frame, and what of them it drives a face with."""

    producer: str
    order: tuple[str, ...] = _EXPRESSION_FIRST
    widths: tuple[int, ...] = (70,)
    """Numbers of a frame: 70 with three angles in degrees, 265 with 66 bins for each."""
    scale_offset: float = 0.0
    """What is added to the scale."""
    parts: frozenset[FacePart] = FACE_PARTS
    absent: frozenset[Channel] = frozenset()
    absolute: frozenset[str] = frozenset()

    def columns(self, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The columns of (N, 70) or (N, 265) numbers, with their means or deviations alike."""
        angle = 1 if rows.shape[1] == min(_WIDTHS) else NUM_BINS
        sizes = {"exp": NUM_KEYPOINTS * 3, "scale": 1, "t": 3, **dict.fromkeys(ANGLES, angle)}
        ends = np.cumsum([sizes[name] for name in self.order])
        return dict(zip(self.order, np.split(rows, ends[:-1], axis=1), strict=True))


_WIDTHS: Final = (70, 265)
_ROW_AXES: Final = 2
LAYOUTS: Final[Mapping[MotionLayout, RowLayout]] = MappingProxyType(
    {
        "joyvasa": RowLayout(producer="JoyVASA", absolute=frozenset({"lip"})),
        "moda": RowLayout(producer="MoDA", widths=_WIDTHS),
        "ditto": RowLayout(
            producer="Ditto",
            order=("scale", *ANGLES, "t", "exp"),
            widths=(265,),
            scale_offset=1.0,
            parts=frozenset({"lip", "eyes"}),
            absent=frozenset({"scale"}),
        ),
        "kdtalker": RowLayout(
            producer="KDTalker", order=("scale", "yaw", "pitch", "roll", "t", "exp")
        ),
    }
)


def motion_from_rows(
    rows: NDArray[Any],
    layout: MotionLayout | None,
    constants: Mapping[str, NDArray[Any]] | None = None,
    *,
    name: str,
) -> Motion:
    """A motion out of one row of numbers for each frame, at 25 frames a second.

    Convention:
        - JoyVASA and MoDA: expression (63), scale, translation (3), pitch, yaw, roll;
          KDTalker: scale, yaw, pitch, roll, translation, expression;
          Ditto: scale less 1, bins of pitch, yaw and roll, translation, expression
        - 66 bins are 3 degrees apart and mean the angle that `degrees_of_bins` gives
        - what a program does not drive a face with is not carried: of Ditto's expression only lips
          and eyes count, and not its scale; JoyVASA's lips are absolute
        - MoDA's translation is that of its mean face, as the source's own size is not known

    Args:
        rows: (N, 70) or (N, 265), or with an axis of size 1 before.
        layout: The program that wrote them.
        constants: What they are normalised by, by the names of the program's own file; None: they
            are not.
        name: The file, for messages.

    Raises:
        MediaError: The layout is not known or does not fit, or the numbers cannot be a face's.
    """
    if rows.ndim > _ROW_AXES and len(rows) == 1:
        rows = rows[0]
    known = _fitting(rows, layout, name)
    with np.errstate(invalid="ignore"):  # what is no number is told below
        columns = known.columns(rows.astype(np.float64))
    if constants is not None:
        assert layout is not None
        columns = _denormalised(columns, known, constants, layout)
    columns["scale"] = columns["scale"] + known.scale_offset
    return motion_from_columns(columns, name=name).describe(
        producer=known.producer, parts=known.parts, absent=known.absent, absolute=known.absolute
    )


def motion_from_columns(
    columns: Columns, *, name: str, first_bin_deg: float = FIRST_BIN_DEG
) -> Motion:
    """A motion out of an array for each value, at 25 frames a second.

    Args:
        columns: exp (N, 63) or (N, 21, 3), scale (N, 1), t (N, 3); pitch, yaw and roll (N, 1) in
            degrees or (N, 66) bins; perhaps kp as exp.
        name: The file, for messages.
        first_bin_deg: Degrees of the first bin.

    Raises:
        MediaError: The shapes do not fit, or the numbers cannot be a face's.
    """
    num_frames = len(columns["exp"])
    shapes = {"exp": (NUM_KEYPOINTS, 3), "scale": (1,), "t": (3,), "kp": (NUM_KEYPOINTS, 3)}
    try:
        values = {
            key: _tensor(columns[key], (num_frames, *shape))
            for key, shape in shapes.items()
            if key in columns
        }
        pose_deg = torch.cat(
            [_degrees(columns[angle], num_frames, first_bin_deg) for angle in ANGLES], dim=1
        )
    except ValueError as error:
        raise MediaError(
            f"{name} is damaged: {error}. Make it again with the program that wrote it."
        ) from error
    _check_plausible(values, name)
    motion = Motion.from_degrees(
        pose_deg=pose_deg,
        expression=values["exp"],
        scale=values["scale"],
        translation=values["t"],
    )
    return motion.describe(space=HUMAN_SPACE, canonical=values.get("kp"))


def degrees_of_bins(
    bins: NDArray[Any], first_bin_deg: float = FIRST_BIN_DEG
) -> NDArray[np.float64]:
    """Angles as published M gives them: sum of softmax(bins) * index, times 3, from the first bin.

    Args:
        bins: (N, 66) logits.
        first_bin_deg: Degrees of the first bin.

    Returns:
        (N,) degrees.
    """
    shares = np.exp(bins - bins.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return shares @ np.arange(NUM_BINS) * BIN_DEG + first_bin_deg


def _fitting(rows: NDArray[Any], layout: MotionLayout | None, name: str) -> RowLayout:
    """The layout, where the rows have its width.

    Raises:
        MediaError: They have not, or the layout is not given.
    """
    shape = " x ".join(map(str, rows.shape))
    fitting = [
        key
        for key, known in LAYOUTS.items()
        if rows.ndim == _ROW_AXES and len(rows) and rows.shape[1] in known.widths
    ]
    if not fitting:
        raise MediaError(
            f"{name} holds {shape} numbers; rows of {' or '.join(map(str, _WIDTHS))} are expected. "
            "Give a file that JoyVASA, MoDA, Ditto or KDTalker wrote."
        )
    if layout not in fitting:
        came = "no layout is given" if layout is None else f"the layout is '{layout}'"
        with about("layout"):
            raise MediaError(
                f"{name} holds {shape} numbers, and {came}; one of {', '.join(fitting)} is "
                "expected, as each program has its own order. Convert it with the layout named "
                "(Load Motion, 'liveportrait motion convert --layout')."
            )
    return LAYOUTS[layout]


def _denormalised(
    columns: Columns,
    known: RowLayout,
    constants: Mapping[str, NDArray[Any]],
    layout: MotionLayout,
) -> dict[str, NDArray[Any]]:
    """The columns as they were before they were normalised: value * factor + offset."""
    try:
        denormalised: dict[str, NDArray[Any]] = {}
        for key, values in columns.items():
            offset, factor = (
                part.reshape(1, values.shape[1])
                for part in _scale_of(key, known, constants, layout)
            )
            denormalised[key] = values * factor + offset
    except (KeyError, ValueError) as error:
        with about("normalisation"):
            raise MediaError(
                f"The normalisation does not fit the layout '{layout}' ({error}); "
                f"{_CONSTANTS_FILE[layout]} is expected. Choose another file."
            ) from error
    return denormalised


_CONSTANTS_FILE: Final[Mapping[MotionLayout, str]] = MappingProxyType(
    {
        "joyvasa": "JoyVASA's motion_template.pkl",
        "moda": "MoDA's mean.pt of as many numbers as the motion has",
        "kdtalker": "KDTalker's norm.npz",
        "ditto": "none",
    }
)


def _scale_of(
    key: str, known: RowLayout, constants: Mapping[str, NDArray[Any]], layout: MotionLayout
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Offset and factor of each number of a column."""
    if layout == "joyvasa" and key != "exp":
        least = constants[f"min_{key}"]
        return least, constants[f"max_{key}"] - least
    if layout == "joyvasa":
        return constants["mean_exp"], constants["std_exp"]
    if layout == "kdtalker":
        return constants[f"{key}_mean"], constants[f"{key}_std"]
    if layout != "moda":
        raise KeyError("its numbers are not normalised")
    mean, deviation = (
        known.columns(constants[entry].reshape(1, -1))[key] for entry in ("mean", "std")
    )
    binned = key != "exp" and constants["mean"].size == max(_WIDTHS)
    return mean, np.ones_like(deviation) if binned else deviation + _EPSILON


def _degrees(values: NDArray[Any], num_frames: int, first_bin_deg: float) -> Tensor:
    """(N, 1) degrees out of degrees or bins."""
    flat = values.reshape(num_frames, -1).astype(np.float64)
    if flat.shape[1] == NUM_BINS:
        flat = degrees_of_bins(flat, first_bin_deg)
    return _tensor(flat, (num_frames, 1))


def _tensor(values: NDArray[Any], shape: tuple[int, ...]) -> Tensor:
    tensor = torch.from_numpy(values.astype(np.float32).reshape(shape))
    if not bool(tensor.isfinite().all()):
        raise ValueError("it holds values that are not finite")
    return tensor


def _check_plausible(values: Mapping[str, Tensor], name: str) -> None:
    """Refuse numbers that are still normalised.

    Raises:
        MediaError: They seem to be.
    """
    travel, least = float(values["exp"].abs().mean()), float(values["scale"].min())
    if travel > MAX_MEAN_EXPRESSION or least <= 0:
        with about("normalisation"):
            raise MediaError(
                f"{name} has expressions of {travel:.2g} crop units on average and scales from "
                f"{least:.2g} on; faces have .01 to .1, and scales above 0, so its numbers seem to "
                "be normalised. Give the file of means and deviations as normalisation."
            )
