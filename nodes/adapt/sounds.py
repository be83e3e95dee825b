"""AUDIO and the sound of clips -> what a video is written with."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from ...liveportrait_core.errors import about
from ...liveportrait_core.media.audio import Waveform
from .. import library
from .images import ImageBatch

if TYPE_CHECKING:
    from ...liveportrait_core.media.audio import Waveform
    from ...liveportrait_core.motion.types import Motion
    from .clips import AnyClip

SoundChoice = Literal["auto", "driving", "source", "none"]


class WriterSound(TypedDict, total=False):
    """Arguments of `VideoWriter` that say which sound it writes."""

    waveform: Waveform
    audio_path: Path
    audio_start_s: Fraction


def writer_sound(
    choice: SoundChoice, audio: object, *, driving: Motion | AnyClip, source: AnyClip
) -> WriterSound:
    """The sound of a result.

    Args:
        choice: Whose sound; `auto` is the driver's, else the source's.
        audio: A connected AUDIO; it goes before all but `none`.
        driving: The driver.
        source: The source.

    Raises:
        ValueError: The chosen clip has no sound, or the audio is none.
    """
    if choice == "none":
        return {}
    if audio is not None:
        with about("audio"):
            return {"waveform": waveform_of(audio)}
    clips = {"driving": driving, "source": source}
    for clip in [clips[choice]] if choice in clips else clips.values():
        sound = sound_of_clip(clip)
        if sound:
            return sound
    if choice in clips:
        with about("sound"):
            raise ValueError(
                f"The {choice} has no sound; a clip with sound is expected. Set sound to auto or "
                "none, or connect an audio."
            )
    return {}


def sound_of_clip(clip: Motion | AnyClip) -> WriterSound:
    """The sound of a clip; empty where it has none."""
    if isinstance(clip, ImageBatch):
        return {} if clip.audio is None else {"waveform": waveform_of(clip.audio)}
    if isinstance(clip, library.video.VideoReader) and clip.has_audio:
        return {"audio_path": clip.path, "audio_start_s": clip.start_s}
    return {}


def waveform_of(audio: object) -> Waveform:
    """ComfyUI's AUDIO as the writer takes it; of a batch the first.

    Raises:
        ValueError: It is no sound.
    """
    parts = audio if isinstance(audio, Mapping) else {}
    try:
        waveform, sample_rate_hz = parts["waveform"], int(parts["sample_rate"])
        samples = waveform[0].detach().float().cpu().numpy()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The audio is {type(audio).__name__}; an AUDIO with a waveform and a sample rate is "
            "expected. Connect Load Audio or Get Video Components."
        ) from error
    return Waveform(samples, sample_rate_hz)
