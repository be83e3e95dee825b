"""Presets: the sizes and switches that make a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from .constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE

Family = Literal["published", "compact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropDefaults:
    """How a face is framed for a model."""

    scale: float
    """Side of the crop over the longer side of the landmarks' box (of the 203-point layout)."""
    vx_ratio: float
    """Shift of the crop's centre to the face's right, in crop sides."""
    vy_ratio: float
    """Shift of the crop's centre towards the chin, in crop sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionLimits:
    """How far from the source a model can render a face.

    `load_model().preset.limits`
    """

    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    translation: float
    """Crop units, in any direction of the picture."""
    scale: float
    """Ratio, above 1; the inverse is the limit of a face that becomes smaller."""
    still_translation: float
    """As `translation`, of a still source that keeps its place (stitching)."""
    still_scale: float
    """As `scale`, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of model: which family of networks, how large, and what goes in and out.

    `model.preset.face_size_px`
    """

    name: str
    family: Family
    """`published`: the paper's networks. `compact`: ours, with an RGB warp skip, a heat-map
    motion head and a flow refinement."""
    space: str
    """Keypoint space of its motions."""
    face_size_px: int
    """Side of the face crops it takes."""
    output_size_px: int
    """Side of the pictures it renders."""
    width: float = 1.0
    """Multiplies every channel count; below 1 only in tests."""
    detail_px: int = 128
    """Side at which a compact model reads motion and renders; what it warps stays at full size.
    128, or 256 for a model with the layers for it."""
    blocks: int = 0
    """Residual blocks that a compact model has beyond those of its first form."""
    depth_probes: int = 0
    """Depths at which a compact model looks for the source's surface behind each driving pixel, 2
    or more; 0 for a model without that, whose W guesses the depth from features alone."""
    relief_blocks: int = 0
    """Residual blocks of the network that gives the source's surface beyond its first form, in a
    model with `depth_probes`; with any, that surface bends towards each keypoint."""
    mouth_px: int = 0
    """Side of the window about the lips in which a compact model paints the mouth once more, a
    multiple of 8; 0 for a model whose mouth is that of the rest of the face."""
    eyes_px: int = 0
    """Side of the window about each eye in which a compact model paints iris and white once more,
    a multiple of 8; 0 for a model whose eyes are those of the rest of the face."""
    source_crop: CropDefaults = CropDefaults(scale=2.3, vx_ratio=0.0, vy_ratio=-0.125)
    driving_crop: CropDefaults = CropDefaults(scale=2.2, vx_ratio=0.0, vy_ratio=-0.1)

    @property
    def source_framing(self) -> CropDefaults:
        """How a source is framed to be animated; `source_crop` is what M reads landmarks in."""
        return SOURCE_FRAMINGS.get(self.family, self.source_crop)

    @property
    def limits(self) -> MotionLimits | None:
        """The range that models of the family render; None where it is not known."""
        return LIMITS.get(self.family)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as kept in a checkpoint's metadata."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Preset:
        """The preset that `to_json` described."""
        crops: dict[str, Any] = {
            name: CropDefaults(**values[name])
            for name in ("source_crop", "driving_crop")
            if name in values
        }
        return cls(**{**values, **crops})


SOURCE_FRAMINGS: Final[dict[Family, CropDefaults]] = {
    # With room for the hair, which in the crop of the training heads reached the upper edge of 9 of
    # 10 portraits, and tears where it is held there.
    "compact": CropDefaults(scale=2.05, vx_ratio=0.0, vy_ratio=-0.12),
}
LIMITS: Final[dict[Family, MotionLimits]] = {
    # Rendered heads (python -m benchmarks.limits): here the face is rendered 3.5 dB worse than
    # after a small change, or its keypoints are twice as far from their places; at a translation
    # of 0.5 it meets the edge. Of stills: where hair that is held at the edge began to tear in the
    # crop of the training, converted to the wider one of sources.
    "compact": MotionLimits(
        pitch_deg=28,
        yaw_deg=30,
        roll_deg=33,
        translation=0.5,
        scale=1.7,
        still_translation=0.2,
        still_scale=1.3,
    ),
}
PAPER = Preset(
    name="paper",
    family="published",
    space=HUMAN_SPACE,
    face_size_px=256,
    output_size_px=512,
)
PAPER_ANIMAL = Preset(
    name="paper-animal",
    family="published",
    space=ANIMAL_SPACE,
    face_size_px=256,
    output_size_px=512,
)
COMPACT = Preset(
    name="compact",
    family="compact",
    space=COMPACT_SPACE,
    face_size_px=512,
    output_size_px=512,
    detail_px=256,
    blocks=2,
    # The framing of the rendered heads it is trained on: the crop's side is 1.9 boxes of our
    # 21 keypoints, and the head fills about 70 % of it.
    source_crop=CropDefaults(scale=1.65, vx_ratio=0.0, vy_ratio=-0.06),
    driving_crop=CropDefaults(scale=1.65, vx_ratio=0.0, vy_ratio=-0.06),
)
