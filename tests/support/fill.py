"""Stand-in weights from a formula: the same bits on every machine, nothing to download.

The recipe is the goldens' own (`shared/goldens/README.md`, section 1). A tensor is a uniform
draw seeded by its name, scaled by what kind of tensor it is; float64 until the last cast.
Names and shapes come from our key tables and networks, so any size of the published family
can be filled, and the full size proves the tables against the goldens' own list.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.checkpoints.keymaps import (
    ENTRY_OF_NETWORK,
    FILE_OF_NETWORK,
    PUBLISHED_TO_OURS,
    RETARGETING_FILE,
)
from liveportrait_core.checkpoints.published import from_published, published_keys
from liveportrait_core.networks.build import NETWORK_NAMES, build
from liveportrait_core.preset import PAPER, Preset

PUBLIC_SALT = "lp-public-1"
ROOT_2, ROOT_3 = math.sqrt(2.0), math.sqrt(3.0)
SPECTRAL_GAIN = 1.5
NUM_BINS = 66

Array = NDArray[np.generic]

_M = r"motion_extractor\.pth\|detector\."
_GAINS = (
    (_M + r"fc_kp\.weight", 0.12),
    (_M + r"fc_exp\.weight", 0.02),
    (_M + r"fc_scale\.weight", 0.10),
    (_M + r"fc_t\.weight", 0.05),
    (_M + r"fc_(pitch|yaw|roll)\.weight", 2.0),
    (_M + r".*(dwconv|pwconv[12]|downsample_layers\.\d\.\d)\.weight", 1.0),
    (r"warping_module\.pth\|dense_motion_network\.mask\.weight", 4.0),
    (r"spade_generator\.pth\|.*\.mlp_(gamma|beta)\.weight", 0.5),
    (r"spade_generator\.pth\|conv_img\.0\.weight", 0.6),
    (r"appearance_feature_extractor\.pth\|resblocks_3d\..*\.weight", 1.0),
    (r".*\|retarget_(shoulder|mouth)\|module\.mlp\.6\.weight", 0.05),
    (r".*\|retarget_eye\|module\.mlp\.10\.weight", 0.05),
)
"""Gain of the matrices and kernels that do not have sqrt(2)."""
_LAST_MLP_BIAS = (
    r".*\|(retarget_(shoulder|mouth)\|module\.mlp\.6|retarget_eye\|module\.mlp\.10)\.bias"
)


def uniform(name: str, shape: tuple[int, ...], salt: str = PUBLIC_SALT) -> NDArray[np.float64]:
    """U in [-1, 1), seeded by salt and name; also the law of the goldens' made inputs."""
    seed = zlib.crc32(f"{salt}|{name}".encode())
    draw = np.random.Generator(np.random.PCG64(seed)).random(math.prod(shape))
    return (2.0 * draw - 1.0).reshape(shape)


