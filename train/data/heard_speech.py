"""Clips of speech as a recogniser heard them before training: what moves then learns in no time.

Convention:
    - each clip is heard several times, each time elsewhere: two of three times whole, as a sound
      that is there whole; else in pieces of 1.1 s, as a live one
    - what is heard comes from the seed, the clip's number and the number of the hearing alone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from liveportrait_core.checkpoints.reading import as_tensors, read_file, read_metadata
from liveportrait_core.media.atomic import write_whole
from liveportrait_core.networks.phonemes import FRAME_SAMPLES, PhonemeEncoder, SoundFeatures
from liveportrait_core.networks.speech import AHEAD, BEHIND, HEARD
from liveportrait_core.speech.stream import WHOLE

from ..engine.draw import Draw
from .speech_clip import SpeechClip
from .speech_rows import ClipRows, SpeechRow, num_frames

LIVE_EVERY: Final = 3
"""Of so many hearings one is live."""
PIECE_FRAMES: Final = 24
"""Of a live clip there is a piece for so many frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardSpeech:
    """Stretches of speech as they were heard, one after the other."""

    encoded: Tensor
    """(N, 144) float16."""
    mel: Tensor
    """(N, 80) float16."""
    values: Tensor
    """(N, C)."""
    closure: Tensor
    """(N,)."""
    first: Tensor
    """(H,) number of the first frame of each stretch."""
    count: Tensor
    """(H,) its frames, at least `HEARD`."""
    known: Tensor
    """(H, C)."""
    style: Tensor
    """(H, S)."""
    style_known: Tensor
    """(H,)."""

    def row(self, random: np.random.Generator) -> SpeechRow:
        """A row of `HEARD` frames: each frame counts alike, so that live pieces are not rare."""
        frame = int(random.integers(len(self.values)))
        stretch = int(torch.searchsorted(self.first, frame, right=True)) - 1
        begin = int(self.first[stretch]) + int(
            random.integers(int(self.count[stretch]) - HEARD + 1)
        )
        part = slice(begin, begin + HEARD)
        return SpeechRow(
            heard=SoundFeatures(encoded=self.encoded[part].float(), mel=self.mel[part].float()),
            values=self.values[part],
            closure=self.closure[part],
            known=self.known[stretch],
            style=self.style[stretch],
            style_known=self.style_known[stretch],
        )


def hear(
    rows: ClipRows,
    recogniser: PhonemeEncoder,
    hearings: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> HeardSpeech:
    """Hear all clips.

    Args:
        rows: The clips, and where they are heard.
        recogniser: What hears.
        hearings: How often each clip is heard.
        seed: Of all that is drawn.
        progress: Is told hearings that are done, and all.
    """
    stretches: list[HeardSpeech] = []
    for number in range(len(rows.clips)):
        clip = rows.clips[number]
        for hearing in range(hearings):
            random = Draw.of(seed, number, hearing).generators(1)[0]
            pieces = _live if (number + hearing) % LIVE_EVERY == LIVE_EVERY - 1 else _whole
            drawn = pieces(rows, clip, random)
            with torch.no_grad():
                heard = recogniser(torch.stack([_samples(row) for row in drawn]))
            stretches += [
                _stretch(row, SoundFeatures(encoded=heard.encoded[k], mel=heard.mel[k]))
                for k, row in enumerate(drawn)
            ]
        if progress is not None:
            progress(number + 1, len(rows.clips))
    joined = {
        field.name: torch.cat([getattr(one, field.name) for one in stretches])
        for field in fields(HeardSpeech)
    }
    joined["first"] = torch.cumsum(joined["count"], 0) - joined["count"]
    return HeardSpeech(**joined)


def save_heard(heard: HeardSpeech, path: Path, about: Mapping[str, str]) -> None:
    """Write what was heard.

    Raises:
        MediaError: The file cannot be written.
    """
    tensors = {field.name: getattr(heard, field.name) for field in fields(HeardSpeech)}
    write_whole(path, save(tensors, dict(about)))


def load_heard(path: Path, about: Mapping[str, str]) -> HeardSpeech | None:
    """What `save_heard` wrote; None where nothing is, or what was heard otherwise."""
    if not path.is_file() or read_metadata(path) != about:
        return None
    return HeardSpeech(**as_tensors(read_file(path), path))


def _whole(rows: ClipRows, clip: SpeechClip, random: np.random.Generator) -> list[SpeechRow]:
    """A clip in one piece, with the silence around it that a stream hears."""
    frames = BEHIND + num_frames(clip) + WHOLE.ahead
    return [rows.piece(clip, -BEHIND, frames, random)]


def _live(rows: ClipRows, clip: SpeechClip, random: np.random.Generator) -> list[SpeechRow]:
    """A clip in one place, cut into pieces."""
    frames = max(HEARD, BEHIND + num_frames(clip) + AHEAD)
    whole = rows.piece(clip, -BEHIND, frames, random)
    samples = _samples(whole)
    firsts = random.integers(0, frames - HEARD + 1, max(1, frames // PIECE_FRAMES))
    return [
        SpeechRow(
            heard=samples[first * FRAME_SAMPLES : (first + HEARD - 1) * FRAME_SAMPLES],
            values=whole.values[first : first + HEARD],
            closure=whole.closure[first : first + HEARD],
            known=whole.known,
            style=whole.style,
            style_known=whole.style_known,
        )
        for first in firsts.tolist()
    ]


def _samples(row: SpeechRow) -> Tensor:
    assert isinstance(row.heard, Tensor)
    return row.heard


def _stretch(row: SpeechRow, heard: SoundFeatures) -> HeardSpeech:
    return HeardSpeech(
        encoded=heard.encoded.half(),
        mel=heard.mel.half(),
        values=row.values,
        closure=row.closure,
        first=torch.zeros(1, dtype=torch.int64),
        count=torch.tensor([len(row.values)]),
        known=row.known[None],
        style=row.style[None],
        style_known=row.style_known[None],
    )
