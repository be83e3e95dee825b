"""Draws the workflows of docs/migration: examples of older packs, rebuilt with our nodes.

COMFYUI_DIR=... python -m tools.migration [--screenshots FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.comfyui_real.server import ROOT

from .canvas import Canvas, Node, Output
from .drawings import (
    ANIMATE,
    CLIP,
    CROP,
    EXTRACT,
    FIND,
    MODEL,
    NOTE,
    PARTS,
    PHOTO,
    PICTURES,
    RESULT,
    VIDEOS,
)
from .workflows import draw

FOLDER = ROOT / "docs" / "migration"
COLUMNS = (350, 650, 965, 1260, 1580, 1900)
"""Left of Find Faces, Crop Face, and what follows, where the stages stand one by one."""
BELOW = {"at": (COLUMNS[0], 860), "size": (845, 340)}
"""Of a note under them."""

KJ_IMAGE = """\
## The KJ pack's example: a picture follows a clip

Each frame names the node that stood there before.

- No cropper to load: faces are found by what comes with the pack.
- *LivePortraitRetargeting* was off. Its place is between Transform Keypoints and Stitch: \
**Retarget Eyes** and **Retarget Lip**, with **retarget** at *replace* to get what it gave.
- The mask made by hand went into *LivePortraitComposite*; connect yours to **mask** of Paste \
Back. Without one there is a soft square, as theirs was.

In short: the template *Portrait from a clip* does the same in five nodes.
"""
KJ_VIDEO = """\
## The KJ pack's example: a video follows a clip

One node instead of two croppers, *LivePortraitProcess* and *LivePortraitComposite*.

- **smooth** *on* is *source_video_smoothed*; **smooth_variance** is \
*driving_smooth_observation_variance*, here at its old default.
- A clip longer than the video is cut, as *mismatch_method* *cut* did. A shorter one was an error; \
**when_shorter** lets it go back and forth.
- Frame rate and sound are kept by themselves: no Video Info.
- Frames without a face stay as they are.
"""
ADVANCED_PICTURE = """\
## The Advanced pack's example: edit an expression

*Expression Editor* is two nodes here: **Expression** has the sliders, **Animate Portrait** renders.

- *aaa* is **lip_open**, *eee* **grin**, *woo* **purse**, *pupil_x* **gaze_x**.
- *rotate_yaw* 10 is **yaw_deg** -10: it runs the other way.
- The result appears when you press Run.
"""
ADVANCED_CLIP = """\
## The Advanced pack's example: a clip, and an expression on top

- The clip's motion is read once (**Find Faces**, **Crop Face** as *driver*, **Extract Motion**).
- **Expression** adds its sliders to every frame, as *motion_link* did.
- **Animate Portrait** moves the photo; the clip's sound comes along.

