"""Our own face finder: a small network that this repository trained on rendered heads.

It needs no cascades, so it works with every OpenCV.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import save

from ..checkpoints.reading import as_tensors, read_file, read_metadata
from ..errors import CheckpointError
from ..imaging.crop import face_box
from ..imaging.tensors import Pixels
from ..media.atomic import write_whole
from ..networks.face_finder import NUM_POINTS, FaceFinderNetwork
from .detector import DEFAULT_MIN_SCORE, MOST_HITS, SAME_FACE_OVERLAP, FaceFinder
from .faces import Face, face_from_landmarks, overlap
from .landmarks import LandmarkNetwork, read_face, steadiness
from .mean_face import could_be_a_face, place_landmarks
from .proposals import FinderNetwork, Hit, Look, closer_look, find_hits

NETWORK_FILE: Final = Path(__file__).parents[1] / "assets" / "weights" / "face_finder.safetensors"
FORMAT: Final = "liveportrait-suite/face-finder"
VERSION: Final = "1"
CONVOLUTION_NDIM: Final = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""

LEAST_OF_BEST: Final = 0.5
"""Of several faces in a picture, those below this share of the surest are none."""
READ_WEIGHT: Final = 4.0
"""What a reading that agrees with itself and is steady adds to the logit of the closer look."""
STEADY: Final = 0.6
"""Score times steadiness of a reading from which no other is tried."""
SURE: Final = 2.6
"""Sureness from which a face is beyond doubt. Below, it is looked for in the turned picture, too:
a face on its side may look like an upright one."""
LEAST_CLOSER: Final = -1.2
"""Logit of the closer look below which nobody reads: it is no face."""
LEAST_UNREAD: Final = 0.45
"""Logit of the closer look from which a hit is a face though the landmark network cannot read it:
animals, masks, dolls."""
UNREAD_SCORE: Final = 0.5
"""Its score at most; landmarks that are read have more as a rule."""
UNREAD_SURE: Final = 1.2
"""Added to the logit of such a face: less sure than faces that are read."""


LADDER: Final = (
    Look((96, 192, 384), least_sure=1.8, unread=True),
    Look((96, 192), turns=(1, 2, 3)),
    Look((64, 128, 256, 512), least_heat=0.2, padding=0.1, only_when_lost=True),
    Look((768,), least_heat=0.3, only_when_lost=True),
)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A face and how sure both networks are of it."""

    sureness: float
    """The logit of the closer look, and more where the landmark network reads a face there."""
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
            if best and (look.only_when_lost or best[0].sureness >= SURE):
                break
            found = self._found(frame, look)
            if found and (not best or found[0].sureness > best[0].sureness):
                best = found
        return _without_doubles([found.face for found in best])

    def _found(self, frame: Pixels, look: Look) -> list[_Weighed]:
        """The faces of one look, surest first."""
        hits = find_hits(self._finder_network, frame, look)[:MOST_HITS]
        found = [face for hit in hits if (face := self._weighed(frame, hit, look)) is not None]
        found.sort(key=lambda entry: -entry.sureness)
        return [face for face in found if face.sureness >= LEAST_OF_BEST * found[0].sureness]

    def _weighed(self, frame: Pixels, hit: Hit, look: Look) -> _Weighed | None:
        """A hit with the landmarks read there; None where it is no face."""
        closer = closer_look(self._finder_network, frame, hit)
        if closer < LEAST_CLOSER:
            return None
        read = max(self._readings(frame, hit), key=lambda entry: entry.sureness, default=None)
        if read is not None and closer + read.sureness >= look.least_sure:
            return replace(read, sureness=closer + read.sureness)
        if not look.unread or closer < LEAST_UNREAD or not could_be_a_face(hit.points):
            return None
        score = UNREAD_SCORE / (1 + math.exp(-closer))
        face = face_from_landmarks(place_landmarks(hit.points), score)
        return _Weighed(closer + UNREAD_SURE, face)

    def confirms(self, frame: Pixels, face: Face) -> bool:
        """Whether another finder's face is one to our network, too."""
        square = face_box(face.landmarks, scale=1.0)
        hit = Hit(square.centre, square.side, square.angle_rad, 0.0, np.zeros((NUM_POINTS, 2)))
        closer = closer_look(self._finder_network, frame, hit)
        if closer < LEAST_CLOSER:
            return False
        steady = steadiness(frame, self._network, face.landmarks)
        return closer + READ_WEIGHT * face.score * steady >= SURE

    def _readings(self, frame: Pixels, hit: Hit) -> Iterator[_Weighed]:
        """What the landmark network reads there, and its share of the sureness.

        It begins from the square and, where that is not steady, from the five points, too.
        """
        placed = self._network.box(place_landmarks(hit.points))
        for box in (hit.crop(self._network), placed):
            reading = read_face(frame, self._network, box)
            if reading.score >= self._min_score and hit.agrees_with(reading.landmarks):
                worth = reading.score * steadiness(frame, self._network, reading.landmarks)
                face = face_from_landmarks(reading.landmarks, reading.score)
                yield _Weighed(READ_WEIGHT * worth, face)
                if worth >= STEADY:
                    return


class FirstOfFinders:
    """Several finders: the faces of the first that finds any."""

    def __init__(
        self, finders: Sequence[FaceFinder], *, judge: NetworkFaceFinder | None = None
    ) -> None:
        """A finder.

        Args:
            finders: Asked in order.
            judge: Must confirm the faces that the others find; it is believed itself.
        """
        self._finders, self._judge = tuple(finders), judge

    @property
    def tried(self) -> str:
        """What they do, for the message when they find nothing."""
        return "; ".join(finder.tried for finder in self._finders)

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of (H, W, 3) uint8, in no particular order; empty when there is none."""
        for finder in self._finders:
            faces = finder.find(frame)
            if self._judge is not None and finder is not self._judge:
                faces = [face for face in faces if self._judge.confirms(frame, face)]
            if faces:
                return faces
        return []


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


def _without_doubles(ranked: Sequence[Face]) -> list[Face]:
    """Of faces that overlap, the first."""
    kept: list[Face] = []
    for face in ranked:
        if all(overlap(face.box, other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept
