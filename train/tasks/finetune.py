"""Fine-tune F, W and G of a compact model for one person or one style, in minutes.

    python -m train.finetune run=runs/anna clips=films-of-anna out=anna.safetensors
    python -m train.finetune run=runs/ink clips=ink rank=0 data=runs/heads

The folder holds films, and pictures besides, of one person or in one style. Pairs of their frames
are repainted as in stage 1 (`train.stage1`), by the rows of its loss table that compare pictures.
With a rank the layers learn changes of that rank alone, which are folded in at the end; with
rank=0 all of F, W and G learns. M stays as it is, so that keypoints keep what they mean, and S,
R_eyes and R_lip of the base go on to fit: all four are copied.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from torch import nn

from liveportrait_core.checkpoints.keymaps import FILE_OF_NETWORK, RETARGETING_FILE
from liveportrait_core.errors import CheckpointError, LivePortraitError, MediaError
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from ..data.rendered import RenderedSet
from ..data.sets import DataConfig, open_sets
from ..data.source import PairSource
from ..engine.config import parse
from ..engine.cost import noise_sets, step_cost
from ..engine.distributed import is_first_process
from ..engine.loop import fit
from ..losses.compact_picture_terms import PictureWeights
from ..models.low_rank import add_low_rank, num_learning
from ..models.runs import MODEL_NAME, Base, opened, refuse_another_run, write_model
from ..models.spectral_norm import folded_state
from .compact import MOTION, PICTURE, Stage1, Stage1Config

COMMAND = "python -m train.finetune"
ENDING = ".safetensors"
TAKEN_NAMES = frozenset({*FILE_OF_NETWORK.values(), RETARGETING_FILE})
"""File names, without ending, that Load Model takes for parts of a published model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBase(Stage1Config):
    """Stage 1 on networks of the base's form, whatever its sizes are."""

    built: Preset

    @property
    def form(self) -> Preset:
        """That of the base."""
        return self.built


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig(DataConfig):
    """Fine-tuning for one person or one style on a folder of films, and pictures besides."""

    base: str = "default"
    """Compact model to begin with: default, a model file, or the folder of a stage 1 run."""
    rank: int = 8
    """Rank of the change of each layer; 0 lets all weights of F, W and G learn."""
    out: str = ""
    """File to write, ending in .safetensors; by default model.safetensors in the run's folder. In
    ComfyUI's models/liveportrait, Load Model lists it."""
    steps: int = 300
    """Optimiser steps in all."""
    batch: int = 4
    """Pairs per step and process."""
    lr: float = 3e-4
    """AdamW learning rate; it means the same for all ranks."""
    warmup_steps: int = 20
    """Steps over which the learning rate rises."""
    ema_decay: float = 0.98
    """Decay of the moving average of the weights; the average is what gets written."""
    log_every: int = 10
    """Steps between status lines and rows of stats.jsonl."""
    save_every: int = 50
    """Steps between checkpoints."""
    strip_every: int = 100
    """Steps between sample strips; 0 for none."""
    picture_weights: PictureWeights = field(default_factory=PictureWeights)
    """Weights of the losses, as in stage 1."""

    def __post_init__(self) -> None:
        DataConfig.__post_init__(self)
        if not self.clips:
            raise ValueError("clips is missing; give clips=FOLDER with films of the person.")
        if self.rank < 0:
            raise ValueError(
                f"rank must not be negative, got {self.rank}; 8 is usual, and 0 is without a limit."
            )
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}.")
        if not self.out:
            return
        name = Path(self.out)
        if name.suffix != ENDING or name.stem in TAKEN_NAMES:
            raise ValueError(
                f"out is {self.out}; a name was wanted that ends in {ENDING} and is not that of a "
                "published file, so that Load Model lists it."
            )
        if name.exists() and name.resolve() == Path(self.base).resolve():
            raise ValueError("out is the base itself; give another name, so that the base stays.")

    def stage1(self, preset: Preset) -> Stage1Config:
        """Stage 1 on the same sets from the base's networks, M left as it is."""
        shared = {entry.name: getattr(self, entry.name) for entry in fields(DataConfig)}
        return OfBase(
            **shared,
            built=preset,
            init=self.base,
            batch=self.batch,
            motion_batch=0,
            own_keypoints_from=0,
            lr=self.lr,
            picture_weights=self.picture_weights,
        )


