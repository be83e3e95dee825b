"""Enough of ComfyUI to define schemas and to call `execute` of our nodes; see docs/testing.md."""
