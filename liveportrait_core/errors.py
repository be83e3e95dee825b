"""Errors of the library: each message says what came, what was wanted and what to do."""


class LivePortraitError(Exception):
    """Something outside the program is not as it should be: a file, a checkpoint, a face."""


class CheckpointError(LivePortraitError):
    """A weight file is missing, truncated, foreign, or does not fit the model."""


class MediaError(LivePortraitError):
    """A picture, video, sound or motion file cannot be read or written."""


class FaceNotFoundError(LivePortraitError):
    """No usable face where one was needed."""


class MotionSpaceError(LivePortraitError, ValueError):
    """A motion of one keypoint space was given to a model of another."""
