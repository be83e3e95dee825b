"""Our own face finder: a small network that this repository trained on rendered heads.

It needs no cascades, so it works with every OpenCV.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from ..checkpoints.reading import as_tensors, read_file, read_metadata
from ..errors import CheckpointError
from ..imaging.crop import FaceBox, face_box
from ..imaging.layouts import Landmarks, Points
from ..imaging.tensors import Pixels, tensor_from_pixels
from ..media.atomic import write_whole
from ..networks.face_finder import CELL_PX, NUM_POINTS, STRIDE, FaceFinderNetwork, FaceMaps
from .detector import DEFAULT_MIN_SCORE, MOST_HITS, SAME_FACE_OVERLAP, FaceFinder
from .faces import Box, Face, face_from_landmarks, overlap
from .landmarks import LandmarkNetwork, read_face, steadiness

NETWORK_FILE: Final = Path(__file__).parents[1] / "weights" / "face_finder.safetensors"
FORMAT: Final = "liveportrait-suite/face-finder"
VERSION: Final = "1"
CONVOLUTION_NDIM: Final = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""

FinderNetwork = Callable[[Tensor], FaceMaps]
"""Pictures (B, 3, h, w) in [0, 1] -> maps; a `FaceFinderNetwork` that was fused."""


LEAST_OF_BEST: Final = 0.55
"""Of several faces in a picture, those below this share of the best, weighed by heat, are none."""
SURE_WEIGHT: Final = 0.5
"""Heat times score from which a face is beyond doubt. Below, it is weighed by its steadiness,
too, and looked for in the turned picture: a face on its side may look like an upright one."""
LEAST_WEIGHT: Final = 0.22
"""Weight below which a face is none: on real pictures faces had .24 or more, other things .21
or less."""
LARGEST_SHIFT: Final = 0.5
"""How far the landmarks' square may lie from the network's, in sides."""
LARGEST_GROWTH: Final = 2.5
"""How much larger or smaller the landmarks' square may be."""


@dataclass(frozen=True, slots=True)
class Look:
    """One rung of the ladder: how to look this time."""

    sizes_px: tuple[int, ...]
    """The picture's longer side is brought to each of these. In each, the network knows faces
    from about 8 to 100 pixels."""
    least_heat: float = 0.4
    """What the network must say for a place to be looked at more closely."""
    padding: float = 0.0
    """Border around the picture, in longer sides: room for a face that is cut."""
    turns: tuple[int, ...] = (0,)
    """Quarter turns of the picture, counter-clockwise; the surest hits of all count."""
    only_when_lost: bool = False
    """Left out where an earlier look found a face, however doubtful."""


