"""Frames of a track in which its face was not found."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..imaging.landmark_layouts import Landmarks
from .faces import Face, face_from_landmarks


def fill_gaps(
    faces: Sequence[Face | None], *, max_gap: int, shots: Sequence[int] = (0,)
) -> tuple[Face, ...]:
    """A face for every frame.

    Convention:
        - a gap of at most `max_gap` frames between two measured ones is interpolated
          linearly, point by point
        - every other frame is `missing` and repeats the nearest measured face
        - each shot is filled by itself; one without a measured face repeats the others'

    Args:
        faces: None where none was found.
        max_gap: Frames.
        shots: The first frame of each shot.

    Raises:
        ValueError: No frame has a face.
    """
    measured = [number for number, face in enumerate(faces) if face is not None]
    if not measured:
        raise ValueError("No frame of the track has a face; at least one must be measured.")
    if len(shots) > 1:
        filled_all = fill_gaps(faces, max_gap=0)
        parts: list[Face] = []
        for start, stop in pairwise((*shots, len(faces))):
            own = faces[start:stop]
            parts += fill_gaps(own, max_gap=max_gap) if any(own) else filled_all[start:stop]
        return tuple(parts)
    filled: list[Face] = []
    for number, face in enumerate(faces):
        if face is not None:
            filled.append(face)
            continue
        after = int(np.searchsorted(measured, number))
        ends = [faces[frame] for frame in measured[max(0, after - 1) : after + 1]]
        first, last = ends[0], ends[-1]
        assert first is not None
        assert last is not None
        start, stop = measured[max(0, after - 1)], measured[min(after, len(measured) - 1)]
        if start < number < stop and stop - start - 1 <= max_gap:
            filled.append(_between(first, last, (number - start) / (stop - start)))
        else:
            nearest = first if abs(number - start) <= abs(stop - number) else last
            filled.append(replace(nearest, state="missing", score=0.0))
    return tuple(filled)


def as_mixed(faces: Sequence[Face], mixed: Container[int]) -> tuple[Face, ...]:
    """Faces of which those measured in some frames count as interpolated."""
    return tuple(
        replace(face, state="interpolated")
        if number in mixed and face.state == "measured"
        else face
        for number, face in enumerate(faces)
    )


def _between(first: Face, last: Face, weight: float) -> Face:
    if first.landmarks.layout != last.landmarks.layout:
        return replace(first if weight <= 0.5 else last, state="missing", score=0.0)  # noqa: PLR2004
    score = (1 - weight) * first.score + weight * last.score
    between = face_from_landmarks(_blended(first.landmarks, last.landmarks, weight), score)
    before, after = first.openness_landmarks, last.openness_landmarks
    return replace(
        between,
        face_id=first.face_id,
        state="interpolated",
        openness_landmarks=_blended(before, after, weight) if before and after else None,
    )


def _blended(first: Landmarks, last: Landmarks, weight: float) -> Landmarks:
    """Landmarks of one layout, interpolated linearly."""
    return Landmarks((1 - weight) * first.points + weight * last.points, first.layout)
