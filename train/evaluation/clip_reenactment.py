"""Self-reenactment of real clips: each is driven by its own frames from its first one on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.animation.crop_motion import face_tensor
from liveportrait_core.animation.crops import crop_of, driving_crops
from liveportrait_core.animation.face_trackers import FaceTrackers
from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.errors import FaceNotFoundError, LivePortraitError, MediaError, counted
from liveportrait_core.face.faces import FaceTrack
from liveportrait_core.imaging.crop import CropTransform
from liveportrait_core.imaging.tensors import (
    Pixels,
    pixels_from_tensor,
    resize_pixels,
    tensor_from_pixels,
)
from liveportrait_core.media.atomic import make_folder
from liveportrait_core.media.clips import Frames
from liveportrait_core.media.kinds import VIDEO_SUFFIXES
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.options import Framing
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp_decode,
)

from ..metrics.image import l1, psnr_db, ssim

_LOG = logging.getLogger(__name__)

EVERY: Final = 5
"""Every N-th frame is compared."""
MIN_HEAD_MOTION: Final = 0.02
"""Mean distance of the rigid points of the face from where the source has them, in sides of the
crop, from which on the head counts as moving: 5 pixels of 256."""
RIGID_POINTS: Final = (
    C.LEFT_EYE_OUTER,
    C.LEFT_EYE_INNER,
    C.RIGHT_EYE_INNER,
    C.RIGHT_EYE_OUTER,
    C.NOSE_TIP,
)
CHUNK: Final = 8
IMAGE_MEASURES: Final = {"psnr_db": psnr_db, "ssim": ssim, "l1": l1}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReenactedClip:
    """A clip, reconstructed from its first frame."""

    name: str
    """Of the file."""
    source: Pixels
    """(h, h, 3)."""
    driving: NDArray[np.uint8]
    """(N, h, h, 3) without the source itself."""
    output: NDArray[np.uint8]
    """(N, h, h, 3)."""
    head_motion: float
    """See `MIN_HEAD_MOTION`."""

    @property
    def moves(self) -> bool:
        """Whether the head moves."""
        return self.head_motion >= MIN_HEAD_MOTION

    @property
    def row(self) -> dict[str, float | str]:
        """Its measures: means over the frames."""
        ours, copied = (self._compared(picture) for picture in (self.output, self.source))
        return {
            "clip": self.name,
            "frames": len(self.driving),
            "head_motion": self.head_motion,
            "moves": float(self.moves),
            **ours,
            **{f"copy_{name}": value for name, value in copied.items()},
            "psnr_gain_db": ours["psnr_db"] - copied["psnr_db"],
        }

    def write(self, folder: Path) -> None:
        """Save the images as `NAME.npz` for `train/evaluation/face_mesh.py`."""
        make_folder(folder)
        np.savez(
            folder / f"{self.name}.npz",
            source=self.source[None],
            driving=self.driving,
            output=self.output,
        )

    def _compared(self, pictures: NDArray[np.uint8]) -> dict[str, float]:
        """Means of (N, h, h, 3) pictures, or of one, against the driving ones."""
        sums = dict.fromkeys(IMAGE_MEASURES, 0.0)
        for found, expected in zip(
            np.broadcast_to(pictures, self.driving.shape), self.driving, strict=True
        ):
            image, truth = tensor_from_pixels(found), tensor_from_pixels(expected)
            for name, measure in IMAGE_MEASURES.items():
                sums[name] += float(measure(image, truth))
        return {name: value / len(self.driving) for name, value in sums.items()}


def clips_in(folder: Path) -> list[Path]:
    """The videos of a folder by name, or the one video that is named.

    Raises:
        MediaError: There is none.
    """
    paths = [folder] if folder.is_file() else sorted(folder.glob("*"))
    videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES]
    if not videos:
        raise MediaError(f"{folder} holds no video; clips of faces are expected. Name another.")
    return videos


@torch.inference_mode()
def reenact(
    model: LivePortraitModel, landmarks: LivePortraitModel, path: Path, every: int
) -> ReenactedClip:
    """Reconstruct a clip from its first frame with a face, by the model's keypoints of each frame.

    Convention:
        - one upright crop for the whole clip, the mean of its frames' crops, as for a driver, but
          moved, and made smaller if need be, so that it lies inside the video's picture
        - the keypoints drive as they are: the same person needs no relative motion
        - frames without a face are left out

    Args:
        model: Of the size to compare at.
        landmarks: The compact model whose M finds the face, so that the crop does not depend on
            the model that is measured.
        path: The video.
        every: Every N-th frame is taken.

    Raises:
        FaceNotFoundError: Fewer than two frames show a face.
        MediaError: The video cannot be read.
    """
    frames = [np.asarray(frame) for frame in islice(VideoReader(path), 0, None, every)]
    tracker = FaceTrackers(landmarks).tracker("driver")
    assert tracker is not None
    track = tracker(Frames(frames))
    visible = [index for index, validity in enumerate(track.validity) if validity == 1.0]
    if len(visible) < 2:  # noqa: PLR2004 - a source and a driver
        raise FaceNotFoundError(
            f"{path} shows a face in {len(visible)} of {counted(len(frames), 'frame')}; two or "
            "more are expected. Make --every smaller, or name another clip."
        )
    size_px = model.preset.face_size_px
    transform = inside(driving_crops(model, track, Framing())[0], frames[0].shape, size_px)
    crops = [crop_of(frames[index], transform) for index in visible]
    return ReenactedClip(
        name=path.name,
        source=crops[0],
        driving=np.stack(crops[1:]),
        output=_reconstructed(model, crops),
        head_motion=_head_motion(track, visible, transform),
    )


def inside(crop: CropTransform, shape: tuple[int, ...], size_px: int) -> CropTransform:
    """An upright crop, moved and made smaller until it shows nothing beyond the picture.

    Args:
        crop: Without a turn.
        shape: Height and width of the picture, pixels.
        size_px: Side of the new crop's pictures.
    """
    height, width = shape[:2]
    side = min(crop.size_px * crop.source_px_per_crop_px, height, width)
    middle = (crop.size_px - 1) / 2
    centre = crop.to_source(np.array([[middle, middle]]))[0]
    max_frames = np.array((width, height)) - 0.5 - side  # edges: -0.5 to width - 0.5
    left, top = np.clip(centre - side / 2, -0.5, max_frames)
    zoom = size_px / side
    matrix = np.array(
        [[zoom, 0, -0.5 - zoom * left], [0, zoom, -0.5 - zoom * top], [0, 0, 1.0]], np.float64
    )
    return CropTransform(matrix, size_px)


def clip_measures(clips: Sequence[ReenactedClip]) -> dict[str, float]:
    """Means over the clips in which the head moves, and over all."""
    rows = [clip.row for clip in clips]
    moving = [row for row in rows if row["moves"]]
    measures: dict[str, float] = {"clips_moving": len(moving), "clips": len(rows)}
    names = [f"{prefix}{name}" for prefix in ("", "copy_") for name in IMAGE_MEASURES]
    for name in (*names, "psnr_gain_db"):
        measures[f"clips_{name}"] = _mean([float(row[name]) for row in moving])
        measures[f"clips_all_{name}"] = _mean([float(row[name]) for row in rows])
    return measures


def reenact_all(
    model: LivePortraitModel, landmarks: LivePortraitModel, folder: Path, every: int
) -> list[ReenactedClip]:
    """Every clip of a folder; those that cannot be used are named and left out.

    Raises:
        LivePortraitError: None can be used.
    """
    done: list[ReenactedClip] = []
    for path in clips_in(folder):
        try:
            done.append(reenact(model, landmarks, path, every))
        except LivePortraitError as error:
            _LOG.warning("%s is left out: %s", path.name, error)
    if not done:
        raise MediaError(
            f"No clip of {folder} can be used; clips of faces are expected. Name another folder."
        )
    return done


def _reconstructed(model: LivePortraitModel, crops: Sequence[Pixels]) -> NDArray[np.uint8]:
    """(N - 1, h, h, 3): every crop but the first, reconstructed from the first."""
    faces = face_tensor(model, crops[:1])
    volume, source = extract_appearance(model, faces), extract_motion(model, faces)
    source_keypoints = transform_keypoints(source)
    size = crops[0].shape[:2]
    pictures: list[Pixels] = []
    for start in range(1, len(crops), CHUNK):
        driving = transform_keypoints(
            extract_motion(model, face_tensor(model, crops[start : start + CHUNK]))
        )
        count = len(driving)
        image = warp_decode(
            model,
            volume.expand(count, *volume.shape[1:]),
            source_keypoints.expand(count, -1, -1),
            driving,
        )
        pictures += [resize_pixels(one, (size[0], size[1])) for one in pixels_from_tensor(image)]
    return np.stack(pictures)


def _head_motion(track: FaceTrack, visible: Sequence[int], transform: CropTransform) -> float:
    points = np.stack(
        [transform.to_crop(track.faces[index].landmarks.points) for index in visible]
    )[:, list(RIGID_POINTS)]
    return float(np.linalg.norm(points[1:] - points[:1], axis=-1).mean()) / transform.size_px


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
