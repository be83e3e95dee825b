"""A photo that moves as the person in a clip does."""

from __future__ import annotations

from ..canvas import Canvas
from . import ANIMATE_AT, CLIP, GAP, MODEL, NOTE, PHOTO, RESULT, RESULT_AT, TRY, animate_and_save

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Drop a video of a face on *The clip to follow*
## 3. Press Run

The video appears on the right; it is saved in *output/video*.

- The clip should show a calm face that looks ahead: movement is measured from there.
- **gain** makes movement stronger or weaker.
- **region** lets only the expression, the head, the lip or the eyes move.
"""


def draw() -> Canvas:
    """Load Image and Load Video, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Portrait from a clip", gap=GAP)
    canvas.note(TEXT, "Start here", size=(NOTE, 380))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", column=1, size=MODEL)
    photo = canvas.node("LoadImage", "Your photo", column=1, size=PHOTO, image="lps_portrait.jpg")
    clip = canvas.node(
        "LoadVideo", "The clip to follow", column=1, size=CLIP, file="lps_driving.mp4"
    )
    canvas.group("1. Your files", model, photo, clip)
    animate_and_save(
        canvas,
        (2, "The moving portrait"),
        (ANIMATE_AT, RESULT_AT),
        RESULT,
        model=model["model"],
        source=photo["IMAGE"],
        driving=clip["VIDEO"],
    )
    return canvas
