"""Tests of liveportrait_core."""
