"""One network's tensors, between the published form and ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ..errors import CheckpointError
from .keymaps import (
    ENTRY_OF_NETWORK,
    FILE_OF_NETWORK,
    OURS_TO_PUBLISHED,
    PUBLISHED_TO_OURS,
    RETARGETING_FILE,
    SPECTRAL,
)
from .spectral import fold, trivial_vectors

NUM_SHOWN = 10
"""How many keys an error lists."""
_IRRELEVANT = ("detector.head.",)
"""Left over from the ImageNet classifier in some files; read by nothing."""
_GRN_LEAVES = (".gamma", ".beta")


def from_published(network: str, state: Mapping[str, Tensor], origin: Path) -> dict[str, Tensor]:
    """Our names and forms of one published network.

    Raises:
        CheckpointError: The keys are not those of this network.
    """
    state = {key: value for key, value in state.items() if not key.startswith(_IRRELEVANT)}
    table = PUBLISHED_TO_OURS[network]
    _check_keys(network, state, origin)
    ours = {table[key]: _grn_to_ours(key, state[key]) for key in table}
    for prefix in SPECTRAL if network == "decoder" else ():
        name = table[f"{prefix}weight_orig"]
        parts = (state[f"{prefix}{leaf}"] for leaf in ("weight_orig", "weight_u", "weight_v"))
        try:
            ours[name] = fold(*parts)
        except RuntimeError as error:
            raise CheckpointError(
                f"{origin}: the spectral norm of {prefix[:-1]} does not fit together ({error}). "
                "Expected weight_u with one number for each output and weight_v with one for "
                "each input of weight_orig; download the file again."
            ) from error
    return ours


def to_published(network: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published names and forms of one network; `from_published` gives the same bits back."""
    theirs: dict[str, Tensor] = {}
    for ours, key in OURS_TO_PUBLISHED[network].items():
        value = state[ours]
        theirs[key] = value[None, None, None] if key.endswith(_GRN_LEAVES) else value
        if key.endswith(".weight_orig"):
            u, v = trivial_vectors(value, f"{network}.{ours}")
            prefix = key.removesuffix("weight_orig")
            theirs[f"{prefix}weight_u"], theirs[f"{prefix}weight_v"] = u, v
    return theirs


def published_keys(network: str) -> set[str]:
    """Every key of one network's published tensors, the spectral vectors included."""
    keys = set(PUBLISHED_TO_OURS[network])
    if network == "decoder":
        keys |= {f"{prefix}weight_{vector}" for prefix in SPECTRAL for vector in "uv"}
    return keys


def split_retargeting(content: Mapping[str, object], origin: Path) -> dict[str, dict[str, Tensor]]:
    """The three small networks in a published retargeting file, in either of its forms.

    `.pth`: an entry for each network whose keys begin with `module.`. Flattened, as in the
    safetensors that ComfyUI users have: `<entry>_module.<key>`. Other entries are ignored.

    Raises:
        CheckpointError: One of the three is not there.
    """
    found: dict[str, dict[str, Tensor]] = {}
    for network, entry in ENTRY_OF_NETWORK.items():
        inner = content.get(entry)
        pairs = inner if isinstance(inner, Mapping) else _with_prefix(content, f"{entry}_module.")
        tensors = {
            str(key).removeprefix("module."): value
            for key, value in pairs.items()
            if isinstance(value, Tensor)
        }
        if not tensors:
            entries = ", ".join(ENTRY_OF_NETWORK.values())
            raise CheckpointError(
                f"{origin} has no {entry}; it holds {shown(content)}. Expected the entries "
                f"{entries}, as in the published {RETARGETING_FILE}."
            )
        found[network] = tensors
    return found


def shown(keys: Mapping[str, object] | set[str]) -> str:
    """The first keys of a checkpoint, for an error."""
    names = sorted(str(key) for key in keys)
    more = f" and {len(names) - NUM_SHOWN} more" if len(names) > NUM_SHOWN else ""
    return (", ".join(names[:NUM_SHOWN]) or "nothing") + more


def _with_prefix(content: Mapping[str, object], prefix: str) -> dict[str, object]:
    return {k.removeprefix(prefix): v for k, v in content.items() if k.startswith(prefix)}


def _grn_to_ours(key: str, value: Tensor) -> Tensor:
    return value.flatten() if key.endswith(_GRN_LEAVES) else value


def _check_keys(network: str, state: Mapping[str, Tensor], origin: Path) -> None:
    expected = published_keys(network)
    missing, extra = expected - state.keys(), set(state) - expected
    if not missing and not extra:
        return
    for other in FILE_OF_NETWORK:
        if other != network and published_keys(other) <= state.keys():
            raise CheckpointError(
                f"{origin} holds the {other} network ({FILE_OF_NETWORK[other]}), not the "
                f"{network} network. Put the file of that name in its place."
            )
    file_name = FILE_OF_NETWORK.get(network, RETARGETING_FILE)
    raise CheckpointError(
        f"{origin} is not the published {network} network: missing {shown(missing)}; "
        f"left over {shown(extra)}. Expected the {len(expected)} tensors of the published "
        f"{file_name}; download it again or name another folder."
    )
