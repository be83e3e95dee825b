"""Published key <-> our key, one table for each network; the only place that knows both.

A table holds every tensor of a network once. Three things are more than a new name, and
`published` does them: the prefix of the stitching file, the shape of GRN's two vectors, and
spectral norm (`X.weight_orig` is listed here as our `X.weight`; its two vectors are not ours).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CONV = ("weight", "bias")
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def _expand(modules: Mapping[str, str], leaves: Iterable[str]) -> dict[str, str]:
    leaves = tuple(leaves)
    return {f"{a}.{leaf}": f"{b}.{leaf}" for a, b in modules.items() for leaf in leaves}


def _conv_norm(modules: Mapping[str, str]) -> dict[str, str]:
    convs = {f"{a}.conv": f"{b}.conv" for a, b in modules.items()}
    norms = {f"{a}.norm": f"{b}.norm" for a, b in modules.items()}
    return _expand(convs, CONV) | _expand(norms, NORM)


def _appearance() -> dict[str, str]:
    blocks = {"first": "stem"} | {f"down_blocks.{i}": f"down.{i}" for i in range(2)}
    residual = {f"resblocks_3d.3dr{i}": f"refine.{i}" for i in range(6)}
    parts = {n: {f"{a}.{n}{i}": f"{b}.{n}{i}" for a, b in residual.items() for i in (1, 2)}
             for n in ("conv", "norm")}  # fmt: skip
    return (
        _conv_norm(blocks)
        | _expand({"second": "to_volume"}, CONV)
        | _expand(parts["conv"], CONV)
        | _expand(parts["norm"], NORM)
    )


def _motion() -> dict[str, str]:
    modules = {"downsample_layers.0.0": "trunk.stem.0", "downsample_layers.0.1": "trunk.stem.1"}
    for stage in (1, 2, 3):
        for i in (0, 1):
            modules[f"downsample_layers.{stage}.{i}"] = f"trunk.stages.{stage}.downsample.{i}"
    for stage, depth in enumerate((3, 3, 9, 3)):
        for i in range(depth):
            theirs, ours = f"stages.{stage}.{i}", f"trunk.stages.{stage}.blocks.{i}"
            modules |= {
                f"{theirs}.dwconv": f"{ours}.conv_dw",
                f"{theirs}.norm": f"{ours}.norm",
                f"{theirs}.pwconv1": f"{ours}.mlp.fc1",
                f"{theirs}.pwconv2": f"{ours}.mlp.fc2",
            }
    modules |= {
        "norm": "trunk.head.norm",
        "fc_kp": "canonical",
        "fc_scale": "scale",
        "fc_pitch": "pitch",
        "fc_yaw": "yaw",
        "fc_roll": "roll",
        "fc_t": "translation",
        "fc_exp": "expression",
    }
    table = _expand(modules, CONV)
    for theirs, ours in modules.items():
        if theirs.endswith(".dwconv"):
            grn, mlp = theirs.replace("dwconv", "grn"), ours.replace("conv_dw", "mlp.grn")
            table |= {f"{grn}.gamma": f"{mlp}.weight", f"{grn}.beta": f"{mlp}.bias"}
    return {f"detector.{theirs}": ours for theirs, ours in table.items()}


def _warping() -> dict[str, str]:
    inner = "dense_motion_network"
    down = {f"{inner}.hourglass.encoder.down_blocks.{i}": f"dense_motion.hourglass.down.{i}"
            for i in range(5)}  # fmt: skip
    up = {f"{inner}.hourglass.decoder.up_blocks.{i}": f"dense_motion.hourglass.up.{i}"
          for i in range(5)}  # fmt: skip
    out = {f"{inner}.hourglass.decoder": "dense_motion.hourglass.out", "third": "project"}
    convs = {
        f"{inner}.mask": "dense_motion.mask",
        f"{inner}.occlusion": "dense_motion.occlusion",
        f"{inner}.compress": "dense_motion.compress.conv",
        "fourth": "mix",
    }
    return (
        _conv_norm(down | up | out)
        | _expand(convs, CONV)
        | _expand({f"{inner}.norm": "dense_motion.compress.norm"}, NORM)
    )


_RESIZING = {"up_0": "up.0", "up_1": "up.1"}
_DECODER_BLOCKS = {f"G_middle_{i}": f"middle.{i}" for i in range(6)} | _RESIZING


def _decoder() -> dict[str, str]:
    norms = {f"{a}.norm_{i}": f"{b}.norm{i}" for a, b in _DECODER_BLOCKS.items() for i in (0, 1)}
    norms |= {f"{a}.norm_s": f"{b}.shortcut_norm" for a, b in _RESIZING.items()}
    parts = {"mlp_shared.0": "shared", "mlp_gamma": "gamma", "mlp_beta": "beta"}
    convs = {"fc": "stem", "conv_img.0": "to_pixels"}
    convs |= {f"{a}.{c}": f"{b}.{d}" for a, b in norms.items() for c, d in parts.items()}
    table = _expand(convs, CONV)
    for theirs, ours in _spectral_modules().items():
        table[f"{theirs}.weight_orig"] = f"{ours}.weight"
        if not theirs.endswith("conv_s"):
            table[f"{theirs}.bias"] = f"{ours}.bias"
    return table


def _spectral_modules() -> dict[str, str]:
    convs = {f"{a}.conv_{i}": f"{b}.conv{i}" for a, b in _DECODER_BLOCKS.items() for i in (0, 1)}
    return convs | {f"{a}.conv_s": f"{b}.shortcut" for a, b in _RESIZING.items()}


def _mlp(num_linear: int) -> dict[str, str]:
    return _expand({f"mlp.{2 * i}": f"layers.{2 * i}" for i in range(num_linear)}, CONV)


PUBLISHED_TO_OURS: Mapping[str, Mapping[str, str]] = {
    "appearance": _appearance(),
    "motion": _motion(),
    "warping": _warping(),
    "decoder": _decoder(),
    "stitching": _mlp(4),
    "eyes": _mlp(6),
    "lip": _mlp(4),
}
"""For each network, every published key and its name here."""

OURS_TO_PUBLISHED: Mapping[str, Mapping[str, str]] = {
    name: {ours: theirs for theirs, ours in table.items()}
    for name, table in PUBLISHED_TO_OURS.items()
}
"""The same tables, read backwards."""

SPECTRAL = tuple(f"{theirs}." for theirs in _spectral_modules())
"""Prefixes of the published decoder's keys under spectral norm."""

FILE_OF_NETWORK: Mapping[str, str] = {
    "appearance": "appearance_feature_extractor",
    "motion": "motion_extractor",
    "warping": "warping_module",
    "decoder": "spade_generator",
}
"""Published file, without its ending, of each large network."""

RETARGETING_FILE = "stitching_retargeting_module"
ENTRY_OF_NETWORK: Mapping[str, str] = {
    "stitching": "retarget_shoulder",
    "eyes": "retarget_eye",
    "lip": "retarget_mouth",
}
"""Entry of the published retargeting file that holds each small network."""
