"""JoyVASA's model as one file of ours."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from safetensors.torch import save

from ..checkpoints.reading import as_tensors, read_file, read_metadata
from ..errors import CheckpointError
from ..media.atomic import write_whole
from ..networks.hubert import HubertForm
from ..networks.joyvasa import JoyvasaForm, JoyvasaNetwork
from . import model
from .joyvasa import NORMALISATION, JoyvasaModel
from .model import SpeechModel

FORMAT: Final = "liveportrait-suite/joyvasa"
VERSION: Final = "1"
_FORM: Final = "form"
_CONSTANTS: Final = "normalisation."
"""Before the names of the constants."""
_TORCH_SUFFIXES: Final = frozenset({".pt", ".pth", ".bin"})


def load_speaker(path: Path) -> SpeechModel | JoyvasaModel:
    """The model of a file, which says whether it is ours or JoyVASA's.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    if path.suffix in _TORCH_SUFFIXES:
        raise CheckpointError(
            f"{path} is a file of torch, and a .safetensors file is expected. Of JoyVASA's motion "
            "generator make one: liveportrait models joyvasa GENERATOR OUT.safetensors"
        )
    if read_metadata(path).get("format") == FORMAT:
        return load_joyvasa(path)
    return model.load_speech_model(path)


@lru_cache(maxsize=1)
def load_joyvasa(path: Path) -> JoyvasaModel:
    """A file of `save_joyvasa`, in eval mode, without gradients, in float32 on the CPU.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    metadata = read_metadata(path)
    if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} is of format {metadata.get('format')!r}, version {metadata.get('version')!r}; "
            f"{FORMAT!r}, version {VERSION!r} is expected. Name a file of 'models joyvasa'."
        )
    state = as_tensors(read_file(path), path)
    try:
        constants = {name: state.pop(_CONSTANTS + name) for name in NORMALISATION}
        told: dict[str, Any] = json.loads(metadata[_FORM])
        repeats_end = bool(told.pop("repeats_end"))
        network = JoyvasaNetwork(JoyvasaForm(encoder=HubertForm(**told.pop("encoder")), **told))
        network.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} holds other tensors than the form in its header says. Make it again with "
            "'models joyvasa', or name another file."
        ) from error
    network.eval().requires_grad_(False)
    return JoyvasaModel(
        network=network, constants=constants, repeats_end=repeats_end, origin=str(path)
    )


def save_joyvasa(made: JoyvasaModel, path: Path) -> None:
    """Write a model as one file, every number as it is.

    Raises:
        MediaError: The file cannot be written.
    """
    tensors = {key: value.contiguous() for key, value in made.network.state_dict().items()}
    tensors |= {_CONSTANTS + name: values for name, values in made.constants.items()}
    form = asdict(made.network.form) | {"repeats_end": made.repeats_end}
    about = {"format": FORMAT, "version": VERSION, _FORM: json.dumps(form)}
    write_whole(path, save(tensors, about))
