"""The texture of a head: skin, wrinkles, brows, beards, lashes, eyes."""
