"""A photo that moves its head as a clip does, and says what is heard."""

from __future__ import annotations

from ..canvas import Canvas, Node, Output
from . import (
    CLIP,
    EXTRACT,
    FIXED_SEED,
    NOTE,
    SOUND,
    SPEECH,
    TRY,
    animate_and_save,
    model_and_photo,
)

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Drop a video of a face on *Head and eyes*
## 3. Drop speech on *The voice*
## 4. Press Run

Head, eyes and brows move as in the clip, the lips as in the speech. **Layer Motions** lays one \
over the other: *region* says what is taken of the speech.

The result is as long as the clip. Speech that ends before it is followed by shut lips.
A mouth that is open in the photo is shut first.
"""
LEFT, FILES, MAKE, LAYER, MOVE, LAST = -336, 0, 340, 700, 1020, 1410
TOP, LOW = 30, 640
LAYERS = (260, 200)


def draw() -> Canvas:
    """Extract Motion and Speech to Motion, Layer Motions, Animate Portrait (video file)."""
    canvas = Canvas("Speech over the motion of a clip")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(NOTE, 490))
    model, photo = model_and_photo(canvas, (FILES, TOP))
    clip = canvas.node(
        "LoadVideo", "Head and eyes", at=(LEFT, LOW), size=CLIP, file="lps_driving.mp4"
    )
    voice = canvas.node(
        "LoadAudio", "The voice", at=(FILES, LOW), size=SOUND, audio="lps_speech.mp3"
    )
    canvas.group("1. Your photo", model, photo)
    canvas.group("2. A clip and a voice", clip, voice)
    spoken, layered = _motions(canvas, model["model"], clip["VIDEO"], voice["AUDIO"])
    _result(canvas, model["model"], photo["IMAGE"], layered, spoken["audio"])
    return canvas


def _motions(canvas: Canvas, model: Output, clip: Output, voice: Output) -> tuple[Node, Output]:
    """Speech to Motion, and the motion of both."""
    head = canvas.node(
        "LPS_ExtractMotion",
        "Extract Motion",
        at=(MAKE, 426),
        size=EXTRACT,
        model=model,
        cropped=clip.via(canvas.bends((FILES - 25, 552), (MAKE - 25, 552))[1]),
    )
    spoken = canvas.node(
        "LPS_SpeechToMotion",
        "Speech to Motion",
        at=(MAKE, LOW),
        size=SPEECH,
        model=model,
        audio=voice,
        more=FIXED_SEED,
    )
    layered = canvas.node(
        "LPS_LayerMotions",
        "Layer Motions",
        at=(LAYER, 426),
        size=LAYERS,
        base=head["motion"],
        over=spoken["motion"],
    )
    canvas.group("3. Make both motions", head, spoken, colour="brown")
    canvas.group("4. Lay one over the other", layered, colour="brown")
    return spoken, layered["motion"]


def _result(canvas: Canvas, model: Output, photo: Output, motion: Output, sound: Output) -> None:
    under = canvas.bends((LAYER - 20, 672), (MOVE - 24, 672), (MOVE - 24, 240))
    animate_and_save(
        canvas,
        (5, "The talking portrait"),
        ((MOVE, TOP), (LAST, TOP)),
        model=model,
        source=photo,
        driving=motion,
        audio=sound.via(under[2]),
    )
