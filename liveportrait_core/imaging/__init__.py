"""Crops, paste-back and the bridge between pictures and tensors."""
