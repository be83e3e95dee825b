"""Tests of liveportrait_core.face."""
