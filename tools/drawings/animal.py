"""A photo of an animal that follows a clip of a person; its face is marked by hand."""

from __future__ import annotations

from liveportrait_core.checkpoints.manifest import files_for

from ..canvas import Canvas
from . import ANIMATE as ANIMATE_SIZE
from . import CLIP, MODEL, PHOTO, RESULT, TRY, find_and_show, save_video

TEXT = f"""\
{TRY}
## 1. Drop an animal on *Your photo*
## 2. Drop a video of a face on *The clip to follow*
## 3. Mark the animal's face
*box* in **Find Faces**: x, y, width and height in pixels of the photo, from above the eyes to \
the chin. **Show Faces** draws it.

Or right-click the photo, open the *Mask Editor*, paint over the face, and connect *MASK* to \
*mask*.
## 4. Press Run

---
With the published animal weights in *models/liveportrait/animal* it uses those, else the model \
of the pack, which was made for people.
"""
FILES, FIND, ANIMATE, SEEN = 324, 700, 1040, 1440
TOP = 30


def models() -> list[dict[str, str]]:
    """The published files, as front ends want them for their download buttons."""
    return [
        {
            "name": file.paths["comfyui"],
            "url": str(file.url("comfyui")),
            "directory": "liveportrait",
        }
        for file in files_for("animal")
    ]


def draw() -> Canvas:
    """Load Model with a choice, Find Faces with a box, Animate Portrait (video file)."""
    canvas = Canvas("Animal portrait")
    canvas.note(TEXT, "Start here", at=(0, TOP), size=(280, 620))
    model = canvas.node(
        "LPS_LoadModel",
        "Model",
        at=(FILES, TOP),
        size=MODEL,
        model_name="animal, else default",
        models=models(),
    )
    photo = canvas.node("LoadImage", "Your photo", at=(FILES, 206), size=PHOTO, image="lps_cat.jpg")
    clip = canvas.node(
        "LoadVideo",
        "The clip to follow",
        at=(FILES, 616),
        size=CLIP,
        file="lps_driving.mp4",
    )
    canvas.group("1. Your files", model, photo, clip)
    titles = ("2. Mark the face", "Find Faces: write the box")
    faces = find_and_show(
        canvas, (FIND, TOP), titles, model["model"], photo["IMAGE"], box="95, 130, 250, 255"
    )
    over = canvas.bends((672, -58), (ANIMATE - 28, -58))
    above = canvas.bends((650, -76), (ANIMATE - 46, -76))
    under = canvas.bends((655, 840), (ANIMATE - 55, 840))
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=(ANIMATE, TOP),
        size=ANIMATE_SIZE,
        model=model["model"].via(over[1]),
        source=photo["IMAGE"].via(above[1]),
        driving=clip["VIDEO"].via(under[1]),
        faces=faces,
    )
    saved = save_video(canvas, "The moving animal", moved["video"], (SEEN, TOP), RESULT)
    canvas.group("3. Animate", moved, colour="purple")
    canvas.group("4. Result", saved, colour="green")
    return canvas
