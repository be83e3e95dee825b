"""The motion files that ship with the library, for the default model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import nearest

SHIPPED_MOTIONS_FOLDER: Final = Path(__file__).resolve().parent / "motions"


def shipped_motions() -> dict[str, Path]:
    """The motion files that ship with the library, by name, in alphabetical order.

    `load_motion(shipped_motions()["nod"])`

    Convention:
        - keypoint space `COMPACT_SPACE`, 25 frames a second, 2 to 5 seconds
        - the first frame is neutral and the reference; the motion loops
    """
    return {path.stem: path for path in sorted(SHIPPED_MOTIONS_FOLDER.glob("*.safetensors"))}


def shipped_motion(name: str) -> Path:
    """The file of one shipped motion.

    Raises:
        ValueError: There is none of this name.
    """
    motions = shipped_motions()
    if name not in motions:
        near = nearest(name, motions, 0.6)
        meant = f"Did you mean {near}?" if near else "Choose one of these."
        raise ValueError(
            f"The shipped motion is {name!r}; one of {', '.join(motions)} is expected. {meant}"
        )
    return motions[name]
