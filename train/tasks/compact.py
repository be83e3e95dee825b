"""The compact networks that ship: F, M, W and G on rendered heads and on folders of clips.

M learns from the renderer's keypoints, pose and openness. F, W and G learn to reconstruct the
driving frame of a pair from its source, with the renderer's flow and visibility as guides.

Of clips only the terms that compare pictures count. M goes on learning from rendered frames; of
clips it learns that its keypoints move with the picture (L_E). Without rendered heads M stays as
`init` gave it: L_E alone would let the keypoints drift from what they are named after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from liveportrait_core.config.fields import OptionError, check_options, option, section, shared
from liveportrait_core.errors import MediaError
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.preset import COMPACT, Preset

from ..data.sets import DataConfig, Sets, open_sets
from ..engine import checkpoint
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Networks, ParameterGroup, Step, Task
from ..losses.compact_field_terms import field_terms
from ..losses.compact_motion_terms import MotionWeights, equivariance_terms, motion_terms
from ..losses.compact_picture_terms import (
    adversarial_terms,
    picture_terms,
    unlabelled_terms,
)
from ..losses.picture_weights import PictureWeights
from ..models.discriminators import Discriminators
from ..models.presets import DETAIL_PX, SHIPPED_EYES_PX, SHIPPED_MOUTH_PX, check_window_px
from ..models.pretrained.picture_features import PyramidDistance
from ..models.runs import GROWTH, initialise_from, open_networks, write_model
from .compact_steps import (
    DISCRIMINATORS,
    FIELD,
    MOTION,
    PICTURE,
    CompactBatches,
    CompactSources,
    FieldHalf,
    MotionHalf,
    PictureHalf,
    motion_network,
    reconstruct,
    sample_grid,
)
from .cost import noise_sets, step_cost
from .validation import BEST_NAME, KeepBest, Validation, ValidationConfig

NETWORKS = (MOTION, *PICTURE)
SHIPPED_PROBES = 10
"""Depth probes of the model that ships."""
SHIPPED_RELIEF_BLOCKS = 4
"""Relief blocks of the model that ships."""
MOTION_OPTIMISER = AdamW(betas=(0.9, 0.98), weight_decay=1e-3, clip_norm=10.0)
"""Of M: it learns from exact keypoints, with larger gradients and more to unlearn."""
PICTURE_OPTIMISER = AdamW()
"""Of F, W and G."""
DISCRIMINATOR_OPTIMISER = AdamW(betas=(0.0, 0.99))
"""Of the discriminators: no first moment, as what they compare changes with every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactRates:
    """AdamW learning rates."""

    lr: float = option(1e-3, "learning rate of F, W and G", above=0)
    motion_lr: float = option(2e-3, "learning rate of M", above=0)
    discriminator_lr: float = option(4e-4, "learning rate of the discriminators", above=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactConfig:
    """The compact networks on rendered heads, on folders of pictures and videos, or on both."""

    loop: LoopConfig = shared(LoopConfig)
    sets: DataConfig = shared(DataConfig)
    init: str = option(
        "",
        "run folder or model file of the initial F, M, W and G; by default from scratch",
        place=True,
    )
    init_motion: str = option("", "the same for M alone, over what init gave", place=True)
    detail_px: int = option(
        COMPACT.detail_px,
        "side at which M reads and G decodes, 128 or 256",
        minimum=DETAIL_PX[0],
        maximum=DETAIL_PX[1],
        unit="px",
    )
    blocks: int = option(
        COMPACT.blocks, "residual blocks beyond the first form of the networks", minimum=0
    )
    depth_probes: int = option(
        SHIPPED_PROBES,
        "depths at which W looks for the source's surface behind each driving pixel, 2 or more; 0 "
        "leaves that out",
        minimum=0,
    )
    relief_blocks: int = option(
        SHIPPED_RELIEF_BLOCKS,
        "residual blocks beyond the first form of the network that sees that surface; 0 leaves the "
        "surface at the median of the keypoints' depths",
        minimum=0,
    )
    mouth_px: int = option(
        SHIPPED_MOUTH_PX,
        "side of the window in which the mouth is painted once more; that branch stays as init has "
        "it (train.mouth teaches it); 0 leaves it out",
        minimum=0,
        unit="px",
    )
    eyes_px: int = option(
        SHIPPED_EYES_PX,
        "the same for each eye (train.eyes teaches it)",
        minimum=0,
        unit="px",
    )
    field_only: bool = option(
        False,
        "F and W learn flow, background, head and depth of rendered pairs alone; G is left as it "
        "is and decodes nothing, which makes a step several times faster",
        more=True,
    )
    batches: CompactBatches = shared(CompactBatches)
    rates: CompactRates = shared(CompactRates)
    gan: bool = option(
        False, "train discriminators of face, eyes and lips as well: for the end of training"
    )
    validation: ValidationConfig = shared(ValidationConfig)
    motion_weights: MotionWeights = section(MotionWeights)
    picture_weights: PictureWeights = section(PictureWeights)

    def __post_init__(self) -> None:
        check_options(self)
        if self.detail_px not in DETAIL_PX:
            raise OptionError(f"detail_px is {self.detail_px}; 128 or 256 is expected.")
        if self.depth_probes == 1:
            raise OptionError("depth_probes is 1; 0, or 2 and more are expected. Use 10.")
        check_window_px("mouth_px", self.mouth_px)
        check_window_px("eyes_px", self.eyes_px)
        if self.field_only and (not self.sets.data or self.sets.clips or self.gan):
            raise OptionError(
                "field_only needs rendered heads, whose flow is known, and decodes nothing; give "
                "data=FOLDER, and neither clips nor gan."
            )
        if not self.sets.data and not (self.init or self.init_motion):
            raise OptionError(
                "Without data there is nothing that M could learn its keypoints from; give init, "
                "a trained run or default, or data=FOLDER besides clips."
            )
        if not self.batches.batch and not (self.sets.data and self.batches.motion_batch):
            raise OptionError(
                "batch is 0, which leaves F, W and G as they are, and M learns from data alone; "
                "nothing is left to train. Give a batch, or motion_batch and data=FOLDER."
            )

    @property
    def preset(self) -> Preset:
        """What the networks are built from."""
        grown = {name: getattr(self, name) for name in GROWTH}
        return replace(COMPACT, **grown)


def prepare(config: CompactConfig) -> Task:
    """The task of a config, on the data that it names."""
    return compact_task(config, open_sets(config.sets, config.loop.run))


def compact_task(config: CompactConfig, sets: Sets) -> Task:
    """Networks, sources, loss tables and steps of a config, put together."""
    batches, run = config.batches, config.loop.run
    sources = CompactSources(
        heads=sets.rendered,
        clips=sets.clips,
        clips_in_step=config.sets.unlabelled_count,
        clips_from=batches.own_keypoints_from,
    )
    if checkpoint.is_begun(run):  # its own weights take the place of any others
        networks = _built(config.preset, config.loop.seed)
    else:
        places = ((config.init, NETWORKS), (config.init_motion, (MOTION,)))
        initial = [(open_networks(place), names) for place, names in places if place]
        networks = initial_networks(config.preset, config.loop.seed, sources, initial)
    if config.gan:
        networks[DISCRIMINATORS] = Discriminators()
    distance, pairs = PyramidDistance(), max(1, batches.batch)
    validation = Validation.open(
        config.validation,
        run,
        config.sets.clip_px,
        motion_network=None,
        distance=distance,
        batch=pairs,
    )
    trains_motion = bool(batches.motion_batch and sets.rendered is not None)
    steps: list[Step] = []
    if trains_motion:
        steps.append(motion_half(sources, batches, config.motion_weights))
    weights, preset = config.picture_weights, config.preset
    if batches.batch and config.field_only:
        steps.append(field_half(sources, batches, weights, preset))
    elif batches.batch:
        steps.append(picture_half(sources, batches, weights, preset, gan=config.gan))

    def write(average: Networks, folder: Path, trained: str) -> Path:
        kept = {name: average[name] for name in NETWORKS}
        return write_model(folder, config.preset, kept, trained)

    def write_best(average: Networks, step: int) -> Path:
        return write(average, run / BEST_NAME, f"compact, best at step {step}")

    return Task(
        networks=networks,
        groups=parameter_groups(
            config.rates,
            motion=trains_motion,
            picture=(FIELD if config.field_only else PICTURE) if batches.batch else (),
            discriminators=config.gan,
        ),
        steps=tuple(steps),
        sample_grid=partial(sample_grid, sources, config.picture_weights),
        watch=None if validation is None else KeepBest(validation, reconstruct, write_best),
        write=lambda average: write(average, run, f"compact {config.loop.length}"),
    )


def initial_networks(
    preset: Preset,
    seed: int,
    sources: CompactSources,
    initial: Sequence[tuple[Networks, Sequence[str]]],
) -> dict[str, nn.Module]:
    """F, M, W and G with their initial weights.

    Args:
        preset: Of the networks.
        seed: Of weights that are new.
        sources: Rendered heads among them give an M from scratch their mean canonical keypoints.
        initial: Trained networks, and the names of those that take their weights, in order.

    Raises:
        CheckpointError: The initial weights are of another form.
    """
    networks = _built(preset, seed)
    begins = not any(MOTION in names for _, names in initial)
    if sources.heads is not None and begins:
        motion_network(networks).mean_canonical.copy_(sources.heads.mean_canonical)
    for trained, names in initial:
        for name in names:
            initialise_from(networks[name], trained[name])
    return networks


def _built(preset: Preset, seed: int) -> dict[str, nn.Module]:
    """F, M, W and G, untrained."""
    torch.manual_seed(seed)
    built = build(preset)
    decoder = built["decoder"]
    assert isinstance(decoder, CompactDecoder)
    for branch in (decoder.mouth, decoder.eyes):
        if branch is not None:
            branch.requires_grad_(False)
    return {name: built[name] for name in NETWORKS}


def motion_half(
    sources: CompactSources, batches: CompactBatches, weights: MotionWeights
) -> MotionHalf:
    """The step of M with its tables."""
    return MotionHalf(
        sources=sources,
        batches=batches,
        terms=motion_terms(weights),
        equivariance_terms=equivariance_terms(weights),
    )


def picture_half(
    sources: CompactSources,
    batches: CompactBatches,
    weights: PictureWeights,
    preset: Preset,
    *,
    gan: bool = False,
) -> PictureHalf:
    """The step of F, W and G with its tables.

    Raises:
        MediaError: A relief is to be learned, and the rendered heads have no depth.
    """
    adversarial = adversarial_terms(weights) if gan else ()
    with_relief = learns_relief(preset, sources)
    return PictureHalf(
        sources=sources,
        batches=batches,
        weights=weights,
        terms=picture_terms(weights, with_relief=with_relief) + adversarial,
        unlabelled_terms=unlabelled_terms(weights) + adversarial,
    )


def field_half(
    sources: CompactSources,
    batches: CompactBatches,
    weights: PictureWeights,
    preset: Preset,
) -> FieldHalf:
    """The step of F and W with its table.

    Raises:
        MediaError: A relief is to be learned, and the rendered heads have no depth.
    """
    assert sources.heads is not None
    terms = field_terms(weights, with_relief=learns_relief(preset, sources))
    return FieldHalf(heads=sources.heads, batches=batches, terms=terms)


def learns_relief(preset: Preset, sources: CompactSources) -> bool:
    """Whether F learns the relief of a source; clips alone cannot teach it.

    Raises:
        MediaError: It is to, and the rendered heads have no depth.
    """
    if not preset.depth_probes or sources.heads is None:
        return False
    if not sources.heads.has_depth:
        raise MediaError(
            "The rendered heads have no depth, which a model with depth_probes learns from; a "
            "renderer before the eighth drew some of them. Render them anew with "
            "'python -m train.render', or give depth_probes=0."
        )
    return True


def parameter_groups(
    rates: CompactRates, *, motion: bool, picture: tuple[str, ...], discriminators: bool = False
) -> tuple[ParameterGroup, ...]:
    """Those of the networks that learn."""
    of_motion = ParameterGroup(modules=(MOTION,), lr=rates.motion_lr, optimiser=MOTION_OPTIMISER)
    of_picture = ParameterGroup(modules=picture, lr=rates.lr, optimiser=PICTURE_OPTIMISER)
    of_discriminators = ParameterGroup(
        modules=(DISCRIMINATORS,), lr=rates.discriminator_lr, optimiser=DISCRIMINATOR_OPTIMISER
    )
    groups = ((motion, of_motion), (bool(picture), of_picture), (discriminators, of_discriminators))
    return tuple(group for learns, group in groups if learns)


def cost(config: CompactConfig) -> str:
    """What a step takes, for a dry run."""

    def alone(pairs: int, frames: int) -> Task:
        batches = replace(config.batches, batch=pairs, motion_batch=frames)
        one = replace(config, batches=batches, validation=ValidationConfig())
        return compact_task(one, noise_sets(one.sets, config.detail_px))

    parts = [("pair", config.batches.batch, lambda: alone(1, 0))]
    if config.sets.data:
        parts.append(("frame", config.batches.motion_batch, lambda: alone(0, 1)))
    return step_cost([part for part in parts if part[1]]).summary(config.loop.accumulate)
