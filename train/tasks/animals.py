"""Fine-tune a model on animals mixed with the data it was trained on (App. D).

    python -m train.animals run=runs/cats base=default animals=cats,runs/creatures data=runs/heads
    python -m train.animals run=runs/pets base=human animals=pets clips=films steps=20000

Without L_H, the lip GAN and L_faceid. A published base goes on as `train.stage1_published` trained
it. A compact base learns by the rows of `train.stage1` and without discriminators: F, W and G; M
stays, and with it S, R_eyes and R_lip go on to fit. Its keypoints have names, and only renderings
say where these are: M learns (`motion_batch`) where both people and animals are rendered, so that
it neither drifts from the names nor forgets people, who do the driving.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.errors import CheckpointError, LivePortraitError, MediaError
from liveportrait_core.model import load_model
from liveportrait_core.preset import Preset

from ..data.batch import PairBatch, concatenate
from ..data.mixed import Mix, MixedClips, MixedHeads, places_of
from ..data.rendered import RenderedSet
from ..data.sets import DataConfig, Sets, open_sets
from ..data.source import PairSource, first_pairs
from ..engine import checkpoint
from ..engine.config import given, parse
from ..engine.cost import noise_sets, step_cost
from ..engine.distributed import is_first_process, num_processes
from ..engine.draw import Draw
from ..engine.loop import fit
from ..losses.compact_motion_terms import MotionWeights
from ..losses.compact_picture_terms import PictureWeights
from ..losses.paper_terms import PaperWeights
from ..models.presets import PUBLISHED
from ..models.runs import (
    CREDIT,
    MODEL_NAME,
    Base,
    preset_of,
    refuse_another_run,
    trained_networks,
    write_model,
)
from .compact import MOTION, Stage1, Stage1Config
from .finetune import OfBase, merged, open_base
from .paper import PublishedStage1
from .paper_parts import NETWORKS, PublishedConfig

COMMAND = "python -m train.animals"
CACHE_NAME = "animal-clips"
"""In the folder of a run, unless `animal_cache` names another place."""
LEFT_OUT = ("head_pose", "gan_lip", "face_id")
"""Rows of Eq. 4 that count 0 here: animals' poses are not read well, their lips are other lips, and
no network knows one from the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalWeights(PaperWeights):
    """Eq. 4 without L_H, the lip GAN and L_faceid."""

    head_pose: float = 0.0
    """L_H: stays 0."""
    gan_lip: float = 0.0
    """L_G by D_lip, with its feature matching: stays 0."""
    face_id: float = 0.0
    """L_faceid: stays 0."""

    def __post_init__(self) -> None:
        PaperWeights.__post_init__(self)
        for name in LEFT_OUT:
            if getattr(self, name):
                raise ValueError(
                    f"weights.{name} is {getattr(self, name)}; it stays 0, as L_H, the lip GAN and "
                    "L_faceid are left out for animals. Leave the key out."
                )


