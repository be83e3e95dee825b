"""Tests of liveportrait_core.imaging."""
