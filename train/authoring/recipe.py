"""Everything that ships, from nothing: heads, training, measures, in stages that resume."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from liveportrait_core.config.arguments import OptionGroups, Parser, from_arguments
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.errors import LivePortraitError, counted

from ..engine import checkpoint
from ..models.runs import MODEL_NAME
from ..rendering.export.options import HeadOptions
from ..tasks.face_finder import MODEL_NAME as FINDER_NAME

SEED = 1
MOUTH_SEED = 2
HELD_OUT_SEED = 9001
"""Of identities that nothing is trained on."""
MIN_COUNT = 2
"""Identities and steps that a small fraction leaves at least."""
MINUTE_S: Final = 60.0
LEAST_S: Final = 20.0
"""Time that is left for a stage to be worth its start."""
GRACE_S: Final = 30.0
"""Time beyond its pause that training gets to start and to save."""
SHARD_SIZE = 64
"""Identities in a file, as `train.render` has it."""
GOALS: Final = ("retarget", "finder", "shapes", "measures")
"""Stages that the others are for."""
BEGINNINGS: Final = ("init", "init_motion", "begin_with")
"""Options of a training that it asks for once, before its first checkpoint."""
_PLACE = re.compile(r"(?:(\w+)=)?\{out\}/([^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeConfig:
    """How the recipe is run."""

    out: Path = option(help="folder of everything: heads, runs, measures", positional=True)
    heads: HeadOptions = shared(HeadOptions, hidden=("seed", "size_px"))
    device: Literal["auto", "cpu", "cuda"] = option("auto", "where training runs")
    processes: int = option(1, "training processes", minimum=1)
    workers: int = option(2, "rendering processes", minimum=1)
    fraction: float = option(
        1.0, "fraction of identities and steps, to try it out", minimum=0, maximum=1
    )
    minutes: float | None = option(
        None,
        "stop after so many minutes, states saved; the same command goes on",
        above=0,
        unset="when all is done",
    )
    list_stages: bool = option(
        False, "print the commands that would run, and what is done already, and exit", flag="list"
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One command; `{out}` stands for the folder of everything.

    A training begins with the models that others wrote, so that these files are all that has to be
    kept of them.
    """

    name: str
    module: str
    """Of this package."""
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    """What is there, under the folder of everything, once the stage has finished."""
    identities: int = 0
    """Heads to render; 0 for a stage that renders none."""
    people: int = 0
    """People to render and to read at once; 0 for a stage that fits no map."""
    steps: int = 0
    """Optimiser steps; 0 for a stage that trains nothing."""
    minutes: int
    """On two CPU cores that were shared with other work; `base` with two processes, the others
    with one."""
    disk_gb: float = 0.1


def _heads(
    name: str, identities: int, seed: int, *, minutes: int, disk_gb: float, size_px: int = 256
) -> Stage:
    return Stage(
        name=name,
        module="render",
        arguments=("{out}/" + name, "--seed", str(seed), "--size", str(size_px)),
        results=(f"{name}/index.json",),
        identities=identities,
        minutes=minutes,
        disk_gb=disk_gb,
    )


def _training(
    name: str, module: str, *arguments: str, steps: int, minutes: int, disk_gb: float = 0.1
) -> Stage:
    return Stage(
        name=name,
        module=module,
        arguments=(f"run={{out}}/{name}", *arguments, f"seed={SEED}"),
        results=(f"{name}/{FINDER_NAME if module == 'face_finder' else MODEL_NAME}",),
        steps=steps,
        minutes=minutes,
        disk_gb=disk_gb,
    )


