"""Stage 2: the task of S, R_eyes and R_lip over a frozen base."""

from __future__ import annotations

from dataclasses import replace

from liveportrait_core.errors import CheckpointError, MediaError

from ..data.sets import Sets, open_sets
from ..data.source import PairSource
from ..engine.distributed import num_processes
from ..engine.task import AdamW, ParameterGroup, Task
from ..losses.retargeting_terms import STITCHING
from ..models.retargeting_networks import check_resumable, parts_of, retargeting_networks
from ..models.runs import BaseModel, open_model, require_same_run
from .batching import ADAM, ONE
from .cost import noise_sets, step_cost
from .criteria import landmark_networks
from .paper_step import NETWORKS
from .retargeting_step import RetargetingConfig, RetargetingStep

CLIP_NORM = 1.0
"""A fifth of what large networks have, as S, R_eyes and R_lip are small and start at an offset of
nothing."""
OPTIMISERS = {"adam": replace(ADAM, clip_norm=CLIP_NORM), "adamw": AdamW(clip_norm=CLIP_NORM)}


def prepare(config: RetargetingConfig) -> Task:
    """The task of a config, on the base and the data that it names.

    Raises:
        CheckpointError: The run was begun over another base.
    """
    require_same_run(config.loop.run, {"base": config.base})
    base = open_model(config.base)
    return retargeting_task(config, base, open_sets(config.sets, config.loop.run))


def retargeting_task(config: RetargetingConfig, base: BaseModel, sets: Sets) -> Task:
    """The three networks over a base and the step of Eq. 5 and 6, put together.

    Raises:
        CheckpointError: Base, landmark model or init lack networks, or the run trains others.
        MediaError: S is to learn, and nothing moves.
    """
    lacking = [name for name in NETWORKS if name not in base.networks]
    if lacking:
        raise CheckpointError(
            f"{config.base} has no {', no '.join(lacking)}; a run of stage 1 or a whole model is "
            "expected. Name another for base."
        )
    parts = parts_of(config.parts)
    if STITCHING in parts and sets.rendered is None and sets.clips is not None:
        _require_motion(sets.clips)
    of_paper = base.preset.family == "published"
    step = RetargetingStep(
        config=config,
        sets=sets,
        preset=base.preset,
        base={name: base.networks[name] for name in NETWORKS},
        landmark_networks=landmark_networks(config.landmark_model) if of_paper else None,
    )
    networks = retargeting_networks(
        base.preset, parts, config.init, base.networks, config.loop.seed
    )
    check_resumable(config.loop.run, parts, tuple(networks))
    optimiser = OPTIMISERS[config.optimiser]
    return Task(
        networks=networks,
        groups=(ParameterGroup(modules=parts, lr=config.lr, optimiser=optimiser),),
        steps=(step,),
        frozen=step.frozen,
        sample_grid=step.sample_grid,
        write=step.write,
    )


def _require_motion(clips: PairSource) -> None:
    if not clips.has_motion:
        raise MediaError(
            "The clips are pictures alone, and S needs faces that move to be driven by. Add "
            "videos to clips, or data=FOLDER of train.render."
        )


def cost(config: RetargetingConfig) -> str:
    """What a step of one process takes, for a dry run."""
    config = config.for_processes(num_processes())
    sets = replace(config.sets, clip_fraction=1.0 if config.sets.clips else 0.0)
    one = replace(config, batches=ONE, sets=sets)
    noise, base = noise_sets(sets, sets.clip_px), open_model(config.base)
    task = retargeting_task(one, base, noise)
    return step_cost([("face", config.batches.batch, lambda: task)]).summary(config.loop.accumulate)
