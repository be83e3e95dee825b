"""The model that a golden folder was made with: stand-in weights through the real loader."""

from __future__ import annotations

import json
import tempfile
from functools import lru_cache
from pathlib import Path

from liveportrait_core.model import LivePortraitModel, load_model

from ..fill import PUBLIC_SALT, write_published_folder
from ..golden import GoldenFolder


def salt_of(folder: GoldenFolder) -> str:
    """What seeds this set's weights; the public set's where the folder does not say."""
    if not folder.has("nets.json"):
        return PUBLIC_SALT
    return json.loads((folder.path / "nets.json").read_text())["salt"]


@lru_cache(maxsize=1)
def full_size_model(salt: str) -> LivePortraitModel:
    """All seven published networks at full size (0.5 GB), written to disk and loaded back."""
    with tempfile.TemporaryDirectory() as folder:
        return load_model(write_published_folder(Path(folder) / "pretrained_weights", salt=salt))
