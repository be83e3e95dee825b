"""What `python -m train.evaluate` takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from liveportrait_core.command_options import ModelOptions
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.media.atomic import check_output, make_folder
from liveportrait_core.options import MotionMode

from ..rendering.export.options import HeadOptions
from .clip_reenactment import EVERY
from .layouts import VFHQ, VIDEOS, LayoutName
from .reenactment import FramingMode

JSON_NAME: Final = "measures.json"
PAGE_NAME: Final = "page.html"
STATISTICS_NAME: Final = "real.npz"
"""In the folder of --out, unless --json, --page and --real-statistics name other places."""
RENDERED: Final = "rendered heads"
CLIPS: Final = "clips"
PROTOCOLS: Final = "the paper's protocols (Sec. 4, App. A)"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """Which model is measured, on what, and where the measures go."""

    measured: ModelOptions = shared(ModelOptions, hidden=("dtype",), device="cpu")
    every: int | None = option(
        None,
        "compare every N-th frame",
        minimum=1,
        unset=f"{EVERY}; --self 1; --cross {VIDEOS.every}, of VFHQ {VFHQ.every}",
    )
    mesh_python: Path | None = option(
        None, "a Python with mediapipe, whose face mesh measures the images, too"
    )
    json: Path | None = option(None, "write the measures here", metavar="FILE")
    rendered: Path | Literal["new"] | None = option(
        None,
        "a folder that train.render wrote; without a folder, or new: render heads of people now",
        bare="new",
        metavar="FOLDER",
        group=RENDERED,
    )
    heads: HeadOptions = shared(
        HeadOptions,
        seed=9001,
        size_px=256,
        about={
            "face_model": {"group": RENDERED},
            "seed": {"group": RENDERED},
            "size_px": {"help": "side that heads are rendered and images compared at"},
        },
    )
    clips: Path | None = option(
        None, "a folder of videos of faces, or one video", metavar="FOLDER", group=CLIPS
    )
    frames: Path | None = option(
        None, "save the clips' images in this folder", metavar="FOLDER", group=CLIPS
    )
    self_videos: Path | None = option(
        None,
        "videos driven by themselves: Table 2; a folder of train.render is compared with the "
        "renderer's truth",
        flag="self",
        metavar="FOLDER",
        group=PROTOCOLS,
    )
    cross_videos: Path | None = option(
        None,
        "videos that drive the portraits of --portraits: Table 3",
        flag="cross",
        metavar="FOLDER",
        group=PROTOCOLS,
    )
    portraits: Path | None = option(
        None,
        "FFHQ: its first images are animated, its last ones are the real images of FID",
        metavar="FOLDER",
        group=PROTOCOLS,
    )
    layout: LayoutName | None = option(
        None,
        "where the videos lie, and which numbers and tables apply",
        unset="found out",
        group=PROTOCOLS,
    )
    framing: FramingMode = option(
        "paste",
        "paste: the face is cropped, generated and pasted back, whole frames are compared; crop: "
        "the crop of the face alone; whole: the frames are face crops already",
        group=PROTOCOLS,
    )
    motion: MotionMode = option(
        "relative", "relative: as Eq. 7; absolute: the driver's own", group=PROTOCOLS
    )
    max_frames: int | None = option(
        None,
        "frames of a video at most",
        minimum=1,
        unset=f"all; --cross {VIDEOS.max_frames}, of VFHQ {VFHQ.max_frames}",
        group=PROTOCOLS,
    )
    videos: int | None = option(
        None, "only the first N videos, for a trial", minimum=1, unset="all", group=PROTOCOLS
    )
    sources: int = option(50, "portraits to animate", minimum=1, group=PROTOCOLS)
    real: int | None = option(
        None,
        "real images of FID, the last ones",
        minimum=1,
        unset=f"{VIDEOS.real}; of VFHQ {VFHQ.real}",
        group=PROTOCOLS,
    )
    real_statistics: Path | None = option(
        None,
        "mean and covariance of FID's real images (.npz with mu, sigma): read, or saved there",
        metavar="FILE",
        group=PROTOCOLS,
    )
    metric_files: Path | None = option(
        None,
        "networks for LPIPS, FID, CSIM, AED, APD and MAE; names in docs/training.md",
        metavar="FOLDER",
        group=PROTOCOLS,
    )
    out: Path | None = option(
        None,
        "save each video's results here: the same command resumes; "
        f"{JSON_NAME}, {PAGE_NAME} and {STATISTICS_NAME} (of --real) are written here, too",
        metavar="FOLDER",
        group=PROTOCOLS,
    )
    page: Path | None = option(
        None,
        "write tables and sample grids as one HTML file",
        metavar="FILE",
        group=PROTOCOLS,
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def size_px(self) -> int:
        """Side that images are compared at."""
        return self.heads.size_px

    @property
    def measures_nothing(self) -> bool:
        """Whether no set is named to measure on."""
        sets = (self.rendered, self.clips, self.self_videos, self.cross_videos)
        return all(place is None for place in sets)

    def with_places(self) -> EvaluateOptions:
        """The options with the files that --out has by default; that folder is made.

        Raises:
            MediaError: A file cannot be written there, or a folder cannot be made: better before
                hours of work than after.
        """
        named = self
        for folder in (self.out, self.frames):
            if folder is not None:
                make_folder(folder)
        if self.out is not None:
            named = replace(
                self,
                json=self.json or self.out / JSON_NAME,
                page=self.page or self.out / PAGE_NAME,
                real_statistics=self.real_statistics or self.out / STATISTICS_NAME,
            )
        for path in (named.page, named.json, named.real_statistics):
            is_read = path is named.real_statistics and path is not None and path.is_file()
            if path is not None and not is_read:
                check_output(path)
        return named
