"""A photo that follows a clip, with each stage of the method as a node of its own."""

from __future__ import annotations

from dataclasses import dataclass

from ..canvas import Canvas, Node, Output
from . import CLIP, CROP, EXTRACT, PARTS, TRY, model_and_photo, save_video
from . import FIND as FIND_SIZE

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*, 2. a video of a face on *The clip to follow*, 3. press Run

The same as *Portrait from a clip*, in steps that can be looked at, changed or left out:

- **Find** the faces and **crop** them: *source* follows the face, *driver* stands still.
- **Read** what the photo looks like, and how both faces move.
- **Move** the photo's keypoints and keep the shoulders in place.
- **Retarget** eyes and lip: off; select a node and press **Ctrl+B** to switch it on.
- **Render** the face and **paste** it back.

Connect *Preview Image* to any IMAGE, *Motion Info* or *Save Motion* to any motion.
"""
FILES, FIND, CUT, READ, MOVE, RENDER, VIDEO = -16, 360, 660, 975, 1290, 1625, 1950
TOP, LOWER = 30, 450
OVER, BETWEEN = -74, 386
"""Heights at which the model's wire runs above the nodes that need it."""


@dataclass(frozen=True)
class Read:
    """What is known of photo and clip."""

    crops: Output
    features: Output
    source: Output
    driver: Output


def draw() -> Canvas:
    """Every node of the category `stages`, then Create Video and Save Video."""
    canvas = Canvas("Every stage as its own node")
    model, photo = model_and_photo(canvas, (FILES, TOP))
    clip = canvas.node(
        "LoadVideo", "The clip to follow", at=(FILES, 616), size=CLIP, file="lps_driving.mp4"
    )
    canvas.group("1. Your files", model, photo, clip)
    over = _model_wires(canvas, model["model"], OVER, FIND, CUT, READ, MOVE, RENDER)
    read = _read(canvas, model["model"], over, photo["IMAGE"], clip["VIDEO"])
    keypoints = _moved(canvas, over[3], read)
    rendered = _rendered(canvas, over[4], read.features, keypoints)
    _result(canvas, photo["IMAGE"], clip["VIDEO"], read.crops, rendered)
    canvas.note(TEXT, "Start here", at=(FIND, 845), size=(845, 270))
    return canvas


def _model_wires(canvas: Canvas, model: Output, y: float, *columns: float) -> list[Output]:
    """The model for the node below this height in each column."""
    (start,) = canvas.bends((305, y))
    return [model.via(bend) for bend in canvas.bends(*((x - 35, y) for x in columns), after=start)]


def _read(canvas: Canvas, model: Output, over: list[Output], photo: Output, clip: Output) -> Read:
    between = _model_wires(canvas, model, BETWEEN, FIND, CUT, READ)
    source = _cropped(canvas, over, photo, TOP, "photo", "source")
    driver = _cropped(canvas, between, clip, LOWER, "clip", "driver")
    canvas.group("2. Find and crop the faces", *source, *driver, colour="brown")
    look = canvas.node(
        "LPS_ExtractAppearance",
        "Extract Appearance",
        at=(READ, TOP),
        size=(EXTRACT[0], 60),
        model=over[2],
        cropped=source[1]["images"],
    )
    (inner,) = canvas.bends((READ - 35, 150), after=over[2].bend)
    motions = [
        canvas.node(
            "LPS_ExtractMotion",
            f"Extract Motion ({what})",
            at=(READ, y),
            size=EXTRACT,
            model=wire,
            cropped=crop["images"],
            crops=crop["crops"],
        )
        for what, y, wire, crop in (
            ("photo", 190, model.via(inner), source[1]),
            ("clip", LOWER, between[2], driver[1]),
        )
    ]
    canvas.group("3. Read them", look, *motions, colour="brown")
    return Read(source[1]["crops"], look["features"], motions[0]["motion"], motions[1]["motion"])


