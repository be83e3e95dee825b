"""JoyVASA's own files as one model: its motion generator, template and audio encoder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor

from ..checkpoints.reading import as_tensors, read_file
from ..constants import PositionCode
from ..errors import CheckpointError
from ..media.motion_import import read_constants
from ..media.safe_pickle import Record
from ..media.torch_records import read_torch_records
from ..networks.hubert import HubertForm
from ..networks.joyvasa import NUM_VALUES, JoyvasaForm, JoyvasaNetwork
from .joyvasa import NORMALISATION, JoyvasaModel

TEMPLATE: Final = "motion_template.pkl"
ENCODER_FOLDERS: Final = (
    "chinese-hubert-base",
    "TencentGameMate:chinese-hubert-base",
    "hubert-base-ls960",
    "wav2vec2-base-960h",
)
"""As JoyVASA's folder of weights has them."""
ENCODER_FILES: Final = ("model.safetensors", "pytorch_model.bin")
_RECORDS: Final = frozenset({"Namespace", "Path", "PosixPath", "PurePosixPath", "WindowsPath"})
"""Classes of the options that a generator was trained with."""
_FPS: Final = 25
_ENCODER: Final = "audio_encoder."
_RENAMED: Final = (
    (r"^audio_feature_map\.", "from_encoder."),
    (r"^start_audio_feat$", "first_sound"),
    (r"^start_motion_feat$", "first_motion"),
    (r"^null_audio_feat$", "no_sound"),
    (r"^denoising_net\.diff_step_map\.", "from_step."),
    (r"^denoising_net\.feature_proj\.", "from_motion."),
    (r"^denoising_net\.motion_dec\.", "to_motion."),
    (r"^denoising_net\.transformer\.", ""),
    (r"\.self_attn\.in_proj_", ".attention.inner."),
    (r"\.self_attn\.out_proj\.", ".attention.outer."),
    (r"\.norm1\.", ".attention_norm."),
    (r"\.norm2\.", ".heard_norm."),
    (r"\.norm3\.", ".step_norm."),
    (r"\.linear1\.", ".step.0."),
    (r"\.linear2\.", ".step.2."),
)
_ENCODER_RENAMED: Final = (
    (r"^feature_extractor\.conv_layers\.0\.layer_norm\.", "first_norm."),
    (r"^feature_extractor\.conv_layers\.(\d+)\.conv\.", r"convolutions.\1."),
    (r"^feature_projection\.layer_norm\.", "feature_norm."),
    (r"^feature_projection\.projection\.", "projection."),
    (r"^encoder\.pos_conv_embed\.conv\.", "positions."),
    (r"^encoder\.", ""),
    (r"\.attention\.out_proj\.", ".attention.outer."),
    (r"\.feed_forward\.intermediate_dense\.", ".step.0."),
    (r"\.feed_forward\.output_dense\.", ".step.2."),
    (r"\.final_layer_norm\.", ".step_norm."),
    (r"^(layers\.\d+)\.layer_norm\.", r"\1.attention_norm."),
    (r"^layer_norm\.", "norm."),
)
_OF_ONE_SOUND: Final = frozenset({"start_audio_feat", "start_motion_feat"})
"""Tensors with an axis of one before."""
_GIVEN: Final = re.compile(
    r"^(denoising_net\.(TE\.pe|PE\.pe|alignment_mask)|diffusion_sched\.(alpha|sigma).*)$"
)
"""Tensors that follow from the sizes and the diffusion's betas."""


