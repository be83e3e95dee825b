"""Files that ship with the library: weights of the default model and the face finder, motions."""
