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
from .capture_head import head_of_matrix
from .capture_numbers import weight_of

DEFAULT_FPS: Final = Fraction(30)
HUGE: Final = 1e30
"""Stands for whole numbers that are too large for a float."""
_MATRICES: Final = (
    *("transformation_matrix", "facial_transformation_matrixes"),
    *("transformationMatrix", "facialTransformationMatrixes"),
)
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
        - `transformation_matrix`, or the first of `facial_transformation_matrixes` of MediaPipe,
          turns a face with y up and z towards the viewer; by rows, or 16 numbers in either order;
          frames that have none take a head between those of their neighbours
        - a shape that a frame with a face leaves out is 0 there

    Args:
        frames: An entry for each frame.
        name: What they are of, for messages.
        options: What they do not say.

    Raises:
        MediaError: No frame has a face with blendshapes, or a value is no number.
    """
    options = options or CaptureOptions()
    fps = options.capture_fps or DEFAULT_FPS
    rows: dict[int, Tensor] = {}
    heads: dict[int, Tensor] = {}
    known: set[str] = set()
    for number, frame in enumerate(frames):
        face, matrix = _first_face(frame)
        shapes = _shapes_of(face, number, name)
        if not shapes:
            continue
        known.update(shapes)
        rows[number] = torch.zeros(len(ARKIT_SHAPES))
        for shape, value in shapes.items():
            rows[number][ARKIT_SHAPES.index(shape)] = value
        if matrix is not None and options.head != "none":
            heads[number] = head_of_matrix(matrix, f"Frame {number} of {name}")
    if not rows:
        raise MediaError(
            f"{name} has no blendshapes in {counted(len(frames), 'frame')}; names as eyeBlinkLeft "
            "with a score are expected. Find the face with blendshapes, or name another file."
        )
    return Blendshapes(
        weights=_in_all_frames(rows, len(frames)),
        head_deg=_in_all_frames(heads, len(frames)) if heads else None,
        known=frozenset(known),
        fps=fps,
    )


def _in_all_frames(found: Mapping[int, Tensor], num_frames: int) -> Tensor:
    """(N, D) linear between the frames that have values, and held at the ends."""
    at = list(found)
    values = on_even_grid(torch.stack(list(found.values())), [Fraction(number) for number in at])
    before = values[:1].expand(at[0], -1)
    after = values[-1:].expand(num_frames - 1 - at[-1], -1)
    return torch.cat((before, values, after))


def _first_face(frame: object) -> tuple[object, object]:
    """The face of a frame: what holds names and scores; and the matrix of its head, or None."""
    matrix: object = None
    while True:
        if isinstance(frame, dict):
            inner = cast(dict[str, Any], frame)
            matrix = next((inner[key] for key in _MATRICES if _is_there(inner.get(key))), matrix)
            found = ("faceBlendshapes", "face_blendshapes", "categories")
            key = next((key for key in found if key in inner), None)
            if key is None:
                return inner, matrix
            frame = inner[key]
        elif isinstance(frame, list) and frame and not _is_category(cast(list[Any], frame)[0]):
            frame = cast(list[object], frame)[0]
        else:
            return cast(object, frame), matrix


def _is_there(matrix: object) -> bool:
    return matrix is not None and not (isinstance(matrix, list) and not matrix)


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
        where = f"Frame {number} of {name}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MediaError(
                f"{where} has {value!r} as {shape}; a finite number is expected. Record it again."
            )
        shapes[shape] = weight_of(max(-HUGE, min(value, HUGE)), shape, where)
    return shapes
