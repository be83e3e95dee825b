"""What a stage trains on: rendered heads, prepared clips, or both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from liveportrait_core.errors import MediaError

from ..engine.config import LoopConfig
from ..engine.distributed import is_first_process
from .clip_set import ClipSet
from .curated import CuratedSet
from .face_crops import CropSettings
from .folder import DataFolder, open_folders
from .mixed import count_in_step
from .prepared_clips import PreparedSet
from .preparing import is_prepared, prepare
from .rendered import RenderedSet

CACHE_NAME = "clips"
"""In the folder of a run, unless `cache` names another place."""
SIZE_STEP_PX = 128
"""Pictures of multiples of this go through the compact networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig(LoopConfig):
    """A run on rendered heads, on folders of pictures and films, or on both."""

    data: str = ""
    """Folders written by train.render, separated by commas; may be left out where clips are. URLs
    (s3://, gs://, https://) of folders written with --webdataset will do."""
    clips: str = ""
    """Folders of pictures and films of one face each, prepared once, or folders or URLs of what
    train.curate or train.render --webdataset wrote; separated by commas."""
    clip_share: float = 0.5
    """Share of clips among the pairs of each batch; without `data` all are of clips."""
    image_share: float = 0.2
    """Share of stills among the pairs of clips, where there are films too."""
    same_pose_share: float = 0.5
    """Share of rendered pairs with one head pose and another expression."""
    clip_px: int = 256
    """Side at which clips are stored, a multiple of 128; `data` of a smaller side shrinks them."""
    cache: str = ""
    """Where prepared clips are kept; by default in the run's folder. Runs may share one."""

    def __post_init__(self) -> None:
        LoopConfig.__post_init__(self)
        if not self.data and not self.clips:
            raise ValueError(
                "Neither data nor clips is given; give data=FOLDER of train.render, or "
                "clips=FOLDER of pictures and films."
            )
        for name in ("clip_share", "image_share", "same_pose_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}.")
        if self.clip_px < SIZE_STEP_PX or self.clip_px % SIZE_STEP_PX:
            raise ValueError(
                f"clip_px must be a multiple of {SIZE_STEP_PX}, got {self.clip_px}. 256 is usual."
            )

    def unlabelled_count(self, step: int, batch: int) -> int:
        """How many of a step's pairs are of clips."""
        if not self.clips:
            return 0
        return count_in_step(step, batch, self.clip_share) if self.data else batch


@dataclass(frozen=True, slots=True)
class Sets:
    """What a run draws from; at least one is there."""

    rendered: RenderedSet | None
    clips: ClipSet | None


def open_sets(config: DataConfig, *, annotated: bool = False) -> Sets:
    """The sets of a run; clips are prepared first where they are not.

    Args:
        config: Says where they are.
        annotated: Whether pairs of curated clips carry their stored landmarks and pose.

    Convention:
        - of several processes the first prepares, and the others wait: machines of one run need
          a cache that all of them see

    Raises:
        MediaError: A folder is missing, unfinished or has nothing in it, or its pictures are
            larger than the stored clips.
    """
    rendered = None
    if config.data:
        folders = open_folders(config.data)
        rendered = RenderedSet(folders, same_pose_share=config.same_pose_share)
    return Sets(rendered, _clips(config, rendered, annotated) if config.clips else None)


def _clips(config: DataConfig, rendered: RenderedSet | None, annotated: bool) -> ClipSet:
    size_px = config.clip_px if rendered is None else rendered.size_px
    if size_px > config.clip_px:
        raise MediaError(
            f"The rendered heads have {size_px} px, but clips are stored with {config.clip_px}; "
            f"as many are expected. Give clip_px={size_px}."
        )
    opened = open_folders(config.clips)
    if any(folder.is_far or folder.has_clips for folder in opened):
        return _curated(opened, size_px, config.image_share, annotated)
    cache = Path(config.cache) if config.cache else config.run / CACHE_NAME
    settings = CropSettings(size_px=config.clip_px)
    folders = [Path(place) for place in config.clips.split(",")]
    while not is_first_process() and not is_prepared(folders, cache, settings):
        time.sleep(1.0)
    clips = prepare(folders, cache, settings)
    return PreparedSet(cache, clips, size_px=size_px, image_share=config.image_share)


def _curated(
    folders: list[DataFolder], size_px: int, image_share: float, annotated: bool
) -> CuratedSet:
    raw = [folder for folder in folders if not folder.has_clips]
    far = [folder for folder in raw if folder.is_far]
    if far:
        raise MediaError(
            f"{far[0]} cannot be read: a URL has to be that of a folder of train.curate, with its "
            "index.json. Curate it first, on a machine that has the files, and copy the output."
        )
    if raw:
        raise MediaError(
            f"clips names folders of train.curate and others ({', '.join(map(str, raw))}); one "
            "kind is expected. Curate those, too."
        )
    clips = CuratedSet(folders, size_px=size_px, image_share=image_share, annotated=annotated)
    if size_px > clips.stored_px:
        raise MediaError(
            f"The curated clips have {clips.stored_px} px; at least {size_px} px are expected. "
            f"Give clip_px={clips.stored_px}, or curate with --size-px {size_px}."
        )
    return clips
