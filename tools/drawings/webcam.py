"""A photo that follows a webcam; a film stands in for it until one is connected."""

from __future__ import annotations

from ..canvas import Canvas
from . import CLIP, NOTE, PARTS, TRY, model_and_photo, save_video

TEXT = f"""\
{TRY}
## 1. Drop a portrait on *Your photo*
## 2. Connect your webcam
- Delete the two nodes of group 2. **fps** of Live Portrait is 0 then: by the clock.
- Add *Webcam Capture*, switch *capture_on_queue* on, connect it to **frames**.
- Connect *Preview Image* to **images**; delete *Create Video* and *Save Video*.
## 3. Choose Run (Instant)

Each picture is a run. Look at the camera, eyes open, mouth closed: movement is measured from \
there. Another number in **neutral** measures anew.

The Webcam Capture of ComfyUI 0.33.0 fails on every run; use another pack's webcam node there.

Smoother, outside ComfyUI: the command `liveportrait live`.
"""
LEFT, FILES, MOVE, LAST = -336, 0, 360, 780
TOP, LOW = 30, 640
LIVE = (330, 520)


def draw() -> Canvas:
    """Load Video and Get Video Components, Live Portrait, Create Video, Save Video."""
    canvas = Canvas("Portrait that follows a webcam")
    canvas.note(TEXT, "Start here", at=(LEFT, TOP), size=(NOTE, 490))
    model, photo = model_and_photo(canvas, (FILES, TOP))
    film = canvas.node("LoadVideo", "A film", at=(LEFT, LOW), size=CLIP, file="lps_driving.mp4")
    parts = canvas.node(
        "GetVideoComponents",
        "Get Video Components",
        at=(FILES, LOW),
        size=PARTS,
        video=film["VIDEO"],
    )
    moved = canvas.node(
        "LPS_LivePortrait",
        "Live Portrait",
        at=(MOVE, TOP),
        size=LIVE,
        model=model["model"],
        source=photo["IMAGE"],
        frames=parts["images"],
        fps=parts["fps"],
    )
    under = canvas.bends((MOVE, 590), (LAST - 40, 590))
    video = canvas.node(
        "CreateVideo",
        "Create Video",
        at=(LAST, TOP),
        size=(250, 125),
        images=moved["images"],
        fps=parts["fps"].via(under[1]),
    )
    saved = save_video(canvas, "The moving portrait", video["VIDEO"], (LAST, 210))
    canvas.group("1. Your photo", model, photo)
    canvas.group("2. Stands in for your webcam", film, parts)
    canvas.group("3. Follow", moved, colour="purple")
    canvas.group("4. Result", video, saved, colour="green")
    return canvas
