"""Head geometry: a face model from files or from formulas, and its deformation."""
