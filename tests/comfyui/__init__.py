"""Tests of the stand-in for ComfyUI, and of the stand-in against ComfyUI."""