def tensor(name: str, shape: tuple[int, ...], salt: str = PUBLIC_SALT) -> Array:
    """The stand-in for one published tensor, `<file>|<key>` or `<file>|<entry>|<key>`."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if name.endswith((".weight_u", ".weight_v")):
        return _unit(name, shape[0], salt)
    if name.endswith(".weight_orig"):
        return _spectral(name, shape, salt)
    draw = uniform(name, shape, salt)
    if name.endswith(".bias"):
        return _bias(name, draw).astype(np.float32)
    for ending, centre, spread in (
        (".running_mean", 0.0, 0.1),
        (".running_var", 1.0, 0.5),
        (".grn.gamma", 0.0, 0.5),
        (".grn.beta", 0.0, 0.1),
    ):
        if name.endswith(ending):
            return (centre + spread * draw).astype(np.float32)
    if len(shape) == 1:  # the gain of a norm
        return (1.0 + 0.25 * draw).astype(np.float32)
    gain = next((gain for pattern, gain in _GAINS if re.fullmatch(pattern, name)), ROOT_2)
    return (draw * (gain * ROOT_3 / math.sqrt(math.prod(shape[1:])))).astype(np.float32)


def _bias(name: str, draw: NDArray[np.float64]) -> NDArray[np.float64]:
    if re.search(r"fc_(pitch|yaw|roll)\.bias$", name):  # a peak at the middle bin: angles near 0
        bins = np.arange(NUM_BINS) - 32.5
        return bins * bins * -0.02 + 0.5 * draw
    if name.endswith("detector.fc_scale.bias"):
        return 1.3 + 0.1 * draw
    if name.endswith("detector.fc_exp.bias"):
        return 0.005 * draw
    return (0.002 if re.fullmatch(_LAST_MLP_BIAS, name) else 0.1) * draw


def _unit(name: str, size: int, salt: str) -> NDArray[np.float32]:
    draw = uniform(name, (size,), salt)
    return (draw / math.sqrt(math.fsum(float(x) * float(x) for x in draw))).astype(np.float32)


def _spectral(name: str, shape: tuple[int, ...], salt: str) -> Array:
    """Noise and a rank-one part along u and v, so that sigma is near 1.5."""
    fan_in = math.prod(shape[1:])
    stem = name.removesuffix("_orig")
    u = _unit(f"{stem}_u", shape[0], salt).astype(np.float64)
    v = _unit(f"{stem}_v", fan_in, salt).astype(np.float64)
    noise = uniform(name, shape, salt).reshape(shape[0], fan_in)
    weight = noise * (SPECTRAL_GAIN * ROOT_3 / math.sqrt(fan_in)) + (u * SPECTRAL_GAIN)[:, None] * v
    return weight.reshape(shape).astype(np.float32)


@lru_cache(maxsize=4)
def published_shapes(preset: Preset = PAPER) -> dict[str, dict[str, tuple[int, ...]]]:
    """For each network, every published key and its shape, from our tables and networks."""
    with torch.device("meta"):
        networks = build(preset)
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, net in networks.items():
        ours, table = net.state_dict(), PUBLISHED_TO_OURS[name]
        found = {key: tuple(ours[table[key]].shape) for key in table}
        for key in published_keys(name) - found.keys():
            weight = found[f"{key[:-1]}orig"]
            found[key] = (weight[0] if key.endswith("_u") else math.prod(weight[1:]),)
        shapes[name] = {
            key: (1, 1, 1, *shape) if key.endswith((".grn.gamma", ".grn.beta")) else shape
            for key, shape in found.items()
        }
    return shapes


def full_name(network: str, key: str) -> str:
    """The name that seeds a published tensor."""
    if network in FILE_OF_NETWORK:
        return f"{FILE_OF_NETWORK[network]}.pth|{key}"
    return f"{RETARGETING_FILE}.pth|{ENTRY_OF_NETWORK[network]}|module.{key}"


def published_state(
    network: str, preset: Preset = PAPER, salt: str = PUBLIC_SALT
) -> dict[str, Tensor]:
    """The stand-in weights of one network under its published keys, without `module.`."""
    return {
        key: torch.from_numpy(tensor(full_name(network, key), shape, salt))
        for key, shape in published_shapes(preset)[network].items()
    }


def write_published_folder(folder: Path, preset: Preset = PAPER, salt: str = PUBLIC_SALT) -> Path:
    """Stand-in weights as the five published files; `preset.json` too if the preset is ours."""
    (folder / "base_models").mkdir(parents=True)
    (folder / "retargeting_models").mkdir()
    for network, stem in FILE_OF_NETWORK.items():
        torch.save(published_state(network, preset, salt), folder / "base_models" / f"{stem}.pth")
    small = {
        entry: {f"module.{k}": v for k, v in published_state(network, preset, salt).items()}
        for network, entry in ENTRY_OF_NETWORK.items()
    }
    torch.save(small, folder / "retargeting_models" / f"{RETARGETING_FILE}.pth")
    if preset.name != PAPER.name:
        (folder / "preset.json").write_text(json.dumps(preset.to_json()))
    return folder


def filled_networks(
    names: Iterable[str] = NETWORK_NAMES, preset: Preset = PAPER, salt: str = PUBLIC_SALT
) -> dict[str, nn.Module]:
    """Networks with stand-in weights, in eval mode and without gradients of their own."""
    with torch.device("meta"):
        networks = build(preset)
    filled: dict[str, nn.Module] = {}
    for name in names:
        theirs = published_state(name, preset, salt)
        networks[name].load_state_dict(from_published(name, theirs, Path(salt)), assign=True)
        filled[name] = networks[name].eval().requires_grad_(False)
    return filled


def checksum(state: Mapping[str, Tensor], prefix: str = "") -> str:
    """crc32 over the sorted keys, each followed by its little-endian bytes, in hex."""
    crc = 0
    for key in sorted(f"{prefix}{key}" for key in state):
        crc = zlib.crc32(key.encode(), crc)
        array = state[key.removeprefix(prefix)].contiguous().numpy()
        crc = zlib.crc32(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(), crc)
    return f"{crc:08x}"
