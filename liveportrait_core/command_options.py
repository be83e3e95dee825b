"""Options of the commands besides those of animating: model, output, report and files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from .config.boxes import read_box
from .config.fields import check_options, option, section, shared
from .config.find_options import FindOptions
from .config.spec import OptionError
from .constants import COMPACT_SPACE, Box, KeypointSpace, PositionCode
from .motion.blendshape_options import CaptureOptions
from .motion.import_options import ImportOptions, TemplateProgram
from .motion.life_options import MAX_DURATION_S, MIN_DURATION_S, IdleOptions
from .motion.speech_options import SpeechOptions
from .motion.tool_options import frame_rate_option

AUTO: Final = "auto"
"""Of `ModelOptions`: what is fastest here is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """Which model, and where it runs."""

    model: str = option(
        "default",
        "default (ours, in the package); human or animal (published weights that you have); or "
        "a .safetensors file or a folder",
        group="model",
        metavar="NAME",
        expects="the name of a model, a file or a folder",
    )
    device: str = option(
        "auto",
        "where to compute: auto, cpu, cuda, cuda:1 or mps",
        group="model",
        metavar="DEVICE",
    )
    dtype: Literal["float32", "float16", "bfloat16", "auto"] = option(
        "float32",
        "number type of F, W and G; bfloat16 also suits recent processors, float16 only graphics "
        "cards; auto tries them on a face and takes the fastest whose picture looks the same",
        group="model",
        more=True,
    )
    backend: Literal["torch", "onnx", "auto"] = option(
        "torch",
        "what computes the networks: torch, ONNX Runtime (onnx), or the quicker of both (auto)",
        group="model",
        more=True,
    )
    onnx: Path | None = option(
        None,
        "folder that 'models export' wrote of this model, for another --backend than torch",
        group="model",
        metavar="FOLDER",
        unset="written anew in each run",
        more=True,
    )
    compile: Literal["off", "auto", "on"] = option(
        "off",
        "compile the networks, which takes minutes when each size is first used: off, on, or on "
        "graphics cards alone (auto)",
        group="model",
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.compile == "on" and self.backend != "torch":
            raise OptionError(
                f"compile is on, and the backend {self.backend}; torch is expected. Leave one out."
            )
        if self.onnx is not None and self.backend == "torch":
            raise OptionError(
                f"onnx is {self.onnx}, and the backend torch; onnx or auto is expected. Give "
                "--backend auto, or leave the folder out."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPart:
    """The part of a video that is read."""

    start: float = option(
        0.0,
        "read from this time on; below 0 counts from the end",
        unit="s",
        metavar="S",
    )
    duration: float | None = option(
        None,
        "read this long a part of the video",
        above=0,
        unit="s",
        metavar="S",
        unset="to the end",
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def is_whole(self) -> bool:
        """True when everything is read."""
        return self.start == 0 and self.duration is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOptions:
    """Which parts of source and driver are read."""

    source: ClipPart = section(ClipPart, flags="", group="source's face")
    driving: ClipPart = section(ClipPart, flags="driving-", more=True)


def read_seconds(text: str) -> float:
    """Seconds, with or without their unit: 10 or 10s.

    Raises:
        ValueError: The text is none.
    """
    return float(text.removesuffix("s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleDriver:
    """A driver that needs no file."""

    idle: float | None = option(
        None,
        "instead of DRIVING: blink, glance, breathe",
        minimum=MIN_DURATION_S,
        maximum=MAX_DURATION_S,
        read=read_seconds,
        expects=f"seconds from {MIN_DURATION_S:g} to {MAX_DURATION_S}, as 10s",
        unit="s",
        metavar="S",
        unset="no",
        group="motion",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDriver:
    """How a face speaks whose driver is a sound."""

    speech: SpeechOptions = section(SpeechOptions, flags="speech-", group="motion")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """What is written of an animation."""

    side_by_side: bool = option(False, "show driver, source and result in a row", group="output")
    crf: int = option(
        18,
        "quality of the video: 0 is lossless, 51 worst",
        minimum=0,
        maximum=51,
        group="output",
    )
    audio: Literal["driving", "source", "none"] | None = option(
        None,
        "whose sound the video gets",
        group="output",
        unset="the driver's, else the source's",
    )

    mask: bool = option(
        False,
        "write where the face was pasted as alpha, for compositing: .mov (ProRes 4444), .webm, "
        ".webp, .png or frames",
        group="output",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions:
    """Which faces are shown, and what is drawn of them."""

    find: FindOptions = shared(
        FindOptions, hidden=("order",), about={"max_faces": {"group": "faces"}}
    )
    landmarks: bool = option(True, "draw the landmarks", group="faces")
    crop: bool = option(True, "draw the edge of what 'animate' reads and renders", group="faces")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """Who drives a portrait live."""

    camera: int = option(0, "number of the camera", minimum=0, group="driver", metavar="N")
    film: Path | None = option(
        None, "a film, played in real time", group="driver", metavar="FILE", unset="the camera"
    )
    loops: bool = option(False, "play the film again and again", group="driver", flag="loop")
    screen: Box | None = option(
        None,
        "a part of the screen",
        read=read_box,
        expects="x,y,width,height in pixels, 16 or more a side, as 0,0,640,480",
        group="driver",
        metavar="X,Y,W,H",
        unset="the camera",
    )
    fps: Fraction = frame_rate_option(Fraction(15), "frames per second of the screen, and of OUT")

    def __post_init__(self) -> None:
        check_options(self)
        if self.film is not None and self.screen is not None:
            raise OptionError(
                "Both a film and a part of the screen are given; one driver is expected. Leave "
                "one of them out."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOutputOptions:
    """Where a live portrait is shown."""

    page: bool = option(True, "show it on a page of this computer's browser", group="output")
    port: int = option(
        8190, "of that page; 0 takes a free one", minimum=0, maximum=65535, group="output"
    )
    page_px: int = option(
        720, "longest side of the pictures on that page", minimum=64, maximum=4096, group="output"
    )
    virtual_camera: Path | None = option(
        None,
        "a virtual camera of Linux (v4l2loopback), for other programs",
        group="output",
        metavar="DEVICE",
        unset="none",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a command prints."""

    json: bool = option(False, "print a summary as one JSON object on stdout", group="report")
    progress: bool | None = option(
        None,
        "a progress bar on stderr",
        group="report",
        unset="when stderr is a terminal",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """How a motion file, or one of face capture, is converted."""

    fps: Fraction | None = frame_rate_option(
        None, "retime to these frames per second", unset="its own"
    )
    space: KeypointSpace | None = option(None, "keypoint space, where the file names a wrong one")
    to: KeypointSpace | None = option(
        None,
        "keypoint space of the models that it is to drive, through the 52 blendshapes",
        unset="its own; of face capture that of the default model",
    )
    map: Path | None = option(
        None,
        "blendshape map of python -m train.blendshapes, for its keypoint space",
        unset="the ones that come with the library",
        metavar="FILE",
    )
    capture: CaptureOptions = shared(CaptureOptions)
    reading: ImportOptions = shared(ImportOptions)
    program: TemplateProgram = option("LivePortrait", "the program that a .pkl is written for")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleFileOptions:
    """An idle motion that is written to a file."""

    idle: IdleOptions = shared(IdleOptions)
    fps: Fraction = frame_rate_option(Fraction(25), "frames per second")
    space: KeypointSpace = option(COMPACT_SPACE, "keypoint space of the model that it will drive")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechFileOptions:
    """The motion of a speech that is written to a file."""

    speech: SpeechOptions = shared(SpeechOptions)
    fps: Fraction = frame_rate_option(Fraction(25), "frames per second")
    space: KeypointSpace = option(COMPACT_SPACE, "keypoint space of the model that it will drive")
    weights: Path | None = option(
        None,
        "a file of train.audio2motion or 'models joyvasa'",
        metavar="FILE",
        unset="the one in the package",
    )
    features: Path | None = option(
        None,
        "what another encoder heard of the sound (.pt or .safetensors, as ComfyUI's "
        "AUDIO_ENCODER_OUTPUT), for weights that were trained with it",
        metavar="FILE",
        unset="none",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoyvasaFiles:
    """JoyVASA's files besides its motion generator."""

    template: Path | None = option(
        None,
        "its motion_template.pkl",
        metavar="FILE",
        unset="beside the generator, or in motion_template beside its folder",
    )
    encoder: Path | None = option(
        None,
        "folder or file of the audio encoder, as transformers reads it",
        metavar="PATH",
        unset="in the generator, or chinese-hubert-base in its folder or up to two above",
    )
    positions: PositionCode = option(
        "new",
        "the position code that it was trained with, which no file says: old for weights from "
        "before 2025-12-09",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFileOptions:
    """The motion of a timeline that is written to a file."""

    sound: Path | None = option(
        None,
        "a sound that a timeline without a length lasts as long as",
        metavar="FILE",
        unset="none",
    )
    space: KeypointSpace | None = option(
        None,
        "keypoint space of the model that it will drive",
        unset=f"that of the motions beneath, else {COMPACT_SPACE}",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOptions:
    """Where files of weights come from and go to."""

    to: Path = option(
        help="folder for them, as models/liveportrait of ComfyUI or pretrained_weights",
        metavar="FOLDER",
    )
    layout: Literal["comfyui", "published"] = option(
        "comfyui", "file names and formats: ComfyUI's safetensors, or the published .pth"
    )
    mirror: str | None = option(
        None, "download from here instead, with the same file names below", metavar="URL"
    )

    def __post_init__(self) -> None:
        check_options(self)
