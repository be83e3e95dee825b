"""The marks by which the faces of a clip are drawn on its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..face.faces import Faces
from ..imaging.landmark_layouts import Points
from ..viz.drawing import FaceMark
from .crops import crop_edges


def edges_of(faces: Faces) -> dict[int, list[Points]]:
    """The corners (4, 2) of each face's crop in every frame, by the face's number."""
    if faces.source_crop is None:
        return {}
    return {
        track.face_id: crop_edges(track, faces.source_crop, faces.fps) for track in faces.tracks
    }


def marks_of(faces: Faces, frame: int, edges: Mapping[int, list[Points]]) -> list[FaceMark]:
    """What `draw_faces` draws in a frame, with the edges of the crops that are known."""
    marks: list[FaceMark] = []
    for track in faces.tracks:
        face = track.faces[frame]
        mark = FaceMark(
            box=face.box, number=track.face_id, points=face.landmarks.points, state=face.state
        )
        known = track.face_id in edges
        marks.append(replace(mark, crop=edges[track.face_id][frame]) if known else mark)
    return marks
