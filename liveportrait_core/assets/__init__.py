"""Files that ship with the library: the weights of the default model and its motions."""
