"""What a drawing of a workflow is made of: nodes, their wires, groups and notes on a canvas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

COLOURS = {"blue": "#3f789e", "green": "#8A8", "brown": "#b06634", "purple": "#a1309b"}
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
