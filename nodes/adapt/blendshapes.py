"""What a wire of face capture carries -> blendshapes of the library."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from ...liveportrait_core.errors import about
from ...liveportrait_core.media.capture_json import blendshapes_of_frames
from ...liveportrait_core.motion.blendshape_options import CaptureOptions
from ...liveportrait_core.motion.blendshapes import Blendshapes


def checked_blendshapes(value: object, name: str, fps: Fraction) -> Blendshapes:
    """Blendshapes on a wire: ours, or ComfyUI's FACE_LANDMARKS.

    Convention:
        - of several faces in a frame the first counts; frames without one lie between their
          neighbours

    Args:
        value: What came over the wire.
        name: The input's id.
        fps: Frames per second of FACE_LANDMARKS, which have none.

    Raises:
        ValueError: It is neither.
        MediaError: No face has blendshapes.
    """
    if isinstance(value, Blendshapes):
        return value
    with about(name):
        frames = (
            cast(Mapping[str, object], value).get("frames") if isinstance(value, Mapping) else None
        )
        if not isinstance(frames, list):
            raise ValueError(
                f"The input '{name}' is {type(value).__name__}; LIVEPORTRAIT_BLENDSHAPES or "
                "FACE_LANDMARKS is expected. Connect Load Blendshapes or Detect Face Landmarks."
            )
        options = CaptureOptions(capture_fps=fps)
        return blendshapes_of_frames(cast(list[object], frames), "The input", options)
