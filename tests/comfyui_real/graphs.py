"""Prompts in the API format, with what a front end would fill in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.comfyui_server import Prompt

Reference = list[Any]
"""[node id, number of the output]."""


class Graph:
    """A prompt that grows; widgets that are not given get the defaults of /object_info."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        """Start empty."""
        self._info = info
        self.prompt: Prompt = {}

    def add(self, kind: str, node_id: str | None = None, /, **inputs: object) -> Reference:
        """Put a node; gives its first output. Its id is its kind unless told."""
        node_id = node_id or kind
        assert node_id not in self.prompt
        values = {**self._defaults(kind), **inputs}
        self.prompt[node_id] = {
            "class_type": kind,
            "inputs": values,
            "_meta": {"title": node_id},
        }
        return [node_id, 0]

    def _defaults(self, kind: str) -> dict[str, Any]:
        values = {}
        for group in ("required", "optional"):
            for name, (kinds, *options) in self._info[kind]["input"].get(group, {}).items():
                told = options[0] if options else {}
                choices = kinds if isinstance(kinds, list) else told.get("options")
                if "default" in told:
                    values[name] = told["default"]
                elif choices and group == "required":
                    values[name] = choices[0]
        return values


def output(reference: Reference, number: int) -> Reference:
    """Another output of the same node."""
    return [reference[0], number]


def film(graph: Graph, **inputs: object) -> Reference:
    """Load Model, Load Image, Load Video, Animate Portrait (video file), Save Video.

    Args:
        graph: gets the nodes.
        inputs: of the animating node, besides model, source and driving, or instead of them.
    """
    if "model" not in inputs:
        inputs["model"] = graph.add("LPS_LoadModel")
    if "source" not in inputs:
        inputs["source"] = graph.add("LoadImage", image="portrait.png")
    if "driving" not in inputs:
        inputs["driving"] = graph.add("LoadVideo", file="short.mp4")
    made = graph.add("LPS_AnimateVideo", **inputs)
    return graph.add("SaveVideo", video=made, filename_prefix="film", format="auto", codec="auto")
