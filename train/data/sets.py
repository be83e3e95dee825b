"""What a stage trains on: rendered heads, prepared clips, or both."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from liveportrait_core.config.fields import OptionError, check_options, option, section, shared
from liveportrait_core.errors import MediaError

from ..engine.distributed import is_first_process
from ..rendering.export.options import PeopleOptions
from .clip_sampler import Balance
from .clip_set import ClipSet
from .curated import CuratedSet
from .folder import DataFolder, open_folders
from .heads import RenderedHeads
from .mixed import count_in_step
from .rendered import RenderedSet

CACHE_NAME = "clips"
"""In the folder of a run, unless `cache` names another place."""
DRAWN = "drawn"
"""In place of folders: heads are rendered while training."""
GIB = 2**30
SIZE_STEP_PX = 128
"""Pictures of multiples of this go through the compact networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnOptions:
    """Heads that are rendered while training; they are kept in memory, `identities` at a time."""

    people: PeopleOptions = shared(
        PeopleOptions,
        about={"identities": {"help": "heads that a step draws from, all of them in memory"}},
    )
    fresh: float = option(
        0.0,
        "heads that new ones take the place of in each step; 0: the same all along, as in a folder",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """What a run draws from: rendered heads, folders of pictures and videos, or both."""

    data: str = option(
        "",
        "folders or URLs written by train.render, separated by commas, or the word drawn: heads "
        "are rendered while training; may be left out where clips are given",
        place=True,
    )
    drawn: DrawnOptions = section(DrawnOptions, more=True)
    clips: str = option(
        "",
        "folders of pictures and videos of one face each, prepared once, or folders or URLs "
        "written by train.curate or train.render --webdataset; separated by commas",
        place=True,
    )
    clip_fraction: float = option(
        0.5,
        "fraction of clips among the pairs of each batch, where there is data too",
        minimum=0,
        maximum=1,
    )
    image_fraction: float = option(
        0.2,
        "fraction of pictures among the pairs of clips, where there are videos too",
        minimum=0,
        maximum=1,
    )
    balance: Balance = option(
        "clips",
        "what of the clips is drawn equally often: clips, the files that they are of, or the "
        "folders of these, where each holds one person",
        more=True,
    )
    same_pose_fraction: float = option(
        0.5,
        "fraction of rendered pairs with one head pose and another expression",
        minimum=0,
        maximum=1,
    )
    turned_fraction: float = option(
        0.0,
        "fraction of rendered pairs whose yaw differs by 20 degrees or more; same_pose_fraction is "
        "of the others",
        minimum=0,
        maximum=1,
        more=True,
    )
    clip_px: int = option(
        256,
        "side at which clips are stored, a multiple of 128; data of a smaller side shrinks them",
        minimum=SIZE_STEP_PX,
        unit="px",
    )
    cache: str = option(
        "", "where prepared clips are kept; by default in the run's folder, and runs may share one"
    )

    def __post_init__(self) -> None:
        check_options(self)
        if not self.data and not self.clips:
            raise OptionError(
                "Neither data nor clips is given; give data=FOLDER of train.render, or "
                "clips=FOLDER of pictures and videos."
            )
        if self.data != DRAWN and self.drawn != DrawnOptions():
            raise OptionError(
                "Options of drawn heads are given, and data is not drawn. Give data=drawn, or "
                "leave them out."
            )
        if self.clip_px % SIZE_STEP_PX:
            raise OptionError(
                f"clip_px is {self.clip_px}; a multiple of {SIZE_STEP_PX} is expected. Use "
                "256, as is usual."
            )

    def unlabelled_count(self, step: int, batch: int) -> int:
        """How many of a step's pairs are of clips."""
        if not self.clips:
            return 0
        return count_in_step(step, batch, self.clip_fraction) if self.data else batch


@dataclass(frozen=True, slots=True)
class Sets:
    """What a run draws from; at least one is there."""

    rendered: RenderedHeads | None
    clips: ClipSet | None


def open_sets(config: DataConfig, run: Path, *, annotated: bool = False) -> Sets:
    """The sets of a run; clips are prepared first where they are not.

    Args:
        config: Says where they are.
        run: Folder of the run, which keeps prepared clips unless `cache` names another.
        annotated: Whether pairs of curated clips carry their stored landmarks and pose.

    Convention:
        - of several processes the first prepares, and the others wait: machines of one run need
          a cache that all of them see

    Raises:
        MediaError: A folder is missing, unfinished or has nothing in it, or its pictures are
            larger than the stored clips.
    """
    rendered = _heads(config) if config.data else None
    return Sets(rendered, _clips(config, run, rendered, annotated) if config.clips else None)


def _heads(config: DataConfig) -> RenderedHeads:
    if config.data != DRAWN:
        return RenderedSet(
            open_folders(config.data),
            same_pose_fraction=config.same_pose_fraction,
            turned_fraction=config.turned_fraction,
        )
    from .drawn import DrawnSet  # noqa: PLC0415 - numba renders alone

    people = config.drawn.people
    heads = DrawnSet(
        people,
        fresh=config.drawn.fresh,
        same_pose_fraction=config.same_pose_fraction,
        turned_fraction=config.turned_fraction,
    )
    if is_first_process():
        kind = "procedural heads" if people.heads.face_model is None else "heads"
        print(
            f"{len(heads)} {kind} are rendered as they are drawn, and kept in memory: "
            f"{heads.memory_bytes / GIB:.2f} GiB in each process",
            file=sys.stderr,
            flush=True,
        )
    return heads


def _clips(
    config: DataConfig, run: Path, rendered: RenderedHeads | None, annotated: bool
) -> ClipSet:
    size_px = config.clip_px if rendered is None else rendered.size_px
    if size_px > config.clip_px:
        raise MediaError(
            f"The rendered heads have {size_px} px, but clips are stored with {config.clip_px}; "
            f"as many are expected. Give clip_px={size_px}."
        )
    opened = open_folders(config.clips)
    if any(folder.is_far or folder.has_clips for folder in opened):
        return _curated(opened, size_px, config, annotated)
    from .face_crops import CropSettings  # noqa: PLC0415 - plain videos alone need av
    from .prepared_clips import PreparedSet  # noqa: PLC0415 - as above
    from .preparing import is_prepared, prepare  # noqa: PLC0415 - as above

    cache = Path(config.cache) if config.cache else run / CACHE_NAME
    settings = CropSettings(size_px=config.clip_px)
    folders = [Path(place) for place in config.clips.split(",")]
    while not is_first_process() and not is_prepared(folders, cache, settings):
        time.sleep(1.0)
    clips = prepare(folders, cache, settings)
    return PreparedSet(
        cache,
        clips,
        size_px=size_px,
        image_fraction=config.image_fraction,
        balance=config.balance,
    )


def _curated(
    folders: list[DataFolder], size_px: int, config: DataConfig, annotated: bool
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
    clips = CuratedSet(
        folders,
        size_px=size_px,
        image_fraction=config.image_fraction,
        annotated=annotated,
        balance=config.balance,
    )
    if size_px > clips.stored_px:
        raise MediaError(
            f"The curated clips have {clips.stored_px} px; at least {size_px} px are expected. "
            f"Give clip_px={clips.stored_px}, or curate with --size-px {size_px}."
        )
    return clips
