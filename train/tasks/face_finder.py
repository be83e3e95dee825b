"""The face finder's network, from scratch, on rendered heads that are put into clutter.

No photograph of a person is used. The pictures are made as training goes: every step's are a
function of the seed and the step, so that a run that was stopped goes on as if it had not been.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.config.fields import OptionError, check_options, option, shared
from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.network_finder import save_finder_network
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.model import load_model
from liveportrait_core.networks.face_finder import (
    CELL_PX,
    NUM_POINTS,
    STRIDE,
    FaceFinderNetwork,
    FaceMaps,
)

from ..data.face_scenes import FaceScene, FaceScenePainter, PlacedFace
from ..data.folder import INDEX_NAME
from ..data.rendered import RenderedSet
from ..engine import checkpoint
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Losses, Networks, ParameterGroup, Task, device_of
from ..losses.face_finder_terms import (
    FaceFinderWeights,
    TargetMaps,
    face_finder_losses,
    face_finder_terms,
)
from ..losses.terms import weighted_losses
from ..models.runs import CREDIT
from ..models.unfused import unfused_network
from ..rendering.animals.animal import is_animal
from ..reports.sample_grid import grid_of

MODEL_NAME: Final = "face_finder.safetensors"
NETWORK: Final = "face_finder"
SPREAD: Final = 0.08
"""Standard deviation of a face's bump of heat, in sides of its square."""
MIN_SPREAD: Final = 0.6
"""The same at least, in cells."""
DESCRIBED_HEAT: Final = 0.4
"""Target heat from which a cell also learns the face's square and points."""
OPTIMISER: Final = AdamW(betas=(0.9, 0.99))
"""Nearly the usual betas, as there is no discriminator to follow. The
second moment is over 100 steps, not 1000, since whole runs are a few thousand."""
NORM_BATCHES: Final = 40
"""Batches of pictures that the norms of a finished file are measured on."""
NORM_SEED: Final = 54321
GRID_PICTURES: Final = 12
GRID_SEED: Final = 12345


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinderConfig:
    """The face finder on rendered heads."""

    loop: LoopConfig = shared(LoopConfig)
    data: str = option(help="folders written by train.render, separated by commas", place=True)
    batch: int = option(12, "pictures per step and process", minimum=1)
    size_px: int = option(
        128, f"side of the pictures, a multiple of {STRIDE}", minimum=STRIDE, unit="px"
    )
    animals: float = option(
        0.25,
        "fraction of the heads that are drawn from animals alone, where the folders have any",
        minimum=0,
        maximum=1,
    )
    begin_with: str = option(
        "default",
        "model whose motion network gives the first layers; empty: from scratch",
        place=True,
    )
    init: str = option(
        "",
        "folder of an earlier run of this command, or its finished file, in place of begin_with",
        place=True,
    )
    lr: float = option(1e-3, "learning rate (AdamW)", above=0)
    weights: FaceFinderWeights = shared(FaceFinderWeights)

    def __post_init__(self) -> None:
        check_options(self)
        if self.size_px % STRIDE:
            raise OptionError(
                f"size_px is {self.size_px}; a multiple of {STRIDE} is expected. 128 is usual."
            )

    @property
    def folders(self) -> list[Path]:
        """Those of `data`."""
        return [Path(folder) for folder in self.data.split(",")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinderStep:
    """One batch of new pictures through the network."""

    painter: FaceScenePainter
    num_pictures: int
    size_px: int
    weights: FaceFinderWeights

    def batch(self, draw: Draw) -> tuple[Tensor, TargetMaps]:
        """Pictures (B, 3, S, S) and what the network should say about them."""
        scenes = [self.painter.draw(random) for random in draw.generators(self.num_pictures)]
        return pictures_of(scenes), target_maps(scenes, self.size_px)

    def losses(
        self, networks: Networks, average: Networks, batch: tuple[Tensor, TargetMaps]
    ) -> Losses:
        """Of the heat, the squares and the points."""
        del average
        pictures, targets = batch
        maps: FaceMaps = networks[NETWORK](pictures.to(device_of(networks)))
        found = face_finder_losses(maps, targets)
        return weighted_losses(face_finder_terms(self.weights), found)

    def sample_grid(self, networks: Networks) -> Pixels:
        """Some pictures and, below, the heat that is found in them."""
        random = np.random.default_rng(GRID_SEED)
        scenes = [self.painter.draw(random) for _ in range(GRID_PICTURES)]
        pictures = pictures_of(scenes).to(device_of(networks))
        with torch.no_grad():
            maps: FaceMaps = networks[NETWORK].eval()(pictures)
        heat = F.interpolate(torch.sigmoid(maps.heat_logit), scale_factor=float(CELL_PX))
        rows = (pictures, (0.3 * pictures + heat).clamp(max=1))
        return grid_of([list(pixels_from_tensor(row)) for row in rows])


def prepare(config: FaceFinderConfig) -> Task:
    """The task of a config, on the folders that it names."""
    return face_finder_task(config, RenderedSet(config.folders))


def face_finder_task(config: FaceFinderConfig, data: RenderedSet) -> Task:
    """The network, pictures that are made step by step, and the step, put together."""
    torch.manual_seed(config.loop.seed)
    cv2.setNumThreads(config.loop.threads)
    painter = FaceScenePainter(
        data, config.size_px, animals=animals_of(config.folders), animal_fraction=config.animals
    )
    step = FaceFinderStep(
        painter=painter, num_pictures=config.batch, size_px=config.size_px, weights=config.weights
    )
    network = _begun_network(config, step)

    def write(average: Networks) -> Path:
        path, trained = config.loop.run / MODEL_NAME, average[NETWORK]
        assert isinstance(trained, FaceFinderNetwork)
        note = f"face_finder {config.loop.length}, seed {config.loop.seed}"
        save_finder_network(trained, path, metadata={"trained": note, "credit": CREDIT})
        return path

    return Task(
        networks={NETWORK: network},
        groups=(ParameterGroup(modules=(NETWORK,), lr=config.lr, optimiser=OPTIMISER),),
        steps=(step,),
        sample_grid=step.sample_grid,
        write=write,
    )


def _begun_network(config: FaceFinderConfig, step: FaceFinderStep) -> FaceFinderNetwork:
    """The network before its first step; of a run that goes on, one that its weights replace."""
    network = FaceFinderNetwork()
    if checkpoint.is_begun(config.loop.run):
        return network
    init = Path(config.init)
    if config.init and init.is_file():
        draws = (Draw.of(NORM_SEED, 0, number) for number in range(NORM_BATCHES))
        return unfused_network(init, (step.batch(draw)[0] for draw in draws)).train()
    if config.init:
        network.load_state_dict(trained_weights(init))
    elif config.begin_with:
        network.initialise_from(load_model(config.begin_with).motion)
    return network


def trained_weights(run: Path) -> Mapping[str, Tensor]:
    """The averaged weights of an earlier run, batch norms and all.

    Raises:
        CheckpointError: The folder holds no run of the face finder.
    """
    state = checkpoint.load(run)
    if state is None or NETWORK not in state["average"]:
        raise CheckpointError(
            f"{run} holds no training of the face finder; the run folder of one, or its finished "
            "file, is expected. Name another folder or file, or none."
        )
    return state["average"][NETWORK]


def animals_of(folders: Sequence[Path]) -> list[int]:
    """Which identities of some rendered folders, counted through all of them, are animals."""
    found: list[int] = []
    first = 0
    for folder in folders:
        index = json.loads((folder / INDEX_NAME).read_text(encoding="utf-8"))
        count = sum(shard["identities"] for shard in index["shards"])
        seed, share = index.get("seed", 0), index.get("creatures", 0.0)
        found += [first + k for k in range(count) if share and is_animal(seed, k, share)]
        first += count
    return found


def pictures_of(scenes: Sequence[FaceScene]) -> Tensor:
    """(B, 3, S, S) in [0, 1]."""
    pictures = torch.from_numpy(np.stack([scene.picture for scene in scenes]))
    scaled = pictures.permute(0, 3, 1, 2).float() / 255
    return scaled.contiguous(memory_format=torch.channels_last)


def target_maps(scenes: Sequence[FaceScene], size_px: int) -> TargetMaps:
    """What the network should say about some pictures."""
    cells = size_px // CELL_PX
    shape = (len(scenes), 1, cells, cells)
    heat, asked = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    description = np.zeros((len(scenes), 5 + 2 * NUM_POINTS, cells, cells), np.float32)
    rows, columns = np.mgrid[:cells, :cells].astype(np.float32)
    for index, scene in enumerate(scenes):
        for face in scene.faces:  # small ones first: the larger of two is described
            bump, described = _bump_and_description(face, columns, rows)
            if not face.is_target:
                near = np.hypot(rows - _cell(face)[1], columns - _cell(face)[0])
                asked[index, 0][near <= max(1.5, face.side / CELL_PX / 2)] = 0
                continue
            nearer = bump >= heat[index, 0]
            heat[index, 0][nearer] = bump[nearer]
            description[index][:, nearer] = described[:, nearer]
    asked = np.maximum(asked, heat)  # a face that is to be found beside one that is not
    described = np.where(heat >= DESCRIBED_HEAT, heat, 0)
    return TargetMaps(
        heat=torch.from_numpy(heat),
        asked=torch.from_numpy(asked),
        described=torch.from_numpy(described),
        description=torch.from_numpy(description),
    )


def _cell(face: PlacedFace) -> NDArray[np.float64]:
    """(2,) a face's middle in cells; whole numbers are middles of cells."""
    return (face.centre + 0.5) / CELL_PX - 0.5


def _bump_and_description(
    face: PlacedFace, columns: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heat (h, w) of one face, and (15, h, w) what it looks like from every cell."""
    x, y = _cell(face)
    side = face.side / CELL_PX
    spread = max(MIN_SPREAD, SPREAD * side)
    middle_x, middle_y = round(float(x)), round(float(y))
    square = (columns - middle_x) ** 2 + (rows - middle_y) ** 2
    bump = np.exp(-square / (2 * spread**2)).astype(np.float32)
    points = (face.points + 0.5) / CELL_PX - 0.5
    constant = np.array([np.log(side), np.cos(face.angle_rad), np.sin(face.angle_rad)])
    described = [x - columns, y - rows, *(np.full_like(rows, value) for value in constant)]
    for point_x, point_y in points:
        described += [(point_x - columns) / side, (point_y - rows) / side]
    return bump, np.stack(described).astype(np.float32)
