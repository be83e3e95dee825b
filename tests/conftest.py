"""Fixtures for every room."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["tests.support.comfyui.stand_in"]

settings.register_profile("house", deadline=None)  # speed is measured in benchmarks, not here
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard() -> Iterator[None]:
    """Ctrl-C is heard although a shell that starts tests in the background turns it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
