"""Blendshapes by the names that MediaPipe gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, cast

import torch
from torch import Tensor

from ..errors import MediaError, counted
from ..motion.blendshape_options import CaptureOptions
from ..motion.blendshape_tools import on_even_grid
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.rotation import degrees_from_rotation

DEFAULT_FPS: Final = Fraction(30)
MATRIX_SIZE: Final = 4
_SHAPES: Final = {name.lower(): name for name in ARKIT_SHAPES}


def read_capture_json(text: str, name: str, options: CaptureOptions) -> Blendshapes:
    """Blendshapes of a JSON text: a list with an entry for each frame, or {"frames": the list}.

    Convention:
        - an entry is {name: score}, a list of {"categoryName" or "category_name", "score"}, or an
          object or list that holds one under "blendshapes", "faceBlendshapes" or "face_blendshapes"
        - of several faces in a frame the first counts

    Args:
        text: Of the file.
        name: Of the file, for messages.
        options: What the file does not say.

    Raises:
        MediaError: It is none.
    """
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MediaError(
            f"{name} is no JSON ({error}); blendshapes by their names are expected. Name another "
            "file."
        ) from error
    if isinstance(content, dict):
        content = cast(dict[str, object], content).get("frames", [content])
    if not isinstance(content, list):
        raise MediaError(
            f"{name} holds {type(content).__name__}; a list with an entry for each frame is "
            "expected. Name another file."
        )
    return blendshapes_of_frames(cast(list[object], content), name, options)


def blendshapes_of_frames(
    frames: Sequence[object], name: str, options: CaptureOptions | None = None
) -> Blendshapes:
    """Blendshapes of MediaPipe's results, as `read_capture_json` and ComfyUI's FACE_LANDMARKS.

    Convention:
        - frames without a face take values between those of their neighbours
        - `transformation_matrix` (4, 4) turns a face with y up and z towards the viewer

    Args:
        frames: An entry for each frame.
        name: What they are of, for messages.
        options: What they do not say.

    Raises:
        MediaError: No frame has a face with blendshapes, or a value is no number.
    """
    options = options or CaptureOptions()
    fps = options.capture_fps or DEFAULT_FPS
    rows: list[Tensor] = []
    heads: list[Tensor | None] = []
    at: list[int] = []
    known: set[str] = set()
    for number, frame in enumerate(frames):
        face = _first_face(frame)
        shapes = _shapes_of(face, number, name)
        if not shapes:
            continue
        known.update(shapes)
        weights = torch.zeros(len(ARKIT_SHAPES))
        for shape, value in shapes.items():
            weights[ARKIT_SHAPES.index(shape)] = value
        rows.append(weights)
        heads.append(_head_deg(face))
        at.append(number)
    if not rows:
        raise MediaError(
            f"{name} has no blendshapes in {counted(len(frames), 'frame')}; names as eyeBlinkLeft "
            "with a score are expected. Find the face with blendshapes, or name another file."
        )
    values = torch.stack(rows)
    has_head = options.head != "none" and all(head is not None for head in heads)
    if has_head:
        values = torch.cat((values, torch.stack([h for h in heads if h is not None])), 1)
    values = on_even_grid(values, [Fraction(number) for number in at])
    values = _held_at_the_ends(values, at, len(frames))
    return Blendshapes(
        weights=values[:, : len(ARKIT_SHAPES)],
        head_deg=values[:, len(ARKIT_SHAPES) :] if has_head else None,
        known=frozenset(known),
        fps=fps,
    )


def _held_at_the_ends(values: Tensor, at: Sequence[int], num_frames: int) -> Tensor:
    before = values[:1].expand(at[0], -1)
    after = values[-1:].expand(num_frames - 1 - at[-1], -1)
    return torch.cat((before, values, after))


def _first_face(frame: object) -> object:
    """The face of a frame: what holds names and scores."""
    while True:
        if isinstance(frame, dict):
            inner = cast(dict[str, Any], frame)
            found = ("faceBlendshapes", "face_blendshapes", "categories")
            key = next((key for key in found if key in inner), None)
            if key is None:
                return inner
            frame = inner[key]
        elif isinstance(frame, list) and frame and not _is_category(cast(list[Any], frame)[0]):
            frame = cast(list[object], frame)[0]
        else:
            return cast(object, frame)


def _is_category(item: object) -> bool:
    return (
        isinstance(item, dict)
        and "score" in item
        and bool({"categoryName", "category_name"} & set(cast(dict[str, Any], item)))
    )


def _shapes_of(face: object, number: int, name: str) -> dict[str, float]:
    if isinstance(face, dict):
        entries = cast(dict[str, Any], face)
        named = cast(object, entries.get("blendshapes", entries))
        if isinstance(named, list):
            return _shapes_of(cast(object, named), number, name)
        pairs = list(cast(Mapping[str, Any], named).items()) if isinstance(named, Mapping) else []
    elif isinstance(face, list):
        categories = cast(list[dict[str, Any]], face)
        pairs = [
            (one.get("categoryName", one.get("category_name")), one["score"])
            for one in categories
            if _is_category(one)
        ]
    else:
        return {}
    shapes: dict[str, float] = {}
    for key, value in pairs:
        shape = _SHAPES.get(str(key).lower())
        if shape is None:
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not abs(value) < float("inf")
        ):
            raise MediaError(
                f"Frame {number} of {name} has {value!r} as {shape}; a finite number is expected. "
                "Record it again."
            )
        shapes[shape] = float(value)
    return shapes


def _head_deg(face: object) -> Tensor | None:
    """(3,) pitch, yaw, roll of a face's own matrix; None where there is none."""
    matrix = (
        cast(dict[str, Any], face).get("transformation_matrix") if isinstance(face, dict) else None
    )
    if matrix is None:
        return None
    turn = torch.as_tensor(matrix, dtype=torch.float64)
    if turn.numel() != MATRIX_SIZE**2 or not bool(turn.isfinite().all()):
        return None
    turn = turn.reshape(MATRIX_SIZE, MATRIX_SIZE)[:3, :3]
    turn = turn / turn.norm(dim=0, keepdim=True).clamp(min=1e-9)
    flip = turn.new_tensor((1.0, -1.0, -1.0))  # y up and z to the viewer, as ours are not
    rows = (flip[:, None] * turn * flip).mT
    return degrees_from_rotation(rows[None])[0].float()
