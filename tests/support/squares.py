"""Clips of bright squares that count as faces, for whole animations with a tiny model."""

from fractions import Fraction

from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.media.clips import Frames
from liveportrait_core.options import AnimateOptions, DrivingOptions
from tests.support.blobs import SquareFinder, face_frame, square_network

PLAIN = AnimateOptions(driving=DrivingOptions(stitch=False))
PUBLISHED = AnimateOptions(driving=DrivingOptions(stitch=False, compat="published"))


def square_tracker(name="source", **about):
    return LandmarkTracker(finder=SquareFinder(), network=square_network(), name=name, **about)


def walk(num_frames, step=3, fps=25):
    """A clip of one square that walks to the right."""
    frames = [face_frame((40 + step * index, 30, 50)) for index in range(num_frames)]
    return Frames(frames, Fraction(fps))


def without_face(clip, *missing):
    frames = [face_frame() if index in missing else f for index, f in enumerate(clip.frames)]
    return Frames(frames, clip.fps)
