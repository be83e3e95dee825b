"""Recorded sentences whose sounds were aligned by pocketsphinx, to measure with.

Convention:
    - `NAME.wav` (16 kHz, mono, 16 bits) lies beside `NAME.phone.json`, which `pocketsphinx align`
      writes: words in `w`, and in each word its sounds with begin `b`, duration `d` and name `t`
    - five sentences of an audiobook come so in pocketsphinx's source package (`test/data/librivox`)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import read_whole
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.visemes import without_gaps

from ..data.folder import damaged, read_json
from ..data.speech_clip import SpeechClip
from ..data.speech_shards import decode_wave
from .clips import face_of
from .phones import Sound, visemes_of_arpabet

SUFFIX: Final = ".phone.json"
SCHWA_S: Final = 0.08
"""An AH that is shorter is a schwa."""


def read_aligned(folder: Path, style: SpeechStyle | None = None) -> list[SpeechClip]:
    """The recorded sentences of a folder with what the rules make of their sounds.

    `read_aligned(Path("pocketsphinx-5.1.1/test/data/librivox"))`

    Args:
        folder: Holds sounds and their alignments.
        style: Of the person; None for a usual one.

    Raises:
        MediaError: There are none, or one is damaged.
    """
    tables = sorted(folder.glob(f"*{SUFFIX}"))
    if not tables:
        raise MediaError(
            f"{folder} holds no NAME{SUFFIX}; alignments beside their sounds are expected. Name "
            "the folder that has them, or write them by pocketsphinx align."
        )
    return [_read(table, style) for table in tables]


def _read(table: Path, style: SpeechStyle | None) -> SpeechClip:
    name = table.name.removesuffix(SUFFIX)
    path = table.with_name(f"{name}.wav")
    waveform = decode_wave(read_whole(path, "sound"), str(path))
    try:
        sounds = _sounds(read_json(table))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(table, error) from error
    phones = without_gaps(visemes_of_arpabet(sounds), len(waveform) / SAMPLE_RATE_HZ)
    return SpeechClip(
        waveform=waveform,
        shapes=face_of(waveform, phones, style),
        phones=phones,
        style=style,
        voice=name,
        language="en",
    )


def _sounds(aligned: dict[str, Any]) -> list[Sound]:
    """Names and times; the dictionary writes AH for a schwa as well, which is short."""
    return [
        (
            "AX" if sound["t"] == "AH" and float(sound["d"]) < SCHWA_S else str(sound["t"]),
            float(sound["b"]),
            float(sound["b"]) + float(sound["d"]),
        )
        for word in aligned["w"]
        for sound in word["w"]
    ]
