"""Numbers that more than one room needs."""

from enum import IntEnum
from typing import Final, Literal

NUM_KEYPOINTS: Final = 21
"""K, the number of implicit keypoints (Sec. 3.1)."""

KeypointSpace = Literal["liveportrait-human-21", "liveportrait-animal-21", "lps-compact-21"]
"""Motion of one keypoint space never silently drives a model of another."""
PositionCode = Literal["new", "old"]
"""Of JoyVASA's networks (`JoyvasaForm.positions`)."""
HUMAN_SPACE: Final[KeypointSpace] = "liveportrait-human-21"
ANIMAL_SPACE: Final[KeypointSpace] = "liveportrait-animal-21"
COMPACT_SPACE: Final[KeypointSpace] = "lps-compact-21"

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the frame."""
Region = Literal["all", "expression", "pose", "lip", "eyes"]
"""What a driver moves: everything, the face without the head, the head alone, or one part."""
FacePart = Literal["brows", "eyes", "lip", "rest"]
"""Parts of a face whose expression a motion carries; `rest` belongs to none of the others."""
FACE_PARTS: Final[frozenset[FacePart]] = frozenset({"brows", "eyes", "lip", "rest"})
MIN_FACE_PX: Final = 16
"""A picture or a box of fewer pixels a side shows no face."""
MAX_FACE_INDEX: Final = 63
"""Of the faces of a picture, from 0."""
OBSERVATION_VARIANCE: Final = 3e-7
"""Default noise of one observation in smoothing, as a variance; larger is smoother."""


class CompactKeypoint(IntEnum):
    """The keypoints of `COMPACT_SPACE`; left and right are the image's."""

    LEFT_BROW_MIDDLE = 0
    LEFT_BROW_INNER = 1
    RIGHT_BROW_INNER = 2
    RIGHT_BROW_MIDDLE = 3
    LEFT_EYE_OUTER = 4
    LEFT_EYE_INNER = 5
    RIGHT_EYE_INNER = 6
    RIGHT_EYE_OUTER = 7
    LEFT_UPPER_LID = 8
    LEFT_LOWER_LID = 9
    RIGHT_UPPER_LID = 10
    RIGHT_LOWER_LID = 11
    LEFT_IRIS = 12
    RIGHT_IRIS = 13
    NOSE_TIP = 14
    LEFT_LIP_CORNER = 15
    RIGHT_LIP_CORNER = 16
    INNER_UPPER_LIP = 17
    INNER_LOWER_LIP = 18
    LOWER_LIP = 19
    CHIN = 20


FRAME_NAME: Final = "%05d.png"
"""Names of frames that are written into a folder of their own."""
