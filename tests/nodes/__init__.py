"""The node suite in the stand-in for ComfyUI."""
