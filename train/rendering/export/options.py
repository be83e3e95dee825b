"""What to render: the options of `train.render`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.config.spec import OptionError

MIN_SIZE_PX: Final = 16
SIZE_STEP_PX: Final = 4
"""Labels have half the size, which is even, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOptions:
    """Which heads, and how large."""

    face_model: Path | None = option(
        None,
        "an .npz face model, or the FaceXModel folder of an ICT-FaceKit clone",
        unset="procedural heads",
        metavar="PATH",
    )
    seed: int = option(0, "of all random choices", minimum=0)
    size_px: int = option(
        128, "width and height of the pictures", minimum=MIN_SIZE_PX, unit="px", flag="size"
    )

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleOptions:
    """A set of heads: one seed gives the same people, wherever they are rendered."""

    heads: HeadOptions = shared(HeadOptions)
    identities: int = option(1000, "how many people and animals", minimum=1)
    animals: float = option(
        0.08,
        "fraction of the identities that are animals",
        minimum=0,
        maximum=1,
        metavar="FRACTION",
    )

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)
        size, step = self.heads.size_px, SIZE_STEP_PX
        if size % step:
            raise OptionError(
                f"size is {size}; a multiple of {step} is expected. "
                f"The nearest is {max(MIN_SIZE_PX, round(size / step) * step)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderConfig:
    """A set of heads and where it goes."""

    folder: Path = option(help="where index.json and the shards go", positional=True)
    people: PeopleOptions = shared(PeopleOptions)
    workers: int = option(1, "processes", minimum=1)
    device: str | None = option(
        None,
        "where warp draws: cuda, cuda:1 or cpu (pip install warp-lang)",
        unset="numba draws on the CPU",
        metavar="NAME",
    )
    shard_size: int = option(64, "identities in a file", minimum=1)
    webdataset: bool = option(
        False,
        "write WebDataset shards, as train.curate does, for object stores; .npz files train faster "
        "from a disk",
    )

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)

    @property
    def heads(self) -> HeadOptions:
        """Which heads, and how large."""
        return self.people.heads


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipConfig:
    """A video of one head and where it goes."""

    path: Path = option(help="the .mp4 file")
    heads: HeadOptions = shared(HeadOptions, size_px=256)

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """What the command writes."""

    folder: Path | None = option(None, "where index.json and the shards go", positional=True)
    clip: Path | None = option(
        None, "render a video of one head instead, to drive portraits with", metavar="OUT.mp4"
    )
    contact_sheet: Path | None = option(
        None, "also draw the first identities to this picture", metavar="PATH"
    )

    def __post_init__(self) -> None:
        """Refuse a folder beside a clip, and neither."""
        check_options(self)
        if (self.folder is None) == (self.clip is None):
            found = "neither" if self.folder is None else "both"
            raise OptionError(
                f"folder and clip: {found} came; one of them is expected. Name a folder, or "
                "--clip OUT.mp4."
            )
