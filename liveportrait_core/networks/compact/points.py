"""What the networks know of each semantic keypoint (`constants.COMPACT_KEYPOINTS`)."""

from __future__ import annotations

from ...constants import COMPACT_KEYPOINTS


def _of_each(default: float, **values: float) -> tuple[float, ...]:
    """A value for every keypoint: that of the longest prefix of its name, else the default."""
    chosen: list[float] = []
    for name in COMPACT_KEYPOINTS:
        prefixes = sorted((p for p in values if name.startswith(p)), key=len)
        chosen.append(values[prefixes[-1]] if prefixes else default)
    return tuple(chosen)


RIGIDITY = _of_each(
    1.0, eye=4.0, lid_left_lower=2.0, lid_right_lower=2.0, iris=0.0, nose=4.0,
    mouth=0.3, lip_upper=0.3, lip_lower=0.1, lip_bottom=0.05, chin=0.1,
)  # fmt: skip
"""How much each keypoint tells of the head's own motion: bone 4, lips hardly anything."""

REACH = _of_each(
    0.06, brow=0.07, eye=0.05, lid=0.04, iris=0.04, nose=0.10, lip_bottom=0.08, chin=0.12
)
"""How far around itself a keypoint moves the face, in crop units."""

EXPRESSIVE = tuple(
    i for i, name in enumerate(COMPACT_KEYPOINTS)
    if name.startswith(("eye", "lid", "iris", "mouth", "lip", "chin"))
)  # fmt: skip
"""Keypoints that are drawn for the decoder, so that it can paint lids, irises and lips."""

DEPTH_RANGE = (-0.65, 0.75)
"""Nearest and farthest z of the feature volume, crop units (z into the image)."""
