"""The mouth branch of a compact model, learned on windows about mouths while all else stays."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import nn

from liveportrait_core.config.fields import check_options, option, section, shared
from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.networks.compact.mouth import MouthBranch
from liveportrait_core.networks.compact.window import WINDOW_STEP_PX

from ..data.augment import LUMINANCE
from ..data.heads import RenderedHeads
from ..data.mouth_windows import MouthWindows, StoredWindows
from ..data.sets import DataConfig, open_sets
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Losses, Networks, ParameterGroup, Task, device_of
from ..losses.mouth_terms import MouthStep, MouthWeights, mouth_terms
from ..losses.terms import LossTerm, weighted_losses
from ..models.discriminators import PatchDiscriminator, discriminate
from ..models.presets import SHIPPED_MOUTH_PX, check_mouth_px
from ..models.runs import BaseModel, open_model, require_same_run, write_model
from ..reports.sample_grid import grid_of
from .cost import step_cost
from .finetune import require_compact
from .mouth_making import Maker, num_shards

MOUTH, DISCRIMINATOR = "mouth", "discriminator"
CACHE_NAME: Final = "windows"
"""In the folder of a run, unless `cache` names another place."""
GRID_WINDOWS: Final = 12
_KEY: Final = f"{MOUTH}."


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthConfig:
    """The mouth branch of a compact model on rendered heads; F, M, W and the rest of G stay."""

    loop: LoopConfig = shared(LoopConfig)
    base: str = option(
        "default",
        "model that gets the branch, or whose branch learns on: default, a model file, or a run",
        place=True,
    )
    data: str = option(
        help="folders written by train.render, separated by commas; pictures of 512 px teach "
        "sharper teeth than of 256",
        place=True,
    )
    mouth_px: int = option(
        SHIPPED_MOUTH_PX, "side of the window, a multiple of 8", minimum=WINDOW_STEP_PX, unit="px"
    )
    windows: int = option(
        3000, "windows that are made before the first step, from random pairs", minimum=1
    )
    cache: str = option(
        "", "where windows are kept; by default in the run's folder, and runs may share one"
    )
    batch: int = option(16, "windows per step and process", minimum=1)
    lr: float = option(1e-3, "learning rate of the branch", above=0)
    gan: bool = option(False, "train a discriminator of the window as well: for the end")
    discriminator_lr: float = option(4e-4, "its learning rate", above=0)
    luminance: float = option(
        0.4,
        "fraction of the change of luminance that the written model keeps; all of it makes teeth "
        "dim and openings of the lips harder to see",
        minimum=0,
        maximum=1,
        more=True,
    )
    weights: MouthWeights = section(MouthWeights)

    def __post_init__(self) -> None:
        check_options(self)
        check_mouth_px(self.mouth_px)


def prepare(config: MouthConfig) -> Task:
    """The task of a config, its windows made.

    Raises:
        CheckpointError: The base is no whole compact model, or the run has another.
        MediaError: Heads or windows cannot be read.
    """
    run = config.loop.run
    require_same_run(run, {"base": config.base, "mouth_px": config.mouth_px})
    base = open_model(config.base)
    require_compact(base, config.base)
    heads = open_sets(DataConfig(data=config.data), run).rendered
    assert heads is not None
    folder = Path(config.cache) if config.cache else run / CACHE_NAME
    return mouth_task(config, base, stored_windows(config, base, heads, folder))


def stored_windows(
    config: MouthConfig, base: BaseModel, heads: RenderedHeads, folder: Path
) -> StoredWindows:
    """The windows of a config, made where they are not there yet.

    Raises:
        MediaError: They cannot be made or read.
    """
    decoder = copy.deepcopy(base.networks["decoder"])
    assert isinstance(decoder, CompactDecoder)
    decoder.mouth = None
    frozen = {**base.networks, "decoder": decoder}
    for network in frozen.values():
        network.eval().requires_grad_(False)
    maker = Maker(networks=frozen, heads=heads, seed=config.loop.seed, mouth_px=config.mouth_px)
    settings = {name: getattr(config, name) for name in ("base", "data", "mouth_px")}
    settings["seed"] = config.loop.seed
    shards = num_shards(config.windows)
    maker.make(folder, shards, settings)
    return StoredWindows.of(folder, shards)


def mouth_task(config: MouthConfig, base: BaseModel, windows: StoredWindows) -> Task:
    """Branch, discriminator and loss table, put together."""
    torch.manual_seed(config.loop.seed)
    preset = replace(base.preset, mouth_px=config.mouth_px)
    branch = MouthBranch(config.mouth_px, preset.width)
    if base.preset.mouth_px == config.mouth_px:
        branch.load_state_dict(branch_state(base.networks["decoder"]))
    networks: dict[str, nn.Module] = {MOUTH: branch}
    groups = [ParameterGroup(modules=(MOUTH,), lr=config.lr)]
    if config.gan:
        networks[DISCRIMINATOR] = PatchDiscriminator()
        optimiser = AdamW(betas=(0.0, 0.99))
        groups.append(
            ParameterGroup(
                modules=(DISCRIMINATOR,), lr=config.discriminator_lr, optimiser=optimiser
            )
        )
    terms = mouth_terms(config.weights, gan=config.gan)

    def write(average: Networks) -> Path:
        note = f"mouth {config.loop.length} of {Path(config.base).name}"
        branch = with_luminance(average[MOUTH], config.luminance)
        return write_model(config.loop.run, preset, with_branch(base, branch), note)

    return Task(
        networks=networks,
        groups=tuple(groups),
        steps=(WindowStep(windows=windows, batch_size=config.batch, terms=terms),),
        sample_grid=partial(sample_grid, windows),
        write=write,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStep:
    """The branch changes windows."""

    windows: StoredWindows
    batch_size: int
    terms: tuple[LossTerm[MouthStep], ...]

    def batch(self, draw: Draw) -> MouthWindows:
        """Random windows."""
        return self.windows.draw(draw, self.batch_size)

    def losses(self, networks: Networks, average: Networks, batch: MouthWindows) -> Losses:
        """Those of the table."""
        del average
        windows = batch.to(device_of(networks))
        step = MouthStep.of(windows, mouth_branch(networks).change(windows.view))
        if DISCRIMINATOR in networks:
            outputs = discriminate(networks[DISCRIMINATOR], step.judged, windows.truth)
            step = replace(step, outputs=outputs)
        return weighted_losses(self.terms, step)


def mouth_branch(networks: Networks) -> MouthBranch:
    """The branch among the networks of the task."""
    branch = networks[MOUTH]
    assert isinstance(branch, MouthBranch)
    return branch


def branch_state(decoder: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a decoder's branch, by the branch's own names."""
    state = decoder.state_dict()
    return {key.removeprefix(_KEY): state[key] for key in state if key.startswith(_KEY)}


