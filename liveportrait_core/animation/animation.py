"""What is rendered: a source, its driven keypoints, and how they come together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..media.clips import Clip
from ..model import LivePortraitModel
from ..motion.types import Motion
from ..options import AnimateOptions
from .inputs import DrivenKeypoints
from .kept import Kept, Key
from .read import ReadClip


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """A source and its driven keypoints, ready for pass 2: `render(animation)`.

    `animation = prepare(model, source, driving)`, then `len(animation)`, `animation.fps`
    """

    model: LivePortraitModel
    source: Clip
    is_video: bool
    """Whether the source moves by itself."""
    read: ReadClip
    """Crops and motion of the source."""
    keypoints: DrivenKeypoints
    """Of every frame of the result."""
    driving: Motion
    """The driver's motion, at the result's frame rate; the source's own where it is edited."""
    options: AnimateOptions
    driving_read: ReadClip | None = None
    """Crops of the driver's frames, unless it is a motion."""
    background_clip: Clip | None = None
    """Frames that the faces are pasted into, where they are not the source's."""
    kept: Kept | None = None
    """Where a still's features are kept."""
    features_key: Key | None = None
    """Where they are found there."""

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def fps(self) -> Fraction:
        """Of the result: that of a source that moves by itself, else the driver's."""
        fps = self.source.fps if self.is_video else self.driving.fps
        return Fraction(max(1, int(fps))) if self.options.driving.published else fps
