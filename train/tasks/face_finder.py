"""The face finder's network, from scratch, on rendered heads that are put into clutter.

    python -m train.face_finder run=runs/finder data=runs/heads steps=6000
    python -m train.face_finder run=runs/more data=runs/heads,runs/more init=runs/finder steps=900

No photograph of a person is looked at. The pictures are made as training goes: every step's are
a function of the seed and the step, so a run that was stopped goes on as if it had not been.
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
from torch import Tensor, nn

from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.network_finder import save_finder_network
from liveportrait_core.imaging.tensors import pixels_from_tensor
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
from ..engine.config import LoopConfig, parse
from ..engine.draw import Draw
from ..engine.loop import ParameterGroup, fit
from ..engine.sample_grid import grid_of
from ..models.runs import CREDIT
from ..rendering.animals.animal import is_creature

MODEL_NAME: Final = "face_finder.safetensors"
NETWORK: Final = "face_finder"
SPREAD: Final = 0.08
"""Standard deviation of a face's bump of heat, in sides of its square."""
LEAST_SPREAD: Final = 0.6
"""The same at least, in cells."""
LEARNT_HEAT: Final = 0.4
"""Wanted heat from which a cell also learns what the face looks like."""
STRIP_PICTURES: Final = 12
STRIP_SEED: Final = 12345


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinderConfig(LoopConfig):
    """The face finder on rendered heads."""

    data: str
    """Folders written by train.render, separated by commas."""
    batch: int = 12
    """Pictures per step and process."""
    size_px: int = 128
    """Side of the pictures; a multiple of 16."""
    animals: float = 0.25
    """Share of the heads that are drawn from animals alone, where the folders have any."""
    begin_with: str = "default"
    """Model whose motion network lends its first layers; empty begins from nothing."""
    init: str = ""
    """Folder of an earlier run of this kind that training goes on from, instead."""
    lr: float = 1e-3
    """AdamW learning rate."""
    heat: float = 1.0
    """Weight of where faces are."""
    square: float = 1.0
    """Weight of the middle, side and turn of their squares."""
    points: float = 3.0
    """Weight of the five points."""

    def __post_init__(self) -> None:
        """Check the size."""
        if self.size_px < STRIDE or self.size_px % STRIDE:
            raise ValueError(f"size_px must be a multiple of {STRIDE}, got {self.size_px}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the maps of a batch should be; (B, ..., h, w)."""

    heat: Tensor
    """(B, 1, ...) 1 where a face's middle is, less around it."""
    asked: Tensor
    """(B, 1, ...) 0 where nobody could say whether there is a face."""
    described: Tensor
    """(B, 1, ...) weight of `description`."""
    description: Tensor
    """(B, 15, ...) offset, log side, cosine and sine, points, as in `FaceMaps`."""


class FaceFinderTask:
    """One network, pictures that are drawn step by step."""

    def __init__(self, config: FaceFinderConfig, data: RenderedSet) -> None:
        torch.manual_seed(config.seed)
        cv2.setNumThreads(config.threads)
        self.config = config
        network = FaceFinderNetwork()
        if config.init:
            network.load_state_dict(trained_weights(Path(config.init)))
        elif config.begin_with:
            network.begin_with(load_model(config.begin_with).motion)
        self.modules: Mapping[str, nn.Module] = {NETWORK: network}
        self.groups = (ParameterGroup(modules=(NETWORK,), lr=config.lr, betas=(0.9, 0.99)),)
        self._painter = FaceScenePainter(
            data,
            config.size_px,
            animals=animals_of([Path(folder) for folder in config.data.split(",")]),
            animal_share=config.animals,
        )

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """The losses of one batch of new pictures."""
        del average
        crowds = [self._painter.draw(random) for random in draw.generators(self.config.batch)]
        network = self.modules[NETWORK]
        device = next(network.parameters()).device
        maps: FaceMaps = network(pictures_of(crowds).to(device))
        return losses(maps, wanted_maps(crowds, self.config.size_px), self.config)

    def strip(self, average: Mapping[str, nn.Module]) -> NDArray[np.uint8]:
        """Some pictures and, below, the heat that is seen in them."""
        random = np.random.default_rng(STRIP_SEED)
        crowds = [self._painter.draw(random) for _ in range(STRIP_PICTURES)]
        network = average[NETWORK]
        device = next(network.parameters()).device
        pictures = pictures_of(crowds).to(device)
        with torch.no_grad():
            maps: FaceMaps = network.eval()(pictures)
        heat = F.interpolate(torch.sigmoid(maps.heat_logit), scale_factor=float(CELL_PX))
        rows = (pictures, (0.3 * pictures + heat).clamp(max=1))
        return grid_of([list(pixels_from_tensor(row)) for row in rows])


def trained_weights(run: Path) -> Mapping[str, Tensor]:
    """The averaged weights of an earlier run, batch norms and all.

    Raises:
        CheckpointError: The folder holds no run of the face finder.
    """
    state = checkpoint.load(run)
    if state is None or NETWORK not in state["average"]:
        raise CheckpointError(
            f"{run} holds no training of the face finder; the run folder of one was wanted, not "
            "its finished file, which has no batch norms. Name another folder, or none."
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
        found += [first + k for k in range(count) if share and is_creature(seed, k, share)]
        first += count
    return found


def pictures_of(crowds: Sequence[FaceScene]) -> Tensor:
    """(B, 3, S, S) in [0, 1]."""
    pictures = torch.from_numpy(np.stack([crowd.picture for crowd in crowds]))
    scaled = pictures.permute(0, 3, 1, 2).float() / 255
    return scaled.contiguous(memory_format=torch.channels_last)


def wanted_maps(crowds: Sequence[FaceScene], size_px: int) -> Wanted:
    """What the network should say about some pictures."""
    cells = size_px // CELL_PX
    shape = (len(crowds), 1, cells, cells)
    heat, asked = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    description = np.zeros((len(crowds), 5 + 2 * NUM_POINTS, cells, cells), np.float32)
    rows, columns = np.mgrid[:cells, :cells].astype(np.float32)
    for index, crowd in enumerate(crowds):
        for face in crowd.faces:  # small ones first: the larger of two is described
            bump, described = _bump_and_description(face, columns, rows)
            if not face.is_target:
                near = np.hypot(rows - _cell(face)[1], columns - _cell(face)[0])
                asked[index, 0][near <= max(1.5, face.side / CELL_PX / 2)] = 0
                continue
            nearer = bump >= heat[index, 0]
            heat[index, 0][nearer] = bump[nearer]
            description[index][:, nearer] = described[:, nearer]
    asked = np.maximum(asked, heat)  # a face that is wanted beside one that is not
    described = np.where(heat >= LEARNT_HEAT, heat, 0)
    return Wanted(
        heat=torch.from_numpy(heat),
        asked=torch.from_numpy(asked),
        described=torch.from_numpy(described),
        description=torch.from_numpy(description),
    )


def losses(maps: FaceMaps, wanted: Wanted, config: FaceFinderConfig) -> dict[str, Tensor]:
    """Of the heat (focal, as in CenterNet: sure cells count little), the squares and the points."""
    heat, logit = wanted.heat.to(maps.heat_logit.device), maps.heat_logit
    probability = torch.sigmoid(logit)
    peaks = (heat == 1).float()
    count = peaks.sum().clamp(min=1)
    hit = peaks * (1 - probability).square() * F.softplus(-logit)
    false = (1 - heat) ** 4 * probability.square() * F.softplus(logit)
    heat_loss = (hit + false * wanted.asked.to(logit.device)).sum() / count
    said = torch.cat((maps.offset * 0.3, maps.log_side, maps.axis, maps.points), 1)
    true = wanted.description.to(logit.device)
    true = torch.cat((true[:, :2] * 0.3, true[:, 2:]), 1)
    weight = wanted.described.to(logit.device)
    wrong = F.smooth_l1_loss(said, true, beta=0.05, reduction="none") * weight
    wrong = wrong.sum((0, 2, 3)) / weight.sum().clamp(min=1)
    square, points = wrong[:5].sum(), wrong[5:].mean()
    total = config.heat * heat_loss + config.square * square + config.points * points
    return {"total": total, "heat": heat_loss, "square": square, "points": points}


def _cell(face: PlacedFace) -> NDArray[np.float64]:
    """(2,) a face's middle in cells; whole numbers are middles of cells."""
    return (face.centre + 0.5) / CELL_PX - 0.5


def _bump_and_description(
    face: PlacedFace, columns: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Heat (h, w) of one face, and (15, h, w) what it looks like from every cell."""
    x, y = _cell(face)
    side = face.side / CELL_PX
    spread = max(LEAST_SPREAD, SPREAD * side)
    middle_x, middle_y = round(float(x)), round(float(y))
    square = (columns - middle_x) ** 2 + (rows - middle_y) ** 2
    bump = np.exp(-square / (2 * spread**2)).astype(np.float32)
    points = (face.points + 0.5) / CELL_PX - 0.5
    constant = np.array([np.log(side), np.cos(face.angle_rad), np.sin(face.angle_rad)])
    described = [x - columns, y - rows, *(np.full_like(rows, value) for value in constant)]
    for point_x, point_y in points:
        described += [(point_x - columns) / side, (point_y - rows) / side]
    return bump, np.stack(described).astype(np.float32)


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the network for use."""
    config = parse(FaceFinderConfig, arguments, "python -m train.face_finder")
    data = RenderedSet([Path(folder) for folder in config.data.split(",")])
    network = fit(FaceFinderTask(config, data), config)[NETWORK]
    assert isinstance(network, FaceFinderNetwork)
    trained = f"face_finder {config.steps} steps, seed {config.seed}"
    path = config.run / MODEL_NAME
    save_finder_network(network, path, metadata={"trained": trained, "credit": CREDIT})
    print(path)
