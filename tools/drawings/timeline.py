"""A photo that does what the keys of a timeline say."""

from __future__ import annotations

from ..canvas import Canvas
from . import NOTE, TRY, animate_and_save, model_and_photo

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Set keys on the *Timeline*
## 3. Press Run

**Add ...** makes a lane. Drag keys in time and value; double-click a lane for a new one. Drag the \
ruler to see the face at a time, and press the arrow to play.

The button with lines shows the timeline as text, which you can write by hand.

A **motion** of a film or of speech can lie beneath the keys: connect it to *motion_1*. A sound on \
*audio* is shown beside them.
"""
KEYS = """\
length 4
loop
0.6 smile 0.6; brow 0.4 ease-out; yaw 8
1 blink
1.8 gaze_x 0.4; smile 0.3; yaw -8
2.4 gaze_x 0; brow 0.8; roll 5
2.8 blink
3.2 rest
"""
LEFT, FILES, SET, MOVE, LAST = -16, 320, 680, 1370, 1770
TOP = 30


def draw() -> Canvas:
    """Timeline, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Timeline")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(NOTE, 560))
    model, photo = model_and_photo(canvas, (FILES, TOP))
    timeline = canvas.node(
        "LPS_Timeline",
        "Timeline",
        at=(SET, TOP),
        size=(600, 780),
        model=model["model"],
        source=photo["IMAGE"],
        timeline=KEYS,
    )
    canvas.group("1. Your files", model, photo)
    canvas.group("2. Set keys", timeline, colour="brown")
    animate_and_save(
        canvas,
        (3, "The moving portrait"),
        ((MOVE, TOP), (LAST, TOP)),
        model=model["model"],
        source=photo["IMAGE"],
        driving=timeline["motion"],
        audio=timeline["audio"],
    )
    return canvas