STAGES: tuple[Stage, ...] = (
    _heads("heads", 7680, SEED, minutes=18, disk_gb=6.7),
    _training(
        *("base", "compact", "data={out}/heads", "motion_batch=16"),
        *("detail_px=128", "blocks=0", "depth_probes=0", "relief_blocks=0", "mouth_px=0"),
        "eyes_px=0",
        steps=7500,
        minutes=79,
    ),
    _training(
        *("motion", "compact", "data={out}/heads", "init={out}/base/model.safetensors"),
        *("batch=0", "motion_batch=16", "motion_lr=0.0015", "motion_weights.gaze=60"),
        *("mouth_px=0", "eyes_px=0"),
        steps=6000,
        minutes=120,
    ),
    _training(
        *("picture", "compact", "data={out}/heads", "init={out}/base/model.safetensors"),
        "init_motion={out}/motion/model.safetensors",
        *("batch=4", "motion_batch=0", "lr=0.0008", "own_keypoints_from=0"),
        *("own_keypoints_fraction=0.5", "mouth_px=0", "eyes_px=0"),
        steps=4600,
        minutes=195,
    ),
    _training(
        *("finish", "compact", "data={out}/heads", "init={out}/picture/model.safetensors"),
        *("batch=4", "motion_batch=0", "lr=0.0005", "own_keypoints_from=0"),
        *("own_keypoints_fraction=0.6", "gan=true", "picture_weights.gan_lip=0.3"),
        *("picture_weights.gan_face=0.15", "mouth_px=0", "eyes_px=0"),
        steps=1500,
        minutes=90,
    ),
    _heads("faces", 512, MOUTH_SEED, minutes=14, disk_gb=2.0, size_px=512),
    _training(
        *("mouth", "mouth", "data={out}/faces", "base={out}/finish/model.safetensors"),
        *("batch=8", "lr=0.0012", "gan=true"),
        steps=1600,
        minutes=55,
        disk_gb=0.4,
    ),
    _training(
        *("eyes", "eyes", "data={out}/faces", "base={out}/mouth/model.safetensors"),
        *("windows=1024", "batch=12", "lr=0.0015"),
        steps=1000,
        minutes=30,
        disk_gb=0.3,
    ),
    _training(
        *("retarget", "stage2", "data={out}/heads", "base={out}/eyes/model.safetensors"),
        *("batch=2", "total_batch=0", "optimiser=adamw", "lr=0.001", "kept=surroundings"),
        *("final_lr_fraction=0.05", "ema_decay=0.998"),
        steps=2000,
        minutes=90,
    ),
    _training(
        *("finder", "face_finder", "data={out}/heads"),
        *("begin_with={out}/retarget/model.safetensors", "animals=0.3"),
        steps=6000,
        minutes=30,
    ),
    Stage(
        name="shapes",
        module="blendshapes",
        arguments=(
            *("{out}/shapes.safetensors", "--model", "{out}/retarget/model.safetensors"),
            *("--seed", str(SEED)),
        ),
        results=("shapes.safetensors",),
        people=120,
        minutes=6,
    ),
    _heads("held-out", 128, HELD_OUT_SEED, minutes=1, disk_gb=0.2),
    Stage(
        name="measures",
        module="evaluate",
        arguments=(
            *("--model", "{out}/retarget/model.safetensors", "--rendered", "{out}/held-out"),
            *("--json", "{out}/measures.json"),
        ),
        results=("measures.json",),
        minutes=5,
    ),
)


def command(stage: Stage, chosen: RecipeConfig) -> list[str]:
    """The words of a stage's command, the interpreter first."""
    arguments = [argument.format(out=chosen.out) for argument in stage.arguments]
    launcher = [sys.executable, "-m"]
    if stage.identities:
        arguments += ["--identities", str(_scaled(stage.identities, chosen.fraction))]
        arguments += ["--workers", str(chosen.workers)]
    if stage.people:
        arguments += ["--people", str(_scaled(stage.people, chosen.fraction))]
        arguments += ["--device", chosen.device]
    if face_model := (stage.identities or stage.people) and chosen.heads.face_model:
        arguments += ["--face-model", str(face_model)]
    if stage.steps:
        arguments += [f"steps={_scaled(stage.steps, chosen.fraction)}", f"device={chosen.device}"]
        if chosen.processes > 1:
            launcher += ["torch.distributed.run", "--nproc_per_node", str(chosen.processes), "-m"]
    return [*launcher, f"train.{stage.module}", *arguments]


