"""A network computed by ONNX Runtime in place of torch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from ..face.onnx import load_session
from .forms import Form

NETWORK_KEY: Final = "liveportrait.network"
WEIGHTS_KEY: Final = "liveportrait.weights"
PRESET_KEY: Final = "liveportrait.preset"
"""Of a file's metadata: which network it is, `digest_of` its weights, and the preset as JSON."""


class OnnxNetwork:
    """An engine of `LivePortraitModel.engines`: a file of ONNX in place of a network.

    It computes a row at a time, as the file has a batch of one. What the file cannot take, other
    sizes and gradients, is left to torch.
    """

    def __init__(self, net: nn.Module, form: Form, path: Path) -> None:
        """The network in a file.

        Args:
            net: The same network in torch.
            form: Of the network.
            path: The file.

        Raises:
            CheckpointError: onnxruntime or the file is missing, or the file is damaged.
        """
        self._net, self._form = net, form
        self._session = load_session(path, threads=torch.get_num_threads())
        self._shapes = {entry.name: tuple(entry.shape) for entry in self._session.get_inputs()}

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, *arguments: Any) -> Any:
        """What the network gives."""
        tensors = self._form.tensors_of(*arguments)
        if torch.is_grad_enabled() or not self._takes(tensors):
            return self._net(*arguments)
        rows = [self.computed(tensors, row) for row in range(len(tensors[0]))]
        outputs = tuple(torch.cat(parts) for parts in zip(*rows, strict=True))
        return self._form.output_of(outputs, *arguments)

    def computed(self, tensors: tuple[Tensor, ...], row: int = 0) -> tuple[Tensor, ...]:
        """The outputs of the graph for one row of its inputs."""
        feed = {
            name: tensor[min(row, len(tensor) - 1)][None].contiguous().numpy()
            for name, tensor in zip(self._form.inputs, tensors, strict=True)
            if name in self._shapes  # a graph has no input that it does not read
        }
        return tuple(torch.from_numpy(values) for values in self._session.run(None, feed))

    def _takes(self, tensors: tuple[Tensor, ...]) -> bool:
        return all(
            tensor.device.type == "cpu"
            and tensor.dtype == torch.float32
            and self._shapes[name] == (1, *tensor.shape[1:])
            for name, tensor in zip(self._form.inputs, tensors, strict=True)
            if name in self._shapes
        )


def digest_of(net: nn.Module) -> str:
    """SHA-256 of the names and values of a network's weights."""
    found = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
