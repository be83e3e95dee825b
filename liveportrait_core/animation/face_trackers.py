"""Face trackers: one face followed through the frames of a clip.

`FaceTrackers` makes the tracker that fits a model, a clip, the options and the files that the
user brings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..config.find_options import FaceOrder, FindOptions
from ..constants import ANIMAL_SPACE
from ..errors import FaceNotFoundError, about
from ..face.animal import AnimalBoxFinder, AnimalFaceFinder
from ..face.detector import (
    DEFAULT_MIN_SCORE,
    BoxFaceFinder,
    CroppedFaceFinder,
    FaceFinder,
    HaarFaceFinder,
)
from ..face.faces import PHOTO, Face, Faces, FaceTrack, no_such_face
from ..face.gaps import fill_gaps
from ..face.insightface import insightface_finder
from ..face.landmarks import LandmarkNetwork
from ..face.network_finder import CheckedBoxFinder, FinderChain, NetworkFaceFinder
from ..face.onnx import landmark_203_network
from ..face.tracking import TrackingConfig, track_faces
from ..imaging.tensors import Pixels
from ..media.clips import Clip
from ..model import LivePortraitModel, load_model
from ..options import FaceOptions, Role
from .compact_landmarks import landmark_network

_LOG = logging.getLogger(__name__)

ClipTracker = Callable[[Iterable[Pixels]], FaceTrack]
"""Finds one face in every frame of a clip; an entry for each frame, none left out."""

SOURCE_WAIT: Final = 5
"""Frames between two searches for the lost face of a source at most. Short, as a source stays as
it is until its face is found; a driver's motion can be interpolated, and may wait longer."""
DRIVER_WAIT: Final = TrackingConfig().longest_wait
INDEX_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"driver": "driving_face_index", PHOTO: "like_face_index"}
)
"""The option that chooses a face, by whose clip it is; of others `face_index`."""
LONGEST_GAP: Final = TrackingConfig().max_gap
LANDMARK_FILE: Final = "landmark.onnx"
INSIGHTFACE_FILES: Final = ("det_10g.onnx", "2d106det.onnx")
INSIGHTFACE_FOLDERS: Final = (".", "buffalo_l", "models/buffalo_l", "insightface/models/buffalo_l")
LANDMARK_FOLDERS: Final = (".", "liveportrait")


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkTracker:
    """A face tracker that follows one face by its landmarks."""

    finder: FaceFinder
    network: LandmarkNetwork
    face_index: int = 0
    """Which face, from 0."""
    order: FaceOrder = "large-small"
    name: str = "source"
    """Whose clip it is, for messages."""
    longest_wait: int = SOURCE_WAIT
    """Frames between two searches for a lost face at most."""

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The face in every frame.

        Raises:
            FaceNotFoundError: No frame shows a face, or too few faces are seen.
        """
        finder = _CountingFinder(self.finder)
        config = TrackingConfig(
            find=FindOptions(max_faces=self.face_index + 1, order=self.order),
            search_every=1,
            longest_wait=self.longest_wait,
        )
        tracks = track_faces(frames, finder, self.network, config, name=self.name)
        if self.face_index >= len(tracks):
            with about(INDEX_OPTIONS.get(self.name, "face_index")):
                raise no_such_face(self.face_index, len(tracks), f" in the {self.name}")
        if finder.max_faces > 1 and self.face_index == 0:  # another one was chosen
            _LOG.warning(
                "The %s shows %d faces; number %d (from 0, %s) is taken. "
                "Another face index chooses another.",
                *(self.name, finder.max_faces, self.face_index, self.order),
            )
        return tracks[self.face_index]


@dataclass(frozen=True, slots=True)
class FramewiseTracker:
    """A face tracker that looks at each frame by itself and takes the largest face there.

    For face crops, and for animals, whose landmarks are placed by a box and cannot be followed.
    """

    finder: FaceFinder

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The largest face in every frame.

        Raises:
            FaceNotFoundError: No frame shows one.
        """
        found = [next(iter(self.finder.find(frame)), None) for frame in frames]
        if not any(found):
            raise FaceNotFoundError(
                f"No animal face in the source ({self.finder.tried}); one is expected. Mark it "
                "with a box, or say that the frames are face crops already."
            )
        return FaceTrack(0, fill_gaps(found, max_gap=LONGEST_GAP))


@dataclass(frozen=True, slots=True)
class ScoredFinder:
    """A finder without its faces below a score."""

    finder: FaceFinder
    min_score: float

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return f"{self.finder.tried}; with a score of {self.min_score:g} or more"

    def find(self, frame: Pixels) -> list[Face]:
        """The finder's faces of at least that score."""
        return [face for face in self.finder.find(frame) if face.score >= self.min_score]


@dataclass(frozen=True, slots=True)
class RefinedFinder:
    """A finder whose landmarks are replaced by a network's, so that all frames have its layout."""

    finder: FaceFinder
    network: LandmarkNetwork
    openness_only: bool = False
    """Frame the faces by the finder's own landmarks; the network's give openness alone."""

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return self.finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        """The finder's faces with the network's landmarks."""
        network = self.network
        name = "openness_landmarks" if self.openness_only else "landmarks"
        return [
            replace(face, **{name: network.landmarks(frame, network.box(face.landmarks))})
            for face in self.finder.find(frame)
        ]


