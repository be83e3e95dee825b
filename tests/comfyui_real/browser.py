"""ComfyUI's front end in a real Chromium, driven through Playwright by browser.mjs.

Needs node, Chromium (CHROMIUM, or `chromium`, `chromium-browser`, `google-chrome` on the PATH) and
npm's playwright-core (PLAYWRIGHT_DIR is the folder that has it in node_modules; default: here or in
a folder above).
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
NEW_GRAPH = """
    app.graph.clear();
    const add = (type, at, widgets = {}) => {
        const node = LiteGraph.createNode(type);
        node.pos = [at, 40];
        app.graph.add(node);
        for (const [name, value] of Object.entries(widgets)) {
            const widget = node.widgets.find((one) => one.name === name);
            widget.value = value;
            widget.callback?.(value);
        }
        return node;
    };
    const link = (from, to, name) =>
        from.connect(0, to, to.inputs.findIndex((slot) => slot.name === name));
"""
"""Empties the canvas; then `add(type, at, widgets)` puts a node on it, and `link(from, to, name)`
joins two."""
HTML_NODES = "Comfy.VueNodes.Enabled"
"""Setting: true shows nodes as HTML (Nodes 2.0), false paints them on the canvas."""


class BrowserError(RuntimeError):
    """The page did not do what it was asked; the message is Playwright's."""


@dataclass(frozen=True)
class Tools:
    """The programs that a browser test needs."""

    node: str
    chromium: str
    playwright: Path


@cache
def tools() -> Tools | None:
    """Where the tools are; None when one is missing."""
    node = shutil.which("node")
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    chosen = os.environ.get("PLAYWRIGHT_DIR")
    folders = [Path(chosen)] if chosen else [HERE, *HERE.parents]
    with_playwright = [
        folder for folder in folders if (folder / "node_modules" / "playwright-core").is_dir()
    ]
    return Tools(node, found, with_playwright[0]) if node and found and with_playwright else None


