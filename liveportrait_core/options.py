"""Every option of animating and editing, once: type, default, range, unit and one line of help.

Command line, widgets of the nodes and `docs/options.md` are made from these classes. Nothing here
imports torch: `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from .config.boxes import checked_box, read_box
from .config.fields import check_options, option, section, shared
from .constants import MAX_FACE_INDEX, OBSERVATION_VARIANCE, Box, Region
from .motion.slider_options import Sliders

MotionMode = Literal["relative", "absolute"]
DrivingOption = Literal["expression-friendly", "pose-friendly"]
RetargetMode = Literal["add", "replace"]
Compat = Literal["none", "published"]
Limits = Literal["auto", "on", "off"]
Openness = float | Literal["driver"] | None
WhenShorter = Literal["stop", "hold", "loop", "bounce"]
DrivingCrop = Literal["follow", "fixed"]
Role = Literal["source", "driver"]
"""Which of the two clips is meant."""
MAX_OPENNESS: Final = 0.8
"""Height over width of an eye or a mouth that is wide open."""

_OPENNESS: Final[Mapping[str, Any]] = {"minimum": 0, "maximum": MAX_OPENNESS, "step": 0.01}
_SHARE: Final[Mapping[str, Any]] = {"minimum": 0, "maximum": 1, "step": 0.01}
_SHIFT: Final[Mapping[str, Any]] = {"minimum": -1, "maximum": 1, "more": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivingOptions:
    """How a driver moves a source: the choices of Algorithm 1.

    `DrivingOptions(region="expression", gain=1.2)` moves the face a little more than the driver
    does, and leaves the head still.
    """

    region: Region = option(
        "all",
        "what the driver moves: everything; the face without the head (expression, lip, eyes); "
        "the head alone (pose)",
        group="motion",
    )
    motion: MotionMode = option(
        "relative",
        "relative: as much as the driver moved from its reference frame; absolute: exactly as the "
        "driver",
        group="motion",
    )
    gain: float = option(
        1.0,
        "multiplies how far the keypoints move",
        minimum=0,
        maximum=4,
        step=0.01,
        group="motion",
        metavar="FACTOR",
    )
    eyes_open: Openness = option(
        None,
        "eye opening, height over width: the driver's, or a number",
        **_OPENNESS,
        group="motion",
        metavar="driver|N",
        unset="as the motion says",
    )
    lip_open: Openness = option(
        None,
        "lip opening, likewise",
        **_OPENNESS,
        group="motion",
        metavar="driver|N",
        unset="as the motion says",
    )
    eyes_strength: float = option(
        1.0,
        "strength of retargeting the eyes",
        **_SHARE,
        group="motion",
        more=True,
    )
    lip_strength: float = option(
        1.0,
        "strength of retargeting the lip",
        **_SHARE,
        group="motion",
        more=True,
    )
    smooth: bool | None = option(
        None,
        "smooth the motion over time",
        group="motion",
        unset="when a video drives a video",
    )
    stitch: bool = option(
        True, "keep the shoulders in place, so that no seam shows", group="motion"
    )
    driving_option: DrivingOption = option(
        "expression-friendly",
        "animals: scale movement by the size of the face (expression-friendly), or not (Eq. 7); "
        "people: no difference",
        group="motion",
        more=True,
    )
    normalize_lip: bool = option(
        False,
        "close the source's lip first; not with openings",
        group="motion",
        more=True,
    )
    retarget: RetargetMode = option(
        "add",
        "openings on top of relative motion (add), or without it (replace; Alg. 1, line 9)",
        group="motion",
        more=True,
    )
    source_video_eyes: bool = option(
        False,
        "keep a source video's eyes as open as in its first frame",
        group="motion",
        more=True,
    )
    smooth_variance: float = option(
        OBSERVATION_VARIANCE,
        "strength of smoothing, as a variance",
        minimum=1e-11,
        maximum=1e-2,
        step=1e-7,
        group="motion",
        metavar="V",
        more=True,
    )
    match_openness: bool | None = option(
        None,
        "eyelids close as far as the source's own opening, not the driver's",
        group="motion",
        unset="where the keypoints allow it",
        more=True,
    )
    compat: Compat = option(
        "none",
        "published: do everything as the published program does, which also limits a source to "
        "1280 pixels and does not crop a square driver",
        group="motion",
        more=True,
    )

    limits: Limits = option(
        "auto",
        "soften motion beyond what the model can render; auto: where its range is known and compat "
        "is none",
        group="motion",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def published(self) -> bool:
        """True when everything is done as the published program does it."""
        return self.compat == "published"

    @property
    def retargets(self) -> bool:
        """True when an opening of eyes or lip is given."""
        return self.eyes_open is not None or self.lip_open is not None

    @property
    def replaces(self) -> bool:
        """True when retargeting discards the driven motion; absolute motion is never discarded."""
        replaces = self.published or self.retarget == "replace"
        return self.retargets and replaces and self.motion == "relative"


def read_reference(text: str) -> int | None:
    """The number of a frame out of a text; None for auto.

    Raises:
        ValueError: The text is neither a whole number nor auto.
    """
    return None if text == "auto" else int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOptions:
    """Which face of a clip is taken.

    `FaceOptions(box=(120, 80, 200, 240))` marks it, `FaceOptions(index=1)` takes the second.
    """

    box: Box | None = option(
        None,
        "the face in the first frame, from brows to chin",
        read=read_box,
        expects="x,y,width,height in pixels, 16 or more a side, as 120,80,200,240",
        unit="pixels",
        metavar="X,Y,W,H",
        unset="it is searched for",
    )
    index: int = option(
        0, "which face, the largest first", minimum=0, maximum=MAX_FACE_INDEX, flag="face-index"
    )
    min_score: float | None = option(
        None,
        "least score of a face that is searched for: a higher one finds fewer and surer faces",
        above=0,
        maximum=1,
        step=0.01,
        unset="the finder's own, 0.35 for most",
        metavar="X",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.box is not None:
            checked_box(self.box)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a face is cut out of its frames; what is None is the model's.

    `Framing(already_cropped=True)` takes whole frames, `Framing(scale=2.5)` a larger crop.
    """

    already_cropped: bool | None = option(
        None,
        "the frames are face crops: taken whole, and nothing is pasted",
        unset="no; with --compat published yes for a square driver",
    )
    scale: float | None = option(
        None,
        "side of the crop over the longer side of the landmarks' box",
        above=0,
        maximum=8,
        step=0.05,
        flag="crop-scale",
        metavar="X",
        unset="the model's",
        more=True,
    )
    vx_ratio: float | None = option(
        None,
        "shift to the face's right, in crop sides",
        flag="crop-vx",
        metavar="RATIO",
        unset="the model's",
        **_SHIFT,
    )
    vy_ratio: float | None = option(
        None,
        "shift to the chin, in crop sides",
        flag="crop-vy",
        metavar="RATIO",
        unset="the model's",
        **_SHIFT,
    )
    shift_x: float = option(
        0.0,
        "added to the shift to the face's right, also to the model's",
        step=0.005,
        flag="crop-shift-x",
        **_SHIFT,
    )
    shift_y: float = option(
        0.0,
        "added to the shift to the chin, also to the model's",
        step=0.005,
        flag="crop-shift-y",
        **_SHIFT,
    )
    rotate: bool = option(True, "turn the face upright before it is cropped", more=True)

    def __post_init__(self) -> None:
        check_options(self)

    def decided(self, height: int, width: int, *, published: bool) -> Framing:
        """How a driver of this size is framed: `already_cropped` is True or False.

        Convention:
            - where nothing is said, the published program crops a driver unless it is square
        """
        if self.already_cropped is not None:
            return self
        return replace(self, already_cropped=published and height == width)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimateOptions:
    """How a source is framed, driven and rendered.

    `AnimateOptions(driving=DrivingOptions(gain=1.2), paste_back=False)`
    """

    driving: DrivingOptions = shared(DrivingOptions)
    source_face: FaceOptions = section(FaceOptions, flags="", group="source's face")
    source_framing: Framing = section(Framing, flags="", group="source's face")
    driving_face: FaceOptions = section(FaceOptions, flags="driving-", more=True)
    driving_framing: Framing = section(Framing, flags="driving-", more=True)
    face_models: Path | None = option(
        None,
        "folder with landmark.onnx (203 points), or det_10g.onnx and 2d106det.onnx of InsightFace "
        "(non-commercial), or all",
        group="source's face",
        metavar="FOLDER",
        unset="ours",
        more=True,
    )
    paste_back: bool = option(
        True, "paste the face into its frame; otherwise the face crops come out", group="output"
    )
    reference: int | None = option(
        None,
        "driving frame that counts as neutral in all shots, from 0",
        minimum=0,
        read=read_reference,
        expects="auto or a whole number from 0 up",
        group="motion",
        metavar="auto|N",
        unset="auto: each one's first near neutral, or a motion file's own",
        more=True,
    )
    driving_crop: DrivingCrop = option(
        "follow",
        "the driver's crop follows travel of the face, or stays",
        group="motion",
        more=True,
    )
    when_shorter: WhenShorter = option(
        "stop",
        "a driver that ends before the source video: stop, hold its last frame, loop, or bounce "
        "back and forth",
        group="motion",
        more=True,
    )
    source_when_shorter: WhenShorter = option(
        "stop",
        "a source video that ends before the driver: stop, hold its last frame, loop, or bounce "
        "back and forth",
        group="motion",
        more=True,
    )
    chunk: int | None = option(
        None,
        "frames at a time; halved when memory runs out",
        minimum=1,
        unset="2 on a cpu, 8 elsewhere",
        metavar="FRAMES",
        group="model",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def pastes(self) -> bool:
        """True when whole frames come out."""
        return self.paste_back and not self.source_framing.already_cropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A face changed by hand: sliders, then openings, then stitching.

    `Edit(sliders=Sliders(smile=0.8), eyes_open=0.4)`
    """

    sliders: Sliders = section(Sliders, flags="", group="sliders")
    eyes_open: float | None = option(
        None,
        "eye opening, height over width",
        **_OPENNESS,
        group="openings",
        unset="as it is",
    )
    lip_open: float | None = option(
        None,
        "lip opening, height over width",
        **_OPENNESS,
        group="openings",
        unset="as it is",
    )
    stitch: bool = option(True, "keep the shoulders in place", group="output")

    def __post_init__(self) -> None:
        check_options(self)
