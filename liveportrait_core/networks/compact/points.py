"""Constants of the networks for each semantic keypoint of the compact space."""

from __future__ import annotations

from collections.abc import Mapping

from ...constants import CompactKeypoint as C

_CORNERS = (C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER, C.RIGHT_EYE_INNER, C.RIGHT_EYE_OUTER)
_BROWS = (C.LEFT_BROW_MIDDLE, C.LEFT_BROW_INNER, C.RIGHT_BROW_INNER, C.RIGHT_BROW_MIDDLE)
_UPPER_LIDS, _LOWER_LIDS = (
    (C.LEFT_UPPER_LID, C.RIGHT_UPPER_LID),
    (C.LEFT_LOWER_LID, C.RIGHT_LOWER_LID),
)
_IRISES = (C.LEFT_IRIS, C.RIGHT_IRIS)
_LIP_CORNERS = (C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER)


def _of_each(default: float, groups: Mapping[tuple[C, ...], float]) -> tuple[float, ...]:
    """A value for every keypoint: that of its group, else the default."""
    values = {keypoint: value for group, value in groups.items() for keypoint in group}
    return tuple(values.get(keypoint, default) for keypoint in C)


RIGIDITY = _of_each(
    1.0,
    {
        (*_CORNERS, C.NOSE_TIP): 4.0,
        _LOWER_LIDS: 2.0,
        (*_LIP_CORNERS, C.INNER_UPPER_LIP): 0.3,
        (C.INNER_LOWER_LIP, C.CHIN): 0.1,
        (C.LOWER_LIP,): 0.05,
        _IRISES: 0.0,
    },
)
"""Weight of each keypoint in the fit of the head's rigid motion: bone 4, lips nearly 0."""

REACH = _of_each(
    0.06,
    {
        _BROWS: 0.07,
        _CORNERS: 0.05,
        (*_UPPER_LIDS, *_LOWER_LIDS, *_IRISES): 0.04,
        (C.NOSE_TIP,): 0.10,
        (C.LOWER_LIP,): 0.08,
        (C.CHIN,): 0.12,
    },
)
"""Standard deviation of the region that a keypoint moves, in crop units."""

EXPRESSIVE = tuple(keypoint for keypoint in C if keypoint not in (*_BROWS, C.NOSE_TIP))
"""Keypoints whose heat maps the decoder gets, to render lids, irises and lips."""

ON_SURFACE = tuple(
    keypoint for keypoint in C if keypoint not in (*_IRISES, C.INNER_UPPER_LIP, C.INNER_LOWER_LIP)
)
"""Keypoints that lie on what is seen of a face, wherever it looks and however wide the mouth."""

DEPTH_RANGE = (-1.0, 0.6)
"""Nearest and farthest z of the feature volume, crop units (z into the image)."""
