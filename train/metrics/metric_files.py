"""Files of the paper's metrics: which ones the user brings, where they lie, how to open them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from liveportrait_core.checkpoints.reading import as_tensors, read_file
from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.onnx import load_session

Network = Callable[[Tensor], dict[str, Tensor]]
"""(B, 3, h, h) -> outputs by name, (B, ...) each, in the file's order."""
STATE_DICTS: Final = (".pth", ".safetensors")
FOLDER: Final = "METRIC_FILES"
"""Stands for the folder in messages while none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFile:
    """A file that a metric needs."""

    what: str
    names: tuple[str, ...]
    """Names that it is looked for under; the first one is what messages ask for."""
    package: str = ""
    """An installed Python package that holds it, in place of the user's folder."""

    def found_in(self, folder: Path | None) -> Path | None:
        """Where it is, if it is there."""
        place = package_folder(self.package) if self.package else folder
        paths = [place / name for name in self.names] if place is not None else []
        return next((path for path in paths if path.is_file()), None)

    def needed_in(self, folder: Path | None) -> str:
        """The status of a metric that lacks it."""
        if self.package:
            return f"unavailable (needs {self.what}; run pip install {self.package})"
        place = Path(FOLDER) / self.names[0] if folder is None else folder / self.names[0]
        hint = "; name the folder by --metric-files" if folder is None else ""
        return f"unavailable (needs {self.what} at {place}{hint})"


METRIC_FILES: Final[Mapping[str, MetricFile]] = {
    "alexnet": MetricFile(
        what="torchvision's AlexNet",
        names=("alexnet.pth", "alexnet.safetensors", "alexnet-owt-7be5be79.pth"),
    ),
    "lpips": MetricFile(
        what="the LPIPS heads for AlexNet",
        names=("weights/v0.1/alex.pth",),
        package="lpips",
    ),
    "inception": MetricFile(
        what="FID's Inception",
        names=(
            "inception.pth",
            "inception.safetensors",
            "pt_inception-2015-12-05-6726825d.pth",
            "inception.pt",
            "inception-2015-12-05.pt",
            "inception.onnx",
        ),
    ),
    "arcface": MetricFile(
        what="ArcFace",
        names=("arcface.onnx", "arcface.pt", "w600k_r50.onnx", "glintr100.onnx"),
    ),
    "l2cs": MetricFile(what="L2CS-Net", names=("l2cs.onnx", "l2cs.pt")),
    "smirk": MetricFile(what="SMIRK's encoder", names=("smirk.onnx",)),
}
"""Every file, by its name in `feature_extractors.EXTRACTORS`."""


def package_folder(name: str) -> Path | None:
    """Where a package is installed, without importing it; None where it is not.

    lpips imports torchvision, which does not import beside every torch.
    """
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None


def open_state(path: Path, device: torch.device) -> dict[str, Tensor]:
    """Tensors of a `.pth` or `.safetensors` file, float32, on a device.

    Raises:
        CheckpointError: It is damaged, or holds something else.
    """
    tensors = as_tensors(read_file(path), path)
    return {key: value.float().to(device) for key, value in tensors.items()}


def open_network(
    path: Path, device: torch.device, *, keywords: Mapping[str, bool] | None = None
) -> Network:
    """An `.onnx` file, or a `.pt` file of TorchScript, as a function of one batch.

    Convention:
        - `.onnx` runs on the CPU, a picture at a time: many files are exported for one
        - outputs of TorchScript are named by their places, "0", "1", ...

    Args:
        path: The file.
        device: Where TorchScript runs.
        keywords: What TorchScript is called with besides the pictures.

    Raises:
        CheckpointError: The file is damaged, or onnxruntime is not installed.
    """
    if path.suffix == ".onnx":
        return _onnx(path)
    return _torch_script(path, device, dict(keywords or {}))


def _onnx(path: Path) -> Network:
    session = load_session(path)
    inputs: list[str] = [entry.name for entry in session.get_inputs()]
    names: list[str] = [entry.name for entry in session.get_outputs()]
    if len(inputs) != 1:
        raise CheckpointError(
            f"{path} takes {len(inputs)} inputs ({', '.join(inputs)}); one batch of images is "
            "expected. Export it again as docs/training.md says."
        )

    def run(pictures: Tensor) -> dict[str, Tensor]:
        rows = [
            session.run(None, {inputs[0]: picture[None]})
            for picture in pictures.detach().float().cpu().numpy()
        ]
        outputs = zip(*rows, strict=True)
        return {
            name: torch.cat([torch.from_numpy(value) for value in values])
            for name, values in zip(names, outputs, strict=True)
        }

    return run


def _torch_script(path: Path, device: torch.device, keywords: dict[str, bool]) -> Network:
    try:
        net: Any = torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error

    def run(pictures: Tensor) -> dict[str, Tensor]:
        try:
            found = net(pictures.detach().to(device), **keywords)
        except RuntimeError as error:
            raise _unreadable(path, error) from error
        outputs = found if isinstance(found, tuple | list) else (found,)
        return {str(place): value for place, value in enumerate(outputs)}

    return run


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return CheckpointError(
        f"{path} cannot be read by TorchScript ({reason}). Get the file again; it may be cut short."
    )
