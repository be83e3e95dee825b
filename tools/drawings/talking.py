"""A photo that says what is heard."""

from __future__ import annotations

from ..canvas import Canvas
from . import (
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
## 2. Drop speech on *The voice*
## 3. Press Run

The lips follow the sound, in any language. The face blinks, glances and nods by itself: **life** \
says how much; another **seed** gives other movements.

A mouth that is open in the photo is shut first, so that lips meet on p, b and m.

The template *Speech over the motion of a clip* takes the head from a film.
"""
LEFT, FILES, SPEAK, MOVE, LAST = -16, 320, 680, 1050, 1450
TOP, LOW = 30, 330


def draw() -> Canvas:
    """Load Audio, Speech to Motion, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Talking portrait with sound")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(NOTE, 470))
    model, photo = model_and_photo(canvas, (FILES, TOP))
    voice = canvas.node(
        "LoadAudio", "The voice", at=(FILES, 606), size=SOUND, audio="lps_speech.mp3"
    )
    spoken = canvas.node(
        "LPS_SpeechToMotion",
        "Speech to Motion",
        at=(SPEAK, LOW),
        size=SPEECH,
        model=model["model"],
        audio=voice["AUDIO"],
        more=FIXED_SEED,
    )
    canvas.group("1. Your files", model, photo, voice)
    canvas.group("2. Speak", spoken, colour="brown")
    animate_and_save(
        canvas,
        (3, "The talking portrait"),
        ((MOVE, TOP), (LAST, TOP)),
        model=model["model"],
        source=photo["IMAGE"],
        driving=spoken["motion"],
        audio=spoken["audio"],
    )
    return canvas
