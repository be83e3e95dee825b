"""Head geometry: a face model from files or a procedural one, and its deformation."""
