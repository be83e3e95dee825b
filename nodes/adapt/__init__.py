"""ComfyUI's values <-> the library's: one module for each kind of value."""
