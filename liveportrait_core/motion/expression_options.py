"""What an expression is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config.fields import check_options, option, spec_of
from ..constants import MAX_FACE_INDEX
from ..errors import about
from .control_options import EVERYTHING, CopiedPart


def read_parts(text: str) -> frozenset[CopiedPart]:
    """Parts of a face with commas between them.

    Raises:
        ValueError: One of them is none.
    """
    named = {part.strip() for part in text.split(",")}
    if not named <= EVERYTHING:
        raise ValueError(text)
    return frozenset(part for part in EVERYTHING if part in named)


def read_name(text: str) -> str:
    """A name to keep something under.

    Raises:
        ValueError: It is empty, as where a variable of a shell is not set.
    """
    if not text.strip():
        raise ValueError(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionOptions:
    """An expression that is made of several: each goes over those before it."""

    preset: str | None = option(
        None,
        "an expression by its name: afraid, angry, disgusted, doubtful, kiss, laugh, sad, sleepy, "
        "smile, smirk, surprised, thinking, wink, yawn, or one of --save-preset",
        group="expression",
        metavar="NAME",
        unset="none",
    )
    words: str | None = option(
        None,
        "what the face does, as 'slight smile, look left, raise the right brow' or 'turn left 10 "
        "degrees'; left and right are the image's, presets are words too, and Chinese is "
        "understood",
        group="expression",
        metavar="TEXT",
        unset="none",
    )
    set: tuple[str, ...] = option(
        (),
        "controls, from -1 to 1, as jaw_open=.4,smile_left=1; a name without its side is both: "
        "blink, squint, gaze_x, gaze_y, brow, brow_inner, smile, mouth_side, jaw_open, jaw_side, "
        "lip_open, lip_wide, lip_round, lip_press, lip_funnel, upper_lip, lower_lip, cheek_puff, "
        "cheek_raise, nose_wrinkle; pitch_deg, yaw_deg, roll_deg, shift_x, shift_y, zoom",
        group="expression",
        metavar="NAME=X,...",
    )
    like: Path | None = option(
        None,
        "adds the expression of the face in a picture, measured against a neutral face",
        group="expression",
        metavar="PHOTO",
        unset="none",
    )
    like_face_index: int = option(
        0,
        "which of its faces, the largest first",
        minimum=0,
        maximum=MAX_FACE_INDEX,
        group="expression",
    )
    like_parts: frozenset[CopiedPart] | None = option(
        None,
        "what of it is taken, with commas between: brows, eyes, lip, rest, head",
        group="expression",
        read=read_parts,
        expects="brows, eyes, lip, rest and head with commas between",
        metavar="PARTS",
        unset="all but the head",
    )
    like_strength: float = option(
        1.0, "how strong it is", minimum=0, maximum=2, step=0.05, group="expression"
    )
    mirror: bool = option(False, "left and right of all of these change places", group="expression")
    save_preset: str | None = option(
        None,
        "keep preset, words and controls under this name, for here and for ComfyUI",
        group="expression",
        read=read_name,
        expects="a name of letters, digits, '-' and '_'",
        metavar="NAME",
        unset="no",
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.like is not None:
            return
        for given in ("like_parts", "like_strength", "like_face_index"):
            if getattr(self, given) != spec_of(ExpressionOptions, given).default:
                with about(given):
                    raise ValueError(
                        f"{given} is given without a photo to be like; like is expected as well. "
                        f"Name a photo, or leave {given} out."
                    )

    @property
    def is_some(self) -> bool:
        """Whether any expression is asked for."""
        return bool(self.preset or self.words or self.set or self.like)
