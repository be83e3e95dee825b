"""Plots of motions, and faces marked in pictures."""
