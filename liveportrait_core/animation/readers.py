"""The face reader that fits a model, a clip, and the files that the user brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..constants import ANIMAL_SPACE
from ..errors import FaceNotFoundError
from ..face.animal import AnimalBoxFinder, AnimalFaceFinder
from ..face.detector import BoxFaceFinder, CroppedFaceFinder, FaceFinder, HaarFaceFinder
from ..face.faces import Box, FaceOrder, Faces, FaceTrack
from ..face.insightface import insightface_finder
from ..face.landmarks import LandmarkNetwork
from ..face.network_finder import FinderChain, NetworkFaceFinder
from ..face.onnx import landmark_203_network
from ..face.tracking import TrackingConfig, fill_gaps, track_faces
from ..imaging.tensors import Pixels
from ..media.clips import Clip
from ..model import LivePortraitModel, load_model
from .finding import (
    SOURCE_WAIT,
    FaceReader,
    RefinedFinder,
    TrackedFaces,
    landmark_network,
)

Role = Literal["source", "driver"]

LONGEST_GAP: Final = TrackingConfig().max_gap
DRIVER_WAIT: Final = TrackingConfig().longest_wait
LANDMARK_FILE: Final = "landmark.onnx"
INSIGHTFACE_FILES: Final = ("det_10g.onnx", "2d106det.onnx")
INSIGHTFACE_FOLDERS: Final = (".", "buffalo_l", "models/buffalo_l", "insightface/models/buffalo_l")
LANDMARK_FOLDERS: Final = (".", "liveportrait")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceChoice:
    """What the options say about one clip's face."""

    role: Role
    box: Box | None = None
    already_cropped: bool = False
    face_index: int = 0
    is_still: bool = False


class FaceReaders:
    """Makes face readers; loads landmark networks when one is first needed."""

    def __init__(
        self, model: LivePortraitModel, folder: Path | None, *, published: bool = False
    ) -> None:
        """Nothing is loaded yet.

        Args:
            model: The model that animates; a compact one reads landmarks, too.
            folder: Face networks that the user brings.
            published: Use them as the published program does.

        Raises:
            ValueError: The folder is none, or holds none of the files.
        """
        self._model, self._published = model, published
        self._landmarks = _first_file(folder, LANDMARK_FOLDERS, LANDMARK_FILE)
        detector = _first_file(folder, INSIGHTFACE_FOLDERS, INSIGHTFACE_FILES[0])
        self._insightface = detector.parent if detector else None
        self._network: LandmarkNetwork | None = None
        if folder is not None and self._landmarks is None and self._insightface is None:
            raise ValueError(
                f"--face-models {folder} holds neither {LANDMARK_FILE} nor "
                f"{' and '.join(INSIGHTFACE_FILES)}. Name the folder that they are in."
            )

    def reader(self, choice: FaceChoice) -> FaceReader | None:
        """A reader for one clip; None where its frames are crops and tell all by themselves.

        Raises:
            FaceNotFoundError: OpenCV has no cascades, which an animal without a box needs.
            CheckpointError: A face or landmark network cannot be loaded.
        """
        space = self._model.preset.space
        if choice.already_cropped:
            own = self._model.preset.family == "compact" or space == ANIMAL_SPACE
            return None if own else CroppedFaces(CroppedFaceFinder(self.network()))
        # an animal model's driver is a person, but its source is not
        if space == ANIMAL_SPACE and choice.role == "source":
            finder = AnimalBoxFinder(choice.box) if choice.box else AnimalFaceFinder()
            return FoundFaces(finder)
        return TrackedFaces(
            finder=self._finder(choice),
            network=self.network(),
            face_index=choice.face_index,
            name=choice.role,
            longest_wait=SOURCE_WAIT if choice.role == "source" else DRIVER_WAIT,
        )

    def find(self, clip: Clip, choice: FaceChoice, max_faces: int, order: FaceOrder) -> Faces:
        """Every face of a clip, up to `max_faces`, numbered in an order.

        Raises:
            FaceNotFoundError: No frame shows one.
            CheckpointError: A landmark network cannot be loaded.
        """
        frames = _Measured(clip)
        if self._model.preset.space == ANIMAL_SPACE and choice.role == "source":
            reader = self.reader(choice)
            tracks = [reader(frames)] if reader else []
        else:
            config = TrackingConfig(
                max_faces=max_faces, order=order, search_every=1, longest_wait=SOURCE_WAIT
            )
            finder = self._finder(choice)
            tracks = track_faces(frames, finder, self.network(), config, name=choice.role)
        height, width = frames.size
        return Faces(
            tracks=tuple(tracks),
            num_frames=frames.num_frames,
            width=width,
            height=height,
            fps=clip.fps,
        )

    def network(self) -> LandmarkNetwork:
        """The 203 points where the user has that network, else a compact model's keypoints."""
        if self._network is None:
            if self._landmarks is not None:
                self._network = landmark_203_network(self._landmarks)
            else:
                compact = self._model.preset.family == "compact"
                model = self._model if compact else load_model(device=self._model.device)
                self._network = landmark_network(model)
        return self._network

    def _finder(self, choice: FaceChoice) -> FaceFinder:
        if choice.box is not None:
            return BoxFaceFinder(choice.box, self.network())
        if self._insightface is not None:
            finder = insightface_finder(self._insightface)
            # the published program frames a still by the 106 points as they are, and takes the
            # openness from the 203 points that it reads from there
            keep = self._published and choice.role == "source" and choice.is_still
            if keep and self._landmarks is None:
                return finder
            return RefinedFinder(finder, self.network(), openness_only=keep)
        ours = NetworkFaceFinder(self.network())
        try:
            return FinderChain((ours, HaarFaceFinder(self.network())), verifier=ours)
        except FaceNotFoundError:  # OpenCV 5 has no cascades
            return ours


@dataclass(frozen=True, slots=True)
class CroppedFaces:
    """A reader of frames that are face crops: each is read by itself."""

    finder: CroppedFaceFinder

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The face in every frame."""
        return FaceTrack(0, tuple(self.finder.find(frame)[0] for frame in frames))


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """A reader for a still whose landmarks are placed, not read, so that none can be followed."""

    finder: AnimalFaceFinder | AnimalBoxFinder

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The largest face in every frame.

        Raises:
            FaceNotFoundError: No frame shows one.
        """
        found = [next(iter(self.finder.find(frame)), None) for frame in frames]
        if not any(found):
            raise FaceNotFoundError(
                f"No animal face in the source ({self.finder.tried}), and one was wanted. Mark it "
                "with a box, or say that the frames are face crops already."
            )
        return FaceTrack(0, fill_gaps(found, max_gap=LONGEST_GAP))


class _Measured:
    """A clip that is told the size and number of its frames by going through them."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self.size = (0, 0)
        self.num_frames = 0

    def __iter__(self) -> Iterator[Pixels]:
        for frame in self._clip:
            self.size = (frame.shape[0], frame.shape[1])
            self.num_frames += 1
            yield frame


def _first_file(folder: Path | None, places: Iterable[str], name: str) -> Path | None:
    if folder is None:
        return None
    return next((path for place in places if (path := folder / place / name).is_file()), None)