LADDER: Final = (
    Look((96, 192, 384)),
    Look((96, 192), turns=(1, 2, 3)),
    Look((64, 128, 256, 512), least_heat=0.2, padding=0.1, only_when_lost=True),
    Look((768,), least_heat=0.3, only_when_lost=True),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A face that the network sees, in pixels of the frame."""

    centre: tuple[float, float]
    """Of the square of `face_box` with scale 1."""
    side: float
    angle_rad: float
    heat: float
    """From 0 to 1: how sure the network is."""
    points: Points
    """(5, 2) middles of the eyes, nose, corners of the mouth, as the face stands upright."""

    @property
    def box(self) -> Box:
        """The square without its turn."""
        x, y = self.centre
        return x - self.side / 2, y - self.side / 2, self.side, self.side

    def crop(self, network: LandmarkNetwork) -> FaceBox:
        """The crop to read landmarks in first."""
        side = self.side * network.scale
        down = network.vy_ratio * side
        x = self.centre[0] - math.sin(self.angle_rad) * down
        y = self.centre[1] + math.cos(self.angle_rad) * down
        return FaceBox((x, y), side, self.angle_rad)

    def agrees_with(self, landmarks: Landmarks) -> bool:
        """True when the landmarks are of a face in about this place and of about this size."""
        square = face_box(landmarks, scale=1.0)
        distance = math.hypot(*np.subtract(square.centre, self.centre))
        growth = max(square.side / self.side, self.side / square.side)
        return distance <= LARGEST_SHIFT * self.side and growth <= LARGEST_GROWTH


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A face and how sure both networks are of it: heat times score, times steadiness in doubt."""

    weight: float
    face: Face


class NetworkFaceFinder:
    """Our network's faces, refined and checked by a landmark network."""

    def __init__(
        self,
        network: LandmarkNetwork,
        *,
        finder_network: FinderNetwork | None = None,
        min_score: float = DEFAULT_MIN_SCORE,
        ladder: Sequence[Look] = LADDER,
    ) -> None:
        """A finder.

        Args:
            network: Reads landmarks; its agreement with itself rejects false hits.
            finder_network: Says where faces are, fused; None takes the one in the package.
            min_score: Faces below are no faces.
            ladder: Looks, tried in order until one gives a face.

        Raises:
            CheckpointError: The package lacks its network, or the file is damaged.
        """
        self._finder_network = finder_network or load_finder_network()
        self._network, self._min_score = network, min_score
        self._ladder = tuple(ladder)

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return (
            f"our own face finder, {len(self._ladder)} looks: turned, with borders, closer; "
            f"least score {self._min_score:.2f}"
        )

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of the first look that is sure of one, or of the surest look."""
        best: list[_Weighed] = []
        for look in self._ladder:
            if best and (look.only_when_lost or best[0].weight >= SURE_WEIGHT):
                break
            found = self._found(frame, look)
            if found and (not best or found[0].weight > best[0].weight):
                best = found
        return _without_doubles([found.face for found in best])

    def _found(self, frame: Pixels, look: Look) -> list[_Weighed]:
        """The faces of one look, surest first."""
        hits = find_hits(self._finder_network, frame, look)[:MOST_HITS]
        found = [face for hit in hits if (face := self._weighed(frame, hit)) is not None]
        found.sort(key=lambda entry: -entry.weight)
        return [face for face in found if face.weight >= LEAST_OF_BEST * found[0].weight]

    def _weighed(self, frame: Pixels, hit: Hit) -> _Weighed | None:
        """A hit with the landmarks read there; None where the other network sees no face."""
        reading = read_face(frame, self._network, hit.crop(self._network))
        weight = hit.heat * reading.score
        if min(weight / LEAST_WEIGHT, reading.score / self._min_score) < 1:
            return None
        if not hit.agrees_with(reading.landmarks):
            return None
        if weight < SURE_WEIGHT:
            weight *= steadiness(frame, self._network, reading.landmarks)
        face = face_from_landmarks(reading.landmarks, reading.score)
        return _Weighed(weight, face) if weight >= LEAST_WEIGHT else None


class FirstOfFinders:
    """Several finders: the faces of the first that finds any."""

    def __init__(self, finders: Sequence[FaceFinder]) -> None:
        self._finders = tuple(finders)

    @property
    def tried(self) -> str:
        """What they do, for the message when they find nothing."""
        return "; ".join(finder.tried for finder in self._finders)

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of (H, W, 3) uint8, in no particular order; empty when there is none."""
        return next((faces for finder in self._finders if (faces := finder.find(frame))), [])


@lru_cache(maxsize=2)
def load_finder_network(path: Path = NETWORK_FILE) -> FaceFinderNetwork:
    """The network of a file, fused, in eval mode, without gradients, in float32 on the CPU.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    metadata = read_metadata(path)
    if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} says format {metadata.get('format')!r} version {metadata.get('version')!r}; "
            f"{FORMAT} version {VERSION} was wanted. Install liveportrait-suite again."
        )
    state = {name: tensor.float() for name, tensor in as_tensors(read_file(path), path).items()}
    network = FaceFinderNetwork()
    network.eval().fuse().requires_grad_(False)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} does not hold the tensors of this version's face finder. Install "
            "liveportrait-suite again."
        ) from error
    for parameter in network.parameters():
        if parameter.ndim == CONVOLUTION_NDIM:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def save_finder_network(
    network: FaceFinderNetwork, path: Path, *, metadata: Mapping[str, str]
) -> None:
    """Write a trained network as it is used: fused, in float16. The network itself is changed.

    Raises:
        MediaError: The file cannot be written.
    """
    state = network.cpu().eval().fuse().state_dict()
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in state.items()}
    content = save(tensors, {**metadata, "format": FORMAT, "version": VERSION})
    write_whole(path, content)


def find_hits(network: FinderNetwork, frame: Pixels, look: Look) -> list[Hit]:
    """What the network sees in one look, surest first, one hit for each face.

    Args:
        network: Fused.
        frame: (H, W, 3) uint8.
        look: How.
    """
    hits: list[Hit] = []
    for turns in look.turns:
        turned = np.ascontiguousarray(np.rot90(frame, turns))
        for size_px in look.sizes_px:
            hits += _hits_at(network, turned, size_px, look, turns)
    return _surest(hits)


def _hits_at(
    network: FinderNetwork, turned: Pixels, size_px: int, look: Look, turns: int
) -> list[Hit]:
    """What the network sees in a turned frame at one size."""
    height, width = turned.shape[:2]
    zoom = size_px / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    small = cv2.resize(turned, size, interpolation=method)
    border = round(look.padding * size_px)
    after = [border + (-(length + 2 * border)) % STRIDE for length in size]
    small = cv2.copyMakeBorder(small, border, after[1], border, after[0], cv2.BORDER_REPLICATE)
    with torch.inference_mode():
        pictures = tensor_from_pixels(np.asarray(small, np.uint8))
        maps = network(pictures.contiguous(memory_format=torch.channels_last))
    steps = (width / size[0], height / size[1])
    peaks = _peaks(maps, look.least_heat)
    return [_hit(peak, steps, border, (height, width), turns) for peak in peaks]


def _peaks(maps: FaceMaps, least_heat: float) -> list[Points]:
    """The surest local maxima in pixels of the small picture.

    Returns:
        (15,) each: heat, side, angle, the middle's x and y, x and y of the five points.
    """
    logit = maps.heat_logit[0, 0]
    highest = torch.nn.functional.max_pool2d(logit[None], 3, 1, 1)[0]
    least = math.log(least_heat / (1 - least_heat))
    rows, columns = torch.nonzero((logit == highest) & (logit >= least), as_tuple=True)

    def at(values: Tensor) -> Points:
        return values[0][:, rows, columns].double().numpy().T

    cells = torch.stack((columns, rows), 1).double().numpy()
    side = np.exp(at(maps.log_side))
    axis = at(maps.axis)
    middle = cells + at(maps.offset)
    points = np.tile(cells, (1, NUM_POINTS)) + at(maps.points) * side
    positions = (np.concatenate((middle, points), 1) + 0.5) * CELL_PX - 0.5
    heat = torch.sigmoid(logit[rows, columns]).double().numpy()[:, None]
    angle = np.arctan2(axis[:, 1:], axis[:, :1])
    found = np.concatenate((heat, side * CELL_PX, angle, positions), 1)
    return list(found[np.argsort(-found[:, 0])][: 4 * MOST_HITS])


def _hit(
    found: Points,
    steps: tuple[float, float],
    border: int,
    size: tuple[int, int],
    quarter_turns: int,
) -> Hit:
    """A peak of the small, turned picture -> a hit in the frame.

    Args:
        found: From `_peaks`.
        steps: Pixels of the turned frame for one of the small picture, x and y.
        border: Of the small picture, pixels.
        size: Height and width of the turned frame.
        quarter_turns: How it was turned, counter-clockwise.
    """
    heat, side, angle = (float(value) for value in found[:3])
    positions = (found[3:].reshape(-1, 2) - border + 0.5) * steps - 0.5
    height, width = size
    for _ in range(quarter_turns):  # (x', y') of the turned picture came from x = W - 1 - y'
        positions = np.stack((height - 1 - positions[:, 1], positions[:, 0]), 1)
        height, width = width, height
    return Hit(
        centre=(float(positions[0, 0]), float(positions[0, 1])),
        side=side * math.sqrt(steps[0] * steps[1]),
        angle_rad=math.remainder(angle + quarter_turns * math.pi / 2, math.tau),
        heat=heat,
        points=positions[1:],
    )


def _surest(hits: Sequence[Hit]) -> list[Hit]:
    """Of hits that overlap, the surest."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.heat):
        if all(overlap(hit.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(hit)
    return kept


def _without_doubles(ranked: Sequence[Face]) -> list[Face]:
    """Of faces that overlap, the first."""
    kept: list[Face] = []
    for face in ranked:
        if all(overlap(face.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept
