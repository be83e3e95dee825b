"""Tests of the motion maths."""
