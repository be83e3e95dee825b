"""What a speech network gives and hears, as its settings and its data have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from liveportrait_core.errors import CheckpointError, MediaError, about
from liveportrait_core.motion.speech_style import STYLE_VALUES
from liveportrait_core.networks.speech import SpeechForm
from liveportrait_core.speech.keypoint_outputs import keypoint_outputs
from liveportrait_core.speech.model import SpeechModel

from ..data.clip_features import ClipFeatures
from ..data.speech_clip import SpeechClip

Target = Literal["shapes", "motion"]
SPOKEN_SHAPES: Final = (
    "jawOpen",
    "mouthFunnel",
    "mouthPucker",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
)
"""Shapes that speech moves; `mouthClose` follows from them and from how far the lips are shut."""
HEAD_ANGLES: Final = ("pitch_deg", "yaw_deg", "roll_deg")


def speech_form(
    clips: Sequence[SpeechClip],
    target: Target,
    features: ClipFeatures | None,
    layer: int | None,
    given: SpeechModel | None,
    *,
    width: int,
    layers: int,
) -> SpeechForm:
    """The form of a network for some clips.

    Args:
        clips: What it learns from.
        target: Shapes, or the expression of the keypoint space that the clips were read in.
        features: What another encoder heard of them; None for the phoneme recogniser.
        layer: Of that encoder.
        given: The model to begin with, whose styles it keeps.
        width: Channels of the transformer.
        layers: Of the transformer.

    Raises:
        CheckpointError: The model to begin with is of another form.
        MediaError: The clips do not know how keypoints move, or are of several keypoint spaces; or
            features cannot be read.
    """
    space = _space_of(clips) if target == "motion" else ""
    styles = STYLE_VALUES if clips[0].style is not None else ()
    form = SpeechForm(
        outputs=(*(keypoint_outputs(space) if space else SPOKEN_SHAPES), *HEAD_ANGLES),
        styles=styles if given is None else given.form.styles,
        slow=len(HEAD_ANGLES),
        width=width,
        layers=layers,
        space=space,
        features=0 if features is None else features.of(0, len(clips[0].waveform)).shape[1],
        feature_layer=layer if features is not None else None,
    )
    if given is not None:
        _check_form(given, form)
    return form


def _check_form(given: SpeechModel, form: SpeechForm) -> None:
    """Refuse a model to begin with that is of another form."""
    names = [
        name for name in SpeechForm.__slots__ if getattr(given.form, name) != getattr(form, name)
    ]
    if names:
        name = names[0]
        raise CheckpointError(
            f"{given.origin} has {name} {getattr(given.form, name)!r}, and this run has "
            f"{getattr(form, name)!r}. Begin with a model of the same form, or with none."
        )


def _space_of(clips: Sequence[SpeechClip]) -> str:
    """The keypoint space that clips were read in."""
    spaces = {clip.moves.space if clip.moves else "" for clip in clips}
    if len(spaces) > 1 or "" in spaces:
        found = ", ".join(sorted(space or "none" for space in spaces))
        with about("target"):
            raise MediaError(
                f"target is motion, and the clips have keypoints of: {found}; one keypoint space "
                "for all of them is expected. Make the set with train.speech --recorded from "
                "talking clips, read by one --model."
            )
    return spaces.pop()
