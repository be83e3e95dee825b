"""Pages and grids of images that show what a run or a measurement found."""
