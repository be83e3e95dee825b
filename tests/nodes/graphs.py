"""Every stage as its own node, one after the other."""

from __future__ import annotations

from typing import Any

from .suite import MODEL_FILE, Suite


class Chain:
    """Calls of the stage nodes with one model."""

    def __init__(self, suite: Suite, model: Any = None) -> None:
        self.suite = suite
        self.model = suite("LPS_LoadModel", model_name=MODEL_FILE) if model is None else model

    def read(self, pictures: Any, role: str, **crop: Any) -> tuple[Any, Any, Any]:
        """Crops, where they lie, and the motion in them."""
        faces, _ = self.suite("LPS_FindFaces", model=self.model, images=pictures)
        inputs = {"images": pictures, "faces": faces, "role": role, **crop}
        cropped, crops = self.suite("LPS_CropFace", model=self.model, **inputs)
        motion = self.suite("LPS_ExtractMotion", model=self.model, cropped=cropped, crops=crops)
        return cropped, crops, motion

    def keypoints(self, source: Any, driving: Any, **choices: Any) -> Any:
        """The source's keypoints, moved."""
        inputs = {"source_motion": source, "driving_motion": driving, **choices}
        return self.suite("LPS_TransformKeypoints", model=self.model, **inputs)

    def change(self, kind: str, keypoints: Any, **choices: Any) -> Any:
        """Keypoints that a node changed."""
        return self.suite(kind, model=self.model, keypoints=keypoints, **choices)

    def paint(
        self, images: Any, cropped: Any, crops: Any, keypoints: Any, gain: float = 1.0
    ) -> dict[str, Any]:
        """Appearance, Warp & Decode, Paste Back."""
        features = self.suite("LPS_ExtractAppearance", model=self.model, cropped=cropped)
        inputs = {"model": self.model, "features": features, "keypoints": keypoints, "gain": gain}
        painted, occlusion = self.suite("LPS_WarpDecode", **inputs)
        inputs = {"images": images, "painted": painted, "crops": crops}
        pasted, mask = self.suite("LPS_PasteBack", **inputs)
        return {"pasted": pasted, "mask": mask, "painted": painted, "occlusion": occlusion}
