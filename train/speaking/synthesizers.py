"""Speech synthesizers that say when each sound begins: espeak-ng and flite."""

from __future__ import annotations

import ctypes.util
import io
import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.visemes import Phone, without_gaps

from .phones import visemes_of_arpabet, visemes_of_espeak
from .voices import EspeakVoice, FliteVoice, Voice

ESPEAK_LIBRARY: Final = "espeak-ng"
FLITE: Final = "flite"
TIMEOUT_S: Final = 60
INT16_SCALE: Final = 32768
FLITE_LATE_S: Final = 0.01
"""Sounds of flite begin this much behind their labels (its s and its p, by the waveform)."""


class SynthesizerError(LivePortraitError):
    """A synthesizer is missing, or does not speak."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a synthesizer said."""

    waveform: npt.NDArray[np.float32]
    """(N,) at `SAMPLE_RATE_HZ`."""
    phones: tuple[Phone, ...]
    """Of the whole waveform."""


def speak(voice: Voice, text: str) -> Utterance:
    """Let a voice say a text.

    Raises:
        SynthesizerError: Its synthesizer is missing or fails.
    """
    return _espeak(voice, text) if isinstance(voice, EspeakVoice) else _flite(voice, text)


def check_synthesizers(*, espeak: bool, flite: bool) -> None:
    """Refuse to begin without the synthesizers that are needed.

    Raises:
        SynthesizerError: One is missing; the message says how to install it.
    """
    if espeak:
        _espeak_library()
    if flite and shutil.which(FLITE) is None:
        raise SynthesizerError(
            f"the command {FLITE} is not found, and one is expected for its voices. Install it "
            "(apt-get install flite), or give --synthesizer espeak."
        )


def _espeak_library() -> str:
    found = ctypes.util.find_library(ESPEAK_LIBRARY)
    if found is None:
        raise SynthesizerError(
            f"the library {ESPEAK_LIBRARY} is not found, and one is expected for its voices. "
            "Install it (apt-get install espeak-ng, brew install espeak-ng)."
        )
    return found


def _espeak(voice: EspeakVoice, text: str) -> Utterance:
    request = {
        "voice": voice.name,
        "text": text,
        "rate": voice.words_a_minute,
        "pitch": voice.pitch,
        "range": voice.pitch_range,
    }
    program = Path(__file__).with_name("espeak_process.py")
    # -S: packages of the environment are not needed, and finding them takes longer than speaking
    command = [sys.executable, "-I", "-S", str(program), _espeak_library()]
    answer = _run(command, voice, json.dumps(request).encode())
    first, _, sound = answer.partition(b"\n")
    head = json.loads(first)
    rate_hz = head["sample_rate_hz"]
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], np.int16)
    if not len(samples) or not head["phones"]:
        raise SynthesizerError(f"{voice} said nothing for {text!r}. Leave the voice out.")
    starts = [start / rate_hz for _, start in head["phones"]]
    ends = [*starts[1:], len(samples) / rate_hz]
    sounds = [
        (name, *times) for (name, _), *times in zip(head["phones"], starts, ends, strict=True)
    ]
    return _utterance(samples, rate_hz, visemes_of_espeak(sounds))


def _flite(voice: FliteVoice, text: str) -> Utterance:
    settings = [f"duration_stretch={voice.stretch:g}"]
    if voice.pitch_hz:
        settings.append(f"int_f0_target_mean={voice.pitch_hz:g}")
    options = [part for setting in settings for part in ("--setf", setting)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = [FLITE, "-voice", voice.name, *options, "-psdur", "-t", text, "-o", str(path)]
        printed = _run(command, voice).decode("ascii", "replace")
        try:
            samples, rate_hz = _read_wave(path.read_bytes())
        except (OSError, EOFError, wave.Error) as error:
            raise SynthesizerError(
                f"{voice} wrote no sound for {text!r} ({error}). Leave the voice out."
            ) from error
    sounds: list[tuple[str, float, float]] = []
    start_s = 0.0
    for name, _, end in (token.rpartition(":") for token in printed.split()):
        end_s = float(end) + FLITE_LATE_S
        sounds.append((name, start_s, end_s))
        start_s = end_s
    return _utterance(samples, rate_hz, visemes_of_arpabet(sounds))


def _read_wave(data: bytes) -> tuple[npt.NDArray[np.int16], int]:
    with wave.open(io.BytesIO(data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return samples, file.getframerate()


def _utterance(samples: npt.NDArray[np.int16], rate_hz: int, phones: Sequence[Phone]) -> Utterance:
    waveform = samples.astype(np.float64) / INT16_SCALE
    if rate_hz != SAMPLE_RATE_HZ:
        common = np.gcd(rate_hz, SAMPLE_RATE_HZ)
        waveform = resample_poly(waveform, SAMPLE_RATE_HZ // common, rate_hz // common)
    whole = without_gaps(list(phones), len(waveform) / SAMPLE_RATE_HZ)
    return Utterance(np.asarray(waveform, np.float32), whole)


def _run(command: Sequence[str], voice: Voice, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; texts come by stdin or as one word
            command, input=given, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except FileNotFoundError as error:
        raise SynthesizerError(
            f"the command {command[0]} is not found, and one is expected for {voice}. Install it."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SynthesizerError(
            f"{voice} did not end in {TIMEOUT_S} s. Leave the voice out, or run again."
        ) from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SynthesizerError(
            f"{voice} failed ({told[-1] if told else f'code {done.returncode}'}). Check that the "
            "voice is installed."
        )
    return done.stdout
