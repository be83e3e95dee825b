"""Tests of `liveportrait_core.cli`."""
