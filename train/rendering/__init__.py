"""Heads rendered from a face model, with the exact labels that motion networks learn from."""
