"""Tests of the checkpoints."""
