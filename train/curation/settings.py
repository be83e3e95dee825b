"""What a clip must be to be kept, and how it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from liveportrait_core.preset import COMPACT

from ..data.face_crops import CropSettings

NOTHING = -1.0
"""A limit that is not set."""


def _option(default: Any, about: str) -> Any:
    """A field whose meaning is also the command line's help."""
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationSettings:
    """Thresholds and sizes; all that decides what is in an index."""

    size_px: int = _option(256, "side of the stored crops; 512 for the paper's output")
    rate: float = _option(12.5, "frames stored of a second of film, about; neighbours are alike")
    most_s: float = _option(30.0, "clips are shorter than this (Sec. 3.2)")
    least_s: float = _option(1.0, "shorter clips are left out")
    least_zoom: float = _option(0.5, "pixels of the picture for one of the crop at least")
    most_blur: float = _option(0.72, "blur of the face, from 0 sharp to 1, at most")
    least_contrast: float = _option(40.0, "grey levels from the darkest to the lightest 5 percent")
    most_clipped: float = _option(0.3, "share of the face that is black or white at most")
    most_blocks: float = _option(1.8, "steps at the borders of 8-pixel blocks over those within")
    most_yaw_deg: float = _option(60.0, "turn to a side that one in ten frames may exceed")
    most_pitch_deg: float = _option(40.0, "nod that one in ten frames may exceed")
    most_roll_deg: float = _option(40.0, "tilt that one in ten frames may exceed")
    least_alike: float = _option(0.3, "cosine of two faces of a clip, with a recognition file")
    least_score: float = _option(NOTHING, "of the external scorer; needs one")
    jpeg_quality: int = _option(95, "of the stored frames")

    def __post_init__(self) -> None:
        for name in ("size_px", "rate", "most_s", "least_zoom"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}.")
        if self.least_s >= self.most_s:
            raise ValueError(
                f"least_s is {self.least_s} and most_s {self.most_s}; no clip could be between. "
                "Make least_s smaller."
            )
        if not 1 <= self.jpeg_quality <= 100:  # noqa: PLR2004 - JPEG's range
            raise ValueError(f"jpeg_quality must be 1 to 100, got {self.jpeg_quality}.")

    @property
    def crop(self) -> CropSettings:
        """How faces are framed: as the compact preset frames sources."""
        framing = COMPACT.source_crop
        return CropSettings(
            size_px=self.size_px,
            scale=framing.scale,
            vx_ratio=framing.vx_ratio,
            vy_ratio=framing.vy_ratio,
        )
