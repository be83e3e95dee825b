"""A clip of a person whose face follows another clip."""

from __future__ import annotations

from ..canvas import Canvas
from . import CLIP, MODEL, NOTE, RESULT, TRY, animate_and_save

TEXT = f"""\
{TRY}
## 1. Drop a video of a person on *The video to edit*
## 2. Drop a video of a face on *The clip to follow*
## 3. Press Run

The person makes the expressions of the clip; length, frame rate and sound stay.

- **sound**: *source* is that of the edited video. If it is silent, choose *none*.
- **region**: *expression* leaves the head's own movement, *all* turns the head too, *lip* \
changes the mouth alone.
- **Driving Options** (click its dot to open it): a clip that ends first goes back and forth, \
*bounce*.
"""


def draw() -> Canvas:
    """Two Load Video, Driving Options, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Edit a video with a clip")
    canvas.note(TEXT, "Start here", size=(NOTE, 460))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", at=(644, 30), size=MODEL)
    video = canvas.node(
        "LoadVideo", "The video to edit", at=(334, 206), size=CLIP, file="lps_person.mp4"
    )
    clip = canvas.node(
        "LoadVideo", "The clip to follow", at=(644, 276), size=CLIP, file="lps_driving.mp4"
    )
    options = canvas.node(
        "LPS_DrivingOptions",
        "Driving Options",
        at=(644, 900),
        collapsed=True,
        when_shorter="bounce",
    )
    aside = canvas.bends((975, 640))
    canvas.group("1. Your files", model, video, clip)
    animate_and_save(
        canvas,
        (2, "The edited video"),
        ((1030, 146), (1430, 146)),
        RESULT,
        model=model["model"],
        source=video["VIDEO"],
        driving=clip["VIDEO"],
        options=options["options"].via(aside[0]),
        region="expression",
        sound="source",
    )
    return canvas
