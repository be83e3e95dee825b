# ruff: noqa: PLC0414 - the aliases make the rooms public to type checkers
"""Rooms of the library that need OpenCV or timm; each is imported when a node first uses it.

ComfyUI lists the nodes at its start. That must be quick, and work where the packages of
`requirements.txt` are not installed yet.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..liveportrait_core import model as model
    from ..liveportrait_core import pipeline as pipeline
    from ..liveportrait_core import stages as stages
    from ..liveportrait_core.animation import batching as batching
    from ..liveportrait_core.animation import crop_motion as crop_motion
    from ..liveportrait_core.animation import crops as crops
    from ..liveportrait_core.animation import drive as drive
    from ..liveportrait_core.animation import estimate as estimate
    from ..liveportrait_core.animation import face_marks as face_marks
    from ..liveportrait_core.animation import face_trackers as face_trackers
    from ..liveportrait_core.animation import frame_numbers as frame_numbers
    from ..liveportrait_core.animation import inputs as inputs
    from ..liveportrait_core.animation import kept as kept
    from ..liveportrait_core.animation import limits as limits
    from ..liveportrait_core.animation import read as read
    from ..liveportrait_core.animation import render as render
    from ..liveportrait_core.animation import retarget as retarget
    from ..liveportrait_core.animation import timing as timing
    from ..liveportrait_core.engines import compiled as compiled
    from ..liveportrait_core.imaging import composite as composite
    from ..liveportrait_core.imaging import jpeg as jpeg
    from ..liveportrait_core.imaging import tensors as tensors
    from ..liveportrait_core.media import audio as audio
    from ..liveportrait_core.media import clips as clips
    from ..liveportrait_core.media import images as images
    from ..liveportrait_core.media import video as video
    from ..liveportrait_core.media import video_writer as video_writer
    from ..liveportrait_core.sessions import live as live
    from ..liveportrait_core.sessions import loop as loop
    from ..liveportrait_core.sessions import portrait as portrait
    from ..liveportrait_core.speech import sound as sound
    from ..liveportrait_core.speech import talking as talking
    from ..liveportrait_core.viz import drawing as drawing
    from ..liveportrait_core.viz import motion_plot as motion_plot

_PACKAGES: Final = (
    "",
    ".animation",
    ".engines",
    ".imaging",
    ".media",
    ".sessions",
    ".speech",
    ".viz",
)
"""Where the rooms above lie."""


def __getattr__(name: str) -> ModuleType:
    """A room, by the name of its module."""
    for package in _PACKAGES:
        room = f"..liveportrait_core{package}.{name}"
        if not name.startswith("_") and find_spec(room, __package__) is not None:
            return import_module(room, __package__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
