"""A recognition network of the user's, for L_faceid: none is part of this project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from liveportrait_core.checkpoints.published import shown
from liveportrait_core.checkpoints.reading import as_tensors, read_file
from liveportrait_core.errors import CheckpointError
from liveportrait_core.geometry import full_precision

from ...metrics.face_similarity import ARCFACE_PX, aligned
from ...metrics.feature_extractors import five_points

_STAGES = 4


class _Block(nn.Module):
    """Residual block of ArcFace's networks: norm, conv, norm, PReLU, conv, norm."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(inner)) + self.downsample(x)


class ArcFace(nn.Module):
    """The residual network of ArcFace (Deng et al., 2019): aligned faces to embeddings."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], features: int) -> None:
        """Build it.

        Args:
            widths: Channels of the stem and of the four stages.
            depths: Blocks of the four stages.
            features: Length of the embedding.
        """
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.bn1, self.prelu = nn.BatchNorm2d(widths[0]), nn.PReLU(widths[0])
        for stage, depth in enumerate(depths):
            inputs, outputs = widths[stage], widths[stage + 1]
            blocks = [_Block(inputs, outputs, 2)]
            blocks += [_Block(outputs, outputs, 1) for _ in range(depth - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        last = widths[-1]
        self.bn2 = nn.BatchNorm2d(last)
        self.fc = nn.Linear(last * (ARCFACE_PX // 2**_STAGES) ** 2, features)
        self.features = nn.BatchNorm1d(features)

    def forward(self, face: Tensor) -> Tensor:
        """(B, 3, 112, 112) aligned, in [0, 1] -> (B, C)."""
        x = self.prelu(self.bn1(self.conv1(face * 2 - 1)))
        for stage in range(1, _STAGES + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.features(self.fc(self.bn2(x).flatten(1)))


def load_arcface(path: str | Path) -> ArcFace:
    """ArcFace of a file, frozen and in eval mode; sizes are read off the tensors.

    Args:
        path: `.pth` or `.safetensors` with the keys of InsightFace's `iresnet`s.

    Raises:
        CheckpointError: The file cannot be read, or is no such network.
    """
    path = Path(path)
    state = as_tensors(read_file(path), path)
    state = {key.removeprefix("module."): value for key, value in state.items()}
    try:
        network = ArcFace(*_sizes(state))
        network.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is no ArcFace network; it holds {shown(state)}. The backbone of an "
            "InsightFace iresnet as .pth is expected (conv1.weight, layer1.0.bn1.weight, "
            "fc.weight ...); name it with arcface=FILE, or leave arcface out."
        ) from error
    return network.eval().requires_grad_(False)


def embeddings(network: nn.Module, picture: Tensor, landmarks: Tensor) -> Tensor:
    """Who is shown: (B, C) of (B, 3, h, h) pictures, differentiable in the pictures.

    Args:
        network: ArcFace.
        picture: RGB in [0, 1].
        landmarks: (B, 21, 2 or 3) where its face is, crop units.
    """
    with full_precision(picture.device):
        return network(aligned(picture.float(), five_points(landmarks.detach())))


def _sizes(state: Mapping[str, Tensor]) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Widths, depths and the embedding's length."""
    names = [re.match(r"layer(\d)\.(\d+)\.", key) for key in state]
    blocks = {(int(name[1]), int(name[2])) for name in names if name}
    depths = tuple(len([b for b in blocks if b[0] == n]) for n in range(1, _STAGES + 1))
    stages = [state[f"layer{n}.0.conv1.weight"].shape[0] for n in range(1, _STAGES + 1)]
    return (state["conv1.weight"].shape[0], *stages), depths, state["fc.weight"].shape[0]
