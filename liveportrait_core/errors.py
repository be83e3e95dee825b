"""Errors of the library: each message says what came, what is expected and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterable
from contextlib import contextmanager

_SUBJECT = "about"
_LEAST_LETTERS = 4


class LivePortraitError(Exception):
    """Something outside the program is not as it should be: a file, a checkpoint, a face.

    `except LivePortraitError as error: print(error)`
    """


class CheckpointError(LivePortraitError):
    """A weight file is missing, truncated, foreign, or does not fit the model.

    `except CheckpointError: model = load_model()`
    """


class MediaError(LivePortraitError):
    """A picture, video, sound or motion file cannot be read or written.

    `except MediaError as error: print(error)`
    """


class FaceNotFoundError(LivePortraitError):
    """No usable face where one was needed.

    `except FaceNotFoundError: options = AnimateOptions(source_face=FaceOptions(box=box))`
    """


class MotionSpaceError(LivePortraitError, ValueError):
    """A motion of one keypoint space was given to a model of another.

    `except MotionSpaceError: motion = read_motion(model, clip)`
    """


def os_error_text(error: OSError) -> str:
    """An error of the system as a sentence: what, of which file, and what to do."""
    name = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{name}. Check the file, its folder and the space left."


def counted(number: int, what: str) -> str:
    """A number of things in a message: "1 frame", "2,000 frames"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def one_line(text: object) -> str:
    """A text from elsewhere as a message can hold it: without ends of lines."""
    return " ".join(str(text).split())


def shortened(text: str, most: int = 60) -> str:
    """A word of the user's as a message can hold it: its beginning, where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"


def nearest(word: str, known: Iterable[str], least: float = 0.8) -> str | None:
    """The word that a mistyped one was probably meant to be; None where none is near enough.

    `nearest("smlie", ["smile", "small"])` is "smile"

    Convention:
        - a word of fewer than four letters is near none: too many are like it

    Args:
        word: What came.
        known: What there is.
        least: Share of letters that both have in order, 0 to 1; less suits a few known words.
    """
    if len(word) < _LEAST_LETTERS:
        return None
    return next(iter(difflib.get_close_matches(word, list(known), 1, least)), None)


def indexes(number: int) -> str:
    """What an index into so many things may be, in a message: "0", "0 to 3"."""
    return "0" if number == 1 else f"0 to {number - 1}"


@contextmanager
def about(name: str) -> Generator[None]:
    """Note on errors of the block which argument or option they are about; the first note stays.

    Args:
        name: Of the argument or option, as code calls it.
    """
    try:
        yield
    except (LivePortraitError, ValueError) as error:
        vars(error).setdefault(_SUBJECT, name)
        raise


def subject_of(error: Exception) -> str:
    """The argument or option that an error is about (`about`); empty where none is noted."""
    return vars(error).get(_SUBJECT, "")
