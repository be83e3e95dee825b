"""What a clip must be to be kept, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from liveportrait_core.config.fields import OptionError, check_options, option
from liveportrait_core.preset import COMPACT

from ..data.face_crops import CropSettings

_OLD_PREFIXES: Final = {"most_": "max_", "least_": "min_"}
_OLD_SIMILARITY: Final = "least_alike"
_OLD_UNSET_SCORE: Final = -1.0
"""What `least_score` was where no limit was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationSettings:
    """Limits and sizes; all that decides what is in an index."""

    min_zoom: float = option(0.5, "pixels of the picture for one of the crop", above=0)
    max_blur: float = option(
        0.72,
        "blur effect of the face (Crete-Roffet et al., 2007), 0 is sharp",
        minimum=0,
        maximum=1,
    )
    min_contrast: float = option(
        40.0,
        "grey levels between the 5th and the 95th percentile of the face; dark skin is no fault",
        minimum=0,
        maximum=255,
    )
    max_clipped: float = option(
        0.3, "fraction of the face that is black or white", minimum=0, maximum=1
    )
    max_blocks: float = option(
        1.8, "steps at the borders of 8-pixel blocks over those within", minimum=0
    )
    max_bars: float = option(
        0.05, "fraction of the side that a black bar takes", minimum=0, maximum=1
    )
    max_yaw_deg: float = option(
        60.0, "turn; one frame in ten may exceed it", minimum=0, maximum=180, unit="degrees"
    )
    max_pitch_deg: float = option(
        40.0, "nod; one frame in ten may exceed it", minimum=0, maximum=180, unit="degrees"
    )
    max_roll_deg: float = option(
        40.0, "tilt; one frame in ten may exceed it", minimum=0, maximum=180, unit="degrees"
    )
    min_similarity: float = option(
        0.3, "cosine of any two faces of a clip, with --recognition", minimum=-1, maximum=1
    )
    min_score: float | None = option(None, "score of --scorer", unset="none")
    min_s: float = option(1.0, "shorter clips are left out", minimum=0, unit="s")
    max_s: float = option(30.0, "clips are shorter than this (Sec. 3.2)", above=0, unit="s")
    size_px: int = option(
        256, "side of the stored crops; 512 for the paper's output", minimum=1, unit="px"
    )
    rate: float = option(
        12.5, "frames stored of a second of video, about; neighbours are alike", above=0
    )
    jpeg_quality: int = option(95, "of the stored frames", minimum=1, maximum=100)
    sound: bool = option(True, "keep the sound of videos, 16 kHz mono")
    min_sync: float | None = option(
        None,
        "correlation of lips with loudness from which the sound of a clip is kept, if any",
        minimum=-1,
        maximum=1,
        unset="sound is kept whatever it is",
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.min_s >= self.max_s:
            raise OptionError(
                f"min_s is {self.min_s:g}; a number below max_s, which is {self.max_s:g}, is "
                "expected. Make min_s smaller."
            )

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


def with_present_names(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a folder under the names that they have now.

    Args:
        stored: As `settings.json` holds them; earlier versions wrote `least_...` and `most_...`.
    """
    settings = {_present_name(name): value for name, value in stored.items()}
    settings.setdefault("max_bars", 1.0)  # bars were not looked for
    settings.setdefault("sound", False)  # was not kept
    settings.setdefault("min_sync", None)
    if stored.get("least_score") == _OLD_UNSET_SCORE:
        settings["min_score"] = None
    return settings


def _present_name(name: str) -> str:
    if name == _OLD_SIMILARITY:
        return "min_similarity"
    for old, new in _OLD_PREFIXES.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name
