"""A photo that talks: a motion as an audio-to-motion node gives it, and its sound."""

from __future__ import annotations

from ..workflows import Canvas
from . import (
    ANIMATE,
    ANIMATE_AT,
    GAP,
    MODEL,
    MOTION,
    NOTE,
    PHOTO,
    RESULT,
    RESULT_AT,
    SOUND,
    TRY,
    VIDEOS,
)

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Choose a motion and its sound
## 3. Press Run

**Load Motion** reads our files, the published *.pkl* templates and those of JoyVASA. The \
*talking* that comes with the pack moves the mouth, but follows no words.

A node of another pack that makes motion from sound goes in its place, into *driving*.
"""


def draw() -> Canvas:
    """Load Motion and Load Audio, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Talking portrait with sound", gap=GAP)
    canvas.note(TEXT, "Start here", size=(NOTE, 520))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", column=1, size=MODEL)
    photo = canvas.node("LoadImage", "Your photo", column=1, size=PHOTO, image="lps_portrait.jpg")
    motion = canvas.node(
        "LPS_LoadMotion",
        "Load Motion",
        column=1,
        size=MOTION,
        motion_file="talking (shipped)",
    )
    sound = canvas.node("LoadAudio", "The sound", column=1, size=SOUND, audio="lps_speech.mp3")
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=ANIMATE_AT,
        size=ANIMATE,
        model=model["model"],
        source=photo["IMAGE"],
        driving=motion["motion"],
        audio=sound["AUDIO"],
    )
    saved = canvas.node(
        "SaveVideo",
        "The talking portrait",
        at=RESULT_AT,
        size=RESULT,
        video=moved["video"],
        filename_prefix=VIDEOS,
    )
    canvas.group("1. Your files", model, photo, motion, sound)
    canvas.group("2. Animate", moved, colour="purple")
    canvas.group("3. Result", saved, colour="green")
    return canvas
