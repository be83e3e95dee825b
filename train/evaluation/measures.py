"""The table of measures: what each compares, which way is better, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from torch import Tensor

from ..losses.keypoints import compact_eyes_open, compact_lip_open, gaze
from ..metrics.face_similarity import cosine
from ..metrics.feature_extractors import Features
from ..metrics.image import MS_SSIM_MIN_PX, SSIM_WINDOW, l1, ms_ssim, psnr_db, ssim
from ..metrics.lpips import lpips_distance
from ..metrics.motion_errors import angle_deg, jitter, mean_l1, point_distance
from .paper_tables import Mode

Side = Literal["driving", "source", "real"]
Scope = Literal["frame", "video", "set"]
Distance = Callable[[Features, Features], Tensor]
FACE_PX: Final = 256
"""Side of the face crops that keypoints are read in, and of whose pixels their errors are."""
LPIPS_MIN_PX: Final = 64
_PX: Final = FACE_PX / 2
"""Pixels of a crop unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One row of the table."""

    key: str
    """Its name in files; ends in its unit."""
    title: str
    better: Literal["up", "down"]
    extractor: str
    """The extractor of the features that it compares (`metrics.feature_extractors`)."""
    against: Mapping[Mode, Side]
    """What the animated picture is compared with, in each protocol that has the measure."""
    distance: Distance | None = None
    """(B, ...) of the pictures and of what they are compared with -> (B',)."""
    scope: Scope = "frame"
    """`video` compares all frames of a video at once, `set` all pictures with all real ones."""
    min_px: int = 1
    """Least side of the compared pictures."""

    @property
    def heading(self) -> str:
        """Its title with an arrow in letters: up or down is better."""
        return f"{self.title} {self.better}"


def _of_part(
    place: int, measure: Callable[[Tensor, Tensor], Tensor], scale: float = 1.0
) -> Distance:
    """A distance of one tensor of the features."""
    return lambda found, truth: scale * measure(found[place], truth[place])


def _error_of(what: Callable[[Tensor], Tensor], scale: float = 1.0) -> Distance:
    """Mean absolute difference of a function of the keypoints."""
    return lambda found, truth: scale * mean_l1(what(found[0]), what(truth[0]))


def _gaze_error(found: Features, truth: Features) -> Tensor:
    return _PX * point_distance(gaze(found[0]), gaze(truth[0]))


def _landmark_error(found: Features, truth: Features) -> Tensor:
    return _PX * point_distance(found[0][..., :2], truth[0][..., :2])


def _jitter(found: Features, truth: Features) -> Tensor:
    return _PX * jitter(found[0][..., :2], truth[0][..., :2])


SELF: Final[Mapping[Mode, Side]] = {"self": "driving"}
BOTH: Final[Mapping[Mode, Side]] = {"self": "driving", "cross": "driving"}
IDENTITY: Final[Mapping[Mode, Side]] = {"self": "driving", "cross": "source"}
CROSS: Final[Mapping[Mode, Side]] = {"cross": "driving"}

MEASURES: Final[tuple[Measure, ...]] = (
    Measure(
        key="psnr_db",
        title="PSNR",
        better="up",
        extractor="pixels",
        against=SELF,
        distance=_of_part(0, psnr_db),
    ),
    Measure(
        key="ssim",
        title="SSIM",
        better="up",
        extractor="pixels",
        against=SELF,
        distance=_of_part(0, ssim),
        min_px=SSIM_WINDOW,
    ),
    Measure(
        key="ms_ssim",
        title="MS-SSIM",
        better="up",
        extractor="pixels",
        against=SELF,
        distance=_of_part(0, ms_ssim),
        min_px=MS_SSIM_MIN_PX,
    ),
    Measure(
        key="lpips",
        title="LPIPS",
        better="down",
        extractor="lpips",
        against=SELF,
        distance=lpips_distance,
        min_px=LPIPS_MIN_PX,
    ),
    Measure(
        key="l1",
        title="L1",
        better="down",
        extractor="pixels",
        against=SELF,
        distance=_of_part(0, l1),
    ),
    Measure(
        key="fid",
        title="FID",
        better="down",
        extractor="inception",
        against={"cross": "real"},
        scope="set",
    ),
    Measure(
        key="csim",
        title="CSIM",
        better="up",
        extractor="arcface",
        against=IDENTITY,
        distance=_of_part(0, cosine),
    ),
    Measure(
        key="aed",
        title="AED",
        better="down",
        extractor="smirk",
        against=CROSS,
        distance=_of_part(0, mean_l1),
    ),
    Measure(
        key="apd",
        title="APD",
        better="down",
        extractor="smirk",
        against=CROSS,
        distance=_of_part(1, mean_l1),
    ),
    Measure(
        key="mae_deg",
        title="MAE",
        better="down",
        extractor="l2cs",
        against=BOTH,
        distance=_of_part(0, angle_deg),
    ),
    Measure(
        key="landmark_error_px",
        title="landmarks",
        better="down",
        extractor="motion",
        against=SELF,
        distance=_landmark_error,
    ),
    Measure(
        key="pose_error_deg",
        title="pose",
        better="down",
        extractor="motion",
        against=BOTH,
        distance=_of_part(1, mean_l1),
    ),
    Measure(
        key="eye_error",
        title="eyes",
        better="down",
        extractor="motion",
        against=BOTH,
        distance=_error_of(compact_eyes_open),
    ),
    Measure(
        key="lip_error",
        title="lip",
        better="down",
        extractor="motion",
        against=BOTH,
        distance=_error_of(compact_lip_open),
    ),
    Measure(
        key="gaze_error_px",
        title="gaze",
        better="down",
        extractor="motion",
        against=BOTH,
        distance=_gaze_error,
    ),
    Measure(
        key="jitter_px",
        title="jitter",
        better="down",
        extractor="motion",
        against=BOTH,
        distance=_jitter,
        scope="video",
    ),
)
"""Every measure of both protocols."""
BY_KEY: Final = {measure.key: measure for measure in MEASURES}


def measures_of(mode: Mode) -> list[Measure]:
    """The measures that a protocol has."""
    return [measure for measure in MEASURES if mode in measure.against]
