"""Weight files: which they are, how their keys map to ours, how they load."""
