"""The stand-in's fixtures, so that this folder's tests also run on their own."""

from tests.support.comfyui.fixtures import comfyui

__all__ = ["comfyui"]
