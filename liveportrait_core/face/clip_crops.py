"""Crops for the frames of a clip, a source's and a driver's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..imaging.crop import CropTransform, FaceBox, average_box, box_transform, face_box
from ..motion.gaussian import Ends, gaussian_average
from .faces import Face, FaceTrack

TRAVEL_ZONE: Final = 0.1
"""Distance of a driver's face from the middle of its crop, in the crop's sides, within which the
crop stays where it is. Heads of people who stay where they are move by less."""
SIZE_ZONE: Final = 1.15
"""Likewise the ratio of the sides that face and crop ask for; an open mouth makes a face larger."""
FARTHEST: Final = 0.15
"""Distance that smoothing may lead to; all landmarks are then well inside the crop."""
MIN_SIGMA: Final = 0.1
"""Width of a Gaussian, in frames, that changes nothing."""
MEDIAN_REACH: Final = 2
"""Frames on either side that a median is taken over."""
FOLLOWING_S: Final = 0.3
"""Width of the smoothing of a crop that follows, a standard deviation in seconds."""


def smooth_boxes(boxes: Sequence[FaceBox], *, sigma_frames: float = 2.0) -> list[FaceBox]:
    """Crop boxes smoothed by a Gaussian over time, without delay.

    Convention:
        - centre and angle are averaged, the side geometrically; angles take the short way
        - the first and the last box are repeated beyond the ends

    Args:
        boxes: One for each frame.
        sigma_frames: Width of the Gaussian; 0 changes nothing.

    Returns:
        As many boxes.
    """
    if sigma_frames <= 0 or len(boxes) <= 1:
        return list(boxes)
    values = np.array([[*box.centre, np.log(box.side), box.angle_rad] for box in boxes])
    values[:, 3] = np.unwrap(values[:, 3])
    smooth = _smooth(values, sigma_frames, ends="held")
    return [
        FaceBox((float(x), float(y)), float(np.exp(side)), float(angle))
        for x, y, side, angle in smooth
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropFraming:
    """How the crops of a clip are framed."""

    scale: float
    vx_ratio: float = 0.0
    vy_ratio: float = 0.0
    size_px: int
    rotate: bool = True


def following_crops(
    track: FaceTrack, framing: CropFraming, *, sigma_frames: float = 2.0
) -> list[CropTransform]:
    """A crop for every frame that follows the face, for a source clip.

    Args:
        track: A face.
        framing: How each crop is framed.
        sigma_frames: Smoothing over time; 0 crops each frame by itself, as published.
    """
    boxes = _boxes(track.faces, framing)
    smooth = [smooth_boxes(boxes[shot], sigma_frames=sigma_frames) for shot in track.shot_slices]
    boxes = [box for shot in smooth for box in shot]
    return [box_transform(box, size_px=framing.size_px, rotate=framing.rotate) for box in boxes]


def fixed_crops(track: FaceTrack, framing: CropFraming) -> list[CropTransform]:
    """One upright crop for each shot of a driver, repeated for each of its frames.

    Convention:
        - it stays, so that the head's own movement stays in the crops: `fixed_crop` of each shot
    """
    shots = [FaceTrack(track.face_id, track.faces[shot]) for shot in track.shot_slices]
    return [crop for shot in shots for crop in [fixed_crop(shot, framing)] * len(shot)]


def fixed_crop(track: FaceTrack, framing: CropFraming) -> CropTransform:
    """One upright crop for a whole shot, so that it keeps the head's own movement.

    Convention:
        - the mean of the boxes of all frames that were measured
    """
    return box_transform(_mean_box(track, framing), size_px=framing.size_px, rotate=False)


def _mean_box(track: FaceTrack, framing: CropFraming) -> FaceBox:
    measured = [face for face in track.faces if face.state == "measured"] or list(track.faces)
    return average_box(_boxes(measured, framing))


def steady_crops(
    track: FaceTrack, framing: CropFraming, *, sigma_frames: float
) -> list[CropTransform]:
    """An upright crop for every frame of a driver, which follows slow travel of its face.

    `crop_travel(steady_crops(track, framing, sigma_frames=7.5), fixed_crops(track, framing))`

    Convention:
        - in each shot it starts at that of `fixed_crop`, and stays exactly there while the face
          is within `TRAVEL_ZONE` and `SIZE_ZONE` of it; outside the face takes it along, so that
          it stays at the zone's edge
        - the path is smoothed by a Gaussian without delay, which is made half as wide as often as
          a face would else be farther than `FARTHEST` from the middle
        - frames that were not measured lie between those around; a median of five frames leaves
          single wrong landmarks out

    Args:
        track: A face.
        framing: How each crop is framed; it is never turned.
        sigma_frames: Width of the Gaussian.
    """
    crops: list[CropTransform] = []
    for frames in track.shot_slices:
        shot = FaceTrack(track.face_id, track.faces[frames])
        for box in _steady_boxes(shot, framing, sigma_frames):
            crops.append(box_transform(box, size_px=framing.size_px, rotate=False))
    return crops


def crop_travel(
    crops: Sequence[CropTransform], base: Sequence[CropTransform]
) -> NDArray[np.float64]:
    """How keypoints seen in one crop lie in another of the same frame: x_base = k x + d.

    With p = z q + b the pixel of a crop at q of the frame, and x = (2 p + 1) / S - 1:
    k = z_base / z, d = (k - 1) (1 - 1 / S) + 2 (b_base - k b) / S.

    Convention:
        - crops are upright, all of the same size S
        - crop units: x right, y down, [-1, 1] from edge to edge

    Args:
        crops: Where the keypoints were seen.
        base: Where they are wanted; as many.

    Returns:
        (N, 3) k, d_x, d_y; exactly 1, 0, 0 where both crops are the same.
    """
    rows: list[list[float]] = []
    for crop, wanted in zip(crops, base, strict=True):
        size, here, there = crop.size_px, crop.source_to_crop, wanted.source_to_crop
        k = there[0, 0] / here[0, 0]
        d = (k - 1) * (1 - 1 / size) + 2 * (there[:2, 2] - k * here[:2, 2]) / size
        rows.append([k, *d])
    return np.array(rows)


def pushed_box(box: FaceBox, wanted: FaceBox) -> FaceBox:
    """An upright box after one more frame: `steady_crops` without smoothing, frame by frame.

    Args:
        box: As it was.
        wanted: Around the face in the next frame.

    Returns:
        The same box while the face is within `TRAVEL_ZONE` and `SIZE_ZONE` of it; else one that has
        the face at the zone's edge.
    """
    log_side, log_wanted = np.log([box.side]), np.log([wanted.side])
    side = float(np.exp(_pushed(log_side, log_wanted, np.log(SIZE_ZONE)))[0])
    centre = _pushed(np.array(box.centre), np.array(wanted.centre), TRAVEL_ZONE * side)
    return FaceBox((float(centre[0]), float(centre[1])), side, 0.0)


def is_far_off(box: FaceBox, wanted: FaceBox) -> bool:
    """Whether a face is so far from the middle of a box that it should be looked at in another."""
    return bool(np.hypot(*np.subtract(wanted.centre, box.centre)) > FARTHEST * box.side)


def _steady_boxes(shot: FaceTrack, framing: CropFraming, sigma_frames: float) -> list[FaceBox]:
    base = _mean_box(shot, framing)
    wanted = _wanted(shot, framing, base)
    log_side = _smooth(_taken_along(wanted[:, 2:], np.log(SIZE_ZONE)), sigma_frames)
    side = np.exp(log_side[:, 0])
    path = _taken_along(wanted[:, :2], TRAVEL_ZONE * side)
    centre, sigma = _smooth(path, sigma_frames), sigma_frames
    while (np.hypot(*(wanted[:, :2] - centre).T) > FARTHEST * side).any() and sigma > MIN_SIGMA:
        sigma /= 2
        centre = _smooth(path, sigma)
    middles = np.array(base.centre) + base.side * centre
    return [
        FaceBox((x, y), base.side * ratio, 0.0)
        for (x, y), ratio in zip(middles.tolist(), side.tolist(), strict=True)
    ]


def _wanted(shot: FaceTrack, framing: CropFraming, base: FaceBox) -> NDArray[np.float64]:
    """(N, 3) the boxes' centres, from that of the base in its sides, and logarithms of sides."""
    boxes = _boxes(shot.faces, framing)
    rows = np.array([[*box.centre, np.log(box.side)] for box in boxes])
    rows -= [*base.centre, np.log(base.side)]
    rows[:, :2] /= base.side
    known = [number for number, face in enumerate(shot.faces) if face.state == "measured"]
    if known:
        numbers = np.arange(len(rows))
        rows = np.stack([np.interp(numbers, known, column[known]) for column in rows.T], 1)
    padded = np.pad(rows, ((MEDIAN_REACH, MEDIAN_REACH), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * MEDIAN_REACH + 1, axis=0)
    return np.median(windows, axis=-1)


def _taken_along(wanted: NDArray[np.float64], zone: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, D) a point that starts at 0 and is moved just as far as (N, D) `wanted` pushes it."""
    place, places = np.zeros(wanted.shape[1]), []
    for row, reach in zip(wanted, np.broadcast_to(zone, len(wanted)), strict=True):
        place = _pushed(place, row, reach)
        places.append(place)
    return np.stack(places)


def _pushed(
    place: NDArray[np.float64], wanted: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """(D,) a point moved towards another, so that it is within reach of it."""
    away = wanted - place
    distance = np.hypot(*away) if len(away) > 1 else abs(away[0])
    return place + away * (1 - reach / distance) if distance > reach else place


def _smooth(
    values: NDArray[np.float64], sigma_frames: float, *, ends: Ends = "continued"
) -> NDArray[np.float64]:
    """Columns smoothed by a Gaussian."""
    return gaussian_average(torch.from_numpy(values), sigma_frames, ends=ends).numpy()


def _boxes(faces: Sequence[Face], framing: CropFraming) -> list[FaceBox]:
    return [
        face_box(
            face.landmarks,
            scale=framing.scale,
            vx_ratio=framing.vx_ratio,
            vy_ratio=framing.vy_ratio,
        )
        for face in faces
    ]
