"""Golden checks, one module for each part of a golden folder."""
