"""Training: rendered heads, stage 1, stage 2, evaluation. Run from a checkout."""
