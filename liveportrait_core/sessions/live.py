"""A portrait that follows a driver live: one frame in, one picture out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from threading import RLock
from typing import Final, Literal

import torch

from ..animation.drive import amplify
from ..animation.render import RenderedFrame
from ..imaging.tensors import Pixels
from ..motion.edit import blend, neutral_motion
from ..motion.neutral_frame import MAX_TURN_DEG, neutral_frame
from ..motion.one_euro import OneEuroFilter
from ..motion.types import Motion, concatenate
from .face_reader import FaceReader, ReadFace
from .live_options import LiveOptions
from .portrait import PortraitSession

LiveState = Literal["waiting", "following", "held", "resting"]

FIRST_S: Final = 1.0
"""Seconds from which the first neutral frame is chosen."""
MOST_FIRST: Final = 60
"""Frames of these at most."""
CHANGE_S: Final = 0.3
"""Seconds in which one neutral frame goes over into another, and a face that came back is
followed again."""
SAME_FRAME: Final = 0.01
"""Of a frame by which a source clip's next one may be early: times are rounded."""
MIN_STEP_S: Final = 1e-3
"""Between two frames; clocks may stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFrame:
    """What one driver frame made of the portrait: `live.frame(picture, time_s).state`."""

    rendered: RenderedFrame
    state: LiveState
    """`waiting`: no face was seen yet. `following`: it is seen. `held`: it was seen a moment ago.
    `resting`: it is lost, and the portrait goes to rest or is there."""
    motion: Motion
    """B = 1: what was asked of the portrait, with the neutral frame as its `reference`."""

    @property
    def picture(self) -> Pixels:
        """(H, W, 3) uint8."""
        return self.rendered.picture


class LiveSession:
    """Moves a portrait as a driver moves whose frames come one by one.

    `live = LiveSession(PortraitSession(load_model(), photo))`, then
    `live.frame(picture, time.monotonic()).picture` of each

    Convention:
        - motion is measured from a neutral frame: the first that faces the camera, and after a
          second the best of that second (`neutral_frame`); `capture_neutral` takes the next one
        - smoothed by the one-euro filter, by the time that really passed
        - a lost face is held for `hold`, then goes to rest within `rest`, and back when it is seen
        - times decide, not the number of frames: what is left out under load changes little else
        - of a source clip the frame of that time is moved, again and again
        - no gradients: everything runs in inference mode; several threads may ask
    """

    def __init__(self, portrait: PortraitSession, options: LiveOptions | None = None) -> None:
        """No frame has been seen.

        Args:
            portrait: The source; its options say how it is driven, and which face drives it.
            options: What is live about it.

        Raises:
            CheckpointError: A face network cannot be loaded.
        """
        self.portrait = portrait
        self.options = options or LiveOptions()
        self._reader = FaceReader(portrait.model, portrait.options)
        self._lock = RLock()
        self.reset()

    def reset(self) -> None:
        """Begin anew with the next frame: face, neutral frame, smoothing."""
        with self._lock:
            self._reader.reset()
            self._started_s: float | None = None
            self._last_s = 0.0
            self._forget_motion()
            self._presence, self._was_away = 0.0, False

    def _forget_motion(self) -> None:
        self._smoother = OneEuroFilter(self.options.one_euro)
        self._seen: Motion | None = None
        self._seen_s = 0.0
        self._neutral: Motion | None = None
        self._old_neutral: Motion | None = None
        self._neutral_s = 0.0
        self._first: list[Motion] | None = []
        self._first_s = 0.0
        self._captures = False

    def capture_neutral(self) -> None:
        """Measure from the next frame that shows the face on."""
        with self._lock:
            self._captures = True

    def set_strength(self, strength: float) -> None:
        """Change how far the portrait moves.

        Raises:
            ValueError: It is beyond what `LiveOptions` takes.
        """
        self.options = replace(self.options, strength=strength)

    def frame(self, picture: Pixels, time_s: float, *, face_px: int | None = None) -> LiveFrame:
        """The portrait as the driver's next frame moves it.

        Args:
            picture: (H, W, 3) uint8.
            time_s: When it was taken, by any clock that goes on.
            face_px: As in `PortraitSession.frame`.

        Raises:
            ValueError: An option needs what the driver's motion lacks.
        """
        with self._lock, torch.inference_mode():
            if self._started_s is None:
                self._started_s = self._last_s = time_s
            read = self._reader.read(picture)
            if read is not None:
                self._take(read, time_s)
            state = self._moved_on(time_s, is_seen=read is not None)
            motion = self._motion(time_s)
            source_index = self._source_index(time_s)
            keypoints = self.portrait.keypoints(motion, source_index=source_index)
            keypoints = amplify(keypoints, self.options.strength)
            rendered = self.portrait.rendered(keypoints, source_index=source_index, face_px=face_px)
            return LiveFrame(rendered=rendered, state=state, motion=motion)

    def _take(self, read: ReadFace, time_s: float) -> None:
        """What a frame with a face changes: motion and neutral frame."""
        if read.is_new_shot:
            self._forget_motion()
        step_s = max(MIN_STEP_S, time_s - self._seen_s) if self._seen is not None else 1.0
        motion = read.motion.describe(fps=1 / Fraction(step_s).limit_denominator(10**6))
        if self.options.smoothing:
            motion = self._smoother(motion)
        self._choose_neutral(motion, time_s)
        self._seen, self._seen_s = motion, time_s

    def _choose_neutral(self, motion: Motion, time_s: float) -> None:
        if self._captures:
            self._captures, self._first = False, None
            self._measure_from(motion, time_s)
        if self._first is None:
            return
        if not self._first:
            self._first_s = time_s
        self._first.append(motion)
        is_over = time_s - self._first_s >= FIRST_S or len(self._first) >= MOST_FIRST
        if is_over:
            first = concatenate(self._first)
            self._measure_from(first[neutral_frame(first)], time_s)
            self._first = None
        elif self._neutral is None and bool((motion.pose_deg.abs() <= MAX_TURN_DEG).all()):
            self._measure_from(motion, time_s)

    def _measure_from(self, neutral: Motion, time_s: float) -> None:
        self._old_neutral = self._neutral and self._neutral_at(time_s)
        self._neutral, self._neutral_s = neutral, time_s

    def _neutral_at(self, time_s: float) -> Motion | None:
        """The neutral frame, or one between the old one and the new one."""
        share = (time_s - self._neutral_s) / CHANGE_S
        if self._neutral is None or self._old_neutral is None or share >= 1:
            return self._neutral
        return blend(self._old_neutral, self._neutral, max(0.0, share))

    def _moved_on(self, time_s: float, *, is_seen: bool) -> LiveState:
        """How far the portrait is from rest, which changes with time."""
        step_s, self._last_s = max(0.0, time_s - self._last_s), time_s
        if self._seen is None:
            return "waiting"
        if is_seen or time_s - self._seen_s <= self.options.hold:
            back = step_s / CHANGE_S if self._was_away else 1.0
            self._presence = min(1.0, self._presence + back)
            self._was_away = self._presence < 1
            return "following" if is_seen else "held"
        self._was_away = True
        away = step_s / self.options.rest if self.options.rest else 1.0
        self._presence = max(0.0, self._presence - away)
        return "resting"

    def _motion(self, time_s: float) -> Motion:
        """What is asked of the portrait now, with what it is measured from."""
        neutral, seen = self._neutral_at(time_s), self._seen
        if neutral is None or seen is None:
            neutral = seen = seen or neutral_motion(self.portrait.model.preset.space)
        if self._presence < 1:
            seen = blend(neutral, seen, self._presence)
        return replace(seen, reference=neutral, reference_frame=0)

    def _source_index(self, time_s: float) -> int:
        if not self.portrait.is_video or self._started_s is None:
            return 0
        played = (time_s - self._started_s) * float(self.portrait.fps)
        return int(played + SAME_FRAME) % len(self.portrait)