@dataclass(frozen=True, kw_only=True)
class _AnimalKeys:
    """What both kinds of base share."""

    base: str = "default"
    """Model to begin with: default, a model file, a published folder or name, or a run of stage 1.
    `base=... --help` lists the settings for it."""
    animals: str
    """Folders of films and pictures of one animal each, folders of train.curate, or folders of
    train.render --animals 1, separated by commas."""
    animal_share: float = 0.5
    """Share of animals among the pairs of each batch; the others are the original data."""
    animal_cache: str = ""
    """Where prepared films and pictures of animals are kept; by default in the run's folder."""

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: A key of these is wrong.
        """
        if not self.animals:
            raise ValueError("animals is empty; give animals=FOLDER with films or pictures.")
        if not 0 < self.animal_share <= 1:
            raise ValueError(
                f"animal_share must be above 0 and at most 1, got {self.animal_share}; 0.5 is half."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAnimalsConfig(_AnimalKeys, PublishedConfig):
    """Fine-tuning a published model, or one built like it, on animals.

    `data` and `clips` are the original data, at least one of them; `clip_share` and `image_share`
    hold for the animals too, where they are of both kinds.
    """

    preset: str = "paper"
    """That of the base; found out when left out."""
    init: str = ""
    """Not here: `base` says it."""
    trunk: str = ""
    """Not here: the base has one."""
    arcface: str = ""
    """Not here: L_faceid is left out."""
    weights: AnimalWeights = field(default_factory=AnimalWeights)
    """Weights of Eq. 4."""

    def __post_init__(self) -> None:
        self.check()
        wrong = [name for name in ("init", "trunk", "arcface") if getattr(self, name)]
        if wrong:
            raise ValueError(f"{wrong[0]} is a key of stage 1 and has no use here; leave it out.")
        PublishedConfig.__post_init__(self)

    @property
    def begins_with(self) -> str:
        """The base."""
        return self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactAnimalsConfig(_AnimalKeys, DataConfig):
    """Fine-tuning a compact model on animals.

    `data` and `clips` are the original data, at least one of them; `clip_share` and `image_share`
    hold for the animals too, where they are of both kinds.
    """

    batch: int = 4
    """Pairs per step and process."""
    motion_batch: int = 0
    """Rendered frames per step and process for M, people and animals by `animal_share`; 0 leaves M
    as it is. Needs rendered heads of both."""
    clip_frames: int = 4
    """Frames of clips that M reads besides (L_E), where it learns and there are clips."""
    lr: float = 3e-4
    """AdamW learning rate of F, W and G."""
    motion_lr: float = 3e-4
    """AdamW learning rate of M."""
    picture_weights: PictureWeights = field(default_factory=PictureWeights)
    """Weights of the losses of F, W and G, as in stage 1; there are no discriminators."""

    def __post_init__(self) -> None:
        self.check()
        DataConfig.__post_init__(self)
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}.")

    def stage1(self, preset: Preset, mix: Mix) -> Stage1Config:
        """Stage 1 on the same sets and animals, from the base's networks."""
        names = (*(entry.name for entry in fields(DataConfig)), "batch", "motion_batch")
        names += ("clip_frames", "lr", "motion_lr", "picture_weights")
        return _OnMix(
            **{name: getattr(self, name) for name in names},
            built=preset,
            mix=mix,
            init=self.base,
            own_keypoints_from=0,
            motion_weights=MotionWeights(pose=0.0),  # L_H
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnMix(OfBase):
    """Stage 1 on networks of the base's form and on batches with animals."""

    mix: Mix

    def unlabelled_count(self, step: int, batch: int) -> int:
        """Clips of people and animals."""
        del batch
        counts = self.mix.counts(step)
        return counts.clips + counts.animal_clips


class PublishedAnimals(PublishedStage1):
    """The task for a published base: stage 1's, with pairs of animals in each batch."""

    def __init__(self, config: PublishedAnimalsConfig, originals: Sets, animals: Sets) -> None:
        super().__init__(config, originals.rendered, originals.clips)
        self.animals, self.mix = animals, _mix(config, originals, animals)
        self.preset = replace(self.preset, name=f"{self.preset.name}-animal", space=ANIMAL_SPACE)
        others = trained_networks(config.base).items()
        self.kept = {name: network for name, network in others if name not in NETWORKS}

    @property
    def metadata(self) -> dict[str, str]:
        """What the written model says of its training."""
        told = {**super().metadata, "trained": _told(self.config.steps, self.config.begins_with)}
        return {**told, "credit": CREDIT} if self.animals.rendered is not None else told

    def _drawn(self, draw: Draw) -> PairBatch:
        """A batch of people and animals; nobody tells pose and landmarks of filmed animals."""
        n, more = self.mix.counts(draw.step), self.animals
        people = self._parts(draw, (n.heads, n.clips), self.data, self.clips, self.reader)
        counts = (n.animal_heads, n.animal_clips)
        return concatenate([*people, *self._parts(draw, counts, more.rendered, more.clips, None)])

    def _shown(self, count: int) -> PairBatch:
        """Half animals, half people of the training data."""
        half, more = count // 2, self.animals
        people = first_pairs((self.data, self.clips), self.reader, half)[:half]
        return concatenate([first_pairs((more.rendered, more.clips), None, half)[:half], people])


class CompactAnimals(Stage1):
    """The task for a compact base."""

    def __init__(
        self, config: CompactAnimalsConfig, preset: Preset, originals: Sets, animals: Sets
    ) -> None:
        """Begin with the base's weights.

        Raises:
            MediaError: M is to learn, and heads of people or of animals are not rendered.
        """
        people, more = originals, animals
        if config.motion_batch and (people.rendered is None or more.rendered is None):
            raise MediaError(
                "motion_batch is above 0, but M learns from rendered heads of people and of "
                "animals alone; give both (data=FOLDER, and a folder of train.render --animals 1 "
                "among animals), or leave motion_batch out."
            )
        mix = _mix(config, originals, animals)
        heads, clips = people.rendered or more.rendered, people.clips or more.clips
        if people.rendered is not None and more.rendered is not None:
            heads = MixedHeads(mix, people.rendered, more.rendered)
        mixed: PairSource | None = clips
        if people.clips is not None and more.clips is not None:
            mixed = MixedClips(mix, people.clips, more.clips)
        super().__init__(config.stage1(preset, mix), heads, mixed)
        self.modules[MOTION].requires_grad_(bool(config.motion_batch))


def open_animals(config: PublishedAnimalsConfig | CompactAnimalsConfig, originals: Sets) -> Sets:
    """The animals' sets, with pictures as large as the originals'.

    Raises:
        MediaError: As for `places_of` and `open_sets`, or rendered animals are of another size.
    """
    side = next(s.size_px for s in (originals.rendered, originals.clips) if s is not None)
    rendered, others = places_of(config.animals)
    heads = None
    if rendered:
        heads = RenderedSet(rendered, same_pose_share=config.same_pose_share)
    if heads is not None and heads.size_px != side:
        raise MediaError(
            f"{', '.join(map(str, rendered))} has pictures of {heads.size_px} px and the original "
            f"data of {side}; one size was wanted. Render the animals with {side} px."
        )
    if not others:
        return Sets(heads, None)
    of_clips = DataConfig(
        run=config.run,
        steps=config.steps,
        clips=",".join(map(str, others)),
        image_share=config.image_share,
        clip_px=side,
        cache=config.animal_cache or str(config.run / CACHE_NAME),
    )
    return Sets(heads, open_sets(of_clips).clips)


def _mix(
    config: PublishedAnimalsConfig | CompactAnimalsConfig, originals: Sets, animals: Sets
) -> Mix:
    """That of a run."""
    kinds = [(s.rendered is not None, s.clips is not None) for s in (originals, animals)]
    return Mix(config.batch, config.animal_share, config.clip_share, kinds[0], kinds[1])


def _told(steps: int, base: str) -> str:
    return f"animals {steps} of {Path(base).name}"


def _preset_of_base(place: str) -> Preset:
    folder = Path(place)
    return preset_of(folder) if (folder / checkpoint.NAME).is_file() else load_model(place).preset


def _published_cost(config: PublishedAnimalsConfig) -> str:
    """What a step of one process takes, for a dry run."""
    one = replace(config, batch=1, total_batch=0, validation_data="", validation_clips="")
    sets = noise_sets(config, config.clip_px)
    cost = step_cost([("pair", config.batch, lambda: PublishedAnimals(one, sets, sets))])
    return cost.told(config.for_processes(num_processes()).accumulate)


def _compact_cost(config: CompactAnimalsConfig) -> str:
    """What a step takes, for a dry run; of M's part only that it is there."""
    preset, sets = _preset_of_base(config.base), noise_sets(config, config.clip_px)
    one = replace(config, batch=1, motion_batch=0)
    parts = [("pair", config.batch, lambda: CompactAnimals(one, preset, sets, sets))]
    return step_cost(parts).told(config.accumulate)


def _published(arguments: list[str], preset: Preset) -> Path:
    """Fine-tune a published base; our file of the result, whose published layout lies beside."""
    names = [name for name, known in PUBLISHED.items() if known.width == preset.width]
    if not names:
        raise CheckpointError(
            f"The base has {preset.width:g} times the published channels; 1 or 1/16 was wanted."
        )
    arguments = [f"preset={names[0]}", *arguments]
    config = parse(PublishedAnimalsConfig, arguments, COMMAND, _published_cost)
    try:
        config = config.for_processes(num_processes())
    except ValueError as error:
        raise LivePortraitError(str(error)) from None
    refuse_another_run(config.run, {"base": config.base})
    originals = open_sets(config)
    task = PublishedAnimals(config, originals, open_animals(config, originals))
    average = fit(task, config)
    if not is_first_process():
        return config.run / MODEL_NAME
    return task.write(config.run, average)


def _compact(arguments: list[str]) -> Path:
    """Fine-tune a compact base; the file of all its networks, float16."""
    config = parse(CompactAnimalsConfig, arguments, COMMAND, _compact_cost)
    refuse_another_run(config.run, {"base": config.base})
    base, originals = open_base(config.base), open_sets(config)
    task = CompactAnimals(config, base.preset, originals, open_animals(config, originals))
    learnt = fit(task, config)
    if not is_first_process():
        return config.run / MODEL_NAME
    if config.motion_batch:
        base = Base(base.preset, {**base.networks, MOTION: learnt[MOTION]})
    trained = _told(config.steps, config.base)
    return write_model(config.run, base.preset, merged(base, learnt), trained)


def main(arguments: list[str]) -> int:
    """Fine-tune by KEY=VALUE arguments and write the model; 0, or 2 with one sentence."""
    try:
        preset = _preset_of_base(given(arguments, "base") or "default")
        compact = preset.family == "compact"
        print(_compact(arguments) if compact else _published(arguments, preset))
    except (LivePortraitError, FloatingPointError, OSError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 2
    return 0
