"""Draws the workflows that ship with the pack, in ComfyUI's own front end.

A drawing is a module in `tools/drawings/` with a function `draw() -> Canvas`:

    def draw() -> Canvas:
        canvas = Canvas("Portrait from a clip")
        photo = canvas.node("LoadImage", "Your photo", image="lps_portrait.jpg")
        clip = canvas.node("LoadVideo", "To follow", file="lps_driving.mp4")
        moved = canvas.node("LPS_AnimatePortrait", column=1, source=photo["IMAGE"], driver=clip[0])
        canvas.group("1. Choose", photo, clip)
        canvas.note("Press **Run**.", column=1, size=(360, 120))
        return canvas

    COMFYUI_DIR=... python -m tools.workflows [--folder workflows] [name of a drawing ...]

writes `workflows/<name of the canvas>.json`. Draw on the oldest ComfyUI that is supported.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import re
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.comfyui_real.browser import Browser
from tests.comfyui_real.server import ROOT, ComfyServer

from .canvas import Canvas

SCRIPT = Path(__file__).with_suffix(".js")
TITLE_PX = 30
"""Of a node; its position is below."""
FREE_PX = (75, 95, 1500, 785)
"""Left, top, width, height between the bars of a front end in a window of 1600x900."""
MIN_ZOOM, MAX_ZOOM = 0.62, 0.75
"""Names are not drawn below a zoom of about 0.6."""


def build(canvas: Canvas, server: ComfyServer, browser: Browser) -> dict[str, Any]:
    """The workflow of a drawing; the browser has the server's front end open."""
    workflow = browser.author(SCRIPT, canvas.description())
    info = server.object_info()
    pack, comfyui = pack_version(), server.get("/system_stats")["system"]["comfyui_version"]
    for node in workflow["nodes"]:
        module = info.get(node["type"], {}).get("python_module", "")
        if module:
            ours = module.startswith("custom_nodes.")
            node["properties"]["cnr_id"] = pack["name"] if ours else "comfy-core"
            node["properties"]["ver"] = pack["version"] if ours else comfyui
    workflow["extra"]["ds"] = _view(workflow)
    workflow["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, canvas.name))
    return workflow


def _view(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """What is seen when it opens: all of it on a usual screen, but never too small to be read."""
    boxes = [group["bounding"] for group in workflow["groups"]]
    boxes += [
        (left, top - TITLE_PX, width, height + TITLE_PX)
        for (left, top), (width, height) in (
            (node["pos"], node["size"]) for node in workflow["nodes"]
        )
    ]
    boxes += [(*point["pos"], 0, 0) for point in workflow["extra"].get("reroutes", ())]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    width = max(box[0] + box[2] for box in boxes) - left
    height = max(box[1] + box[3] for box in boxes) - top
    free_left, free_top, free_width, free_height = FREE_PX
    scale = round(min(MAX_ZOOM, max(MIN_ZOOM, min(free_width / width, free_height / height))), 3)
    offset = [round(free_left / scale - left, 1), round(free_top / scale - top, 1)]
    return {"scale": scale, "offset": offset}


def drawings(names: Sequence[str] = ()) -> list[Canvas]:
    """All drawings, or those of the named modules, by module name."""
    from . import drawings as folder  # noqa: PLC0415

    modules = {module.name for module in pkgutil.iter_modules(folder.__path__)}
    found = sorted(modules)
    chosen = [name for name in found if not names or name in names]
    if missing := set(names) - set(found):
        raise SystemExit(f"no drawing {', '.join(sorted(missing))}; there are {', '.join(found)}")
    return [importlib.import_module(f"{folder.__name__}.{name}").draw() for name in chosen]


def draw(canvases: Sequence[Canvas], folder: Path, screenshots: Path | None = None) -> list[Path]:
    """Write the workflow of each canvas; starts a server and a browser for it."""
    written = []
    with tempfile.TemporaryDirectory() as base:
        server = ComfyServer(Path(base))
        server.add_pack(pack_version()["name"])
        with server, Browser() as browser:
            for canvas in canvases:
                browser.open(server.url)
                workflow = build(canvas, server, browser)
                file = folder / f"{canvas.name}.json"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(workflow, indent=1, ensure_ascii=True) + "\n", "ascii")
                written.append(file)
                if screenshots is not None:
                    browser.drop(file)
                    browser.screenshot(screenshots / f"{canvas.name}.png")
    return written


def pack_version() -> dict[str, str]:
    """`name` and `version` of the pack."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    return dict(re.findall(r'^(name|version) = "(.+)"', project, re.MULTILINE))


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="drawings (default: all)")
    parser.add_argument("--folder", type=Path, default=ROOT / "workflows")
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of each canvas")
    options = parser.parse_args()
    for file in draw(drawings(options.names), options.folder, options.screenshots):
        print(file)


if __name__ == "__main__":
    main()
