"""What is wrong with where nodes and groups lie: `Browser.layout()`, or a workflow's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

LEAST_SCALE = 0.6
"""Names are not drawn below."""
TITLE_PX = 30
GROUP_TITLE_PX = 34
PLAYERS = frozenset({"SaveVideo"})
"""Their front end may hang the player below the node: it needs room in the group."""

Layout = Mapping[str, Any]
Box = Sequence[float]


def layout_of(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """The layout that a workflow's file asks for, as `Browser.layout` gives the real one."""
    nodes = [
        {
            "title": node.get("title") or node["type"],
            "type": node["type"],
            "box": _with_title(node["pos"], node["size"]),
            "parts": [],
            "cut": [],
        }
        for node in workflow["nodes"]
        if not node["flags"].get("collapsed")
    ]
    groups = [
        {"title": group["title"], "box": group["bounding"], "title_height": GROUP_TITLE_PX}
        for group in workflow["groups"]
    ]
    return {"scale": workflow["extra"]["ds"]["scale"], "nodes": nodes, "groups": groups}


def faults(layout: Layout) -> list[str]:
    """One line for each."""
    return list(_faults(layout))


def _faults(layout: Layout) -> Iterator[str]:
    nodes, groups = layout["nodes"], layout["groups"]
    if layout["scale"] < LEAST_SCALE:
        yield f"it opens at a zoom of {layout['scale']:.2f}"
    for one, other in combinations(nodes, 2):
        if _meet(one["box"], other["box"]):
            yield f"{one['title']} lies over {other['title']}"
    for one, other in combinations(groups, 2):
        if _meet(one["box"], other["box"]):
            yield f"the group {one['title']} lies over {other['title']}"
    for node in nodes:
        yield from (f"{node['title']}: '{text}' is not seen whole" for text in node["cut"])
        around = [group for group in groups if _meet(group["box"], node["box"])]
        for group in around:
            if not _holds(_below_title(group), node["box"]):
                yield f"{node['title']} does not fit into {group['title']}"
        yield from _of_parts(node, nodes, around)


def _of_parts(node: Layout, nodes: Sequence[Layout], around: Sequence[Layout]) -> Iterator[str]:
    for part in node["parts"]:
        if _holds(node["box"], part):
            continue
        room = node["type"] in PLAYERS and any(_holds(group["box"], part) for group in around)
        covered = [
            other["title"] for other in nodes if other is not node and _meet(part, other["box"])
        ]
        if not room or covered:
            yield f"a part of {node['title']} leaves it, over {', '.join(covered) or 'its edge'}"


def _with_title(place: Box, size: Box) -> list[float]:
    return [place[0], place[1] - TITLE_PX, size[0], size[1] + TITLE_PX]


def _below_title(group: Layout) -> list[float]:
    left, top, width, height = group["box"]
    return [left, top + group["title_height"], width, height - group["title_height"]]


def _meet(one: Box, other: Box) -> bool:
    return all(
        min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis])
        > 1
        for axis in (0, 1)
    )


def _holds(outer: Box, inner: Box) -> bool:
    return all(
        inner[axis] >= outer[axis] - 1
        and inner[axis] + inner[axis + 2] <= outer[axis] + outer[axis + 2] + 1
        for axis in (0, 1)
    )
