"""What a rendered pixel shows."""

from enum import IntEnum


class Region(IntEnum):
    """Values of the `regions` label."""

    BACKGROUND = 0
    TORSO = 1
    SKIN = 2
    HAIR = 3
    """Hair or a hat."""
    EYE = 4
    MOUTH = 5
    """Inside of the mouth: teeth, gums, tongue, socket."""
    GLASSES = 6
    OCCLUDER = 7
    """Before the face and not moving with it: a hand, a cup."""