Motion Info shows what was read.
"""


def kj_image_to_video() -> Canvas:
    """The stages one by one, framed as the nodes of the KJ pack."""
    canvas = Canvas("KJ image to video")
    canvas.note(KJ_IMAGE, "What became what", **BELOW)
    model, photo, clip = _files(canvas)
    source = _crop(canvas, model, photo["IMAGE"], "photo", "source", 30)
    driver = _crop(canvas, model, clip["VIDEO"], "clip", "driver", 450)
    canvas.group("LivePortraitCropper", *source, *driver, colour="brown")
    looks, moves, follows = _read(canvas, model, source[1], driver[1])
    moved, stitched = _drive(canvas, model, moves["motion"], follows["motion"])
    rendered = canvas.node(
        "LPS_WarpDecode",
        "Warp & Decode",
        at=(COLUMNS[3], 370),
        size=(250, 330),
        model=model["model"],
        features=looks["features"],
        keypoints=stitched["keypoints"],
    )
    canvas.group("LivePortraitProcess", looks, moves, follows, rendered, moved, stitched)
    pasted = canvas.node(
        "LPS_PasteBack",
        "Paste Back",
        at=(COLUMNS[4], 30),
        size=(250, 400),
        images=photo["IMAGE"],
        painted=rendered["images"],
        crops=source[1]["crops"],
    )
    canvas.group("LivePortraitComposite", pasted, colour="purple")
    _film(canvas, clip, pasted)
    return canvas


def kj_video_to_video() -> Canvas:
    """Two clips, options, Animate Portrait (video file)."""
    canvas = Canvas("KJ video to video")
    canvas.note(KJ_VIDEO, "What became what", at=(0, 30), size=(NOTE, 440))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", at=(644, 30), size=MODEL)
    video = canvas.node(
        "LoadVideo", "The video to edit", at=(334, 206), size=CLIP, file="lps_person.mp4"
    )
    clip = canvas.node(
        "LoadVideo", "The clip to follow", at=(644, 206), size=CLIP, file="lps_driving.mp4"
    )
    options = canvas.node(
        "LPS_DrivingOptions",
        "Driving Options",
        at=(990, 30),
        size=(310, 622),
        smooth="on",
        smooth_variance=3e-6,
        when_shorter="bounce",
    )
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=(1360, 30),
        size=ANIMATE,
        model=model["model"],
        source=video["VIDEO"],
        driving=clip["VIDEO"],
        options=options["options"],
        sound="source",
    )
    saved = canvas.node(
        "SaveVideo",
        "The edited video",
        at=(1750, 30),
        size=RESULT,
        video=moved["video"],
        filename_prefix=VIDEOS,
    )
    canvas.group("Your files", model, video, clip)
    canvas.group("LivePortraitCropper, Process, Composite", options, moved, colour="purple")
    canvas.group("Result", saved, colour="green")
    return canvas


def advanced_expression() -> Canvas:
    """A picture and sliders."""
    canvas = Canvas("Advanced expression editing")
    canvas.note(ADVANCED_PICTURE, "What became what", at=(0, 30), size=(NOTE, 360))
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", at=(334, 30), size=MODEL)
    photo = canvas.node(
        "LoadImage", "Your photo", at=(334, 206), size=PHOTO, image="lps_portrait.jpg"
    )
    face = canvas.node(
        "LPS_Expression",
        "Expression",
        at=(680, 30),
        size=(310, 500),
        model=model["model"],
        smile=0.6,
        lip_open=30.0,
        yaw_deg=-10.0,
        blink=-4.0,
        eyebrow=8.0,
    )
    edited = canvas.node(
        "LPS_AnimatePortrait",
        "Animate Portrait",
        at=(1050, 30),
        size=PICTURES,
        model=model["model"],
        source=photo["IMAGE"],
        driving=face["motion"],
    )
    saved = canvas.node(
        "SaveImage",
        "The edited picture",
        at=(1440, 30),
        size=(460, 560),
        images=edited["images"],
        filename_prefix="LivePortrait",
    )
    canvas.group("Your photo", model, photo)
    canvas.group("Expression Editor (PHM)", face, edited, colour="purple")
    canvas.group("Result", saved, colour="green")
    return canvas


def advanced_clip() -> Canvas:
    """A clip's motion with sliders on top."""
    canvas = Canvas("Advanced clip and expression")
    canvas.note(ADVANCED_CLIP, "What became what", at=(COLUMNS[0], 460), size=(550, 320))
    model, photo, clip = _files(canvas)
    found, cropped = _crop(canvas, model, clip["VIDEO"], "clip", "driver", 30)
    motion = canvas.node(
        "LPS_ExtractMotion",
        "Extract Motion (clip)",
        at=(COLUMNS[2], 30),
        size=EXTRACT,
        model=model["model"],
        cropped=cropped["images"],
        crops=cropped["crops"],
    )
    canvas.group("driving_images", found, cropped, motion, colour="brown")
    face = canvas.node(
        "LPS_Expression",
        "Expression",
        at=(1250, 30),
        size=(310, 500),
        model=model["model"],
        motion=motion["motion"],
        smile=0.8,
        eyebrow=10.0,
    )
    canvas.group("Expression Editor (PHM)", face, colour="brown")
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(1250, 650),
        size=PARTS,
        video=clip["VIDEO"],
    )
    moved = canvas.node(
        "LPS_AnimateVideo",
        "Animate Portrait (video file)",
        at=(1610, 30),
        size=ANIMATE,
        model=model["model"],
        source=photo["IMAGE"],
        driving=face["motion"],
        audio=parts["audio"],
    )
    canvas.group("Advanced Live Portrait (PHM)", moved, colour="purple")
    saved = canvas.node(
        "SaveVideo",
        "The moving portrait",
        at=(1990, 30),
        size=(420, 560),
        video=moved["video"],
        filename_prefix=VIDEOS,
    )
    canvas.group("Result", saved, colour="green")
    return canvas


