"""Losses: pure functions with their equations, and the table that sums them."""
