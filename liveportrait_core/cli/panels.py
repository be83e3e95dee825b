"""Driver, source and result in a row."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

import numpy as np

from ..animation.animation import Animation
from ..animation.crops import crop_of
from ..animation.render import RenderedFrame
from ..imaging.tensors import Pixels, resize_pixels
from ..media.video import VideoReader
from ..motion.life_options import IdleOptions
from ..motion.timeline import Timeline
from ..motion.types import Motion
from .inputs import Driver, Picture, Speech


class Panels:
    """Puts each result beside the frames that it comes from, all of the result's height."""

    def __init__(self, animation: Animation, driving: Driver) -> None:
        """Panels of one animation.

        Args:
            animation: Its results come in order.
            driving: The driver; one without pictures has no panel.
        """
        self._animation = animation
        self._driving = driving
        self._crops = self._driving_crops()
        self._index, self._crop = -1, None

    def row(self, frame: RenderedFrame) -> Pixels:
        """One result with its panels."""
        height = len(frame.picture)
        crop = self._crop_at(frame.index)
        panels = [panel for panel in (crop, frame.source, frame.picture) if panel is not None]
        return np.concatenate([_with_height(panel, height) for panel in panels], axis=1)

    def _crop_at(self, index: int) -> Pixels | None:
        """The driver's crop at the time of a result; the last one when it is over."""
        animation = self._animation
        due = index
        if isinstance(self._driving, VideoReader) and not animation.options.driving.published:
            due = floor(index * self._driving.fps / animation.fps)
        while self._index < due:
            following = next(self._crops, None)
            if following is None:
                break
            self._index, self._crop = self._index + 1, following
        return self._crop

    def _driving_crops(self) -> Iterator[Pixels]:
        """The driver's frames as the model saw them."""
        read = self._animation.driving_read
        if read is None or isinstance(self._driving, Motion | IdleOptions | Speech | Timeline):
            return
        pictures = self._driving
        frames = [pictures.on_white()] if isinstance(pictures, Picture) else pictures
        for frame, transform in zip(frames, read.transforms, strict=False):
            yield crop_of(frame, transform)


def _with_height(picture: Pixels, height: int) -> Pixels:
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    return resize_pixels(picture, (height, width))