def _files(canvas: Canvas) -> tuple[Node, Node, Node]:
    model = canvas.node("LPS_LoadModel", "Model (comes with the pack)", at=(-16, 30), size=MODEL)
    photo = canvas.node(
        "LoadImage", "Your photo", at=(-16, 206), size=PHOTO, image="lps_portrait.jpg"
    )
    clip = canvas.node(
        "LoadVideo", "The clip to follow", at=(-16, 616), size=CLIP, file="lps_driving.mp4"
    )
    canvas.group("Your files", model, photo, clip)
    return model, photo, clip


def _crop(
    canvas: Canvas, model: Node, pictures: Output, what: str, role: str, y: float
) -> tuple[Node, Node]:
    found = canvas.node(
        "LPS_FindFaces",
        f"Find Faces ({what})",
        at=(COLUMNS[0], y),
        size=FIND,
        model=model["model"],
        images=pictures,
    )
    cropped = canvas.node(
        "LPS_CropFace",
        f"Crop Face ({what})",
        at=(COLUMNS[1], y),
        size=CROP,
        model=model["model"],
        images=pictures,
        faces=found["faces"],
        role=role,
    )
    return found, cropped


def _read(canvas: Canvas, model: Node, source: Node, driver: Node) -> tuple[Node, Node, Node]:
    looks = canvas.node(
        "LPS_ExtractAppearance",
        "Extract Appearance",
        at=(COLUMNS[2], 30),
        size=(EXTRACT[0], 60),
        model=model["model"],
        cropped=source["images"],
    )
    moves, follows = (
        canvas.node(
            "LPS_ExtractMotion",
            f"Extract Motion ({what})",
            at=(COLUMNS[2], y),
            size=EXTRACT,
            model=model["model"],
            cropped=crop["images"],
            crops=crop["crops"],
        )
        for what, y, crop in (("photo", 190, source), ("clip", 450, driver))
    )
    return looks, moves, follows


def _drive(canvas: Canvas, model: Node, source: Output, driver: Output) -> tuple[Node, Node]:
    moved = canvas.node(
        "LPS_TransformKeypoints",
        "Transform Keypoints",
        at=(COLUMNS[3], 30),
        size=(250, 160),
        model=model["model"],
        source_motion=source,
        driving_motion=driver,
    )
    stitched = canvas.node(
        "LPS_Stitch",
        "Stitch",
        at=(COLUMNS[3], 240),
        size=(250, 80),
        model=model["model"],
        keypoints=moved["keypoints"],
    )
    return moved, stitched


def _film(canvas: Canvas, clip: Node, pasted: Node) -> None:
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(COLUMNS[4], 550),
        size=PARTS,
        video=clip["VIDEO"],
    )
    video = canvas.node(
        "CreateVideo",
        "Create Video",
        at=(COLUMNS[4], 730),
        size=(250, 125),
        images=pasted["images"],
        audio=parts["audio"],
        fps=parts["fps"],
    )
    saved = canvas.node(
        "SaveVideo",
        "The moving portrait",
        at=(COLUMNS[5], 30),
        size=RESULT,
        video=video["VIDEO"],
        filename_prefix=VIDEOS,
    )
    canvas.group("VHS Video Combine", parts, video)
    canvas.group("Result", saved, colour="green")


def canvases() -> list[Canvas]:
    """All four."""
    return [kj_image_to_video(), kj_video_to_video(), advanced_expression(), advanced_clip()]


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of each canvas")
    for file in draw(canvases(), FOLDER, parser.parse_args().screenshots):
        print(file)


if __name__ == "__main__":
    main()
