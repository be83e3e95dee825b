"""Frames: pose, light and draw an identity, and its labels."""
