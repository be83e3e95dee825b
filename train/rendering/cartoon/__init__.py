"""Drawn people: proportions, flat colours, outlines."""
