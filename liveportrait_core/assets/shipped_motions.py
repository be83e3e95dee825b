"""The motions that come with the library: files for the default model."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Final

SHIPPED_MOTIONS_FOLDER: Final = Path(__file__).resolve().parent / "motions"


def shipped_motions() -> dict[str, Path]:
    """The motion files that come with the library, by name, in alphabetical order.

    Convention:
        - keypoint space `COMPACT_SPACE`, 25 frames a second, 2 to 5 seconds
        - the first frame is neutral and the reference, and the last one passes into it
    """
    return {path.stem: path for path in sorted(SHIPPED_MOTIONS_FOLDER.glob("*.safetensors"))}


def shipped_motion(name: str) -> Path:
    """The file of one of them.

    Raises:
        ValueError: There is none of this name.
    """
    motions = shipped_motions()
    if name not in motions:
        near = get_close_matches(name, motions, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(motions)}."
        raise ValueError(f"No motion of the name {name!r} comes with the library. {meant}")
    return motions[name]
