"""A photo that moves as the person in a clip does."""

from __future__ import annotations

from ..workflows import Canvas
from . import ANIMATE, ANIMATE_AT, CLIP, GAP, MODEL, NOTE, PHOTO, RESULT, RESULT_AT, TRY, save_video

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
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=ANIMATE_AT,
        size=ANIMATE,
        model=model["model"],
        source=photo["IMAGE"],
        driving=clip["VIDEO"],
    )
    saved = save_video(canvas, "The moving portrait", moved["video"], RESULT_AT, RESULT)
    canvas.group("1. Your files", model, photo, clip)
    canvas.group("2. Animate", moved, colour="purple")
    canvas.group("3. Result", saved, colour="green")
    return canvas
