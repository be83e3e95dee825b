"""What a rendered pixel shows."""

from enum import IntEnum


class Region(IntEnum):
    """Values of the `regions` label."""

    BACKGROUND = 0
    TORSO = 1
    SKIN = 2
    HAIR = 3
    """Hair, or what is worn over it."""
    EYE = 4
    MOUTH = 5
    """Inside of the mouth: teeth, gums, tongue, socket."""
    GLASSES = 6
    """Glasses or earrings."""
    OCCLUDER = 7
    """Before the face and not moving with it: a hand, a cup."""
