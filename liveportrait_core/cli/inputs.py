"""What the user named: pictures, videos and motion files, opened and checked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..command_options import ClipPart, IdleDriver
from ..constants import MIN_FACE_PX
from ..errors import MediaError
from ..imaging.tensors import Pixels
from ..media.atomic import check_readable
from ..media.blendshape_file import is_capture
from ..media.images import ALPHA_SUFFIXES, READABLE_SUFFIXES, on_white, read_image
from ..media.kinds import VIDEO_SUFFIXES, is_sound, media_kind
from ..media.motion_file import is_motion, load_motion
from ..media.timeline_file import is_timeline, load_timeline
from ..media.video import VideoReader
from ..motion.life_options import IdleOptions
from ..motion.sequence import exact_seconds, trim
from ..motion.timeline import Timeline
from ..motion.timeline_motion import check_played, check_something
from ..motion.types import Motion
from ..networks.phonemes import SAMPLE_RATE_HZ
from ..speech.sound import SpeechFile, speech_file

_LOG = logging.getLogger(__name__)

Driver: TypeAlias = "Picture | VideoReader | Motion | IdleOptions | Speech | Timeline"
"""What may drive a source."""
WHOLE: Final = ClipPart()
"""All of a clip."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its transparency."""

    path: Path
    rgb: Pixels
    alpha: NDArray[np.uint8] | None = None

    def on_white(self) -> Pixels:
        """The picture as a video can show it: laid over white."""
        if self.alpha is None:
            return self.rgb
        return on_white(self.rgb, self.alpha)


@dataclass(frozen=True, slots=True)
class Speech:
    """A sound that makes a face speak."""

    sound: SpeechFile
    """The part that is used."""

    @property
    def path(self) -> Path:
        """The whole file."""
        return self.sound.path

    @property
    def start_s(self) -> Fraction:
        """Where the part begins."""
        return Fraction(self.sound.first, SAMPLE_RATE_HZ)


def frames_of(given: Picture | VideoReader, *, keep_alpha: bool = False) -> Pixels | VideoReader:
    """The pixels of a picture, on white unless its transparency is kept; a video as it is."""
    if isinstance(given, Picture):
        return given.rgb if keep_alpha else given.on_white()
    return given


def holds_alpha(output: Path) -> bool:
    """Whether a file of this name can be transparent."""
    return output.suffix.lower() in ALPHA_SUFFIXES


def open_source(path: Path, part: ClipPart = WHOLE) -> Picture | VideoReader:
    """The picture or video at a path, or a part of the video.

    Raises:
        MediaError: Neither is there, it is too small or damaged, or a part of a picture is asked
            for.
    """
    check_readable(path, "picture or video")
    if is_motion(path):
        raise MediaError(
            f"{path} is a motion file; a picture or video to move is expected. Give a motion "
            "file as DRIVING, the second name."
        )
    kind = media_kind(path)
    if kind == "picture":
        if not part.is_whole:
            raise MediaError(
                f"{path} is a picture; a video is expected where a start or a duration is given. "
                "Leave them out."
            )
        image = read_image(path)
        _check_size(path, *image.rgb.shape[:2])
        return Picture(path, image.rgb, image.alpha)
    if kind == "video":
        duration_s = None if part.duration is None else exact_seconds(part.duration)
        reader = VideoReader(path, start_s=exact_seconds(part.start), duration_s=duration_s)
        _check_size(path, reader.height, reader.width)
        return reader
    if is_capture(path):
        raise MediaError(
            f"{path} ends like face capture; a picture, video or motion file is expected. Make a "
            "motion file of it with 'liveportrait motion convert'."
        )
    raise MediaError(
        f"{path} is neither a picture nor a video; one of "
        f"{', '.join(sorted(READABLE_SUFFIXES | VIDEO_SUFFIXES))} is expected. Convert it first."
    )


def open_driver(path: Path | None, idle: IdleDriver, part: ClipPart = WHOLE) -> Driver:
    """The driver of an animation: a file, or none and idle motion.

    Raises:
        MediaError: Both are given, or none; or as for `open_driving`.
    """
    if path is None and idle.idle is None:
        raise MediaError(
            "There is no DRIVING; a picture, video, motion file or sound is expected, or --idle. "
            "Give a file as the second name, or --idle 10s."
        )
    if idle.idle is None:
        assert path is not None
        return open_driving(path, part)
    if path is not None or not part.is_whole:
        given = "--driving-start or --driving-duration" if path is None else path
        raise MediaError(
            f"--idle is given beside {given}; one driver is expected. Leave one of them out."
        )
    return IdleOptions(duration=idle.idle)


def open_driving(path: Path, part: ClipPart = WHOLE) -> Driver:
    """The motion file, timeline, picture, video or sound at a path, or a part of it.

    Raises:
        MediaError: None of them is there, or it is too small or damaged.
        ValueError: A timeline holds nothing, or plays motions, which a driver cannot name.
    """
    check_readable(path, "picture, video, motion file or sound")
    if is_timeline(path):
        if not part.is_whole:
            raise MediaError(
                f"{path} is a timeline, which is used whole. Leave --driving-start and "
                "--driving-duration out, and set its length in it."
            )
        timeline = load_timeline(path)
        check_something(timeline)
        more = f"Animate with what 'liveportrait motion timeline {path} MOTION -o OUT' writes"
        check_played(timeline, 0, more)
        return timeline
    if not is_motion(path):
        return open_speech(path, part) if is_sound(path) else open_source(path, part)
    motion = load_motion(path)
    try:
        return trim(motion, part.start, part.duration)
    except ValueError as error:
        raise MediaError(f"{path}: {error}") from error


def open_speech(path: Path, part: ClipPart = WHOLE) -> Speech:
    """The sound at a path, or a part of it.

    Raises:
        MediaError: It cannot be read, or the part holds nothing.
    """
    sound = speech_file(path)
    first = round(exact_seconds(part.start) * SAMPLE_RATE_HZ)
    first = max(0, first + len(sound)) if first < 0 else first
    last = len(sound)
    if part.duration is not None:
        last = min(last, first + round(exact_seconds(part.duration) * SAMPLE_RATE_HZ))
    if first >= last:
        raise MediaError(
            f"{path}: the part of the sound is empty; it lasts {len(sound) / SAMPLE_RATE_HZ:g} "
            "s. Begin earlier, or take a longer part."
        )
    return Speech(sound.part(first, last))


def _check_size(path: Path, height: int, width: int) -> None:
    if min(height, width) < MIN_FACE_PX:
        raise MediaError(
            f"{path} is {width} x {height} pixels; {MIN_FACE_PX} or more a side are expected. "
            "Choose a larger picture."
        )
