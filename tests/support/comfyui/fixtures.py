"""Pytest fixtures of the stand-in; a conftest names this module in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .stand_in import OLDEST, VERSIONS, StandIn, active

on_both_versions = pytest.mark.parametrize("comfyui", VERSIONS, indirect=True)
"""Runs a test once for each version whose signatures the stand-in knows."""


@pytest.fixture
def comfyui(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StandIn]:
    """ComfyUI 0.3.64 without ComfyUI, in folders of its own; see `on_both_versions`."""
    with active(tmp_path / "ComfyUI", getattr(request, "param", OLDEST)) as stand_in:
        yield stand_in
