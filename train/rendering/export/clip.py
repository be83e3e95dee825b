"""A short video of one rendered head that shows what a face can do, to drive portraits with."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

import numpy as np

from liveportrait_core.media.video_writer import VideoWriter

from ..arrays import ByteArray
from ..camera.backgrounds import bundled_photos
from ..frames.scene import Scene
from ..head.head_model import HeadModel
from ..head.load import load_head
from ..keyframes import Track, value_at
from ..motion_sampler import SIDES, HeadMotion
from ..people.identity import make_identity
from ..skin.face_chart import chart_face
from .options import ClipConfig

CLIP_FPS: Final = 25
CLIP_FRAMES: Final = 112
CLIP_CRF: Final = 20

POSE_TRACKS: Final[Mapping[str, Track]] = {
    "pitch_deg": ((1.9, 0), (2.2, -3), (2.6, 0), (3.3, 0), (3.7, 4), (4.0, -2), (4.4, 0)),
    "yaw_deg": ((0.55, 0), (0.95, 15), (1.1, 15), (1.7, -15), (1.85, -15), (2.25, 0)),
    "roll_deg": ((0.55, 0), (1.0, 2), (1.7, -2), (2.25, 0), (3.3, 0), (3.8, 3), (4.4, 0)),
    "gaze_pitch_deg": ((0, 0),),
    "gaze_yaw_deg": ((2.2, 0), (2.3, 22), (2.5, 22), (2.62, -22), (2.82, -22), (2.92, 0)),
}
"""Signs are those of `HeadMotion`."""

EXPRESSION_TRACKS: Final[Mapping[str, Track]] = {
    "eyeBlink": (
        *((0.2, 0), (0.3, 1), (0.36, 1), (0.52, 0)),
        *((1.28, 0), (1.38, 1), (1.42, 1), (1.54, 0), (4.2, 0), (4.28, 1), (4.3, 1), (4.42, 0)),
    ),
    "browInnerUp": ((3.35, 0), (3.6, 0.6), (3.8, 0)),
    "browOuterUp": ((3.35, 0), (3.6, 0.5), (3.8, 0)),
    "eyeSquint": ((2.85, 0), (3.05, 0.3), (3.2, 0.3), (3.4, 0)),
    "mouthSmile": ((2.8, 0), (3.05, 0.9), (3.2, 0.9), (3.4, 0.05), (4.2, 0.05), (4.44, 0.35)),
    "jawOpen": (
        *((3.3, 0), (3.5, 0.65), (3.6, 0.65), (3.74, 0.05)),
        *((3.82, 0.3), (3.9, 0.08), (3.98, 0.26), (4.06, 0.04), (4.16, 0.34), (4.28, 0)),
    ),
    "mouthFunnel": ((3.8, 0), (3.9, 0.5), (4.0, 0), (4.08, 0.45), (4.18, 0)),
}
"""Weights; a name without its side moves both sides."""


def motion_at(head: HeadModel, time_s: float) -> HeadMotion:
    """What the head does at a time; neutral at 0."""
    expression = np.zeros(len(head.expression_names), dtype=np.float32)
    for name, track in EXPRESSION_TRACKS.items():
        sided = [name] if name in head.expression_names else [name + side for side in SIDES]
        for one in sided:
            expression[head.expression_index(one)] = value_at(track, time_s)
    pose = {name: value_at(track, time_s) for name, track in POSE_TRACKS.items()}
    return HeadMotion(
        expression=expression,
        pose_deg=np.array([pose["pitch_deg"], pose["yaw_deg"], pose["roll_deg"]], np.float32),
        gaze_deg=np.array([pose["gaze_pitch_deg"], pose["gaze_yaw_deg"]], np.float32),
        shift=np.zeros(2, np.float32),
        zoom=1.0,
        torso_yaw_deg=0.0,
    )


def clip_frames(head: HeadModel, seed: int, size_px: int) -> Iterator[ByteArray]:
    """The frames of the clip, (S, S, 3) RGB: blink, turn, glance, smile, open mouth, talk."""
    random = np.random.default_rng(seed)
    identity = make_identity(head, chart_face(head), bundled_photos(), random)
    scene = Scene(head, size_px)
    for k in range(CLIP_FRAMES):
        yield scene.draw(identity, motion_at(head, k / CLIP_FPS)).image


def write_clip(config: ClipConfig) -> int:
    """Render the clip into a file; returns how many frames it has.

    Raises:
        FaceModelError: The face model cannot be read.
        MediaError: The file cannot be written.
    """
    head = load_head(config.heads.face_model)
    with VideoWriter(config.path, Fraction(CLIP_FPS), crf=CLIP_CRF) as writer:
        for frame in clip_frames(head, config.heads.seed, config.heads.size_px):
            writer.write(frame)
    return CLIP_FRAMES