def _cropped(
    canvas: Canvas, models: list[Output], pictures: Output, y: float, what: str, role: str
) -> tuple[Node, Node]:
    found = canvas.node(
        "LPS_FindFaces",
        f"Find Faces ({what})",
        at=(FIND, y),
        size=FIND_SIZE,
        model=models[0],
        images=pictures,
    )
    past = canvas.bends((FIND - 20, y + 342), (CUT - 50, y + 342))
    crop = canvas.node(
        "LPS_CropFace",
        f"Crop Face ({what})",
        at=(CUT, y),
        size=CROP,
        model=models[1],
        images=pictures.via(past[1]),
        faces=found["faces"],
        role=role,
    )
    return found, crop


def _moved(canvas: Canvas, model: Output, read: Read) -> Output:
    """Four nodes, one below the other."""
    moved = canvas.node(
        "LPS_TransformKeypoints",
        "Transform Keypoints",
        at=(MOVE, TOP),
        size=(250, 160),
        model=model,
        source_motion=read.source,
        driving_motion=read.driver,
    )
    keypoints, nodes = moved["keypoints"], [moved]
    below = model.bend
    for kind, title, y, height in (
        ("LPS_RetargetEyes", "Retarget Eyes", 290, 160),
        ("LPS_RetargetLip", "Retarget Lip", 550, 160),
        ("LPS_Stitch", "Stitch", 810, 80),
    ):
        (below,) = canvas.bends((MOVE - 35, y - 50), after=below)
        back = canvas.bends((MOVE + 268, y - 55), (MOVE - 18, y - 55))
        node = canvas.node(
            kind,
            title,
            bypassed=kind != "LPS_Stitch",
            at=(MOVE, y),
            size=(250, height),
            model=model.via(below),
            keypoints=keypoints.via(back[1]),
        )
        keypoints = node["keypoints"]
        nodes.append(node)
    canvas.group("4. Move the keypoints", *nodes, colour="purple")
    return keypoints


def _rendered(canvas: Canvas, model: Output, features: Output, keypoints: Output) -> Node:
    over = canvas.bends((READ + 246, -58), (RENDER - 50, -58))
    beside = canvas.bends((RENDER - 22, 780))
    return canvas.node(
        "LPS_WarpDecode",
        "Warp & Decode",
        at=(RENDER, TOP),
        size=(250, 330),
        model=model,
        features=features.via(over[1]),
        keypoints=keypoints.via(beside[0]),
    )


def _result(canvas: Canvas, photo: Output, clip: Output, crops: Output, rendered: Node) -> None:
    crops_way = canvas.bends((CUT + 262, -90), (RENDER - 62, -90), (RENDER - 62, 420))
    photo_way = canvas.bends((300, -106), (RENDER - 74, -106), (RENDER - 74, 404))
    back = canvas.bends((RENDER + 268, 388), (RENDER - 14, 388))
    pasted = canvas.node(
        "LPS_PasteBack",
        "Paste Back",
        at=(RENDER, 440),
        size=(250, 400),
        images=photo.via(photo_way[2]),
        painted=rendered["images"].via(back[1]),
        crops=crops.via(crops_way[2]),
    )
    canvas.group("5. Render and paste back", rendered, pasted, colour="purple")
    under = canvas.bends((300, 1150), (VIDEO - 45, 1150), (VIDEO - 45, 60))
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(VIDEO, TOP),
        size=PARTS,
        video=clip.via(under[2]),
    )
    video = canvas.node(
        "CreateVideo",
        "Create Video",
        at=(VIDEO, 210),
        size=(250, 125),
        images=pasted["images"],
        audio=parts["audio"],
        fps=parts["fps"],
    )
    saved = save_video(canvas, "The moving portrait", video["VIDEO"], (VIDEO, 415), (440, 560))
    canvas.group("6. Result", parts, video, saved, colour="green")
