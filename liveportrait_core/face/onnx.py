"""Face networks that users bring as .onnx files; onnxruntime is imported when one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import CheckpointError
from ..imaging.landmark_layouts import LIVEPORTRAIT_203
from .landmarks import LandmarkNetwork

Array = NDArray[np.float32]
Run = Callable[[Array], list[Array]]
"""One input -> every output, in the file's order."""

LANDMARK_PX: Final = 224
LANDMARK_SCALE: Final = 1.5
LANDMARK_VY: Final = -0.1


def landmark_203_network(path: Path, *, providers: Sequence[str] = ()) -> LandmarkNetwork:
    """The published 203-point network.

    Args:
        path: `landmark.onnx`.
        providers: onnxruntime's execution providers; none takes the CPU.

    Raises:
        CheckpointError: onnxruntime or the file is missing, or it is another network.
    """
    run = open_session(path, providers)
    return landmark_203_from(run, str(path))


def landmark_203_from(run: Run, origin: str = "the network") -> LandmarkNetwork:
    """The 203-point network around a session that is open already.

    Convention:
        - the third output holds 203 x, y as fractions of 224 pixels, whole pixels being centres
    """

    def read(face: Tensor) -> Tensor:
        rows: list[Array] = []
        for picture in face.detach().float().cpu().numpy():
            outputs = run(picture[None])
            values = outputs[2] if len(outputs) > 2 else outputs[-1]  # noqa: PLR2004
            if values.reshape(-1).size < 2 * LIVEPORTRAIT_203.num_points:
                raise CheckpointError(
                    f"{origin} gives {values.reshape(-1).size} numbers; 406 are expected in the "
                    "third output of the 203-point network. Give LivePortrait's landmark.onnx."
                )
            rows.append(values.reshape(len(values), -1)[0].reshape(-1, 2))
        pixels = torch.from_numpy(np.stack(rows)).double() * LANDMARK_PX
        return (pixels + 0.5) * (2 / LANDMARK_PX) - 1

    return LandmarkNetwork(
        read=read,
        size_px=LANDMARK_PX,
        layout=LIVEPORTRAIT_203.name,
        scale=LANDMARK_SCALE,
        vy_ratio=LANDMARK_VY,
        antialias=False,
    )


def open_session(path: Path, providers: Sequence[str] = ()) -> Run:
    """A .onnx file as a function of its one input.

    Raises:
        CheckpointError: onnxruntime or the file is missing, or the file is damaged.
    """
    check_file(path)
    session = load_session(path, providers)
    name = session.get_inputs()[0].name
    return lambda values: session.run(None, {name: values})


def check_file(path: Path) -> None:
    """Refuse a network that is not there.

    Raises:
        CheckpointError: There is no such file.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path} does not exist; an .onnx file is expected. Put the file there, or use the "
            "built-in finder."
        )


def load_session(path: Path, providers: Sequence[str] = (), *, threads: int = 0) -> Any:
    """A .onnx file as onnxruntime's session.

    Args:
        path: The file.
        providers: onnxruntime's execution providers; none takes the CPU.
        threads: That compute one operator; 0 takes one a core.

    Raises:
        CheckpointError: onnxruntime is missing, or the file is damaged.
    """
    try:
        runtime: Any = import_module("onnxruntime")
    except ImportError as error:
        raise CheckpointError(
            f"{path.name} needs onnxruntime, which is not installed. "
            "Run: pip install 'liveportrait-suite[onnx]'"
        ) from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return runtime.InferenceSession(
            str(path), options, providers=list(providers) or ["CPUExecutionProvider"]
        )
    except Exception as error:
        raise CheckpointError(
            f"onnxruntime cannot load {path} ({str(error).splitlines()[0]}); a whole .onnx file is "
            "expected. Get the file again; it may be cut short."
        ) from error
