"""Our own face finder: a small network that this repository trained on rendered heads.

It needs no cascades, so it works with every OpenCV.
"""

from __future__ import annotations

import logging
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
from ..constants import Box
from ..errors import CheckpointError
from ..imaging.crop import FaceBox, face_box
from ..imaging.tensors import Pixels
from ..media.atomic import write_whole
from ..networks.face_finder import NUM_POINTS, FaceFinderNetwork
from .detector import DEFAULT_MIN_SCORE, LOOKED_FOR, MAX_DETECTIONS, FaceFinder
from .faces import Face, face_from_landmarks, without_overlaps
from .landmarks import LandmarkNetwork, refine_landmarks, stability
from .mean_face import are_plausible_points, mean_face_landmarks
from .proposals import (
    MIN_AUGMENTED_LOGIT,
    Detection,
    DetectionPass,
    FinderNetwork,
    augmented_logit,
    find_detections,
)

_LOG = logging.getLogger(__name__)

NETWORK_FILE: Final = Path(__file__).parents[1] / "assets" / "weights" / "face_finder.safetensors"
FORMAT: Final = "liveportrait-suite/face-finder"
VERSION: Final = "1"
CONVOLUTION_NDIM: Final = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""

MIN_RELATIVE_CONFIDENCE: Final = 0.5
"""Of several faces in a picture, those below this fraction of the highest confidence are none."""
LANDMARK_WEIGHT: Final = 4.0
"""What landmarks of score and stability 1 add to the augmented logit."""
STABLE_SCORE: Final = 0.6
"""Score times stability from which no other first crop is tried."""
HIGH_CONFIDENCE: Final = 2.6
"""Confidence from which no other pass is tried. Below, the turned picture is searched, too: a face
on its side may look like an upright one."""
MIN_LOGIT_OF_OTHERS: Final = -3.0
"""As `MIN_AUGMENTED_LOGIT`, for a detection of another finder, whose square is less exact."""
MIN_LOGIT_WITHOUT_LANDMARKS: Final = 0.45
"""Augmented logit from which a detection is a face though the landmark network fails on it:
animals, masks, dolls."""
MAX_SCORE_WITHOUT_LANDMARKS: Final = 0.5
"""Upper bound of its score; faces with predicted landmarks usually have more."""
CONFIDENCE_WITHOUT_LANDMARKS: Final = 1.2
"""Added to the logit of such a face: less than predicted landmarks add."""


