"""The part of `comfy` that our nodes use."""
