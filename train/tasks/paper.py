"""Stage 1 as the paper has it: Eq. 2 to 4 on the paper's networks, from scratch (Sec. 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import torch
from torch import nn

from liveportrait_core.config.fields import (
    OptionError,
    check_options,
    option,
    section,
    shared,
    specs_of,
)
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from ..data.sets import DataConfig, Sets
from ..engine.distributed import num_processes
from ..engine.loop import LoopConfig
from ..engine.task import Networks, ParameterGroup, Task
from ..losses.paper_terms import PaperWeights, paper_terms
from ..models.discriminators import CascadeDiscriminators
from ..models.export import write_both
from ..models.presets import PAPER_PRESETS
from ..models.pretrained.convnext import begin_trunk
from ..models.runs import CREDIT, initialise_from, open_networks
from ..models.spectral_norm import add_spectral_norm
from .batching import ADAM, LR, ONE, SharedBatch
from .compact import CompactConfig
from .cost import noise_sets, step_cost
from .criteria import Criteria, CriteriaOptions, load_criteria, open_labelled
from .paper_step import (
    DISCRIMINATORS,
    NETWORKS,
    LabelledSets,
    PairBatches,
    PaperBatches,
    PaperTrainingStep,
)
from .validation import BEST_NAME, KeepBest, Validation, ValidationConfig

GRID_PAIRS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOptimiser:
    """Batches and rates of Eq. 4."""

    batches: SharedBatch = shared(SharedBatch)
    lr: float = option(LR, "learning rate of F, M, W and G", above=0)
    discriminator_lr: float = option(LR, "learning rate of the discriminators", above=0)
    clip_norm: float = option(
        10.0,
        "gradients are scaled down to this norm, F to G as one and the discriminators as one",
        above=0,
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTraining:
    """What all training by Eq. 4 has, from scratch and on animals."""

    loop: LoopConfig = shared(LoopConfig, final_lr_fraction=1.0, ema_decay=0.999)
    sets: DataConfig = shared(DataConfig, clip_px=512)
    optimiser: PaperOptimiser = shared(PaperOptimiser)
    criteria: CriteriaOptions = shared(CriteriaOptions)
    validation: ValidationConfig = shared(ValidationConfig)

    def for_processes(self, count: int) -> PaperTraining:
        """The same with the parts in which `count` processes take `total_batch` together.

        Raises:
            OptionError: They cannot.
        """
        batches, loop = self.optimiser.batches.shared(count, self.loop)
        return replace(self, loop=loop, optimiser=replace(self.optimiser, batches=batches))

    def of_one_pair(self) -> PaperTraining:
        """The same with one pair a step and no validation, to measure its cost."""
        return replace(
            self,
            optimiser=replace(self.optimiser, batches=ONE),
            sets=replace(self.sets, clip_fraction=1.0 if self.sets.clips else 0.0),
            validation=ValidationConfig(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperConfig:
    """Stage 1 of the paper: F, M, W and G of the paper's architecture by Eq. 4.

    The compact networks that ship are trained by train.compact.
    """

    training: PaperTraining = shared(PaperTraining)
    preset: Literal["paper", "tiny"] = option(
        "paper", "sizes: those of the paper, or a sixteenth of the channels to try things out"
    )
    init: str = option(
        "", "run, model file or published folder of the initial F, M, W and G", place=True
    )
    trunk: str = option(
        "", "ConvNeXt-V2 file (timm's or the original keys) that M's trunk begins with", place=True
    )
    arcface: str = option("", "ArcFace file (InsightFace's iresnet keys) for L_faceid", place=True)
    weights: PaperWeights = section(PaperWeights)

    def __post_init__(self) -> None:
        check_options(self)
        if self.weights.face_id and not self.arcface:
            raise OptionError(
                "weights.face_id is above 0, and there is no recognition network; give "
                "arcface=FILE, or weights.face_id=0 to train without L_faceid."
            )

    @property
    def loop(self) -> LoopConfig:
        """Of the training loop."""
        return self.training.loop

    def for_processes(self, count: int) -> PaperConfig:
        """As `PaperTraining.for_processes`."""
        return replace(self, training=self.training.for_processes(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialState:
    """What training starts from."""

    networks: Networks
    criteria: Criteria
    validation: Validation | None


def elsewhere(values: Mapping[str, str]) -> str:
    """Which command takes values that only the compact networks know; nothing for others."""
    own, compact = ({spec.key for spec in specs_of(kind)} for kind in (PaperConfig, CompactConfig))
    foreign = [key for key in values if key in compact - own]
    if values.get("preset") == "small":
        foreign.append("preset=small")
    if not foreign:
        return ""
    return (
        f"{foreign[0]} is of the compact networks, and this command trains those of the paper. "
        "Use python -m train.compact."
    )


def prepare(config: PaperConfig) -> Task:
    """The task of a config, on the data that it names.

    Raises:
        MediaError: Losses ask for what neither the data nor a network says.
    """
    training = config.training
    landmark_model = training.criteria.landmark_model
    sets = open_labelled(training.sets, training.loop.run, config.weights, landmark_model)
    return paper_task(config, sets)


def paper_task(config: PaperConfig, sets: Sets) -> Task:
    """Networks, batches, the table of Eq. 4 and its step, put together."""
    training, preset = config.training, PAPER_PRESETS[config.preset]
    init = open_networks(config.init) if config.init else None
    initial = initialise(training, preset, init=init, trunk=config.trunk, arcface=config.arcface)
    batches = PaperBatches(
        sets=LabelledSets(sets=sets, motion_network=initial.criteria.motion_network),
        batch=training.optimiser.batches.batch,
        clips_in_step=training.sets.unlabelled_count,
    )
    weights = config.weights.known_faces(is_known=bool(config.arcface))
    step = training_step(preset, batches, initial.criteria, weights)
    metadata = paper_metadata(
        f"stage1 {config.preset} {config.loop.length}",
        initial.criteria,
        rendered=bool(training.sets.data),
    )
    return assemble(training, initial, step, metadata, notes=notes(initial, step, weights, sets))


def initialise(
    training: PaperTraining,
    preset: Preset,
    *,
    init: Networks | None,
    trunk: str = "",
    arcface: str = "",
    spectral: bool = True,
) -> InitialState:
    """Networks as training begins with them (`initial_networks`), and those that only compare.

    Raises:
        CheckpointError: A file cannot be read, or is of another form.
        MediaError: The validation pairs cannot be opened.
    """
    torch.manual_seed(training.loop.seed)
    criteria = load_criteria(training.criteria, arcface)
    validation = Validation.open(
        training.validation,
        training.loop.run,
        training.sets.clip_px,
        motion_network=criteria.motion_network,
        distance=criteria.distance,
        batch=training.optimiser.batches.batch,
    )
    networks = initial_networks(preset, init, trunk, spectral=spectral)
    return InitialState(networks=networks, criteria=criteria, validation=validation)


def assemble(
    training: PaperTraining,
    initial: InitialState,
    step: PaperTrainingStep,
    metadata: Mapping[str, str],
    *,
    notes: tuple[str, ...],
    others: Networks | None = None,
) -> Task:
    """The task of a step.

    Args:
        training: Says how it learns.
        initial: What it starts from.
        step: Batches and losses.
        metadata: What the written model says of its training.
        notes: What to say of the run.
        others: Networks that are written beside those that learn.
    """
    run, validation = training.loop.run, initial.validation

    def write(folder: Path, average: Networks, metadata: Mapping[str, str]) -> Path:
        networks = {**(others or {}), **{name: average[name] for name in NETWORKS}}
        return write_both(folder, step.preset, networks, metadata)

    def write_best(average: Networks, done: int) -> Path:
        return write(run / BEST_NAME, average, {**metadata, "note": f"best at step {done}"})

    def grid(average: Networks) -> Pixels:
        if validation is None:
            return step.sample_grid(step.batches.first(GRID_PAIRS), average)
        return step.sample_grid(validation.pairs[:GRID_PAIRS], average)

    return Task(
        networks=initial.networks,
        groups=parameter_groups(training.optimiser),
        steps=(step,),
        frozen=initial.criteria.networks,
        sample_grid=grid,
        watch=None if validation is None else KeepBest(validation, step.reconstruct, write_best),
        write=lambda average: write(run, average, metadata),
        notes=notes,
    )


def initial_networks(
    preset: Preset, init: Networks | None, trunk: str = "", *, spectral: bool = True
) -> dict[str, nn.Module]:
    """F, M, W, G and the discriminators as training begins with them.

    Args:
        preset: Of the networks.
        init: Trained F, M, W and G, or None.
        trunk: ConvNeXt-V2 file for M, or "".
        spectral: Put G under spectral norm, as the published one was.

    Raises:
        CheckpointError: The initial weights cannot be read, or are of another form.
    """
    built = build(preset)
    networks = {name: built[name] for name in NETWORKS}
    if trunk:
        begin_trunk(networks["motion"], trunk)
    if init is not None:
        for name, network in networks.items():
            initialise_from(network, init[name])
    if spectral:
        add_spectral_norm(networks["decoder"])
    return {**networks, DISCRIMINATORS: CascadeDiscriminators(preset.width)}


def training_step(
    preset: Preset, batches: PairBatches, criteria: Criteria, weights: PaperWeights
) -> PaperTrainingStep:
    """The step with the table of Eq. 4."""
    return PaperTrainingStep(
        preset=preset,
        batches=batches,
        terms=paper_terms(weights, criteria.distance, criteria.options.objective),
        arcface=criteria.arcface,
        penalised=bool(weights.gradient_penalty),
        bent=criteria.options.splines,
    )


def parameter_groups(optimiser: PaperOptimiser) -> tuple[ParameterGroup, ...]:
    """F, M, W and G as one, and the discriminators."""
    rates = ((NETWORKS, optimiser.lr), ((DISCRIMINATORS,), optimiser.discriminator_lr))
    return tuple(
        ParameterGroup(
            modules=names,
            lr=lr,
            optimiser=replace(ADAM, clip_norm=optimiser.clip_norm),
        )
        for names, lr in rates
    )


def paper_metadata(trained: str, criteria: Criteria, *, rendered: bool) -> dict[str, str]:
    """What the written model says of its training."""
    stored = {
        "trained": trained,
        "perceptual": criteria.distance.name,
        "gan": criteria.options.objective,
    }
    return {**stored, "credit": CREDIT} if rendered else stored


def notes(
    initial: InitialState, step: PaperTrainingStep, weights: PaperWeights, sets: Sets
) -> tuple[str, ...]:
    """What is not as the paper has it, a line each."""
    criteria = initial.criteria
    lines = [f"L_P compares by: {criteria.distance.name}"]
    if step.compared_px < step.preset.output_size_px:
        lines.append(
            f"the data has {step.compared_px} px, G decodes {step.preset.output_size_px}: "
            f"pictures are compared at {step.compared_px}"
        )
    if criteria.arcface is None:
        lines.append("L_faceid counts 0: no arcface=FILE")
    elif not weights.face_id:
        lines.append("L_faceid is measured but counts 0: weights.face_id=0")
    if sets.clips is not None and sets.clips.is_labelled:
        lines.append("L_H and L_guide of clips: by their stored pose and landmarks")
    elif sets.clips is not None and criteria.motion_network is None:
        lines.append("L_H and L_guide are 0 for clips: no landmark_model for pose and landmarks")
    if initial.validation is None:
        lines.append("no validation_data and no validation_clips: no best state is kept")
    return tuple(lines)


def cost(config: PaperConfig) -> str:
    """What a step of one process takes, for a dry run."""
    training = config.training.for_processes(num_processes())
    one = replace(config, training=training.of_one_pair())
    sets = noise_sets(training.sets, training.sets.clip_px)
    batch, preset = training.optimiser.batches.batch, PAPER_PRESETS[config.preset]
    costs = step_cost([("pair", batch, lambda: paper_task(one, sets))])
    pictures = (
        f"pictures of a part: ({batch}, 3, {preset.face_size_px}, {preset.face_size_px}) in, "
        f"({batch}, 3, {preset.output_size_px}, {preset.output_size_px}) out"
    )
    split = config.training.optimiser.batches.split(config.loop.accumulate)
    return "\n".join([costs.summary(training.loop.accumulate), pictures, split])
