"""A photo that moves by a motion out of a file."""

from __future__ import annotations

from ..canvas import Canvas
from . import ANIMATE, GAP, MODEL, MOTION, NOTE, PHOTO, TRY, save_video

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Choose a motion in *Load Motion*
## 3. Press Run

Those called *(shipped)* come with the pack. **Motion Info** draws what moves when.

**A motion of your own**: connect the *motion* of **Animate Portrait** or **Extract Motion** to \
**Save Motion**, press Run, then **R**: Load Motion offers the new file. It fits the model that \
it was made with.
"""


def draw() -> Canvas:
    """Load Motion, Motion Info, Animate Portrait (video file), Save Video."""
    canvas = Canvas("Drive with a saved motion", gap=GAP)
    canvas.note(TEXT, "Start here", size=(NOTE, 330))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", column=1, size=MODEL)
    photo = canvas.node("LoadImage", "Your photo", column=1, size=PHOTO, image="lps_portrait.jpg")
    motion = canvas.node(
        "LPS_LoadMotion",
        "Load Motion",
        column=1,
        size=MOTION,
        motion_file="look_around (shipped)",
    )
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=(750, 30),
        size=ANIMATE,
        model=model["model"],
        source=photo["IMAGE"],
        driving=motion["motion"],
    )
    under = canvas.bends((728, 682), (1110, 682))
    info = canvas.node(
        "LPS_MotionInfo",
        "Motion Info",
        at=(1170, 610),
        size=(460, 345),
        motion=motion["motion"].via(under[1]),
    )
    saved = save_video(canvas, "The moving portrait", moved["video"], (1170, 30), (460, 500))
    canvas.group("1. Your files", model, photo, motion)
    canvas.group("2. Animate", moved, colour="purple")
    canvas.group("3. Result", saved, info, colour="green")
    return canvas
