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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.comfyui_real.browser import Browser
from tests.comfyui_real.server import ROOT, ComfyServer

SCRIPT = Path(__file__).with_suffix(".js")
COLOURS = {"blue": "#3f789e", "green": "#8A8", "brown": "#b06634", "purple": "#a1309b"}
TITLE_PX = 30
"""Of a node; its position is below."""
FREE_PX = (75, 95, 1500, 785)
"""Left, top, width, height between the bars of a front end in a window of 1600x900."""
MIN_ZOOM, MAX_ZOOM = 0.62, 0.75
"""Names are not drawn below a zoom of about 0.6."""
NOTE_COLOUR, NOTE_BACKGROUND = "#432", "#653"


@dataclass(frozen=True)
class Bend:
    """A point that wires are led through; wires of one output may share it."""

    key: int


@dataclass(frozen=True)
class Output:
    """One output of a node: by name as shown, or by number; and the way that its wire takes."""

    key: str
    output: str | int
    bend: Bend | None = None

    def via(self, bend: Bend) -> Output:
        """The same output, with a wire through a bend and all those before it."""
        return replace(self, bend=bend)


@dataclass(frozen=True)
class Node:
    """A node that was put on a canvas; `node["IMAGE"]` or `node[0]` is one of its outputs."""

    key: str

    def __getitem__(self, output: str | int) -> Output:
        """An output, to give to an input of another node."""
        return Output(self.key, output)


@dataclass
class Canvas:
    """A drawing.

    Attributes:
        name: the name of the file, which is the title in the template browser.
        gap: pixels between columns and between the nodes of a column.
    """

    name: str
    gap: tuple[int, int] = (70, 40)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)

    def bends(self, *places: tuple[float, float], after: Bend | None = None) -> list[Bend]:
        """Points one after the other, for `Output.via`; the first one follows `after`."""
        made = []
        for x, y in places:
            after_key = None if after is None else after.key
            after = Bend(len(self.points))
            self.points.append({"at": [x, y], "after": after_key})
            made.append(after)
        return made

    def node(  # noqa: PLR0913
        self,
        kind: str,
        title: str = "",
        *,
        column: int = 0,
        at: tuple[float, float] | None = None,
        size: tuple[float, float] | None = None,
        collapsed: bool = False,
        bypassed: bool = False,
        colour: tuple[str, str] | None = None,
        models: Sequence[Mapping[str, str]] = (),
        more: Mapping[str, object] | None = None,
        **values: object,
    ) -> Node:
        """Put a node on the canvas.

        Args:
            kind: its id, such as LoadImage.
            title: what stands on it; the node's own name by default.
            column: nodes of a column stand below each other in the order they were put.
            at: a place of its own instead (left, top below the title bar).
            size: width, height below the title bar; as small as it fits by default.
            collapsed: show only the title bar.
            bypassed: what comes in goes out, until the user switches it on.
            colour: of the title bar and of the rest.
            models: name, url and directory of each file that it needs and that can be downloaded.
            values: by input: an Output makes a link, anything else is a widget's value.
            more: the same for inputs whose name is no keyword, or one of the above.
        """
        values |= more or {}
        key = f"n{len(self.nodes) + 1}"
        widgets = {name: value for name, value in values.items() if not isinstance(value, Output)}
        properties = {"models": [dict(model) for model in models]} if models else {}
        color, background = colour or (None, None)
        entry = {"key": key, "type": kind, "title": title, "column": column, "at": at, "size": size}
        entry |= {"widgets": widgets, "properties": properties, "collapsed": collapsed}
        entry["bypassed"] = bypassed
        self.nodes.append({**entry, "color": color, "background": background})
        for name, value in values.items():
            if isinstance(value, Output):
                link = {"from": value.key, "output": value.output, "to": key, "input": name}
                bend = None if value.bend is None else value.bend.key
                self.links.append({**link, "bend": bend})
        return Node(key)

    def note(self, text: str, title: str = "Note", **place: Any) -> Node:
        """Put a note in Markdown on the canvas; `place` as in `node`."""
        colour = (NOTE_COLOUR, NOTE_BACKGROUND)
        return self.node("MarkdownNote", title, colour=colour, text=text, **place)

    def group(self, title: str, *nodes: Node, colour: str = "blue") -> None:
        """Frame nodes; a column leaves room for the frame's title."""
        keys = [node.key for node in nodes]
        self.groups.append({"title": title, "nodes": keys, "color": COLOURS.get(colour, colour)})

    def description(self) -> dict[str, Any]:
        """What workflows.js takes."""
        return {
            "nodes": self.nodes,
            "links": self.links,
            "points": self.points,
            "groups": self.groups,
            "gap": list(self.gap),
        }


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
