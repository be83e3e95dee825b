"""Fixtures for every room."""

from hypothesis import settings

pytest_plugins = ["tests.support.comfyui.stand_in"]

settings.register_profile("house", deadline=None)  # speed is measured in benchmarks, not here
settings.load_profile("house")