class Browser:
    """One Chromium with one page at a time; `open` starts a fresh page with empty storage.

    Nodes are named by id or by title. A context manager.
    """

    def __init__(self) -> None:
        """Start Chromium.

        Raises:
            BrowserError: when a tool is missing or Chromium does not start.
        """
        found = tools()
        if found is None:
            raise BrowserError("node, Chromium or playwright-core is missing")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                found.node,
                str(HERE / "browser.mjs"),
                found.chromium,
                str(found.playwright),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.version: str = self._answer(400)

    def __enter__(self) -> Browser:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End Chromium and its driver."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._errors.close()

    # -- the page ---------------------------------------------------------------------------

    def open(
        self,
        url: str,
        settings: Mapping[str, object] | None = None,
        size: tuple[int, int] = (1600, 900),
        scale: float = 1,
        *,
        touch: bool = False,
    ) -> str:
        """Load the front end; gives its version.

        Args:
            url: Of the server.
            settings: Stored on the server.
            size: Of the page, pixels.
            scale: Pixels of the screen for each.
            touch: A screen for fingers, without a mouse.
        """
        width, height = size
        page = {"url": url, "settings": dict(settings or {}), "width": width, "height": height}
        return self._do("open", scale=scale, touch=touch, **page)

    def drop(self, file: Path, node: str | None = None) -> None:
        """Drop a file on the canvas (a workflow opens) or on a node (a photo or clip uploads)."""
        self._do("drop", file=str(file), node=node)

    def set(self, node: str, **widgets: object) -> None:
        """Set widgets of a node."""
        self._do("set", node=node, widgets=widgets)

    def fit(self) -> None:
        """Show the whole graph."""
        self._do("fit")

    def run(self, timeout_s: float = 300) -> dict[str, Any]:
        """Press Run and wait.

        Returns:
            `kind` is execution_success, execution_error, execution_interrupted, or refused when
            any node was (other branches may have run); the rest is what the server sent.
        """
        return self._do("run", timeout_s=timeout_s, wait_s=timeout_s + 60)

    def press_run(self) -> None:
        """Press Run without waiting."""
        self.click('[data-testid="queue-button"]')

    def screenshot(self, file: Path, *, canvas_only: bool = False) -> Path:
        """Save what is seen as .png or .jpg."""
        file.parent.mkdir(parents=True, exist_ok=True)
        return Path(self._do("screenshot", file=str(file), canvas_only=canvas_only))

    def nodes(self) -> list[dict[str, Any]]:
        """id, type, title, position, size, known, has_errors, pictures (shown), widgets of each."""
        return self._do("nodes")

    def node(self, name: str) -> dict[str, Any]:
        """The node of an id or a title."""
        return next(node for node in self.nodes() if name in {node["id"], node["title"]})

    def layout(self) -> dict[str, Any]:
        """Where things really are, in pixels of the graph, whichever renderer is on.

        Returns:
            `scale` and `seen` (left, top, width, height) of the view; `nodes` with id, type, title,
            `box` (title bar included), `parts` (HTML over a painted node) and `cut` (texts that are
            not seen whole); `groups` with title, `box` and title_height.
        """
        return self._do("layout")

    def videos(self) -> list[dict[str, Any]]:
        """source, seconds, width, height and visible of each player on the page."""
        return self._do("videos")

    def complaints(self) -> dict[str, list[str]]:
        """dialogs and toasts: the texts of those that are seen."""
        return self._do("complaints")

    def messages(self) -> list[dict[str, str]]:
        """Console lines, exceptions and failed requests since `open`: kind, text and url."""
        return self._do("messages")

    def prompt(self) -> dict[str, Any]:
        """The open workflow in the API format, by the front end's own conversion."""
        return self._do("prompt")

    def workflow(self) -> dict[str, Any]:
        """The open workflow as it would be saved."""
        return self._do("workflow")

    def author(self, script: Path, description: Mapping[str, Any]) -> dict[str, Any]:
        """Build a graph from a description and give it as it would be saved.

        Args:
            script: JavaScript with a function `window.__author`; see tools/workflows.js.
            description: what the function is given.
        """
        return self._do("author", script=str(script), description=dict(description))

    def evaluate(self, script: str, argument: object = None) -> Any:
        """The value of a JavaScript function body; it may use `argument`."""
        return self._do("evaluate", script=script, argument=argument)

    def command(self, name: str) -> None:
        """Execute a command of the front end, such as Comfy.BrowseTemplates."""
        self.evaluate("return app.extensionManager.command.execute(argument)", name)
        self.settle(2)

    def select(self, node: str) -> None:
        """Select one node."""
        self.evaluate(
            "const found = app.graph._nodes.find((one) => [String(one.id), one.title]"
            ".includes(argument)); app.canvas.selectNode(found); app.canvas.setDirty(true, true);",
            node,
        )
        self.settle(1)

    def text(self) -> str:
        """All that can be read on the page, but what is painted on the canvas."""
        return self.evaluate("return document.body.innerText")

    def settle(self, seconds: float) -> None:
        """Wait."""
        self._do("settle", seconds=seconds, wait_s=seconds + 30)

    def press(self, keys: str) -> None:
        """Press a key, in Playwright's names."""
        self._do("press", keys=keys)

    def click(self, selector: str) -> None:
        """Click the first element of a selector."""
        self._do("click", selector=selector)

    def drag(self, *points: tuple[float, float], key: str | None = None) -> None:
        """Drag with the mouse from the first point over the others, in pixels of the page.

        Args:
            *points: x and y of each.
            key: Held meanwhile, as Shift.
        """
        self._do("drag", points=points, key=key)

    def mouse(self, *steps: tuple[float, float] | str) -> None:
        """Move the mouse to points of the page; "down" and "up" press and let go."""
        self._do("mouse", steps=steps)

    def touch(self, *points: tuple[float, float], hold_ms: int = 0) -> None:
        """Drag with a finger from the first point over the others; one point alone is a tap.

        Args:
            *points: x and y of each, in pixels of the page.
            hold_ms: How long it rests before it moves.
        """
        self._do("touch", points=points, hold_ms=hold_ms)

    # -- the wire ---------------------------------------------------------------------------

    def _do(self, command: str, wait_s: float = 400, **arguments: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer(wait_s)

    def _answer(self, wait_s: float) -> Any:
        try:
            line = self._answers.get(timeout=wait_s)
        except queue.Empty:
            line = ""
        if not line:
            self._errors.seek(0)
            raise BrowserError(f"no answer\n{self._errors.read().decode('utf-8', 'replace')}")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")
