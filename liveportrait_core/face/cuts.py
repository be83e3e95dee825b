"""Cuts: where one shot of a clip ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.tensors import Pixels

Thumbnail = NDArray[np.float32]
THUMBNAIL_PX: Final = 32
SAMPLED_PX: Final = 160
"""Rows and columns that are averaged for a thumbnail: all would cost milliseconds."""
CUT_LEVELS: Final = 40.0
"""Mean change of a thumbnail's grey levels at which the scene was cut."""
MIN_CUT_LEVELS: Final = 5.0
"""Mean change, that of the light aside, from which a lost face was cut away."""
CUT_OVER_USUAL: Final = 4.0
"""The same over the mean of the changes before."""
SURE_CUT_LEVELS: Final = 12.0
"""Likewise where there is no face to be lost."""
SURE_OVER_USUAL: Final = 6.0
MEMORY: Final = 0.8
"""Share of the mean of the changes before that stays with each new one."""


MIXED: Final = 0.35
"""Share of the change from end to end that frames of a fade lie aside of mixtures of both: .43 at
most in fades of moving heads, and .56 at least in a head's own moves at 2 to 5 frames a second."""


def is_fade(thumbnails: Sequence[Thumbnail]) -> bool:
    """Whether pictures go from the first to the last by mixing the two, as a cross-fade does.

    With A the first, B the last and T one between: T is near A + w (B - A), w by least squares; the
    mean of |T - A - w (B - A)| is at most `MIXED` of that of |B - A|.

    Args:
        thumbnails: Of consecutive frames, three or more, those before and after the fade among
            them (`CutDetector.thumbnail`).
    """
    first, *between, last = (np.asarray(one, np.float32) for one in thumbnails)
    change = last - first
    size = float(np.abs(change).mean())
    if not size:
        return False
    for picture in between:
        part = picture - first
        weight = float((part * change).sum() / (change * change).sum())
        if float(np.abs(part - weight * change).mean()) > MIXED * size:
            return False
    return True


class CutDetector:
    """Detects, frame by frame, whether a new shot begins.

    Convention:
        - `changed`: the mean change of a thumbnail's grey levels exceeds `CUT_LEVELS`
        - `may_be_cut`: d = mean |c - mean c|, c the change of each pixel's grey level, exceeds
          `MIN_CUT_LEVELS` and `CUT_OVER_USUAL` times the running mean of d. A flash changes all
          pixels alike, and a pan each frame, so that neither counts; a fast move may, so it
          takes a face that cannot be followed, too, to make a cut of it
        - `is_sure`: `changed`, or d exceeds `SURE_CUT_LEVELS` and `SURE_OVER_USUAL` times its mean:
          a cut even where no face says so
    """

    def __init__(self) -> None:
        """Before the first frame."""
        self.thumbnail: Thumbnail | None = None
        """(32, 32) grey levels of the last frame."""
        self._usual = 0.0
        self.changed = False
        self.may_be_cut = False
        self.is_sure = False

    def update(self, frame: Pixels) -> None:
        """Take the next frame; nothing has changed at the first.

        Args:
            frame: (H, W, 3) uint8.
        """
        sides = (min(SAMPLED_PX, frame.shape[1]), min(SAMPLED_PX, frame.shape[0]))
        sampled = cv2.resize(frame, sides, interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(sampled, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
        thumbnail = np.asarray(small, np.float32).mean(-1)
        before, self.thumbnail = self.thumbnail, thumbnail
        if before is None:
            return
        change = thumbnail - before
        moved = float(np.abs(change - change.mean()).mean())
        self.changed = float(np.abs(change).mean()) > CUT_LEVELS
        sure = max(SURE_CUT_LEVELS, SURE_OVER_USUAL * self._usual)
        self.is_sure = self.changed or moved > sure
        self.may_be_cut = moved > max(MIN_CUT_LEVELS, CUT_OVER_USUAL * self._usual)
        if not (self.changed or self.may_be_cut):
            self._usual = MEMORY * self._usual + (1 - MEMORY) * moved
