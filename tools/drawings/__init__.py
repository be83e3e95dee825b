"""One module a workflow of the pack; tools/workflows.py draws them.

Sizes leave room for both kinds of nodes that front ends have: HTML nodes are up to 40 pixels
higher than drawn ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..canvas import Canvas, Node, Output

GAP = (90, 40)
"""Between columns, and between the nodes of one."""
TRY = "**Run** works as it opens, with files that came with the pack. Then put in your own:\n"
"""How each note begins."""
NOTE = 300
"""Width of the note that says what to do; it stands in column 0."""
FILE_PX = 286
"""Width of nodes that choose a file; names of up to 16 letters are seen whole."""
MODEL = (FILE_PX, 106)
PHOTO = (FILE_PX, 330)
CLIP = (FILE_PX, 350)
SOUND = (FILE_PX, 140)
LEVEL = 206
"""Top of the second node of a column that begins with a model."""
ANIMATE, ANIMATE_AT = (330, 616), (750, LEVEL)
"""With room for the preview and the line of text that come while it runs."""
PICTURES = (330, 622)
"""The same for Animate Portrait."""
FIND = (250, 320)
"""The same for Find Faces."""
CROP = (250, 290)
SHOWN = (250, 385)
"""Of Show Faces, with its picture."""
MOTION = (316, 164)
"""Of Load Motion; the longest of the shipped names is seen whole."""
EXTRACT = (230, 132)
"""Of Extract Motion."""
PARTS = (250, 110)
"""Of Get Video Components."""
SPEECH = (300, 354)
"""Of Speech to Motion, with the widgets that newer front ends show on demand."""
IDLE = (300, 210)
"""Of Idle Motion."""
FIXED_SEED = {"control_after_generate": "fixed"}
"""Of nodes with a seed: Run renders nothing anew unless something was changed."""
SEEN = (420, 560)
"""Of Save Video beside many columns."""
RESULT, RESULT_AT = (460, 560), (1170, LEVEL)
VIDEOS = "video/LivePortrait"
"""Save Video's files: folder and beginning of the name, in the output folder."""


def model_and_photo(
    canvas: Canvas, at: tuple[int, int], image: str = "lps_portrait.jpg"
) -> tuple[Node, Node]:
    """A column that begins with the model of the pack and, below it, Your photo."""
    left, top = at
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", at=at, size=MODEL)
    photo = canvas.node("LoadImage", "Your photo", at=(left, top + 176), size=PHOTO, image=image)
    return model, photo


def save_video(
    canvas: Canvas,
    title: str,
    video: Output,
    at: tuple[int, int],
    size: tuple[int, int] = SEEN,
) -> Node:
    """Save Video under a title, with its files where those of all workflows are."""
    return canvas.node("SaveVideo", title, at=at, size=size, video=video, filename_prefix=VIDEOS)


def animate_and_save(
    canvas: Canvas,
    steps: tuple[int, str],
    places: tuple[tuple[int, int], tuple[int, int]],
    size: tuple[int, int] = SEEN,
    **inputs: object,
) -> None:
    """The last two columns: Animate Portrait (video file), and Save Video with its result.

    Args:
        canvas: Where they are drawn.
        steps: Number of the first one's group, and the second one's title.
        places: Of both.
        size: Of Save Video.
        **inputs: Of Animate Portrait (video file).
    """
    step, title = steps
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=places[0],
        size=ANIMATE,
        more=inputs,
    )
    saved = save_video(canvas, title, moved["video"], places[1], size)
    canvas.group(f"{step}. Animate", moved, colour="purple")
    canvas.group(f"{step + 1}. Result", saved, colour="green")


def find_and_show(
    canvas: Canvas,
    at: tuple[int, int],
    titles: tuple[str, str],
    model: Output,
    photo: Output,
    **widgets: object,
) -> Output:
    """A column of Find Faces and, below it, Show Faces.

    Args:
        canvas: Where they are drawn.
        at: Place of Find Faces.
        titles: Of the group, and of Find Faces.
        model: The model.
        photo: The picture.
        **widgets: Of Find Faces.

    Returns:
        The faces.
    """
    group, title = titles
    left, top = at
    found = canvas.node(
        "LPS_FindFaces", title, at=at, size=FIND, model=model, images=photo, more=widgets
    )
    back = canvas.bends((left + 268, top + 346), (left - 22, top + 346))
    shown = canvas.node(
        "LPS_ShowFaces",
        "Show Faces",
        at=(left, top + 402),
        size=SHOWN,
        images=photo,
        faces=found["faces"].via(back[1]),
    )
    canvas.group(group, found, shown, colour="brown")
    return found["faces"]
