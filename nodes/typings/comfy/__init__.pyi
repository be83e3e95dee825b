"""ComfyUI's package of models and devices."""
