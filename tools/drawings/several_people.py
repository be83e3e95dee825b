"""A photo of two people; each follows a clip of their own."""

from __future__ import annotations

from ..canvas import Bend, Canvas, Node, Output
from . import CLIP, FILE_PX, PARTS, PICTURES, TRY, find_and_show, model_and_photo, save_video

TEXT = f"""\
{TRY}
## 1. Drop a photo of two people on *Your photo*
## 2. Drop a clip for each of them
## 3. Press Run

**Show Faces** numbers the faces; *face_index* says which one is animated. Here they count from \
left to right: *order*.

The second **Animate Portrait** gets the frames of the first in *paste_onto*. For a third person \
add another one behind it.

The clips should have the same frame rate. The video ends with the shorter one, and has the sound \
of the first.
"""
LEFT, FILES, FIND, FIRST, SECOND, VIDEO, SEEN = -16, 294, 650, 965, 1340, 1685, 1925
TOP = 30


def draw() -> Canvas:
    """Find Faces and Show Faces, two Animate Portrait, Create Video, Save Video."""
    canvas = Canvas("Several people")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(FILE_PX, 456))
    model, photo = model_and_photo(canvas, (FILES, TOP), "lps_group.jpg")
    left = canvas.node(
        "LoadVideo",
        "Clip for the left one",
        at=(LEFT, 660),
        size=CLIP,
        file="lps_driving.mp4",
    )
    right = canvas.node(
        "LoadVideo",
        "Clip for the right one",
        at=(FILES, 660),
        size=CLIP,
        file="lps_person.mp4",
    )
    canvas.group("1. Your photo", model, photo)
    canvas.group("2. A clip for each", left, right)
    titles = ("3. Who is who", "Find Faces")
    faces = find_and_show(
        canvas, (FIND, TOP), titles, model["model"], photo["IMAGE"], order="left-right"
    )
    under = canvas.bends((290, 566), (602, 566), (622, 850), (FIRST - 50, 850))
    last = _people(
        canvas, model["model"], photo["IMAGE"], faces, left["VIDEO"].via(under[3]), right
    )
    _result(canvas, last, left["VIDEO"], under[3])
    return canvas


def _result(canvas: Canvas, last: Node, clip: Output, below: Bend) -> None:
    """The video of all, with sound and frame rate of a clip that comes from below."""
    parts_way = canvas.bends((SECOND - 60, 850), after=below)
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(SECOND, 800),
        size=PARTS,
        video=clip.via(parts_way[0]),
    )
    up = [canvas.bends((x, 690), (x, 180)) for x in (VIDEO - 30, VIDEO - 18)]
    video = canvas.node(
        "CreateVideo",
        "Create Video",
        at=(VIDEO, TOP),
        size=(210, 125),
        images=last["images"],
        audio=parts["audio"].via(up[0][1]),
        fps=parts["fps"].via(up[1][1]),
    )
    saved = save_video(canvas, "The moving group", video["VIDEO"], (SEEN, TOP), (400, 600))
    canvas.group("Sound and frame rate", parts, colour="brown")
    canvas.group("5. Result", video, saved, colour="green")


def _people(
    canvas: Canvas, model: Output, photo: Output, faces: Output, left: Output, right: Node
) -> Node:
    over = canvas.bends((618, -58), (FIRST - 26, -58), (SECOND - 26, -58))
    above = canvas.bends((602, -76), (FIRST - 42, -76), (SECOND - 42, -76))
    first = canvas.node(
        "LPS_AnimatePortrait",
        "Animate the left one",
        at=(FIRST, TOP),
        size=(300, PICTURES[1]),
        model=model.via(over[1]),
        source=photo.via(above[1]),
        driving=left,
        faces=faces,
        face_index=0,
    )
    under = canvas.bends((FIND + 268, 690), (SECOND - 20, 690))
    below = canvas.bends((606, 870), (SECOND - 40, 870))
    second = canvas.node(
        "LPS_AnimatePortrait",
        "Animate the right one",
        at=(SECOND, TOP),
        size=(300, PICTURES[1]),
        model=model.via(over[2]),
        source=photo.via(above[2]),
        driving=right["VIDEO"].via(below[1]),
        faces=faces.via(under[1]),
        paste_onto=first["images"],
        face_index=1,
    )
    canvas.group("4. One after the other", first, second, colour="purple")
    return second
