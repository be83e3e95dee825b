"""Damaged and hand-made input of every kind: it is read, or refused in a sentence.

`LIVEPORTRAIT_FUZZ_INPUTS=100000 python -m pytest tests/fuzz -n 2` shares so many inputs among all
kinds; without the variable there are a few of each, always the same.
"""