class FaceTrackers:
    """Makes face trackers: `FaceTrackers(model).tracker("source")(frames)`.

    Landmark networks are loaded when one is first needed, and once.
    """

    def __init__(
        self, model: LivePortraitModel, folder: Path | None = None, *, published: bool = False
    ) -> None:
        """Nothing is loaded yet.

        Args:
            model: The model that animates; a compact one finds landmarks, too.
            folder: Face networks that the user brings.
            published: Use them as the published program does.

        Raises:
            ValueError: The folder is none, or holds none of the files.
        """
        self._model, self._published = model, published
        self._reading: LivePortraitModel | None = None
        self._landmarks = _first_file(folder, LANDMARK_FOLDERS, LANDMARK_FILE)
        detector = _first_file(folder, INSIGHTFACE_FOLDERS, INSIGHTFACE_FILES[0])
        self._insightface = detector.parent if detector else None
        self._network: LandmarkNetwork | None = None
        if folder is not None and self._landmarks is None and self._insightface is None:
            raise ValueError(
                f"--face-models is {folder}; a folder with {LANDMARK_FILE} or "
                f"{' and '.join(INSIGHTFACE_FILES)} is expected. Name the folder that they are in."
            )

    def tracker(
        self,
        role: Role,
        face: FaceOptions | None = None,
        *,
        already_cropped: bool = False,
        is_image: bool = False,
        name: str = "",
    ) -> ClipTracker | None:
        """A tracker for one clip; None where its frames are crops and no landmarks are needed.

        Args:
            role: Whose clip it is.
            face: Which face.
            already_cropped: The frames are face crops.
            is_image: The clip is one image.
            name: What messages call the clip; empty: its role.

        Raises:
            FaceNotFoundError: OpenCV has no cascades, which an animal without a box needs.
            CheckpointError: A face or landmark network cannot be loaded.
        """
        face = face or FaceOptions()
        space = self._model.preset.space
        if already_cropped:
            own = self._model.preset.family == "compact" or space == ANIMAL_SPACE
            return None if own else FramewiseTracker(CroppedFaceFinder(self.network()))
        # an animal model's driver is a person, but its source is not
        if space == ANIMAL_SPACE and role == "source":
            if face.box is None:
                return FramewiseTracker(AnimalFaceFinder())
            return FramewiseTracker(CheckedBoxFinder(AnimalBoxFinder(face.box), face.box))
        return LandmarkTracker(
            finder=self._finder(role, face, is_image=is_image),
            network=self.network(),
            face_index=face.index,
            name=name or role,
            longest_wait=SOURCE_WAIT if role == "source" else DRIVER_WAIT,
        )

    def find_all(
        self,
        clip: Clip,
        *,
        face: FaceOptions | None = None,
        options: FindOptions | None = None,
    ) -> Faces:
        """Every face of a source, up to a number, in an order.

        Args:
            clip: The source.
            face: A box that marks one face, which then is found alone; the least score.
            options: How many at most, and in which order.

        Raises:
            FaceNotFoundError: No frame shows one.
            CheckpointError: A landmark network cannot be loaded.
        """
        frames = _MeasuredClip(clip)
        face, options = face or FaceOptions(), options or FindOptions()
        if self._model.preset.space == ANIMAL_SPACE:
            tracker = self.tracker("source", face)
            tracks = [tracker(frames)] if tracker else []
        else:
            config = TrackingConfig(find=options, search_every=1, longest_wait=SOURCE_WAIT)
            finder = self._finder("source", face, is_image=False)
            tracks = track_faces(frames, finder, self.network(), config, name="source")
        height, width = frames.size
        return Faces(
            tracks=tuple(tracks),
            num_frames=frames.num_frames,
            width=width,
            height=height,
            fps=clip.fps,
        )

    def reading(self) -> LivePortraitModel:
        """The model with a quicker M (`LivePortraitModel.reading`), made once."""
        if self._reading is None:
            self._reading = self._model.reading()
        return self._reading

    def network(self) -> LandmarkNetwork:
        """The 203 points where the user has that network, else a compact model's keypoints."""
        if self._network is None:
            if self._landmarks is not None:
                self._network = landmark_203_network(self._landmarks)
            else:
                compact = self._model.preset.family == "compact"
                model = self.reading() if compact else load_model(device=self._model.device)
                self._network = landmark_network(model)
        return self._network

    def _finder(self, role: Role, face: FaceOptions, *, is_image: bool) -> FaceFinder:
        if face.box is not None:
            return CheckedBoxFinder(BoxFaceFinder(face.box, self.network()), face.box)
        if face.min_score is not None:
            found = self._searching(role, is_image=is_image, min_score=face.min_score)
            return ScoredFinder(found, face.min_score)
        return self._searching(role, is_image=is_image, min_score=DEFAULT_MIN_SCORE)

    def _searching(self, role: Role, *, is_image: bool, min_score: float) -> FaceFinder:
        if self._insightface is not None:
            finder = insightface_finder(self._insightface)
            # the published program frames an image by the 106 points as they are, and takes the
            # openness from the 203 points that it finds from there
            keep = self._published and role == "source" and is_image
            if keep and self._landmarks is None:
                return finder
            return RefinedFinder(finder, self.network(), openness_only=keep)
        ours = NetworkFaceFinder(self.network(), min_score=min_score)
        try:
            haar = HaarFaceFinder(self.network(), min_score=min_score, verifier=ours)
            return FinderChain((ours, haar), verifier=ours)
        except FaceNotFoundError:  # OpenCV 5 has no cascades
            return ours


class _CountingFinder:
    """A finder that remembers the most faces it found at once."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.max_faces = 0

    @property
    def tried(self) -> str:
        return self._finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        faces = self._finder.find(frame)
        self.max_faces = max(self.max_faces, len(faces))
        return faces


class _MeasuredClip:
    """A clip that notes the size and number of its frames as they are read."""

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
