"""Numbers that more than one room needs."""

from typing import Final

NUM_KEYPOINTS: Final = 21
"""K, the number of implicit keypoints (Sec. 3.1)."""

HUMAN_SPACE: Final = "liveportrait-human-21"
ANIMAL_SPACE: Final = "liveportrait-animal-21"
COMPACT_SPACE: Final = "lps-compact-21"
"""Keypoint spaces: motion of one never silently drives a model of another."""

COMPACT_KEYPOINTS: Final = (
    "brow_left_outer",
    "brow_left_inner",
    "brow_right_inner",
    "brow_right_outer",
    "eye_left_outer",
    "eye_left_inner",
    "eye_right_inner",
    "eye_right_outer",
    "lid_left_upper",
    "lid_left_lower",
    "lid_right_upper",
    "lid_right_lower",
    "iris_left",
    "iris_right",
    "nose_tip",
    "mouth_left",
    "mouth_right",
    "lip_upper",
    "lip_lower",
    "lip_bottom",
    "chin",
)
"""Meaning of each keypoint of the compact space; left and right are the image's."""
