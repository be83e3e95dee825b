"""A photo that follows a clip, with each stage of the method as a node of its own."""

from __future__ import annotations

from dataclasses import dataclass

from ..workflows import Canvas, Node, Output
from . import FILMS, VIEW
from . import FIND as FIND_SIZE

TEXT = """\
## 1. Drop a portrait on *Your photo*
## 2. Drop a video of a face on *The clip to follow*
## 3. Press Run

The same as *Portrait from a clip*, in steps that can be looked at, changed or left out:

- **Find** the faces and **crop** them: *source* follows the face, *driver* stands still.
- **Read** what the photo looks like, and how both faces move.
- **Move** the photo's keypoints and keep the shoulders in place.
- **Retarget** eyes and lip: off; select a node and press **Ctrl+B** to switch it on.
- **Paint** the face and **paste** it back.

Connect *Preview Image* to any IMAGE, *Motion Info* or *Save Motion* to any motion.
"""
FIND, CROP, READ = 370, 670, 985
MOVE, NEXT, PAINT, PASTE, FILM, SEEN = 370, 670, 970, 1250, 1500, 1790
TOP, LOWER, MOVING, LAST = 30, 405, 880, 1120
OVER, BETWEEN, UNDER = -74, 345, 790
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
    canvas = Canvas("Every stage as its own node", view=VIEW)
    model = canvas.node(
        "LPS_LoadModel", "Model (comes with the pack)", at=(0, TOP), size=(270, 106)
    )
    photo = canvas.node(
        "LoadImage", "Your photo", at=(0, 206), size=(270, 300), image="liveportrait_portrait.jpg"
    )
    clip = canvas.node(
        "LoadVideo",
        "The clip to follow",
        at=(0, 586),
        size=(270, 350),
        file="liveportrait_driving.mp4",
    )
    canvas.group("1. Your files", model, photo, clip)
    read = _read(canvas, model["model"], photo["IMAGE"], clip["VIDEO"])
    wires = _model_wires(canvas, model["model"], UNDER, MOVE, NEXT, PAINT)
    keypoints = _moved(canvas, wires, read)
    painted = _painted(canvas, wires[2], read.features, keypoints)
    _result(canvas, photo["IMAGE"], clip["VIDEO"], read.crops, painted)
    canvas.note(TEXT, "Start here", at=(1360, TOP), size=(370, 560))
    return canvas


def _model_wires(canvas: Canvas, model: Output, y: float, *columns: float) -> list[Output]:
    """The model for the node below this height in each column."""
    (start,) = canvas.bends((305, y))
    return [model.via(bend) for bend in canvas.bends(*((x - 35, y) for x in columns), after=start)]


def _read(canvas: Canvas, model: Output, photo: Output, clip: Output) -> Read:
    over = _model_wires(canvas, model, OVER, FIND, CROP, READ)
    between = _model_wires(canvas, model, BETWEEN, FIND, CROP, READ)
    source = _cropped(canvas, over, photo, TOP, "photo", "source")
    driver = _cropped(canvas, between, clip, LOWER, "clip", "driver")
    canvas.group("2. Find and crop the faces", *source, *driver, colour="brown")
    look = canvas.node(
        "LPS_ExtractAppearance",
        "Extract Appearance",
        at=(READ, TOP),
        size=(220, 60),
        model=over[2],
        cropped=source[1]["images"],
    )
    (inner,) = canvas.bends((READ - 35, 140), after=over[2].bend)
    motions = [
        canvas.node(
            "LPS_ExtractMotion",
            f"Extract Motion ({what})",
            at=(READ, y),
            size=(220, 110),
            model=wire,
            cropped=crop["images"],
            crops=crop["crops"],
        )
        for what, y, wire, crop in (
            ("photo", 170, model.via(inner), source[1]),
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
    past = canvas.bends((FIND - 20, y + 288), (CROP - 50, y + 288))
    crop = canvas.node(
        "LPS_CropFace",
        f"Crop Face ({what})",
        at=(CROP, y),
        size=(250, 265),
        model=models[1],
        images=pictures.via(past[1]),
        faces=found["faces"],
        role=role,
    )
    return found, crop


def _moved(canvas: Canvas, models: list[Output], read: Read) -> Output:
    driver = canvas.bends((1228, 706), (MOVE - 20, 706))
    source = canvas.bends((1246, 722), (MOVE - 8, 722))
    moved = canvas.node(
        "LPS_TransformKeypoints",
        "Transform Keypoints",
        at=(MOVE, MOVING),
        size=(250, 150),
        model=models[0],
        source_motion=read.source.via(source[1]),
        driving_motion=read.driver.via(driver[1]),
    )
    eyes = canvas.node(
        "LPS_RetargetEyes",
        "Retarget Eyes (bypassed)",
        bypassed=True,
        at=(NEXT, MOVING),
        size=(250, 150),
        model=models[1],
        keypoints=moved["keypoints"],
    )
    (down,) = canvas.bends((MOVE - 35, LAST - 50), after=models[0].bend)
    back = canvas.bends((NEXT + 268, LAST - 46), (MOVE - 15, LAST - 46))
    lip = canvas.node(
        "LPS_RetargetLip",
        "Retarget Lip (bypassed)",
        bypassed=True,
        at=(MOVE, LAST),
        size=(250, 150),
        model=models[0].via(down),
        keypoints=eyes["keypoints"].via(back[1]),
    )
    (beside,) = canvas.bends((NEXT - 35, LAST - 50), after=models[1].bend)
    stitched = canvas.node(
        "LPS_Stitch",
        "Stitch",
        at=(NEXT, LAST),
        size=(250, 80),
        model=models[1].via(beside),
        keypoints=lip["keypoints"],
    )
    canvas.group("4. Move the keypoints", moved, eyes, lip, stitched, colour="purple")
    return stitched["keypoints"]


def _painted(canvas: Canvas, model: Output, features: Output, keypoints: Output) -> Node:
    way = canvas.bends((1264, 738), (PAINT - 18, 738))
    return canvas.node(
        "LPS_WarpDecode",
        "Warp & Decode",
        at=(PAINT, MOVING),
        size=(240, 310),
        model=model,
        features=features.via(way[1]),
        keypoints=keypoints,
    )


def _result(canvas: Canvas, photo: Output, clip: Output, crops: Output, painted: Node) -> None:
    crops_way = canvas.bends((932, -58), (1282, -58), (1282, 754), (PASTE - 30, 754))
    photo_way = canvas.bends((288, -90), (1300, -90), (1300, 770), (PASTE - 14, 770))
    pasted = canvas.node(
        "LPS_PasteBack",
        "Paste Back",
        at=(PASTE, MOVING),
        size=(210, 306),
        images=photo.via(photo_way[3]),
        painted=painted["images"],
        crops=crops.via(crops_way[3]),
    )
    under = canvas.bends((288, LAST + 175), (PASTE - 50, LAST + 175))
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(PASTE, MOVING + 355),
        size=(210, 110),
        video=clip.via(under[1]),
    )
    film = canvas.node(
        "CreateVideo",
        "Create Video",
        at=(FILM, MOVING),
        size=(230, 125),
        images=pasted["images"],
        audio=parts["audio"],
        fps=parts["fps"],
    )
    canvas.group("5. Paint and paste back", painted, pasted, parts, film, colour="purple")
    saved = canvas.node(
        "SaveVideo",
        "The moving portrait",
        at=(SEEN, TOP),
        size=(440, 600),
        video=film["VIDEO"],
        filename_prefix=FILMS,
    )
    canvas.group("6. Result", saved, colour="green")
