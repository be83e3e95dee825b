"""The command `python -m train.evaluate_speech`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.command_options import ModelOptions
from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.media.atomic import check_output, write_whole
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import load_model
from liveportrait_core.motion.blendshapes import Blendshapes
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.pipeline import read_motion
from liveportrait_core.speech.model import SPEECH_MODEL_FILE, SpeechModel, load_speech_model
from liveportrait_core.speech.sound import read_speech
from liveportrait_core.speech.speaking import shapes_of_speech
from liveportrait_core.speech.stream import LIVE, WHOLE, Listening

from ..data.speech_clip import SpeechClip
from ..data.speech_set import SpeechSet
from ..speaking.aligned import SUFFIX, read_aligned
from ..speaking.sounds import STILL_SOUNDS
from .speech_measures import (
    VIDEO_FPS,
    Speak,
    correlation,
    gap_curve,
    lag_frames,
    measure_clip,
    stillness,
    summary,
    with_noise,
)

STILL_S: Final = 6.0
STILL_COUNT: Final = 6
"""Of each kind: some music is held and some dies away."""
RATES: Final = 2
"""Frame rates at which `measure_clip` lets a clip be spoken."""
NEEDS_SYNCNET: Final = "unavailable (needs SyncNet)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEvaluation:
    """Which speech model is measured, on what, and where the measures go."""

    places: tuple[Path, ...] = option(
        (),
        "folders of train.speech, or of sentences aligned by pocketsphinx",
        positional=True,
        metavar="FOLDER",
    )
    films: tuple[Path, ...] = option(
        (),
        "a video of somebody who talks, for the opening of the mouth; may be given several times",
        metavar="FILM",
    )
    weights: Path | None = option(
        None, "a file of train.audio2motion", metavar="FILE", unset="the one that ships"
    )
    noise: float | None = option(
        None, "measure again with white noise so far below the speech", unit="dB", unset="no"
    )
    clips: int = option(0, "clips of each folder, evenly chosen; 0: all", minimum=0)
    live: bool = option(False, "hear as of a sound that is not over yet, 300 ms ahead")
    landmarks: ModelOptions = shared(
        ModelOptions,
        hidden=("device", "dtype"),
        about={"model": {"help": "the model that reads the mouths of films"}},
    )
    json: Path | None = option(None, "write the measures here, too", metavar="FILE")

    def __post_init__(self) -> None:
        check_options(self)


def run(arguments: Sequence[str], command: str, description: str | None) -> str:
    """Measure what arguments name; the measures as JSON."""
    parser = option_parser(
        SpeechEvaluation, prog=command, description=description, group="measures"
    )
    options = from_arguments(SpeechEvaluation, parser.parse_args(arguments))
    torch.set_num_threads(1)
    if options.json:
        check_output(options.json)
    measures = json.dumps(_measures(options), indent=2)
    if options.json:
        write_whole(options.json, (measures + "\n").encode())
    return measures


def _measures(options: SpeechEvaluation) -> dict[str, object]:
    """All measures that the options name.

    Raises:
        LivePortraitError: Nothing is named, or something is missing.
    """
    if not (options.places or options.films):
        raise LivePortraitError(
            "Nothing is named to measure on. Name folders of train.speech, or --films FILM."
        )
    weights = options.weights or SPEECH_MODEL_FILE
    model = load_speech_model(weights)
    listening = LIVE if options.live else WHOLE
    speak = partial(spoken, model, listening)
    measures: dict[str, object] = {"weights": weights.name}
    for place in options.places:
        clips = list(_chosen(clips_of(place), options.clips))
        start_s = time.monotonic()
        found = summary([measure_clip(c, speak, c.waveform) for c in clips])
        spent_s = (time.monotonic() - start_s) / RATES  # for one of the frame rates
        seconds = sum(len(clip.waveform) for clip in clips) / SAMPLE_RATE_HZ
        measures[str(place)] = found | {"times_real_time": round(seconds / spent_s, 1)}
        if options.noise is not None:
            measures[f"{place}, white noise at {options.noise:g} dB"] = summary(
                [measure_clip(c, speak, with_noise(c.waveform, options.noise)) for c in clips]
            )
    random = np.random.default_rng(0)
    for name, sound in STILL_SOUNDS.items():
        heard = [sound(int(STILL_S * SAMPLE_RATE_HZ), random) for _ in range(STILL_COUNT)]
        measures[f"only {name}"] = stillness([speak(one, None, VIDEO_FPS) for one in heard])
    for film in options.films:
        measures[str(film)] = film_measures(film, speak, options.landmarks.model)
    measures["lse_c"] = measures["lse_d"] = NEEDS_SYNCNET
    return measures


def spoken(
    model: SpeechModel,
    listening: Listening,
    heard: NDArray[np.float32],
    clip: SpeechClip | None,
    fps: Fraction,
) -> Blendshapes:
    """What a model makes of a sound."""
    del clip
    return shapes_of_speech(torch.from_numpy(heard), fps=fps, model=model, listening=listening)


def film_measures(film: Path, speak: Speak, landmarks: str) -> dict[str, float]:
    """How the mouth of somebody in a film goes together with what is made of the film's sound."""
    with torch.inference_mode():
        motion = read_motion(load_model(landmarks), VideoReader(film))
    assert motion.lip_open is not None
    seen = motion.lip_open[:, 0].double().cpu().numpy()
    made = gap_curve(speak(read_speech(film).numpy(), None, motion.fps))
    length = min(len(seen), len(made))
    seen, made = seen[:length], made[:length]
    late = lag_frames(made, seen, motion.fps)
    return {
        "correlation": round(correlation(made, seen), 3),
        "offset_ms": round(1000 * late / float(motion.fps), 1),
        "seconds": round(length / float(motion.fps), 1),
        "opening": round(float(np.percentile(made, 95)), 3),
        "opening_of_film": round(float(np.percentile(seen, 95)), 3),
    }


def clips_of(place: Path) -> Sequence[SpeechClip]:
    """The clips of a folder: aligned sentences where it has any, else those of train.speech."""
    is_aligned = place.is_dir() and any(place.glob(f"*{SUFFIX}"))
    return read_aligned(place) if is_aligned else SpeechSet([str(place)])


def _chosen(clips: Sequence[SpeechClip], most: int) -> Iterator[SpeechClip]:
    """So many clips, evenly chosen; those in which nobody speaks are left out."""
    step = max(1, len(clips) // most) if most else 1
    numbers = range(0, len(clips), step)
    found = (clips[k] for k in (numbers[:most] if most else numbers))
    return (clip for clip in found if clip.shapes.weights.abs().max() > 0)
