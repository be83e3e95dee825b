"""Tiny files of the right form for the networks of metrics that users bring."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

ALEXNET_KERNELS = {0: 11, 3: 5, 6: 3, 8: 3, 10: 3}
ALEXNET_CHANNELS = (3, 64, 192, 384, 256, 256)
INCEPTION_CHANNELS = 2


def alexnet_state(seed: int = 0) -> dict[str, Tensor]:
    """torchvision's keys, random weights."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    pairs = pairwise(ALEXNET_CHANNELS)
    for (number, side), (came, gone) in zip(ALEXNET_KERNELS.items(), pairs, strict=True):
        shape = (gone, came, side, side)
        state[f"features.{number}.weight"] = (
            torch.randn(shape, generator=generator) / side / came**0.5
        )
        state[f"features.{number}.bias"] = 0.1 * torch.randn(gone, generator=generator)
    return state


def inception_state(seed: int = 0) -> dict[str, Tensor]:
    """torchvision's keys, every convolution with two channels out; 12 features."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for name, (came, height, width) in inception_kernels().items():
        shape = (INCEPTION_CHANNELS, came, height, width)
        # larger weights would blow rounding up through fifty layers
        weight = torch.randn(shape, generator=generator) * (2 / (came * height * width)) ** 0.5
        state[f"{name}.conv.weight"] = weight
        for key in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.bn.{key}"] = torch.rand(INCEPTION_CHANNELS, generator=generator) + 0.1
    return state


def inception_kernels() -> dict[str, tuple[int, int, int]]:
    """Channels that come in, height and width of each convolution, as Szegedy et al. have it."""
    n = INCEPTION_CHANNELS
    kernels = {
        "Conv2d_1a_3x3": (3, 3, 3),
        "Conv2d_2a_3x3": (n, 3, 3),
        "Conv2d_2b_3x3": (n, 3, 3),
        "Conv2d_3b_1x1": (n, 1, 1),
        "Conv2d_4a_3x3": (n, 3, 3),
        "Mixed_6a.branch3x3": (4 * n, 3, 3),
        "Mixed_7a.branch3x3_2": (n, 3, 3),
    }
    chains = {"Mixed_6a.branch3x3dbl": (4 * n, "1x1 3x3 3x3"), "Mixed_7a.branch3x3": (4 * n, "1x1")}
    chains["Mixed_7a.branch7x7x3"] = (4 * n, "1x1 1x7 7x1 3x3")
    for block, came in {"5b": n, "5c": 4 * n, "5d": 4 * n}.items():
        chains[f"Mixed_{block}.branch5x5"] = (came, "1x1 5x5")
        chains[f"Mixed_{block}.branch3x3dbl"] = (came, "1x1 3x3 3x3")
    for block, came in {"6b": 6 * n, "6c": 4 * n, "6d": 4 * n, "6e": 4 * n}.items():
        chains[f"Mixed_{block}.branch7x7"] = (came, "1x1 1x7 7x1")
        chains[f"Mixed_{block}.branch7x7dbl"] = (came, "1x1 7x1 1x7 7x1 1x7")
    for block in ("7b", "7c"):
        chains[f"Mixed_{block}.branch3x3"] = (6 * n, "1x1")
        chains[f"Mixed_{block}.branch3x3dbl"] = (6 * n, "1x1 3x3")
        for name in ("branch3x3_2", "branch3x3dbl_3"):
            kernels[f"Mixed_{block}.{name}a"] = (n, 1, 3)
            kernels[f"Mixed_{block}.{name}b"] = (n, 3, 1)
    came_in = {name.split(".")[0]: came for name, (came, _) in chains.items()}
    for block in set(came_in) - {"Mixed_6a", "Mixed_7a"}:
        kernels |= {f"{block}.{x}": (came_in[block], 1, 1) for x in ("branch1x1", "branch_pool")}
    for name, (came, sizes) in chains.items():
        for number, size in enumerate(sizes.split(), 1):
            height, width = (int(side) for side in size.split("x"))
            kernels[f"{name}_{number}"] = (came if number == 1 else n, height, width)
    return kernels


def write_onnx(path: Path, outputs: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """A network whose outputs are `mean colour @ weights + bias` of its picture.

    Args:
        path: The file.
        outputs: Weights (3, N) and bias (N,) by the output's name.
    """
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colour"]),
    ]
    tensors, told = [], []
    for name, (weights, bias) in outputs.items():
        tensors += [
            numpy_helper.from_array(weights.astype(np.float32), f"{name} weights"),
            numpy_helper.from_array(bias.astype(np.float32), f"{name} bias"),
        ]
        inputs = ["colour", f"{name} weights", f"{name} bias"]
        nodes.append(helper.make_node("Gemm", inputs, [name]))
        told.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, len(bias)]))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, None, None])
    graph = helper.make_graph(nodes, "made up", [picture], told, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def write_metric_files(folder: Path) -> Path:
    """Every file that a metric needs."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(alexnet_state(), folder / "alexnet.pth")
    torch.save(inception_state(), folder / "inception.pth")
    random = np.random.default_rng(0)
    write_onnx(folder / "arcface.onnx", {"embedding": (np.eye(3), np.zeros(3))})
    bins = {name: (random.normal(size=(3, 90)), np.zeros(90)) for name in ("yaw", "pitch")}
    write_onnx(folder / "l2cs.onnx", bins)
    sizes = {"pose_params": 3, "cam": 3, "expression_params": 50, "eyelid_params": 2}
    smirk = {
        name: (random.normal(size=(3, size)), random.normal(size=size))
        for name, size in {**sizes, "jaw_params": 3}.items()
    }
    write_onnx(folder / "smirk.onnx", smirk)
    return folder
