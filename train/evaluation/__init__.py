"""Measuring a model: on rendered heads, where it is pasted back, and on clips of real people."""
