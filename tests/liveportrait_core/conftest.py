"""Faces that are easy to find, and a model for them."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.animation import face_trackers
from liveportrait_core.preset import COMPACT
from tests.support.blobs import SquareFinder, square_network
from tests.support.tiny import tiny_compact_model


@pytest.fixture
def _square_faces(monkeypatch):
    """Bright squares are faces."""
    monkeypatch.setattr(face_trackers, "NetworkFaceFinder", lambda network, **_: SquareFinder())
    monkeypatch.setattr(face_trackers, "HaarFaceFinder", lambda network, **_: SquareFinder())
    monkeypatch.setattr(face_trackers, "landmark_network", lambda model: square_network())


@pytest.fixture(scope="module")
def model():
    """A tiny compact model of 128 px; some modules have another one."""
    tiny = replace(COMPACT, name="tiny", width=1 / 8, face_size_px=128, output_size_px=128)
    return tiny_compact_model(tiny)


@pytest.fixture
def _no_gradients():
    with torch.inference_mode():
        yield
