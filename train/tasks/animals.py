"""Fine-tune a model on animals mixed with the data it was trained on (App. D).

Without L_H, the lip GAN and L_faceid. A base of the paper's architecture is trained as by
`train.stage1`. A compact base is trained as by `train.compact` and without discriminators: F, W
and G; M stays, so that S, R_eyes and R_lip still fit. Its keypoints have names, and only renderings
say where these are: M learns (`motion_batch`) where both people and animals are rendered, so that
it neither drifts from the names nor forgets people, who do the driving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch

from liveportrait_core.config.fields import OptionError, check_options, option, section, shared
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.preset import Preset

from ..data.batch import PairBatch, concatenate
from ..data.heads import RenderedHeads
from ..data.mixed import Mix, MixedClips, MixedHeads, animal_folders
from ..data.rendered import RenderedSet
from ..data.sets import SIZE_STEP_PX, DataConfig, Sets, open_sets
from ..data.source import PairSource
from ..engine.distributed import num_processes
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import Networks, Step, Task
from ..losses.compact_motion_terms import MotionWeights
from ..losses.paper_terms import PaperWeights
from ..losses.picture_weights import PictureWeights
from ..models.bases import trainable_preset
from ..models.runs import (
    BaseModel,
    require_same_run,
    write_model,
)
from . import compact, paper
from .compact_steps import MOTION, PICTURE, CompactBatches, CompactSources, sample_grid
from .cost import noise_sets, step_cost
from .finetune import merged, require_compact
from .paper_step import NETWORKS, DrawnPairs, LabelledSets

CACHE_NAME: Final = "animal-clips"
"""In the folder of a run, unless `animal_cache` names another place."""
LEFT_OUT: Final = ("head_pose", "gan_lip", "face_id")
"""Terms of Eq. 4 that count 0 here: animals' poses are not read well, their lips are other lips,
and no network knows one from the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalBase:
    """The model that is trained further; it decides which other options there are."""

    base: str = option(
        "default",
        "initial model: default, a model file, a published folder or name, or a run folder; "
        "base=... --help lists the options for it",
        place=True,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalConfig:
    """Animals that are mixed in."""

    animals: str = option(
        help="folders of videos and pictures of one animal each, folders of train.curate, or "
        "folders of train.render --animals 1, separated by commas",
        place=True,
    )
    animal_fraction: float = option(
        0.5,
        "fraction of animals among the pairs of each batch; the others are the original data",
        above=0,
        maximum=1,
    )
    animal_cache: str = option(
        "",
        "where prepared videos and pictures of animals are kept; by default in the run's folder",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAnimalsConfig:
    """Fine-tuning a model of the paper's architecture on animals.

    `data` and `clips` are the original data, at least one of them; `clip_fraction` and
    `image_fraction` hold for the animals too, where they are of both kinds.
    """

    model: AnimalBase = shared(AnimalBase)
    animals: AnimalConfig = shared(AnimalConfig)
    training: paper.PaperTraining = shared(paper.PaperTraining)
    weights: PaperWeights = section(PaperWeights, fixed=dict.fromkeys(LEFT_OUT, 0.0))

    @property
    def base(self) -> str:
        """The model that is trained further."""
        return self.model.base

    @property
    def loop(self) -> LoopConfig:
        """Of the training loop."""
        return self.training.loop

    def for_processes(self, count: int) -> PaperAnimalsConfig:
        """As `paper.PaperTraining.for_processes`."""
        return replace(self, training=self.training.for_processes(count))

    @property
    def sets(self) -> DataConfig:
        """The original data."""
        return self.training.sets


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactAnimalsConfig:
    """Fine-tuning a compact model on animals.

    `data` and `clips` are the original data, at least one of them; `clip_fraction` and
    `image_fraction` hold for the animals too, where they are of both kinds.
    """

    model: AnimalBase = shared(AnimalBase)
    animals: AnimalConfig = shared(AnimalConfig)
    loop: LoopConfig = shared(LoopConfig)
    sets: DataConfig = shared(DataConfig)
    batches: CompactBatches = shared(
        CompactBatches,
        fixed={"own_keypoints_from": 0},
        hidden=("own_keypoints_fraction",),
        motion_batch=0,
    )
    rates: compact.CompactRates = shared(
        compact.CompactRates, hidden=("discriminator_lr",), lr=3e-4, motion_lr=3e-4
    )
    picture_weights: PictureWeights = section(PictureWeights)

    def __post_init__(self) -> None:
        if not self.batches.batch:
            raise OptionError("batch is 0; a whole number from 1 up is expected. 4 is usual.")

    @property
    def base(self) -> str:
        """The model that is trained further."""
        return self.model.base


AnimalsConfig = PaperAnimalsConfig | CompactAnimalsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalBatches:
    """Batches of people and animals, for the step of Eq. 4."""

    people: LabelledSets
    animals: LabelledSets
    mix: Mix

    @property
    def size_px(self) -> int:
        """Side of the smallest pictures."""
        return self.people.size_px

    def draw(self, draw: Draw) -> DrawnPairs:
        """The parts of a batch, those of people and those of animals."""
        n = self.mix.counts(draw.step)
        people = self.people.draw(draw, (n.heads, n.clips))
        return people, self.animals.draw(draw, (n.animal_heads, n.animal_clips))

    def read(self, drawn: DrawnPairs, device: torch.device) -> PairBatch:
        """The batch on a device, people first."""
        people, animals = drawn
        return concatenate([*self.people.read(people, device), *self.animals.read(animals, device)])

    def first(self, count: int) -> PairBatch:
        """Half animals, half people of the training data."""
        return concatenate([self.animals.first(count // 2), self.people.first(count // 2)])


def config_of_base(preset: Preset) -> type[PaperAnimalsConfig] | type[CompactAnimalsConfig]:
    """The config that the architecture of a base asks for."""
    return CompactAnimalsConfig if preset.family == "compact" else PaperAnimalsConfig


def elsewhere(values: Mapping[str, str]) -> str:
    """Why a value is no option here; nothing where there is nothing to say."""
    for name in LEFT_OUT:
        if f"weights.{name}" in values:
            return (
                f"weights.{name} is {values[f'weights.{name}']}; it stays 0, as L_H, the lip GAN "
                "and L_faceid are left out for animals. Leave the key out."
            )
    return ""


def prepare(config: AnimalsConfig, base: BaseModel) -> Task:
    """The task of a config, on its base, opened, and the data that it names.

    Raises:
        CheckpointError: The base cannot be trained on, or the run has another.
        MediaError: As for `open_animals`.
    """
    run = config.loop.run
    require_same_run(run, {"base": config.base})
    if isinstance(config, PaperAnimalsConfig):
        people = open_sets(config.sets, run)
        return paper_animals_task(config, base, people, open_animals(config, people))
    require_compact(base, config.base)
    people = open_sets(config.sets, run)
    return compact_animals_task(config, base, people, open_animals(config, people))


def paper_animals_task(
    config: PaperAnimalsConfig, base: BaseModel, people: Sets, animals: Sets
) -> Task:
    """The step of Eq. 4 on a base of the paper's architecture, with animals in each batch."""
    training, trained = config.training, trainable_preset(base.preset)
    initial = paper.initialise(training, trained, init=base.networks)
    preset = replace(trained, name=f"{trained.name}-animal", space=ANIMAL_SPACE)
    batches = AnimalBatches(
        people=LabelledSets(sets=people, motion_network=initial.criteria.motion_network),
        animals=LabelledSets(sets=animals, motion_network=None),
        mix=_mix(config, training.optimiser.batches.batch, people, animals),
    )
    step = paper.training_step(preset, batches, initial.criteria, config.weights)
    metadata = paper.paper_metadata(
        _trained_note(config),
        initial.criteria,
        rendered=bool(config.sets.data) or animals.rendered is not None,
    )
    return paper.assemble(
        training,
        initial,
        step,
        metadata,
        notes=paper.notes(initial, step, config.weights, people),
        others={name: network for name, network in base.networks.items() if name not in NETWORKS},
    )


def compact_animals_task(
    config: CompactAnimalsConfig, base: BaseModel, people: Sets, animals: Sets
) -> Task:
    """The steps of the compact networks on a compact base, with animals in each batch.

    Raises:
        MediaError: M is to learn, and heads of people or of animals are not rendered.
    """
    batches, run = config.batches, config.loop.run
    if batches.motion_batch and (people.rendered is None or animals.rendered is None):
        raise MediaError(
            "motion_batch is above 0, but M learns from rendered heads of people and of animals "
            "alone; give both (data=FOLDER, and a folder of train.render --animals 1 among "
            "animals), or leave motion_batch out."
        )
    mix = _mix(config, batches.batch, people, animals)
    sources = _mixed_sources(mix, people, animals)
    networks = compact.initial_networks(
        base.preset, config.loop.seed, sources, [(base.networks, compact.NETWORKS)]
    )
    networks[MOTION].requires_grad_(bool(batches.motion_batch))
    steps: list[Step] = []
    if batches.motion_batch:
        steps.append(compact.motion_half(sources, batches, MotionWeights(pose=0.0)))  # L_H
    steps.append(compact.picture_half(sources, batches, config.picture_weights, base.preset))

    def write(average: Networks) -> Path:
        kept = {**base.networks, MOTION: average[MOTION]} if batches.motion_batch else base.networks
        whole = merged(BaseModel(base.preset, kept), average)
        return write_model(run, base.preset, whole, _trained_note(config))

    return Task(
        networks=networks,
        groups=compact.parameter_groups(
            config.rates, motion=bool(batches.motion_batch), picture=PICTURE
        ),
        steps=tuple(steps),
        sample_grid=partial(sample_grid, sources, config.picture_weights),
        write=write,
    )


def _mixed_sources(mix: Mix, people: Sets, animals: Sets) -> CompactSources:
    heads: RenderedHeads | MixedHeads | None = people.rendered or animals.rendered
    if people.rendered is not None and animals.rendered is not None:
        heads = MixedHeads(mix, people.rendered, animals.rendered)
    clips: PairSource | None = people.clips or animals.clips
    if people.clips is not None and animals.clips is not None:
        clips = MixedClips(mix, people.clips, animals.clips)

    def clips_in_step(step: int, batch: int) -> int:
        del batch
        counts = mix.counts(step)
        return counts.clips + counts.animal_clips

    return CompactSources(heads=heads, clips=clips, clips_in_step=clips_in_step, clips_from=0)


def open_animals(config: AnimalsConfig, people: Sets) -> Sets:
    """The animals' sets, with pictures as large as the originals'.

    Raises:
        MediaError: As for `animal_folders` and `open_sets`, rendered animals are of another size,
            or clips cannot be stored with that of the originals.
    """
    side = next(s.size_px for s in (people.rendered, people.clips) if s is not None)
    rendered, others = animal_folders(config.animals.animals)
    heads = None
    if rendered:
        heads = RenderedSet(rendered, same_pose_fraction=config.sets.same_pose_fraction)
    if heads is not None and heads.size_px != side:
        raise MediaError(
            f"{', '.join(map(str, rendered))} has pictures of {heads.size_px} px and the original "
            f"data of {side}; one size is expected. Render the animals with {side} px."
        )
    if not others:
        return Sets(heads, None)
    if side % SIZE_STEP_PX:
        raise MediaError(
            f"The original data has pictures of {side} px, and clips of animals are stored with as "
            f"many; a multiple of {SIZE_STEP_PX} is expected. Render the original data with --size "
            "128 or 256."
        )
    run = config.loop.run
    of_clips = DataConfig(
        clips=",".join(map(str, others)),
        image_fraction=config.sets.image_fraction,
        clip_px=side,
        cache=config.animals.animal_cache or str(run / CACHE_NAME),
    )
    return Sets(heads, open_sets(of_clips, run).clips)


def _mix(config: AnimalsConfig, batch: int, people: Sets, animals: Sets) -> Mix:
    """That of a run."""
    kinds = [(s.rendered is not None, s.clips is not None) for s in (people, animals)]
    return Mix(batch, config.animals.animal_fraction, config.sets.clip_fraction, kinds[0], kinds[1])


def _trained_note(config: AnimalsConfig) -> str:
    return f"animals {config.loop.length} of {Path(config.base).name}"


def cost(config: AnimalsConfig, base: BaseModel) -> str:
    """What a step of one process takes, for a dry run; of M's part only that it is there."""
    sets = noise_sets(config.sets, config.sets.clip_px)
    if isinstance(config, PaperAnimalsConfig):
        training = config.training.for_processes(num_processes())
        one = replace(config, training=training.of_one_pair())
        batch = training.optimiser.batches.batch
        parts = [("pair", batch, lambda: paper_animals_task(one, base, sets, sets))]
        return step_cost(parts).summary(training.loop.accumulate)
    require_compact(base, config.base)
    batches = replace(config.batches, batch=1, motion_batch=0)
    alone = replace(config, batches=batches)
    parts = [("pair", config.batches.batch, lambda: compact_animals_task(alone, base, sets, sets))]
    return step_cost(parts).summary(config.loop.accumulate)
