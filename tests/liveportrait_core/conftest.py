"""Faces that are easy to find."""

import pytest

from liveportrait_core.animation import face_trackers
from tests.support.blobs import SquareFinder, square_network


@pytest.fixture
def _square_faces(monkeypatch):
    """Bright squares are faces."""
    monkeypatch.setattr(face_trackers, "NetworkFaceFinder", lambda network, **_: SquareFinder())
    monkeypatch.setattr(face_trackers, "HaarFaceFinder", lambda network, **_: SquareFinder())
    monkeypatch.setattr(face_trackers, "landmark_network", lambda model: square_network())
