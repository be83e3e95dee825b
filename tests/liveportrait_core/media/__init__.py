"""Tests of `liveportrait_core.media`."""
