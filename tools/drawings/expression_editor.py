"""A photo whose face is dragged."""

from __future__ import annotations

from ..canvas import Canvas
from . import GAP, NOTE, TRY, model_and_photo

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Drag on the face
Eyes, brows, the corners of the mouth and the lower lip can be dragged; anywhere else turns the \
head. The sliders below do the rest, and so do words.
## 3. Press Run

The face changes at once; Run makes the whole picture.
"""
EDITOR = (400, 860)


def draw() -> Canvas:
    """Load Image, Expression Editor, Preview Image."""
    canvas = Canvas("Expression editor", gap=GAP)
    canvas.note(TEXT, "Start here", size=(NOTE, 420))
    model, photo = model_and_photo(canvas, (390, 30))
    edited = canvas.node(
        "LPS_ExpressionEditor",
        "Expression Editor",
        at=(770, 30),
        size=EDITOR,
        model=model["model"],
        source=photo["IMAGE"],
        smile_left=0.5,
        smile_right=0.5,
        yaw_deg=-8.0,
    )
    seen = canvas.node(
        "PreviewImage",
        "The edited picture",
        at=(1260, 30),
        size=(560, 620),
        images=edited["images"],
    )
    canvas.group("1. Your photo", model, photo)
    canvas.group("2. Its expression", edited, colour="brown")
    canvas.group("3. Result", seen, colour="green")
    return canvas
