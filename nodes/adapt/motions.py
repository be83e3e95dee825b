"""What a LIVEPORTRAIT_MOTION wire carries -> motions of the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from ...liveportrait_core.errors import about
from ...liveportrait_core.media.motion_pickle import motion_from_template
from ...liveportrait_core.motion.types import Motion

if TYPE_CHECKING:
    from ...liveportrait_core.motion.types import Motion

TEMPLATE_KEYS: Final = frozenset({"motion", "n_frames"})
"""What a driving template in memory has."""


def motion_of(value: object) -> Motion | None:
    """The motion on a LIVEPORTRAIT_MOTION wire; None where the value is none.

    Convention:
        - ours; one of another copy of this library; or the dict of a published template (also
          JoyVASA's), so that packs without our classes can make one
    """
    if isinstance(value, Motion):
        return value
    if isinstance(value, Mapping) and value.keys() >= TEMPLATE_KEYS:
        return motion_from_template(value)
    if type(value).__name__ == "Motion" and hasattr(value, "pose_deg"):
        names = {entry.name for entry in fields(Motion) if hasattr(value, entry.name)}
        own = {name: getattr(value, name) for name in names - {"reference"}}
        return Motion(**own, reference=motion_of(getattr(value, "reference", None)))
    return None


def checked_motion(value: object, name: str) -> Motion:
    """The motion on a wire.

    Args:
        value: What came over the wire.
        name: The input's id.

    Raises:
        ValueError: It is none.
    """
    with about(name):
        motion = motion_of(value)
        if motion is None:
            raise ValueError(
                f"The input '{name}' is {type(value).__name__}; a LIVEPORTRAIT_MOTION is expected. "
                "Connect Extract Motion, Load Motion or Expression."
            )
    return motion
