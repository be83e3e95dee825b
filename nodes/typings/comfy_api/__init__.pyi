"""What our nodes use of ComfyUI, whose own code is not installed where types are checked."""
