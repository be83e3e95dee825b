"""Tests that need a real ComfyUI (COMFYUI_DIR, COMFYUI_PYTHON), some of them a browser too."""
