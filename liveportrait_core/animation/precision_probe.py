"""Which number type a model is fastest in here, without a picture that looks different."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..assets.shipped_face import shipped_face
from ..imaging.tensors import resize_pixels, tensor_from_pixels
from ..model import LivePortraitModel
from ..motion.transform import transform_keypoints
from ..stages import extract_appearance, extract_motion, source_parts, warp_decode

_LOG = logging.getLogger(__name__)

CANDIDATES: Final[Mapping[str, tuple[torch.dtype, ...]]] = MappingProxyType(
    {"cpu": (torch.bfloat16,), "cuda": (torch.float16, torch.bfloat16)}
)
"""Number types that are tried beside float32, by kind of device; others keep float32."""
LEAST_PSNR_DB: Final = 45.0
"""Of a picture against that of float32."""
ROUNDS: Final = 3
TOO_SLOW: Final = 2.0
"""Times float32's first picture, from which a type is not looked at further."""
_STEP: Final = 0.02
"""Of every second keypoint, crop units: a small expression."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FastestDtype:
    """A number type, and why it was taken."""

    dtype: torch.dtype
    reason: str
    """A line for people: what was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What one number type makes of the face."""

    seconds: float
    picture: Tensor
    is_whole: bool
    """Whether every network stayed in the type."""


def fastest_dtype(
    model: LivePortraitModel, face: Tensor | None = None, clock: Clock = time.perf_counter
) -> FastestDtype:
    """The number type in which W and G draw a face fastest; never one slower than float32.

    `model.to(dtype=fastest_dtype(model).dtype)`

    Convention:
        - each type draws the face as `animate` draws a still: what depends on the source alone is
          made before
        - one whose picture is less than `LEAST_PSNR_DB` near to float32's is not taken, nor one in
          which a network overflows
        - it takes a few pictures of each type, and of a slow one the first alone

    Args:
        model: In float32, on its device; it is left as it is.
        face: (1, 3, S, S) a crop as `extract_appearance` takes it; a photograph that ships if
            None.
        clock: Gives seconds.

    """
    if face is None:
        size = model.preset.face_size_px
        face = tensor_from_pixels(resize_pixels(shipped_face(), (size, size)))
    face = face.to(model.device)
    with torch.inference_mode():
        full = _tried(model, face, clock)
        best, best_s = torch.float32, full.seconds
        compared: list[str] = [f"{1000 * full.seconds:.0f} ms in float32"]
        for dtype in CANDIDATES.get(model.device.type, ()):
            trial = _tried(_copy(model, dtype), face, clock, first_s=TOO_SLOW * full.seconds)
            psnr_db = _psnr_db(trial.picture, full.picture)
            compared.append(f"{1000 * trial.seconds:.0f} ms in {_word(dtype)} ({psnr_db:.0f} dB)")
            if trial.is_whole and psnr_db >= LEAST_PSNR_DB and trial.seconds < best_s:
                best, best_s = dtype, trial.seconds
    reason = f"A face takes {', '.join(compared)}; {_word(best)} is used."
    _LOG.info(reason)
    return FastestDtype(dtype=best, reason=reason)


def _copy(model: LivePortraitModel, dtype: torch.dtype) -> LivePortraitModel:
    """The model in another type; a cast back would leave weights rounded."""
    networks = {name: deepcopy(net) for name, net in model.modules().items()}
    return replace(model, engines={}, **networks).to(dtype=dtype)


def _tried(
    model: LivePortraitModel, face: Tensor, clock: Clock, first_s: float | None = None
) -> _Trial:
    """The fastest of a few pictures after the first; of that alone if it takes `first_s`."""
    dtype = model.dtype
    source = transform_keypoints(extract_motion(model, face))
    driving = source.clone()
    driving[:, ::2, :2] += _STEP
    volume = extract_appearance(model, face)
    parts = source_parts(model, volume, source)
    seconds: list[float] = []
    picture = face
    for _ in range(1 + ROUNDS):
        start_s = clock()
        picture = warp_decode(model, volume, source, driving, edge_held=True, parts=parts)
        if picture.device.type == "cuda":
            torch.cuda.synchronize(picture.device)
        seconds.append(clock() - start_s)
        if first_s is not None and seconds[0] > first_s:
            break
    networks = (model.appearance, model.warping, model.decoder)
    return _Trial(
        seconds=min(seconds[1:] or seconds),
        picture=picture,
        is_whole=all(next(net.parameters()).dtype == dtype for net in networks),
    )


def _psnr_db(picture: Tensor, other: Tensor) -> float:
    """Of pictures in [0, 1]; no number is no likeness."""
    error = (picture - other).square().mean()
    found = -10 * torch.log10(error.clamp(min=1e-12))
    return float(found) if bool(found.isfinite()) else 0.0


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