def with_luminance(branch: nn.Module, fraction: float) -> MouthBranch:
    """A copy of a branch whose change has a fraction of its luminance, its chroma being kept.

    Convention:
        - in the colours of the branch's last layer: o - (1 - fraction) y(o), with y its luminance
    """
    copied = copy.deepcopy(branch)
    assert isinstance(copied, MouthBranch)
    weight, bias = copied.out.weight, copied.out.bias
    assert bias is not None
    mix = torch.eye(3) - (1 - fraction) * torch.tensor(LUMINANCE).expand(3, 3)
    with torch.no_grad():
        weight.copy_(torch.einsum("ij,jchw->ichw", mix.to(weight), weight))
        bias.copy_(mix.to(bias) @ bias)
    return copied


def with_branch(base: BaseModel, branch: nn.Module) -> dict[str, nn.Module]:
    """The networks of a base, with a branch in the place of its own or of none."""
    assert isinstance(branch, MouthBranch)
    decoder = build(replace(base.preset, mouth_px=branch.size_px))["decoder"]
    kept = {
        k: v for k, v in base.networks["decoder"].state_dict().items() if not k.startswith(_KEY)
    }
    of_branch = {f"{_KEY}{key}": value for key, value in branch.state_dict().items()}
    decoder.load_state_dict({**kept, **of_branch})
    return {**base.networks, "decoder": decoder.eval().requires_grad_(False)}


def sample_grid(windows: StoredWindows, networks: Networks) -> Pixels:
    """Source, picture of G, what the branch makes of it, and the truth, of a few windows."""
    count = min(GRID_WINDOWS, len(windows))
    some = windows.rows(range(count)).to(device_of(networks))
    with torch.no_grad():
        image = some.view.picture + mouth_branch(networks).change(some.view)
    rows = (some.view.source, some.view.picture, image.clamp(0, 1), some.truth)
    return grid_of([list(pixels_from_tensor(row)) for row in rows])


def cost(config: MouthConfig) -> str:
    """What a step takes, for a dry run."""
    one = replace(config, batch=1)
    side, points = config.mouth_px, (1, NUM_KEYPOINTS, 3)
    pictures = {name: torch.rand(1, 3, side, side) for name in ("picture", "source", "truth")}
    placed = {name: torch.rand(points) for name in ("driving_points", "source_points")}
    noise = {
        **pictures,
        **placed,
        "skin": torch.rand(1, 3),
        "inside": torch.zeros(1, 1, side, side),
    }
    base = open_model(config.base)
    require_compact(base, config.base)
    task = mouth_task(one, base, StoredWindows(noise))
    return step_cost([("window", config.batch, lambda: task)]).summary(config.loop.accumulate)
