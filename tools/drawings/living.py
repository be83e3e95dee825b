"""A photo that blinks, glances and breathes; no clip is needed."""

from __future__ import annotations

from ..canvas import Canvas
from . import FIXED_SEED, IDLE, NOTE, TRY, animate_and_save, model_and_photo

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Choose how long in *Idle Motion*
## 3. Press Run

The face blinks, glances and breathes. The video ends as it begins, so that it can play in a loop.

**amount** says how much it moves; another **seed** gives other movements.
"""
LEFT, FILES, ALIVE, MOVE, LAST = -16, 320, 680, 1050, 1450
TOP, LOW = 30, 330


def draw() -> Canvas:
    """Idle Motion, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Living portrait without a clip")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(NOTE, 370))
    model, photo = model_and_photo(canvas, (FILES, TOP))
    idle = canvas.node(
        "LPS_IdleMotion",
        "Idle Motion",
        at=(ALIVE, LOW),
        size=IDLE,
        model=model["model"],
        more={**FIXED_SEED, "duration": 4.0},
    )
    canvas.group("1. Your photo", model, photo)
    canvas.group("2. How it lives", idle, colour="brown")
    animate_and_save(
        canvas,
        (3, "The living portrait"),
        ((MOVE, TOP), (LAST, TOP)),
        model=model["model"],
        source=photo["IMAGE"],
        driving=idle["motion"],
    )
    return canvas
