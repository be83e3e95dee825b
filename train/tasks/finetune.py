"""Fine-tune F, W and G of a compact model for one person or one style.

Pairs of frames are reconstructed by the terms of the compact networks' table that compare pictures.
With a rank the layers learn changes of that rank alone, which are folded in at the end; with
rank=0 all of F, W and G learns. M stays as it is, so that keypoints keep what they mean, and S,
R_eyes and R_lip of the base still fit: all four are copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from torch import nn

from liveportrait_core.checkpoints.keymaps import FILE_OF_NETWORK, RETARGETING_FILE
from liveportrait_core.config.fields import OptionError, check_options, option, section, shared
from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.media.atomic import check_output
from liveportrait_core.networks.build import build

from ..data.sets import DataConfig, Sets, open_sets
from ..engine.loop import LoopConfig
from ..engine.task import Networks, Task
from ..losses.picture_weights import PictureWeights
from ..models.low_rank import add_low_rank, num_learning
from ..models.runs import MODEL_NAME, BaseModel, require_same_run, write_model
from ..models.spectral_norm import folded_state
from .compact import (
    NETWORKS,
    CompactRates,
    initial_networks,
    parameter_groups,
    picture_half,
)
from .compact_steps import MOTION, PICTURE, CompactBatches, CompactSources, sample_grid
from .cost import noise_sets, step_cost

SUFFIX: Final = ".safetensors"
TAKEN_NAMES: Final = frozenset({*FILE_OF_NETWORK.values(), RETARGETING_FILE})
"""File names, without suffix, that Load Model takes for parts of a published model."""


LOOP_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "steps": 300,
        "warmup_steps": 20,
        "ema_decay": 0.98,
        "log_every": 10,
        "save_every": 50,
        "grid_every": 100,
    }
)
"""Of a training loop that takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneBase:
    """What is fine-tuned, how much of it learns, and where it goes."""

    base: str = option(
        "default",
        "initial model: default, a model file, a published folder or name, or a run folder; "
        "base=... --help lists the options for it",
        place=True,
    )
    rank: int = option(
        8, "rank of the change of each layer; 0: all weights of F, W and G learn", minimum=0
    )
    out: str = option(
        "",
        "file to write, ending in .safetensors; by default model.safetensors in the run's folder. "
        "In ComfyUI's models/liveportrait, Load Model lists it",
    )

    def __post_init__(self) -> None:
        check_options(self)
        name = Path(self.out)
        if self.out and (name.suffix != SUFFIX or name.stem in TAKEN_NAMES):
            raise OptionError(
                f"out is {self.out}; a name is expected that ends in {SUFFIX} and is not that of a "
                "published file. Give another, so that Load Model lists it."
            )

    @property
    def path(self) -> Path | None:
        """Where the model goes; None for the run's folder."""
        return Path(self.out) if self.out else None

    def note(self, loop: LoopConfig) -> str:
        """What was fine-tuned, how long and how much of it, for the model's file."""
        how = f"rank {self.rank}" if self.rank else "full"
        return f"finetune {loop.length}, {how}, of {Path(self.base).name}"

    def check(self, run: Path) -> None:
        """Refuse to write over the base, and to go on with a run of another base or rank.

        Raises:
            CheckpointError: It would.
            MediaError: The model's file could not be written at the end.
        """
        path = self.path
        if path is not None and path.parent.is_dir():  # a missing one is made at the end
            check_output(path)
        if path is not None and path.exists() and path.resolve() == Path(self.base).resolve():
            raise CheckpointError(
                "out is the base itself. Give another name, so that the base stays."
            )
        require_same_run(run, {"base": self.base, "rank": self.rank})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig:
    """Fine-tuning for one person or one style on a folder of videos, and pictures besides."""

    loop: LoopConfig = shared(LoopConfig, **LOOP_DEFAULTS)
    sets: DataConfig = shared(DataConfig)
    what: FinetuneBase = shared(FinetuneBase)
    batches: CompactBatches = shared(
        CompactBatches,
        fixed={"motion_batch": 0, "own_keypoints_from": 0},
        hidden=("clip_frames", "own_keypoints_fraction"),
    )
    rates: CompactRates = shared(CompactRates, hidden=("motion_lr", "discriminator_lr"), lr=3e-4)
    picture_weights: PictureWeights = section(PictureWeights)

    def __post_init__(self) -> None:
        check_options(self)
        require_clips(self.sets)
        if not self.batches.batch:
            raise OptionError(
                "batch is 0; a whole number from 1 up is expected, as nothing else is fine-tuned. "
                "4 is usual."
            )


