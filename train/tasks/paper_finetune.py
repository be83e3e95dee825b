"""Fine-tune F, W and G of a model of the paper's architecture for one person or one style.

The terms of Eq. 4 that compare pictures teach them. M stays as it is, so that keypoints keep what
they mean, and S, R_eyes and R_lip of the base still fit: all four are copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from liveportrait_core.config.fields import check_options, section, shared
from liveportrait_core.media.atomic import make_folder, write_whole

from ..data.sets import Sets, open_sets
from ..engine.distributed import num_processes
from ..engine.loop import LoopConfig
from ..engine.task import Networks, Task
from ..losses.paper_terms import PaperWeights
from ..models.bases import trainable_preset
from ..models.low_rank import add_low_rank, hold_statistics
from ..models.runs import BaseModel
from . import paper
from .compact_steps import MOTION, PICTURE
from .cost import noise_sets, step_cost
from .finetune import LOOP_DEFAULTS, FinetuneBase, num_trained, require_clips, require_videos
from .paper_step import NETWORKS, LabelledSets, PaperBatches

OF_MOTION: Final = ("equivariance", "keypoint_prior", "head_pose", "deformation", "guide")
"""Terms of Eq. 4 that teach M alone, which stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFinetuneConfig:
    """Fine-tuning a model of the paper's architecture on videos of one person or in one style."""

    what: FinetuneBase = shared(FinetuneBase)
    training: paper.PaperTraining = shared(paper.PaperTraining, total_batch=4, **LOOP_DEFAULTS)
    weights: PaperWeights = section(
        PaperWeights,
        fixed={**dict.fromkeys(OF_MOTION, 0.0), "face_id": 0.0},
        gan_global=0.0,
        gan_face=0.0,
        gan_lip=0.0,
    )

    def __post_init__(self) -> None:
        check_options(self)
        require_clips(self.training.sets)

    @property
    def loop(self) -> LoopConfig:
        """Of the training loop."""
        return self.training.loop

    def for_processes(self, count: int) -> PaperFinetuneConfig:
        """As `paper.PaperTraining.for_processes`."""
        return replace(self, training=self.training.for_processes(count))


def prepare(config: PaperFinetuneConfig, base: BaseModel) -> Task:
    """The task of a config, on its base, opened, and the data that it names.

    Raises:
        CheckpointError: The base cannot be fine-tuned, is `out`, or the run has another.
        MediaError: The clips are pictures alone.
    """
    config.what.check(config.loop.run)
    sets = open_sets(config.training.sets, config.loop.run, annotated=True)
    return paper_finetune_task(config, base, sets)


def paper_finetune_task(config: PaperFinetuneConfig, base: BaseModel, sets: Sets) -> Task:
    """The step of Eq. 4 on F, W and G of a base, or on changes of low rank of them.

    Raises:
        CheckpointError: The base is of other sizes.
        MediaError: The clips are pictures alone.
    """
    training, what = config.training, config.what
    require_videos(training.sets, sets)
    preset = trainable_preset(base.preset)
    # without spectral norm, which would make the base's weights others than they are
    initial = paper.initialise(training, preset, init=base.networks, spectral=False)
    initial.networks[MOTION].requires_grad_(False)
    for name in PICTURE:
        if what.rank:
            add_low_rank(initial.networks[name], what.rank)
        else:
            hold_statistics(initial.networks[name])
    batches = PaperBatches(
        sets=LabelledSets(sets=sets, motion_network=initial.criteria.motion_network),
        batch=training.optimiser.batches.batch,
        clips_in_step=training.sets.unlabelled_count,
    )
    step = paper.training_step(preset, batches, initial.criteria, config.weights)
    note = what.note(config.loop)
    task = paper.assemble(
        training,
        initial,
        step,
        paper.paper_metadata(note, initial.criteria, rendered=bool(training.sets.data)),
        notes=(f"{num_trained(_pictures(initial.networks)):,} numbers of F, W and G learn",),
        others={name: network for name, network in base.networks.items() if name not in NETWORKS},
    )
    return replace(task, write=lambda average: _written(task, average, what.path))


def _pictures(networks: Networks) -> Networks:
    """F, W and G."""
    return {name: networks[name] for name in PICTURE}


def _written(task: Task, average: Networks, out: Path | None) -> Path:
    assert task.write is not None
    path = task.write(average)
    if out is None:
        return path
    make_folder(out.parent)
    write_whole(out, path.read_bytes())
    return out


def cost(config: PaperFinetuneConfig, base: BaseModel) -> str:
    """What a step of one process takes, for a dry run."""
    training = config.training.for_processes(num_processes())
    one = replace(config, training=training.of_one_pair())
    sets = noise_sets(training.sets, training.sets.clip_px)
    batch = training.optimiser.batches.batch
    costs = step_cost([("pair", batch, lambda: paper_finetune_task(one, base, sets))])
    return costs.summary(training.loop.accumulate)
