"""Graphs of our nodes: any, and every stage as its own node."""

from __future__ import annotations

from typing import Any

from .suite import MODEL_FILE, Suite

Link = list[Any]
"""[node id, number of the output]."""


class Graph:
    """A prompt of linked nodes that grows."""

    def __init__(self, suite: Suite) -> None:
        self.suite, self.prompt = suite, {}

    def add(self, kind: str, **inputs: Any) -> list[Link]:
        """Gives the outputs of the new node, to be linked."""
        return self.put(self.suite.comfyui.node(kind, **inputs))

    def given(self, value: Any) -> Link:
        """A node that gives any value."""
        return self.put(self.suite.given(value))[0]

    def put(self, node: dict[str, Any]) -> list[Link]:
        """Gives the outputs of a node that is made already."""
        node_id = str(len(self.prompt) + 1)
        self.prompt[node_id] = node
        return [[node_id, output] for output in range(4)]

    def run(self, **outputs: Link) -> dict[str, Any]:
        """What comes out at the links."""
        for link in outputs.values():
            self.add("Kept", value=link)
        run = self.suite.comfyui.run(self.prompt).check()
        return {name: run.outputs[link[0]][link[1]] for name, link in outputs.items()}


class Chain(Graph):
    """Every stage as its own node."""

    def __init__(self, suite: Suite) -> None:
        super().__init__(suite)
        self.model = self.add("LPS_LoadModel", model_name=MODEL_FILE)[0]

    def read(self, pictures: Link, role: str, **crop: Any) -> tuple[Link, Link, Link]:
        """Crops, where they lie, and the motion in them."""
        faces = self.add("LPS_FindFaces", model=self.model, images=pictures)[0]
        inputs = {"images": pictures, "faces": faces, "role": role, **crop}
        cropped, crops, *_ = self.add("LPS_CropFace", model=self.model, **inputs)
        found = self.add("LPS_ExtractMotion", model=self.model, cropped=cropped, crops=crops)
        return cropped, crops, found[0]

    def keypoints(self, source: Link, driving: Link, **choices: Any) -> Link:
        """The source's keypoints, moved."""
        inputs = {"source_motion": source, "driving_motion": driving, **choices}
        return self.add("LPS_TransformKeypoints", model=self.model, **inputs)[0]

    def change(self, kind: str, keypoints: Link, **choices: Any) -> Link:
        """Keypoints that a node changed."""
        return self.add(kind, model=self.model, keypoints=keypoints, **choices)[0]

    def paint(
        self, images: Link, cropped: Link, crops: Link, keypoints: Link, gain: float = 1.0
    ) -> dict[str, Link]:
        """Appearance, Warp & Decode, Paste Back."""
        features = self.add("LPS_ExtractAppearance", model=self.model, cropped=cropped)[0]
        inputs = {"model": self.model, "features": features, "keypoints": keypoints, "gain": gain}
        painted, occlusion, *_ = self.add("LPS_WarpDecode", **inputs)
        inputs = {"images": images, "painted": painted, "crops": crops}
        pasted, mask, *_ = self.add("LPS_PasteBack", **inputs)
        return {"pasted": pasted, "mask": mask, "painted": painted, "occlusion": occlusion}
