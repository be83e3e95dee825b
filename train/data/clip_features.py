"""Clips of speech as an encoder of another make heard them, from files beside the set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.errors import MediaError, about
from liveportrait_core.networks.phonemes import SILENT_MEL, SoundFeatures
from liveportrait_core.networks.speech import HEARD
from liveportrait_core.speech.features import (
    FEATURE_SUFFIXES,
    feature_frames,
    heard_by_encoder,
    read_features,
)

from .speech_clip import SpeechClip
from .speech_rows import FASTER, SpeechRow, first_frame, frames_at, speech_row, speed_of

OPTION: Final = "features"


class ClipFeatures:
    """Files of features, one for each clip: `KEY.safetensors` or `KEY.pt` (`read_features`)."""

    def __init__(
        self, folders: Sequence[Path], keys: Sequence[Sequence[str]], layer: int | None = None
    ) -> None:
        """Find the files.

        Args:
            folders: One for each folder of clips.
            keys: Of the clips of each folder.
            layer: Of the encoder; None for what it gives at last.

        Raises:
            MediaError: There are more or fewer folders than those of clips, or a clip has no file.
        """
        with about(OPTION):
            if len(folders) != len(keys):
                raise MediaError(
                    f"{OPTION} names {len(folders)} folders and data {len(keys)}; one for each, in "
                    "the same order, is expected. Separate them by commas."
                )
            pairs = zip(folders, keys, strict=True)
            self._files = [_file_of(folder, key) for folder, part in pairs for key in part]
        self._layer = layer

    def of(self, number: int, num_samples: int) -> Tensor:
        """(T, C) what was heard of a clip of so many samples.

        Raises:
            MediaError: The file is damaged, or of another sound.
        """
        file = self._files[number]
        return feature_frames(read_features(file), num_samples, self._layer, str(file))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRows:
    """Draws rows of clips that another encoder heard; they are heard in one place alone."""

    clips: Sequence[SpeechClip]
    features: ClipFeatures
    outputs: tuple[str, ...]
    slow: int
    faster: float = FASTER
    """Share of sounds that are played faster or slower."""

    def row(self, random: np.random.Generator) -> SpeechRow:
        """A row of `HEARD` frames."""
        number = int(random.integers(len(self.clips)))
        clip = self.clips[number]
        features = self.features.of(number, len(clip.waveform))
        heard = heard_by_encoder(features, torch.from_numpy(clip.waveform))
        first, speed = first_frame(clip, random), speed_of(random, self.faster)
        encoded = frames_at(heard.encoded[0], first, HEARD, speed)
        mel = frames_at(heard.mel[0] - SILENT_MEL, first, HEARD, speed) + SILENT_MEL
        given = SoundFeatures(encoded=encoded, mel=mel)
        return speech_row(clip, given, self.outputs, self.slow, (first, HEARD, speed))


def _file_of(folder: Path, key: str) -> Path:
    files = [folder / (key + suffix) for suffix in FEATURE_SUFFIXES]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise MediaError(
            f"{folder} has no features of the clip {key}; {files[0].name} or {files[1].name} is "
            f"expected. Write what the encoder hears in {key}.wav there."
        )
    return found
