"""The head to render: from a face model's files, or procedural."""

from pathlib import Path

from .face_model import read_face_model
from .head_model import HeadModel, build_head
from .procedural import build_procedural_model


def load_head(face_model: Path | None) -> HeadModel:
    """The head of a face model; without one, a procedural head.

    Raises:
        FaceModelError: the face model cannot be read.
    """
    raw = build_procedural_model() if face_model is None else read_face_model(face_model)
    return build_head(raw)