def is_done(stage: Stage, chosen: RecipeConfig) -> bool:
    """Whether a stage has left all it has to leave."""
    names = list(stage.results)
    if stage.identities:
        shards = -(-_scaled(stage.identities, chosen.fraction) // SHARD_SIZE)
        names += [f"{stage.name}/shard-{k:05d}.npz" for k in range(shards)]
    return all((chosen.out / name).is_file() for name in names)


def needs(stage: Stage, out: Path) -> set[str]:
    """Names of the stages whose results a stage still reads."""
    is_begun = checkpoint.is_begun(out / stage.name)
    places = [found for word in stage.arguments if (found := _PLACE.match(word))]
    read = {
        name
        for option, name in map(re.Match.groups, places)
        if not (is_begun and option in BEGINNINGS)
    }
    return read & {other.name for other in STAGES} - {stage.name}


def left(chosen: RecipeConfig) -> list[Stage]:
    """What has to run, in order: of the goals those not done, and what they need and lack."""
    asked, found = set(GOALS), list[Stage]()
    for stage in reversed(STAGES):
        if stage.name in asked and not is_done(stage, chosen):
            found.append(stage)
            asked |= needs(stage, chosen.out)
    return found[::-1]


def _scaled(count: int, fraction: float) -> int:
    return max(MIN_COUNT, round(count * fraction))


def _listed(chosen: RecipeConfig) -> str:
    """What a run would do: the commands, each under its name, time and disk, and what is done."""
    lines: list[str] = []
    stages = left(chosen)
    for stage in STAGES:
        done = "" if stage in stages else f"; {_why_not(stage, chosen)}"
        takes = f"{counted(stage.minutes, 'minute')}, {stage.disk_gb:g} GB"
        lines.append(f"# {stage.name}: {takes}{done}")
        lines.append(shlex.join(["python", *command(stage, chosen)[1:]]))
    minutes, disk_gb = sum(s.minutes for s in stages), sum(s.disk_gb for s in stages)
    what = f"{len(stages)} of {len(STAGES)} stages {'is' if len(stages) == 1 else 'are'} left"
    lines.append(f"# {what}: {minutes / 60:.1f} hours on two CPU cores, {disk_gb:.0f} GB")
    lines.append("# Nothing was started. Give the same command without --list to run what is left.")
    return "\n".join(lines)


def _why_not(stage: Stage, chosen: RecipeConfig) -> str:
    """Why a stage does not run."""
    return "done already" if is_done(stage, chosen) else "no longer needed by what is left"


def _run(stage: Stage, chosen: RecipeConfig, left_s: float | None = None) -> None:
    """Run a stage, until it is done or the time is over.

    Args:
        stage: Which.
        chosen: How.
        left_s: Seconds; None for as many as it takes.

    Raises:
        LivePortraitError: It fails.
    """
    words = command(stage, chosen)
    if stage.steps and left_s is not None:
        words.append(f"pause_minutes={left_s / MINUTE_S:.2f}")
    print(f"{stage.name}: {shlex.join(words)}", flush=True)
    process = subprocess.Popen(words)  # noqa: S603 - our own modules
    try:
        code = process.wait(None if left_s is None else left_s + GRACE_S * bool(stage.steps))
    except subprocess.TimeoutExpired:
        process.terminate()  # it keeps what it has finished
        process.wait()
        return
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise LivePortraitError(
            f"The stage '{stage.name}' ended with code {code}; its message is above. Correct that "
            "and run the same command again: finished stages are left alone."
        )


def build_parser(command: str, description: str | None) -> Parser:
    """The command line of a command by its name."""
    made = Parser(prog=command, description=description)
    groups = OptionGroups(made)
    groups.add(RecipeConfig, group="stages")
    groups.finish()
    return made


def work(config: RecipeConfig) -> str | None:
    """Run what is not done yet, or list it.

    Raises:
        LivePortraitError: A stage fails.
    """
    if config.list_stages:
        return _listed(config)
    began_s = time.monotonic()
    for stage in STAGES:
        if stage not in left(config):
            print(f"{stage.name}: {_why_not(stage, config)}", flush=True)
            continue
        left_s: float | None = None
        if config.minutes is not None:
            left_s = config.minutes * MINUTE_S - (time.monotonic() - began_s)
        if left_s is None or left_s > LEAST_S:
            _run(stage, config, left_s)
        if left_s is not None and not is_done(stage, config):
            return f"paused in '{stage.name}'; the same command goes on"
    return None


def run(arguments: Sequence[str], command: str, description: str | None) -> str | None:
    """Run what is not done yet, or list it; as `work`."""
    chosen = build_parser(command, description).parse_args(arguments)
    return work(from_arguments(RecipeConfig, chosen))
