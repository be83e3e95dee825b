"""Faces that the edge of the picture cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .faces import Face, FaceTrack

EDGE_MARGIN: Final = 0.075
"""Distance from the picture's edge within which a landmark counts as outside, in sides of the
face's box. The points lie so far inside the jaw line (`COMPACT_BOX_RATIO`), and a network puts
those that it cannot see just inside the edge."""
MAX_CUT_OFF: Final = 0.5
"""Share of measured frames with a face cut off from which the clip was framed so on purpose."""


def without_cut_off(track: FaceTrack, height: int, width: int) -> FaceTrack:
    """A track in which a face that is partly outside of the picture is missing.

    Convention:
        - a measured or interpolated face is cut off where a landmark is less than `EDGE_MARGIN`
          inside of the picture; it becomes `missing`, score 0
        - a shot in which that is so for more than `MAX_CUT_OFF` of the measured frames is
          cropped tightly on purpose, and stays as it is

    Args:
        track: A face.
        height: Of the frames, pixels.
        width: Likewise.
    """
    shots = [_whole_faces(track.faces[shot], height, width) for shot in track.shot_slices]
    return replace(track, faces=tuple(face for shot in shots for face in shot))


def _whole_faces(faces: Sequence[Face], height: int, width: int) -> Sequence[Face]:
    """Those of one shot."""
    cut_off = [is_cut_off(face, height, width) for face in faces]
    measured = [cut for cut, face in zip(cut_off, faces, strict=True) if _seen(face)]
    if not any(measured) or sum(measured) > MAX_CUT_OFF * len(measured):
        return faces
    return [
        replace(face, state="missing", score=0.0) if cut else face
        for cut, face in zip(cut_off, faces, strict=True)
    ]


def is_cut_off(face: Face, height: int, width: int) -> bool:
    """Whether a landmark lies outside of the picture, or nearly so."""
    margin = EDGE_MARGIN * max(face.box[2:])
    low, high = face.landmarks.points.min(0), face.landmarks.points.max(0)
    inside = low.min() >= margin and high[0] <= width - 1 - margin
    return not (inside and high[1] <= height - 1 - margin)


def _seen(face: Face) -> bool:
    return face.state == "measured"