def read_joyvasa(
    generator: Path,
    *,
    template: Path | None = None,
    encoder: Path | None = None,
    positions: PositionCode = "new",
) -> JoyvasaModel:
    """JoyVASA's own files, as published, in eval mode, in float32 on the CPU.

    Convention:
        - sizes are read off the tensors
        - an encoder in the generator's file goes before one in a file of its own, as in JoyVASA

    Args:
        generator: `motion_generator_*.pt`.
        template: `motion_template.pkl`; by default beside the generator, or in `motion_template/`
            beside its folder, as published.
        encoder: Folder or file of the audio encoder, in the layout of transformers; by default a
            folder of the encoder's name beside the generator or up to two folders above it.
        positions: The position code that it was trained with.

    Raises:
        CheckpointError: The generator or encoder is missing, damaged, or something else.
        MediaError: The template or generator is missing or damaged, or asks to run something.
    """
    state, options = _read_generator(generator)
    inner = {
        key.removeprefix(_ENCODER): state.pop(key)
        for key in list(state)
        if key.startswith(_ENCODER)
    }
    if not inner:
        inner = _read_encoder(_encoder_file(generator, encoder))
    constants = read_constants(_template_file(generator, template))
    if missing := NORMALISATION - constants.keys():
        raise CheckpointError(
            f"The template of {generator} lacks {', '.join(sorted(missing))}; JoyVASA's "
            f"{TEMPLATE} is expected. Choose another file."
        )
    try:
        encoder_state = _encoder_tensors(inner)
        tensors = _generator_tensors(state)
        form = _form(tensors, encoder_state, _num_frames(state), positions)
        network = JoyvasaNetwork(form)
        network.load_state_dict(
            tensors | {f"encoder.{key}": value for key, value in encoder_state.items()}
        )
    except (RuntimeError, KeyError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(
            f"{generator} with its encoder holds other tensors than JoyVASA's motion generator "
            f"and a HuBERT or wav2vec 2.0 of base size ({reason}). Name JoyVASA's own files."
        ) from error
    network.eval().requires_grad_(False)
    return JoyvasaModel(
        network=network,
        constants={name: torch.from_numpy(constants[name]) for name in sorted(NORMALISATION)},
        repeats_end=options.get("pad_mode") == "replicate",
        origin=str(generator),
    )


def _read_generator(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a generator, and the options that it was trained with."""
    if not path.is_file():
        raise CheckpointError(
            f"{path} does not exist. Expected JoyVASA's motion_generator_*.pt; name it."
        )
    content = read_torch_records(path, _RECORDS)
    parts = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    state, options = parts.get("model"), parts.get("args")
    if not isinstance(state, Mapping) or not isinstance(options, dict | Record):
        raise CheckpointError(
            f"{path} holds no 'model' with its 'args'; JoyVASA's motion_generator_*.pt is "
            "expected. It may be a file of another program."
        )
    told: dict[str, Any] = vars(options) if isinstance(options, Record) else options
    if told.get("fps", _FPS) != _FPS or told.get("target", "sample") != "sample":
        raise CheckpointError(
            f"{path} was trained for {told.get('fps')} frames a second, target "
            f"{told.get('target')!r}; {_FPS} and 'sample' are expected, as published."
        )
    return as_tensors(cast(Mapping[str, Any], state), path), told


def _generator_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by our names."""
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        if _GIVEN.match(key) or ".multihead_attn." in key:
            continue
        if key == "diffusion_sched.betas":
            tensors["betas"] = value[1:].float()  # the first stands for step 0
            continue
        plain = value.squeeze(0) if key in _OF_ONE_SOUND else value
        tensors[_renamed(key, _RENAMED)] = plain.float()
    tensors["no_sound"] = tensors["no_sound"].flatten()
    for layer in range(_count(tensors, "layers")):
        found = f"denoising_net.transformer.layers.{layer}.multihead_attn."
        heard = _own_frame(state, found)
        tensors |= {f"layers.{layer}.heard.{name}": value for name, value in heard.items()}
    return tensors


def _own_frame(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Attention that sees one place only, as one linear step: outer(value(x))."""
    width = state[f"{prefix}out_proj.weight"].shape[0]
    value = state[f"{prefix}in_proj_weight"][-width:].double()
    value_bias = state[f"{prefix}in_proj_bias"][-width:].double()
    outer = state[f"{prefix}out_proj.weight"].double()
    bias = outer @ value_bias + state[f"{prefix}out_proj.bias"].double()
    return {"weight": (outer @ value).float(), "bias": bias.float()}


def _encoder_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of an encoder by our names; its weight norm is worked in."""
    tensors = {
        _renamed(key, _ENCODER_RENAMED): value.float()
        for key, value in state.items()
        if key != "masked_spec_embed"
    }
    names = ("parametrizations.weight.original0", "parametrizations.weight.original1")
    if "positions.weight_g" in tensors:
        names = ("weight_g", "weight_v")
    size, way = (tensors.pop(f"positions.{name}") for name in names)
    tensors["positions.weight"] = way * (size / way.norm(dim=(0, 1), keepdim=True))
    for layer in range(_count(tensors, "layers")):
        for part in ("weight", "bias"):
            ways = (f"layers.{layer}.attention.{way}_proj.{part}" for way in "qkv")
            tensors[f"layers.{layer}.attention.inner.{part}"] = torch.cat(
                [tensors.pop(way) for way in ways]
            )
    return tensors


def _renamed(key: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, name in rules:
        key = re.sub(pattern, name, key)
    return key


def _count(tensors: Mapping[str, Tensor], name: str) -> int:
    return len({key.split(".")[1] for key in tensors if key.startswith(f"{name}.")})


def _num_frames(state: Mapping[str, Tensor]) -> int:
    """Frames of a window: the generator's mask covers these and those before them.

    Raises:
        ValueError: A frame hears others than itself.
    """
    mask = state["denoising_net.alignment_mask"]
    if not torch.equal(mask, ~torch.eye(len(mask), dtype=torch.bool)):
        raise ValueError("frames hear the sound of other frames")
    return len(mask) - state["start_motion_feat"].shape[1]


def _form(
    tensors: Mapping[str, Tensor],
    encoder: Mapping[str, Tensor],
    frames: int,
    positions: PositionCode,
) -> JoyvasaForm:
    """The sizes that the tensors have.

    Raises:
        ValueError: They are not JoyVASA's.
    """
    if tensors["first_motion"].shape[1] != NUM_VALUES:
        raise ValueError(f"frames of {tensors['first_motion'].shape[1]} values")
    kernel = encoder["positions.weight"]
    return JoyvasaForm(
        width=len(tensors["no_sound"]),
        layers=_count(tensors, "layers"),
        frames=frames,
        past=len(tensors["first_motion"]),
        steps=len(tensors["betas"]),
        positions=positions,
        encoder=HubertForm(
            channels=len(encoder["first_norm.weight"]),
            width=len(kernel),
            inner=len(encoder["layers.0.step.0.weight"]),
            layers=_count(encoder, "layers"),
            position_kernel=kernel.shape[2],
            position_groups=len(kernel) // kernel.shape[1],
        ),
    )


def _template_file(generator: Path, given: Path | None) -> Path:
    """Where the template is.

    Raises:
        CheckpointError: It is nowhere.
    """
    folder = generator.parent
    places = [folder / TEMPLATE, folder.parent / "motion_template" / TEMPLATE]
    found = given or next((place for place in places if place.is_file()), None)
    if found is None:
        raise CheckpointError(
            f"{places[0]} does not exist; JoyVASA's {TEMPLATE}, which its numbers are "
            "normalised by, is expected. Put it beside the generator, or name it (--template)."
        )
    return found


def _encoder_file(generator: Path, given: Path | None) -> Path:
    """Where the encoder is.

    Raises:
        CheckpointError: It is nowhere.
    """
    if given is not None and not given.is_dir():
        return given
    above = [generator.parent, *list(generator.absolute().parents)[1:3]]
    usual = [place / name for place in above for name in ENCODER_FOLDERS]
    folders = usual if given is None else [given]
    files = [folder / name for folder in folders for name in ENCODER_FILES]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        looked = given or f"{ENCODER_FOLDERS[0]} beside {generator}"
        raise CheckpointError(
            f"{looked} holds no {' or '.join(ENCODER_FILES)}; the audio encoder that the "
            "generator was trained with is expected (chinese-hubert-base). Download it, or "
            "name its folder (--encoder)."
        )
    return found


def _read_encoder(path: Path) -> dict[str, Tensor]:
    """The tensors of an encoder, by the names of transformers' HuBERT without heads.

    Raises:
        CheckpointError: The file is missing or damaged, or holds something else.
    """
    is_torch = path.suffix != ".safetensors"
    content = read_torch_records(path, ()) if is_torch else read_file(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path} holds no tensors by name; model.safetensors or pytorch_model.bin of a "
            "HuBERT of base size is expected. Choose another file."
        )
    tensors = as_tensors(cast(Mapping[str, Any], content), path)
    bare = {re.sub(r"^(hubert|wav2vec2)\.", "", key): value for key, value in tensors.items()}
    wanted = ("feature_extractor.", "feature_projection.", "encoder.")
    return {key: value for key, value in bare.items() if key.startswith(wanted)}