def prepare(config: FinetuneConfig, base: BaseModel) -> Task:
    """The task of a config, on its base, opened, and the data that it names.

    Raises:
        CheckpointError: The base cannot be fine-tuned, is `out`, or the run has another.
        MediaError: As for `finetune_task`.
    """
    config.what.check(config.loop.run)
    require_compact(base, config.what.base)
    return finetune_task(config, base, open_sets(config.sets, config.loop.run))


def finetune_task(config: FinetuneConfig, base: BaseModel, sets: Sets) -> Task:
    """The step of F, W and G on the networks of a base, or on changes of low rank of them.

    Raises:
        MediaError: The clips are pictures alone.
    """
    require_videos(config.sets, sets)
    sources = CompactSources(
        heads=sets.rendered,
        clips=sets.clips,
        clips_in_step=config.sets.unlabelled_count,
        clips_from=config.batches.own_keypoints_from,
    )
    initial = [(base.networks, NETWORKS)]
    networks = initial_networks(base.preset, config.loop.seed, sources, initial)
    networks[MOTION].requires_grad_(False)
    if config.what.rank:
        for name in PICTURE:
            add_low_rank(networks[name], config.what.rank)
    whole = sum(p.numel() for name in PICTURE for p in base.networks[name].parameters())
    return Task(
        networks=networks,
        groups=parameter_groups(config.rates, motion=False, picture=PICTURE),
        steps=(picture_half(sources, config.batches, config.picture_weights, base.preset),),
        sample_grid=partial(sample_grid, sources, config.picture_weights),
        write=partial(write_merged, config, base),
        notes=(f"{num_trained(networks):,} numbers learn for {whole:,} of F, W and G",),
    )


def require_clips(config: DataConfig) -> None:
    """Refuse data without clips.

    Raises:
        OptionError: There are none.
    """
    if not config.clips:
        raise OptionError("clips is missing; give clips=FOLDER with videos of the person.")


def require_videos(config: DataConfig, sets: Sets) -> None:
    """Refuse clips that are pictures alone.

    Raises:
        MediaError: They are.
    """
    if sets.clips is None or not sets.clips.has_motion:
        raise MediaError(
            f"{config.clips} has no video of a face, and pictures alone do not show how it moves. "
            "Add a video to the folder; a few seconds will do."
        )


def num_trained(networks: Networks) -> int:
    """How many numbers of some networks learn."""
    return sum(num_learning(network) for network in networks.values())


def require_compact(base: BaseModel, place: str) -> None:
    """Refuse an initial model that is no whole compact one.

    Raises:
        CheckpointError: It is of the paper's architecture, or it lacks F, M, W or G.
    """
    if base.preset.family != "compact":
        raise CheckpointError(
            f"{place} is of the paper's architecture, and a compact model is expected. Give "
            "base=default, or another compact model."
        )
    missing = [name for name in NETWORKS if name not in base.networks]
    if missing:
        raise CheckpointError(
            f"{place} has no {' and no '.join(missing)}; a whole model, or a run of train.compact, "
            f"is expected. Give the {MODEL_NAME} that was written from it."
        )


def merged(base: BaseModel, trained: Networks) -> dict[str, nn.Module]:
    """All networks of the base, with those that were trained in their place, changes folded in."""
    networks = {name: net for name, net in build(base.preset).items() if name in base.networks}
    for name, network in networks.items():
        network.load_state_dict(folded_state((trained if name in PICTURE else base.networks)[name]))
        network.eval().requires_grad_(False)
    return networks


def write_merged(config: FinetuneConfig, base: BaseModel, trained: Mapping[str, nn.Module]) -> Path:
    """Write the model as one float16 file, ready for `load_model` and Load Model."""
    note = config.what.note(config.loop)
    return write_model(config.loop.run, base.preset, merged(base, trained), note, config.what.path)


def cost(config: FinetuneConfig, base: BaseModel) -> str:
    """What a step takes, for a dry run."""
    require_compact(base, config.what.base)
    one = replace(config, batches=replace(config.batches, batch=1))
    task = finetune_task(one, base, noise_sets(config.sets, config.sets.clip_px))
    costs = step_cost([("pair", config.batches.batch, lambda: task)])
    return replace(costs, trained=num_trained(task.networks)).summary(config.loop.accumulate)
