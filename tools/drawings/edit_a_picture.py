"""A photo whose expression is set with sliders."""

from __future__ import annotations

from ..canvas import Canvas
from . import GAP, MODEL, NOTE, PICTURES, TRY

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Set the sliders
## 3. Press Run

Where sliders are missing, press *Show advanced inputs*. Double-click a slider to type a number. \
Right-click the result to save it.
"""


def draw() -> Canvas:
    """Load Image and Expression, Animate Portrait, Preview Image."""
    canvas = Canvas("Edit a picture with sliders", gap=GAP)
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", size=MODEL)
    canvas.note(TEXT, "Start here", size=(NOTE, 300))
    photo = canvas.node(
        "LoadImage", "Your photo", at=(390, 134), size=(320, 330), image="lps_portrait.jpg"
    )
    face = canvas.node(
        "LPS_Expression",
        "Expression",
        at=(390, 572),
        size=(320, 440),
        model=model["model"],
        smile=1.0,
        gaze_x=10.0,
    )
    edited = canvas.node(
        "LPS_AnimatePortrait",
        "Animate Portrait",
        at=(800, 30),
        size=PICTURES,
        model=model["model"],
        source=photo["IMAGE"],
        driving=face["motion"],
    )
    seen = canvas.node(
        "PreviewImage",
        "The edited picture",
        at=(1220, 30),
        size=(620, 660),
        images=edited["images"],
    )
    canvas.group("1. Your photo", photo)
    canvas.group("2. Its expression", face, colour="brown")
    canvas.group("Animate", edited, colour="purple")
    canvas.group("3. Result", seen, colour="green")
    return canvas
