"""Faces that are easy to find."""

import pytest

from liveportrait_core.animation import readers
from tests.support.blobs import SquareFinder, square_network


@pytest.fixture
def _square_faces(monkeypatch):
    """Bright squares are faces."""
    monkeypatch.setattr(readers, "NetworkFaceFinder", lambda network: SquareFinder())
    monkeypatch.setattr(readers, "HaarFaceFinder", lambda network: SquareFinder())
    monkeypatch.setattr(readers, "landmark_network", lambda model: square_network())
