"""A speech model: its two networks, and the file that they are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ..checkpoints.reading import as_tensors, read_file, read_metadata
from ..errors import CheckpointError
from ..media.atomic import write_whole
from ..networks.phonemes import LogMel, PhonemeEncoder
from ..networks.speech import SpeechForm, SpeechNetwork

SPEECH_MODEL_FILE: Final = Path(__file__).parents[1] / "assets" / "weights" / "speech.safetensors"
FORMAT: Final = "liveportrait-suite/speech"
VERSION: Final = "1"
ENCODER: Final = "encoder"
NETWORK: Final = "network"
FORM: Final = "form"
_KEPT_EXACT: Final = ("mean", "spread", "mel.bands", "bands")
"""Tensors that stay in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel:
    """Networks that make motion from speech."""

    encoder: PhonemeEncoder | LogMel
    """What hears; for other programs' features it only tells loudness."""
    network: SpeechNetwork
    origin: str = ""
    """Its file."""

    @property
    def form(self) -> SpeechForm:
        """Sizes, and what goes in and out."""
        return self.network.form

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.network.mean.device

    def to(self, device: torch.device | str) -> SpeechModel:
        """Move the networks, in place."""
        self.encoder.to(device)
        self.network.to(device)
        return self


def build_speech_model(form: SpeechForm, origin: str = "") -> SpeechModel:
    """A model with random weights."""
    encoder = LogMel() if form.encoder_width else PhonemeEncoder()
    return SpeechModel(encoder=encoder, network=SpeechNetwork(form), origin=origin)


@lru_cache(maxsize=2)
def load_speech_model(path: Path = SPEECH_MODEL_FILE) -> SpeechModel:
    """The model of a file, in eval mode, without gradients, in float32 on the CPU.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    metadata = read_metadata(path)
    if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} is of format {metadata.get('format')!r}, version {metadata.get('version')!r}; "
            f"{FORMAT!r}, version {VERSION!r} is expected. Name a file of train.audio2motion."
        )
    state = {name: tensor.float() for name, tensor in as_tensors(read_file(path), path).items()}
    try:
        model = build_speech_model(_form(metadata[FORM]), str(path))
        for name, module in _modules(model).items():
            module.load_state_dict(_below(state, name))
            module.eval().requires_grad_(False)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged, or of another version ({error}). Copy it again, or name a file "
            "of this version's train.audio2motion."
        ) from error
    return model


def save_speech_model(model: SpeechModel, path: Path, *, metadata: Mapping[str, str]) -> None:
    """Write a model in float16.

    Raises:
        MediaError: The file cannot be written.
    """
    tensors = {
        f"{name}.{key}": _stored(key, value)
        for name, module in _modules(model).items()
        for key, value in module.state_dict().items()
    }
    form = json.dumps(asdict(model.form))
    about = {**metadata, "format": FORMAT, "version": VERSION, FORM: form}
    write_whole(path, save(tensors, about))


def _stored(key: str, value: Tensor) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.float() if key in _KEPT_EXACT else value.half()


def _form(text: str) -> SpeechForm:
    kept: dict[str, Any] = json.loads(text)
    names = {key: tuple(kept.pop(key)) for key in ("outputs", "styles")}
    return SpeechForm(**names, **kept)


def _modules(model: SpeechModel) -> dict[str, nn.Module]:
    return {ENCODER: model.encoder, NETWORK: model.network}


def _below(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}."): value
        for key, value in state.items()
        if key.startswith(f"{name}.")
    }
