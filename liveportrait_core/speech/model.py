"""A speech model: what hears, from an installed package, and what moves, from a file of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor

from ..checkpoints.reading import as_tensors, read_file, read_metadata
from ..errors import CheckpointError
from ..media.atomic import write_whole
from ..networks.phonemes import PhonemeEncoder
from ..networks.speech import SpeechForm, SpeechNetwork
from .recogniser import load_recogniser, recogniser_hash

SPEECH_MODEL_FILE: Final = Path(__file__).parents[1] / "assets" / "weights" / "speech.safetensors"
FORMAT: Final = "liveportrait-suite/speech"
VERSION: Final = "1"
FORM: Final = "form"
RECOGNISER: Final = "recogniser"
"""SHA-256 of the recogniser that a model was trained with; empty for another one than the
package's."""
CHANGE: Final = "change."
"""Before the keys of what was added to the recogniser."""
_KEPT_EXACT: Final = ("mean", "spread")
"""Tensors that stay in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel:
    """Networks that make motion from speech."""

    recogniser: PhonemeEncoder | None
    """What hears; None where it is an encoder of another make."""
    network: SpeechNetwork
    """What moves."""
    change: Mapping[str, Tensor] = field(default_factory=lambda: MappingProxyType({}))
    """What training added to the recogniser of the package, by the keys of its tensors."""
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


@lru_cache(maxsize=2)
def load_speech_model(
    path: Path = SPEECH_MODEL_FILE, recogniser: PhonemeEncoder | None = None
) -> SpeechModel:
    """The model of a file, in eval mode, without gradients, in float32 on the CPU.

    Args:
        path: Of what moves.
        recogniser: What hears; by default that of the package `hama`, which is read when this is
            first called. A model that hears by another encoder has none.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else; or the recogniser is
            not installed, or another than the model was trained with.
    """
    metadata = read_metadata(path)
    if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} is of format {metadata.get('format')!r}, version {metadata.get('version')!r}; "
            f"{FORMAT!r}, version {VERSION!r} is expected. Name a file of train.audio2motion."
        )
    state = {name: tensor.float() for name, tensor in as_tensors(read_file(path), path).items()}
    if recogniser is None:
        _check_recogniser(path, metadata.get(RECOGNISER, ""))
    try:
        network = SpeechNetwork(_form(metadata[FORM]))
        change = {key: state.pop(CHANGE + key) for key in _changed_keys(state)}
        network.load_state_dict(state)
        if network.form.features:
            recogniser = None
        elif recogniser is None:
            recogniser = changed_recogniser(load_recogniser(), change)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} holds other tensors than the form in its header says; those of this version's "
            "train.audio2motion are expected. Copy it again, or name another file."
        ) from error
    network.eval().requires_grad_(False)
    return SpeechModel(recogniser=recogniser, network=network, change=change, origin=str(path))


def changed_recogniser(recogniser: PhonemeEncoder, change: Mapping[str, Tensor]) -> PhonemeEncoder:
    """The recogniser with what training added to it; itself where that is nothing."""
    if not change:
        return recogniser
    changed = PhonemeEncoder()
    state = recogniser.state_dict()
    changed.load_state_dict(state | {key: state[key] + value for key, value in change.items()})
    return changed.eval().requires_grad_(False)


def change_of(recogniser: PhonemeEncoder) -> dict[str, Tensor]:
    """What training added to the recogniser of the package; without the tensors that stayed."""
    before = load_recogniser().state_dict()
    added = {key: value.cpu() - before[key] for key, value in recogniser.state_dict().items()}
    return {key: value for key, value in added.items() if value.any()}


def _changed_keys(state: Mapping[str, Tensor]) -> list[str]:
    return [key.removeprefix(CHANGE) for key in state if key.startswith(CHANGE)]


def save_speech_model(model: SpeechModel, path: Path, *, metadata: Mapping[str, str]) -> None:
    """Write what moves, and how what hears was changed in training, in float16.

    Raises:
        MediaError: The file cannot be written.
    """
    state = model.network.state_dict()
    tensors = {key: _stored(key, value) for key, value in state.items()}
    hears = model.recogniser is not None
    of_package = hears and (model.recogniser is load_recogniser() or bool(model.change))
    tensors |= {CHANGE + key: _stored(key, value) for key, value in model.change.items()}
    about = {
        **metadata,
        "format": FORMAT,
        "version": VERSION,
        FORM: json.dumps(asdict(model.form)),
        RECOGNISER: recogniser_hash() if of_package else "",
    }
    write_whole(path, save(tensors, about))


def _check_recogniser(path: Path, expected: str) -> None:
    if expected and recogniser_hash() != expected:
        raise CheckpointError(
            f"{path} was trained with another phoneme recogniser than that of the installed hama; "
            "version 1.7.0 of that package is expected. Install it: pip install 'hama==1.7.0'."
        )


def _stored(key: str, value: Tensor) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.float() if key in _KEPT_EXACT else value.half()


def _form(text: str) -> SpeechForm:
    kept: dict[str, Any] = json.loads(text)
    names = {key: tuple(kept.pop(key)) for key in ("outputs", "styles")}
    return SpeechForm(**names, **kept)
