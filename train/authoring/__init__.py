"""Making what ships: the recipe, motions, model files, and pictures to look at."""
