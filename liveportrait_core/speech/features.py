"""What encoders of other makes hear of a sound: wav2vec2, HuBERT or Whisper, as in ComfyUI."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import torch.nn.functional as F
from torch import Tensor

from ..checkpoints.reading import as_tensors, read_file
from ..errors import MediaError, about, one_line
from ..media.atomic import read_whole
from ..media.safe_pickle import read_torch
from ..networks.phonemes import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    SILENT_MEL,
    LogMel,
    SoundFeatures,
)
from ..networks.speech import SpeechForm
from .prosody import gain_to_hear, loudness_db, usual_db

LAST: Final = "encoded_audio"
ALL_LAYERS: Final = "encoded_audio_all_layers"
FEATURE_SUFFIXES: Final = (".safetensors", ".pt")
PADDED_FRAMES: Final = 1500
"""Whisper hears 30 seconds, whatever is in them."""
_SLACK: Final = 3
"""Frames that an encoder may give fewer, as its first and last ones need neighbours."""
_SEQUENCE_AXES: Final = 2
_LEAST_SAMPLES: Final = 400
"""Of a sound whose loudness can be heard."""


def read_features(path: Path) -> Mapping[str, object]:
    """What an encoder heard, from a file with the entries of ComfyUI's AUDIO_ENCODER_OUTPUT.

    `read_features(Path("speech.pt"))`

    Convention:
        - `.pt` is what `torch.save(output, path)` writes; `.safetensors` holds `encoded_audio`, and
          perhaps `encoded_audio_all_layers` as one tensor whose first axis counts the layers

    Raises:
        MediaError, CheckpointError: There is none, or it is damaged, or holds something else.
    """
    if path.suffix == ".safetensors":
        return as_tensors(read_file(path), path)
    try:
        content = read_torch(read_whole(path, "file of features"))
    except pickle.UnpicklingError as error:
        raise MediaError(
            f"{path} is damaged, or holds more than tensors ({one_line(error)}). Write what the "
            "encoder gives with torch.save."
        ) from error
    if not isinstance(content, Mapping):
        raise MediaError(
            f"{path} holds {type(content).__name__}; a dict with {LAST!r} is expected, as "
            "ComfyUI's audio encoders give it. Write that with torch.save."
        )
    return cast(Mapping[str, object], content)


def feature_frames(
    output: object, num_samples: int, layer: int | None = None, name: str = "The encoder's output"
) -> Tensor:
    """What an encoder heard of a sound, frame by frame.

    `feature_frames(read_features(path), len(samples))`

    Convention:
        - 50 frames a second, the first ones of a sound the first; one for each 320 samples at
          16 kHz that begin: where an encoder gives fewer by up to 3, its last one holds
        - of the 1,500 frames of Whisper, which stand for 30 seconds, those of the sound count

    Args:
        output: An AUDIO_ENCODER_OUTPUT: `encoded_audio` (1, T, C), `encoded_audio_all_layers`.
        num_samples: Of the sound, at 16 kHz.
        layer: Which of all layers, from 0; below 0 counts from the end; None for `encoded_audio`.
        name: What it is, for messages.

    Returns:
        (ceil(num_samples / 320), C) float32.

    Raises:
        MediaError: It is none, lacks the layer, or is of another sound.
    """
    features = _of_layer(output, layer, name)
    if features.ndim > _SEQUENCE_AXES and len(features) == 1:
        features = features[0]
    if features.ndim != _SEQUENCE_AXES or not bool(features.isfinite().all()):
        raise MediaError(
            f"{name} has features of shape {tuple(features.shape)}, or some that are no finite "
            "numbers; (1, frames, channels) of one sound are expected. Encode one sound."
        )
    wanted, found = -(-num_samples // FRAME_SAMPLES), len(features)
    fits = wanted - _SLACK <= found <= wanted + 1 or wanted <= found == PADDED_FRAMES
    if not fits or not found:
        raise MediaError(
            f"{name} has {found:,} frames and the sound lasts {num_samples / SAMPLE_RATE_HZ:.2f} "
            f"s; {wanted:,} are expected, 50 a second. Encode this sound, whole; Whisper hears "
            "30 s at most."
        )
    missing = max(0, wanted - found)
    return F.pad(features[None, :wanted].float().mT, (0, missing), mode="replicate").mT[0].cpu()


def features_for(
    form: SpeechForm, output: object, num_samples: int, origin: str = ""
) -> Tensor | None:
    """What a model hears by: (T, C) features of another encoder, or None for the recogniser.

    Args:
        form: Of the model.
        output: An AUDIO_ENCODER_OUTPUT, or None where there is none.
        num_samples: Of the sound, at 16 kHz.
        origin: Name of the model, for messages.

    Raises:
        MediaError: The model needs features and there are none, or the other way round, or they are
            of another encoder.
    """
    model = f"The speech model {origin}" if origin else "The speech model"
    with about("encoder_output"):
        if not form.features:
            if output is None:
                return None
            raise MediaError(
                f"{model} hears the sound itself, and an encoder's output is given. Leave it out, "
                "or choose a model that was trained with features."
            )
        if output is None:
            raise MediaError(
                f"{model} was trained with features of another encoder, {form.features:,} channels "
                "wide, and none are given. Give what that encoder makes of the sound."
            )
        features = feature_frames(output, num_samples, form.feature_layer)
        if features.shape[1] != form.features:
            raise MediaError(
                f"The encoder's output has {features.shape[1]:,} channels; {model[0].lower()}"
                f"{model[1:]} was trained with {form.features:,}. Take the encoder that it was "
                "trained with."
            )
    return features


def heard_by_encoder(features: Tensor, samples: Tensor) -> SoundFeatures:
    """What a network hears of a sound that another encoder heard.

    Args:
        features: (T, C) of `feature_frames`.
        samples: (N,) the sound at 16 kHz, of which it hears the loudness besides.

    Returns:
        (1, T, ...).
    """
    level = gain_to_hear(usual_db(loudness_db(samples)))
    short = max(0, _LEAST_SAMPLES - len(samples))
    mel = LogMel().to(features.device)(F.pad(samples[None] * level, (0, short)))[:, ::2]
    return SoundFeatures(encoded=features[None], mel=mel[:, : len(features)])


def part_of_heard(heard: SoundFeatures, first: int, count: int) -> SoundFeatures:
    """Some frames of (1, T, ...) that was heard; outside of it nothing is heard.

    Args:
        heard: All.
        first: The first frame; below 0 lies before the sound.
        count: How many.
    """
    return SoundFeatures(
        encoded=_part(heard.encoded, first, count, 0.0),
        mel=_part(heard.mel, first, count, SILENT_MEL),
    )


def _part(values: Tensor, first: int, count: int, outside: float) -> Tensor:
    total = values.shape[1]
    inside = values[:, max(0, first) : max(0, first + count)]
    before, after = max(0, -first), max(0, first + count - total)
    return F.pad(inside, (0, 0, before, after), value=outside)


def _of_layer(output: object, layer: int | None, name: str) -> Tensor:
    if not isinstance(output, Mapping):
        raise MediaError(
            f"{name} is of type {type(output).__name__}; a dict with {LAST!r} is expected, as "
            "ComfyUI's audio encoders give it. Connect one of them."
        )
    held = cast(Mapping[str, object], output)
    found: Any = held.get(LAST if layer is None else ALL_LAYERS)
    if layer is not None and isinstance(found, Sequence | Tensor):
        found = found[layer] if -len(found) <= layer < len(found) else None
    if not isinstance(found, Tensor):
        what = f"{LAST!r}" if layer is None else f"layer {layer} in {ALL_LAYERS!r}"
        raise MediaError(
            f"{name} has no {what}, which the speech model hears by. Give all that the encoder "
            "makes."
        )
    return found.detach()