PASSES: Final = (
    DetectionPass((96, 192, 384), min_confidence=1.8, min_logit=-0.5, allow_without_landmarks=True),
    DetectionPass((96, 192), turns=(1, 2, 3)),
    DetectionPass((64, 128, 256, 512), min_heat=0.2, padding=0.1, only_if_none=True),
    DetectionPass((768,), min_heat=0.3, only_if_none=True),
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A face and how confident both networks are of it."""

    confidence: float
    """The augmented logit, and more where the landmark network predicts plausible landmarks."""
    face: Face


class NetworkFaceFinder:
    """Faces detected by our network, refined and verified by a landmark network."""

    def __init__(
        self,
        network: LandmarkNetwork,
        *,
        finder_network: FinderNetwork | None = None,
        min_score: float = DEFAULT_MIN_SCORE,
        passes: Sequence[DetectionPass] = PASSES,
    ) -> None:
        """A finder.

        Args:
            network: Predicts landmarks; the agreement of its predictions rejects false detections.
            finder_network: Detects faces, fused; None takes the one in the package.
            min_score: Smallest score of a face, 0 to 1.
            passes: Tried in order until one is confident of a face.

        Raises:
            CheckpointError: The package lacks its network, or the file is damaged.
        """
        self._finder_network = finder_network or load_finder_network()
        self._network, self._min_score = network, min_score
        self._passes = tuple(passes)

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return LOOKED_FOR

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of the first pass of high confidence, or of the most confident pass.

        Args:
            frame: (H, W, 3) uint8 RGB.
        """
        best: list[_Candidate] = []
        for detection_pass in self._passes:
            if best and (detection_pass.only_if_none or best[0].confidence >= HIGH_CONFIDENCE):
                break
            found = self._candidates(frame, detection_pass)
            if found and (not best or found[0].confidence > best[0].confidence):
                best = found
        return without_overlaps(found.face for found in best)

    def _candidates(self, frame: Pixels, detection_pass: DetectionPass) -> list[_Candidate]:
        """The faces of one pass, most confident first."""
        detections = find_detections(self._finder_network, frame, detection_pass)
        verified = (
            self._verified(frame, detection, detection_pass)
            for detection in detections[:MAX_DETECTIONS]
        )
        found = sorted(filter(None, verified), key=lambda entry: -entry.confidence)
        if not found:
            return []
        low = MIN_RELATIVE_CONFIDENCE * found[0].confidence
        return [entry for entry in found if entry.confidence >= low]

    def _verified(
        self, frame: Pixels, detection: Detection, detection_pass: DetectionPass
    ) -> _Candidate | None:
        """A detection with its landmarks; None where it is no face."""
        logit = augmented_logit(self._finder_network, frame, detection)
        if logit < detection_pass.min_logit:
            return None
        best = max(
            self._with_landmarks(frame, detection), key=lambda entry: entry.confidence, default=None
        )
        if best is not None and logit + best.confidence >= detection_pass.min_confidence:
            return replace(best, confidence=logit + best.confidence)
        if not (
            detection_pass.allow_without_landmarks
            and logit >= MIN_LOGIT_WITHOUT_LANDMARKS
            and are_plausible_points(detection.points)
        ):
            return None
        score = MAX_SCORE_WITHOUT_LANDMARKS / (1 + math.exp(-logit))
        face = face_from_landmarks(mean_face_landmarks(detection.points), score)
        return _Candidate(logit + CONFIDENCE_WITHOUT_LANDMARKS, face)

    def may_be_face(self, frame: Pixels, square: FaceBox) -> bool:
        """Whether our network sees anything like a face in a square that another finder gives.

        Args:
            frame: (H, W, 3) uint8 RGB.
            square: From brows to chin, pixels of the frame.
        """
        return self._logit(frame, square) >= MIN_LOGIT_OF_OTHERS

    def _logit(self, frame: Pixels, square: FaceBox) -> float:
        """The augmented logit of a square about a face."""
        points = np.zeros((NUM_POINTS, 2))
        detection = Detection(square.centre, square.side, square.angle_rad, 0.0, points)
        return augmented_logit(self._finder_network, frame, detection)

    def confirms(self, frame: Pixels, face: Face) -> bool:
        """Whether another finder's face is one to our network, too.

        Args:
            frame: (H, W, 3) uint8 RGB.
            face: With predicted landmarks, in pixels of the frame.
        """
        logit = self._logit(frame, face_box(face.landmarks, scale=1.0))
        if logit < MIN_AUGMENTED_LOGIT:
            return False
        stable = stability(frame, self._network, face.landmarks)
        return logit + LANDMARK_WEIGHT * face.score * stable >= HIGH_CONFIDENCE

    def _with_landmarks(self, frame: Pixels, detection: Detection) -> Iterator[_Candidate]:
        """The face with predicted landmarks, and what these add to its confidence.

        The first crop is the detection's square and, where that is not stable, also the one
        around the mean face of its five points.
        """
        around_points = self._network.box(mean_face_landmarks(detection.points))
        for box in (detection.crop(self._network), around_points):
            refined = refine_landmarks(frame, self._network, box)
            if refined.score >= self._min_score and detection.agrees_with(refined.landmarks):
                stable = refined.score * stability(frame, self._network, refined.landmarks)
                face = face_from_landmarks(refined.landmarks, refined.score)
                yield _Candidate(LANDMARK_WEIGHT * stable, face)
                if stable >= STABLE_SCORE:
                    return


class CheckedBoxFinder:
    """A finder for a box given by hand; warns where the first frame shows no face there."""

    def __init__(
        self, finder: FaceFinder, box: Box, *, finder_network: FinderNetwork | None = None
    ) -> None:
        """A finder.

        Args:
            finder: Finds the face in the box.
            box: x, y, width, height in pixels.
            finder_network: Says how much it looks like a face; None takes the one in the package.
        """
        self._finder, self._box = finder, box
        self._network = finder_network
        self._is_checked = False

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return self._finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        """The finder's faces, whatever is in the box: the user has marked it."""
        found = self._finder.find(frame)
        if not self._is_checked:
            self._is_checked = True
            x, y, width, height = self._box
            centre = x + width / 2, y + height / 2
            points = np.zeros((NUM_POINTS, 2))
            detection = Detection(centre, max(width, height), 0.0, 0.0, points)
            network = self._network or load_finder_network()
            if augmented_logit(network, frame, detection) < MIN_AUGMENTED_LOGIT:
                _LOG.warning(
                    "The box %g,%g,%g,%g shows nothing like a face. Mark the face from brows to "
                    "chin, an animal's from above the eyes to the chin.",
                    *self._box,
                )
        return found


class FinderChain:
    """Several finders: the faces of the first that finds any."""

    def __init__(
        self, finders: Sequence[FaceFinder], *, verifier: NetworkFaceFinder | None = None
    ) -> None:
        """A finder.

        Args:
            finders: Tried in order.
            verifier: Must confirm the faces of the other finders, not its own.
        """
        self._finders, self._verifier = tuple(finders), verifier

    @property
    def tried(self) -> str:
        """What they do, for the message when they find nothing."""
        return "; ".join(dict.fromkeys(finder.tried for finder in self._finders))

    def find(self, frame: Pixels) -> list[Face]:
        """The faces of (H, W, 3) uint8, in no particular order; empty when there is none."""
        for finder in self._finders:
            faces = finder.find(frame)
            if self._verifier is not None and finder is not self._verifier:
                faces = [face for face in faces if self._verifier.confirms(frame, face)]
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
            f"{path} is of format {metadata.get('format')!r}, version {metadata.get('version')!r}; "
            f"{FORMAT!r}, version {VERSION!r} is expected. Install liveportrait-suite again."
        )
    state = {name: tensor.float() for name, tensor in as_tensors(read_file(path), path).items()}
    network = FaceFinderNetwork()
    network.eval().fuse().requires_grad_(False)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} holds other tensors; those of this version's face finder are expected. "
            "Install liveportrait-suite again."
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
