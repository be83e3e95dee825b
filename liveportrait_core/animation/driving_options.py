"""How a driver moves a source: the choices of Algorithm 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..motion.regions import Region, check_region
from ..motion.smoothing import OBSERVATION_VARIANCE

MotionMode = Literal["relative", "absolute"]
DrivingOption = Literal["expression-friendly", "pose-friendly"]
RetargetMode = Literal["add", "replace"]
Compat = Literal["none", "published"]
Openness = float | Literal["driver"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivingOptions:
    """How a driver moves a source."""

    region: Region = "all"
    """all; expression, lip or eyes (the head stays); pose (the face stays)."""
    motion: MotionMode = "relative"
    """relative: as much as the driver moved from its reference; absolute: the driver's own."""
    driving_option: DrivingOption = "expression-friendly"
    """Animals: expression-friendly carries keypoint travel over by the size of the face,
    pose-friendly is Eq. 7. Humans: no difference, as published."""
    gain: float = 1.0
    """Multiplies how far the keypoints travel from the source's."""
    stitch: bool = True
    """Keep the shoulders in place, so that the face pastes back without a seam."""
    normalize_lip: bool = False
    """Close the source's lip first; relative motion without retargeting only."""
    eyes_open: Openness = None
    """Opening of the eyes: "driver" follows the driver, a number holds, None leaves them."""
    lip_open: Openness = None
    """Opening of the lip, likewise."""
    retarget: RetargetMode = "add"
    """add: openness on top of relative motion; replace: openness alone (Alg. 1, line 9)."""
    source_video_eyes: bool = False
    """Hold a source video's eyes as open as in its first frame; not with retargeting."""
    smooth: bool | None = None
    """Smooth the motion over time. None: a video driven by a video is, anything else is not."""
    smooth_variance: float = OBSERVATION_VARIANCE
    """Strength of smoothing: the variance of one observation."""
    match_openness: bool | None = None
    """Lids travel the source's own opening. None: where the keypoints allow it."""
    compat: Compat = "none"
    """published: do as the published code does wherever we do otherwise."""

    def __post_init__(self) -> None:
        check_region(self.region)
        for name, choices in (
            ("motion", MotionMode),
            ("driving_option", DrivingOption),
            ("retarget", RetargetMode),
            ("compat", Compat),
        ):
            value = getattr(self, name)
            if value not in get_args(choices):
                raise ValueError(
                    f"{name} is {value!r}; choose one of {', '.join(get_args(choices))}."
                )
        if not (math.isfinite(self.gain) and self.gain >= 0):
            raise ValueError(f"gain is {self.gain}; a number from 0 up was expected, 1 is neutral.")
        if not (math.isfinite(self.smooth_variance) and self.smooth_variance > 0):
            raise ValueError(
                f"smooth_variance is {self.smooth_variance}; a number above 0 was expected, "
                f"as {OBSERVATION_VARIANCE:g}. Switch smoothing off with smooth=False."
            )
        for name in ("eyes_open", "lip_open"):
            value = getattr(self, name)
            if not (value is None or value == "driver" or _is_number(value)):
                raise ValueError(
                    f"{name} is {value!r}; 'driver' or a number was expected, as a rule from 0 "
                    "(shut) to 0.8 (wide open)."
                )

    @property
    def published(self) -> bool:
        """True when the published behaviour is wanted everywhere."""
        return self.compat == "published"

    @property
    def retargets(self) -> bool:
        """True when eyes or lip are opened to order."""
        return self.eyes_open is not None or self.lip_open is not None

    @property
    def replaces(self) -> bool:
        """True when retargeting throws the driven motion away; absolute motion never is."""
        wanted = self.published or self.retarget == "replace"
        return self.retargets and wanted and self.motion == "relative"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
