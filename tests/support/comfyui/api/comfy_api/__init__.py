"""The part of `comfy_api` that our nodes use."""
