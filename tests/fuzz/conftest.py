"""The node suite, for its routes."""

from tests.nodes.conftest import comfyui, model_file, suite

__all__ = ["comfyui", "model_file", "suite"]
