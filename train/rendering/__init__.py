"""Heads rendered from a face model, with the exact truth a motion network is trained on."""
