"""A branch of G that paints a part of the face, learned on windows while all else stays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Final, Generic

import torch
from torch import Tensor, nn

from liveportrait_core.config.fields import check_options, option, section, shared
from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.networks.compact.eyes import EyesBranch
from liveportrait_core.networks.compact.mouth import MouthBranch
from liveportrait_core.preset import Preset

from ..data.heads import RenderedHeads
from ..data.part_windows import PartWindows, StoredWindows, View
from ..data.sets import DataConfig, open_sets
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Losses, Networks, ParameterGroup, Task, device_of
from ..losses.terms import LossTerm, weighted_losses
from ..losses.window_terms import WindowStep, WindowWeights, window_terms
from ..models.discriminators import PatchDiscriminator, discriminate
from ..models.runs import BaseModel, open_model, require_same_run, write_model
from ..reports.sample_grid import grid_of
from .cost import step_cost
from .finetune import require_compact
from .window_making import Maker, Part, num_shards

DISCRIMINATOR: Final = "discriminator"
CACHE_NAME: Final = "windows"
"""In the folder of a run, unless `cache` names another place."""
GRID_WINDOWS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchConfig:
    """What teaching a branch takes, whichever part it paints."""

    loop: LoopConfig = shared(LoopConfig)
    base: str = option(
        "default",
        "model that gets the branch, or whose branch learns on: default, a model file, or a run",
        place=True,
    )
    data: str = option(
        help="folders written by train.render, separated by commas; pictures of 512 px teach "
        "sharper teeth and irises than of 256",
        place=True,
    )
    windows: int = option(
        3000, "pairs whose windows are made before the first step, drawn at random", minimum=1
    )
    cache: str = option(
        "", "where windows are kept; by default in the run's folder, and runs may share one"
    )
    batch: int = option(16, "windows per step and process", minimum=1)
    lr: float = option(1e-3, "learning rate of the branch", above=0)
    gan: bool = option(False, "train a discriminator of the window as well: for the end")
    discriminator_lr: float = option(4e-4, "its learning rate", above=0)
    weights: WindowWeights = section(WindowWeights)

    def __post_init__(self) -> None:
        check_options(self)


def prepare_branch(
    part: Part[View],
    config: BranchConfig,
    size_px: int,
    finish: Callable[[nn.Module], nn.Module] = copy.deepcopy,
) -> Task:
    """The task of a config, its windows made.

    Args:
        part: Which the branch paints.
        config: How it learns.
        size_px: Side of its windows.
        finish: What is written of the learned branch.

    Raises:
        CheckpointError: The base is no whole compact model, or the run has another.
        MediaError: Heads or windows cannot be read.
    """
    run = config.loop.run
    require_same_run(run, {"base": config.base, part.size_field: size_px})
    base = open_model(config.base)
    require_compact(base, config.base)
    heads = open_sets(DataConfig(data=config.data), run).rendered
    assert heads is not None
    folder = Path(config.cache) if config.cache else run / CACHE_NAME
    windows = stored_windows(part, config, base, heads, folder, size_px)
    return branch_task(part, config, base, windows, size_px, finish)


def stored_windows(
    part: Part[View],
    config: BranchConfig,
    base: BaseModel,
    heads: RenderedHeads,
    folder: Path,
    size_px: int,
) -> StoredWindows[View]:
    """The windows of a config, made where they are not there yet.

    Raises:
        MediaError: They cannot be made or read.
    """
    decoder = copy.deepcopy(base.networks["decoder"])
    assert isinstance(decoder, CompactDecoder)
    setattr(decoder, part.name, None)
    frozen = {**base.networks, "decoder": decoder}
    for network in frozen.values():
        network.eval().requires_grad_(False)
    maker = Maker(part=part, networks=frozen, heads=heads, seed=config.loop.seed, size_px=size_px)
    settings = {"base": config.base, "data": config.data, part.size_field: size_px}
    shards = num_shards(config.windows)
    maker.make(folder, shards, {**settings, "seed": config.loop.seed})
    return StoredWindows.of(part.kind, folder, shards)


def branch_task(
    part: Part[View],
    config: BranchConfig,
    base: BaseModel,
    windows: StoredWindows[View],
    size_px: int,
    finish: Callable[[nn.Module], nn.Module] = copy.deepcopy,
) -> Task:
    """Branch, discriminator and loss table, put together."""
    torch.manual_seed(config.loop.seed)
    branch = part.branch(size_px, base.preset.width)
    if getattr(base.preset, part.size_field) == size_px:
        branch.load_state_dict(_branch_state(part.name, base.networks["decoder"]))
    networks: dict[str, nn.Module] = {part.name: branch}
    groups = [ParameterGroup(modules=(part.name,), lr=config.lr)]
    if config.gan:
        networks[DISCRIMINATOR] = PatchDiscriminator()
        optimiser = AdamW(betas=(0.0, 0.99))
        groups.append(
            ParameterGroup(
                modules=(DISCRIMINATOR,), lr=config.discriminator_lr, optimiser=optimiser
            )
        )
    terms = window_terms(config.weights, gan=config.gan)

    def write(average: Networks) -> Path:
        note = f"{part.name} {config.loop.length} of {Path(config.base).name}"
        preset = replace(base.preset, **{part.size_field: size_px})
        networks = with_branch(part.name, base, preset, finish(average[part.name]))
        return write_model(config.loop.run, preset, networks, note)

    return Task(
        networks=networks,
        groups=tuple(groups),
        steps=(WindowBatches(part=part, windows=windows, batch_size=config.batch, terms=terms),),
        sample_grid=partial(sample_grid, part, windows),
        write=write,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBatches(Generic[View]):
    """The branch changes windows."""

    part: Part[View]
    windows: StoredWindows[View]
    batch_size: int
    terms: tuple[LossTerm[WindowStep], ...]

    def batch(self, draw: Draw) -> PartWindows[View]:
        """Random windows, augmented."""
        return self.part.changed(self.windows.draw(draw, self.batch_size), draw)

    def losses(self, networks: Networks, average: Networks, batch: PartWindows[View]) -> Losses:
        """Those of the table."""
        del average
        windows = batch.to(device_of(networks))
        step = self.part.step(windows, _change(networks[self.part.name], windows))
        if DISCRIMINATOR in networks:
            outputs = discriminate(networks[DISCRIMINATOR], step.judged, windows.truth)
            step = replace(step, outputs=outputs)
        return weighted_losses(self.terms, step)


def with_branch(
    name: str, base: BaseModel, preset: Preset, branch: nn.Module
) -> dict[str, nn.Module]:
    """The networks of a base, with a branch of G in the place of its own or of none.

    Args:
        name: Of the branch in G.
        base: The other networks, and the other weights of G.
        preset: Of what comes out.
        branch: Of the size that the preset says.
    """
    key = f"{name}."
    decoder = build(preset)["decoder"]
    kept = base.networks["decoder"].state_dict()
    of_branch = {f"{key}{k}": value for k, value in branch.state_dict().items()}
    decoder.load_state_dict({k: v for k, v in kept.items() if not k.startswith(key)} | of_branch)
    return {**base.networks, "decoder": decoder.eval().requires_grad_(False)}


def sample_grid(part: Part[View], windows: StoredWindows[View], networks: Networks) -> Pixels:
    """Source, picture of G, what the branch makes of it, and the truth, of a few windows."""
    count = min(GRID_WINDOWS, len(windows))
    some = windows.rows(range(count)).to(device_of(networks))
    with torch.no_grad():
        image = some.view.picture + _change(networks[part.name], some)
    rows = (some.view.source, some.view.picture, image.clamp(0, 1), some.truth)
    return grid_of([list(pixels_from_tensor(row)) for row in rows])


def branch_cost(part: Part[View], config: BranchConfig, size_px: int) -> str:
    """What a step takes, for a dry run."""
    one = replace(config, batch=1)
    base = open_model(config.base)
    require_compact(base, config.base)
    picture, points = torch.rand(1, 3, size_px, size_px), torch.rand(1, NUM_KEYPOINTS, 3)
    view, windows = part.seen(picture, picture, points, points, size_px)
    count = len(windows)
    named = {f.name: getattr(view, f.name) for f in fields(view)}
    named["truth"] = picture.repeat(count, 1, 1, 1)
    named["inside"] = torch.zeros(count, 1, size_px, size_px)
    noise = StoredWindows(replace(part.kind, left_out=lambda w: w.inside.sum((1, 2, 3)) < 0), named)
    task = branch_task(part, one, base, noise, size_px)
    return step_cost([("window", config.batch, lambda: task)]).summary(config.loop.accumulate)


def _change(branch: nn.Module, windows: PartWindows[View]) -> Tensor:
    assert isinstance(branch, (MouthBranch, EyesBranch))
    return branch.change(windows.view)  # pyright: ignore[reportArgumentType] - of one part


def _branch_state(name: str, decoder: nn.Module) -> dict[str, Tensor]:
    """The state of a decoder's branch, by the branch's own names."""
    state, key = decoder.state_dict(), f"{name}."
    return {k.removeprefix(key): value for k, value in state.items() if k.startswith(key)}
