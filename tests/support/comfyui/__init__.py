"""A strict stand-in for ComfyUI: its API, the core nodes of our workflows, and its executor."""
