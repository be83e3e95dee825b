"""Synthetic speech whose sounds have exact times, with the curves of a face that says it."""