class Finetune(Stage1):
    """The task: stage 1's step; F, W and G learn, or changes of low rank of them."""

    def __init__(
        self,
        config: FinetuneConfig,
        preset: Preset,
        data: RenderedSet | None,
        clips: PairSource | None,
    ) -> None:
        """Begin with the base's weights.

        Raises:
            MediaError: The clips are stills alone.
        """
        if clips is None or not clips.has_motion:
            raise MediaError(
                f"{config.clips} has no film of a face, and stills alone do not show how it moves. "
                "Add a film to the folder; a few seconds will do."
            )
        super().__init__(config.stage1(preset), data, clips)
        self.modules[MOTION].requires_grad_(False)
        if config.rank:
            for name in PICTURE:
                add_low_rank(self.modules[name], config.rank)

    @property
    def num_learning(self) -> int:
        """How many numbers learn."""
        return sum(num_learning(network) for network in self.modules.values())


def open_base(place: str) -> Base:
    """The compact model to begin with.

    Raises:
        CheckpointError: There is none, it is a published one, or it lacks F, M, W or G.
    """
    base = opened(place)
    if base.preset.family != "compact":
        raise CheckpointError(
            f"{place} is a published model (or one built like it), and this command fine-tunes "
            "compact ones alone. Give base=default, or another compact model."
        )
    missing = [name for name in (MOTION, *PICTURE) if name not in base.networks]
    if missing:
        raise CheckpointError(
            f"{place} has no {' and no '.join(missing)}; a whole model, or a run of stage 1, was "
            f"wanted. Give the {MODEL_NAME} that was written from it."
        )
    return base


def merged(base: Base, learnt: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """All networks of the base, those that learnt in their place: plain, changes folded in."""
    networks = {name: net for name, net in build(base.preset).items() if name in base.networks}
    for name, network in networks.items():
        trained = learnt[name] if name in PICTURE else base.networks[name]
        network.load_state_dict(folded_state(trained))
        network.eval().requires_grad_(False)
    return networks


def write_merged(config: FinetuneConfig, base: Base, learnt: Mapping[str, nn.Module]) -> Path:
    """Write the model as one float16 file, ready for `load_model` and Load Model."""
    path = Path(config.out) if config.out else None
    how = f"rank {config.rank}" if config.rank else "full"
    told = f"finetune {config.steps}, {how}, of {Path(config.base).name}"
    return write_model(config.run, base.preset, merged(base, learnt), told, path)


def _cost(config: FinetuneConfig) -> str:
    """What a step takes, for a dry run."""
    preset, one = open_base(config.base).preset, replace(config, batch=1)
    sets = noise_sets(config, config.clip_px)
    task = Finetune(one, preset, sets.rendered, sets.clips)
    cost = step_cost([("pair", config.batch, lambda: task)])
    return replace(cost, trained=task.num_learning).told(config.accumulate)


def main(arguments: list[str]) -> int:
    """Fine-tune by KEY=VALUE arguments and write the model; 0, or 2 with one sentence."""
    try:
        config = parse(FinetuneConfig, arguments, COMMAND, _cost)
        base = open_base(config.base)
        refuse_another_run(config.run, {"base": config.base, "rank": config.rank})
        sets = open_sets(config)
        task = Finetune(config, base.preset, sets.rendered, sets.clips)
        whole = sum(p.numel() for name in PICTURE for p in base.networks[name].parameters())
        print(f"{task.num_learning:,} numbers learn for {whole:,} of F, W and G", file=sys.stderr)
        learnt = fit(task, config)
        if is_first_process():
            print(write_merged(config, base, learnt))
    except (LivePortraitError, FloatingPointError, OSError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 2
    return 0
