"""M: a face crop -> the raw heads of its motion."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import LivePortraitError
from .outputs import MotionHeads

_REQUIRED_OPERATORS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_stand_ins: list[torch.library.Library] = []
"""Kept for the life of the process: an operator is removed with its library."""


class MotionExtractor(nn.Module):
    """M, the motion extractor (Sec. 3.1): a ConvNeXt-V2 trunk and seven linear heads.

    Convention:
        - the face is not normalised by ImageNet's mean and deviation
        - the heads are the raw outputs: bins for the angles, flat keypoints
    """

    def __init__(
        self,
        *,
        dims: tuple[int, ...] = (96, 192, 384, 768),
        depths: tuple[int, ...] = (3, 3, 9, 3),
        num_keypoints: int = 21,
        num_bins: int = 66,
    ) -> None:
        super().__init__()
        convnext = _convnext_class()
        with _RatesWithNumbers():
            self.trunk: nn.Module = convnext(
                in_chans=3,
                num_classes=0,
                depths=depths,
                dims=dims,
                use_grn=True,
                ls_init_value=None,
            )
        features = dims[-1]
        self.pitch = nn.Linear(features, num_bins)
        self.yaw = nn.Linear(features, num_bins)
        self.roll = nn.Linear(features, num_bins)
        self.translation = nn.Linear(features, 3)
        self.expression = nn.Linear(features, 3 * num_keypoints)
        self.scale = nn.Linear(features, 1)
        self.canonical = nn.Linear(features, 3 * num_keypoints)

    def forward(self, face: Tensor) -> MotionHeads:
        """The heads of a face.

        Args:
            face: (B, 3, 256, 256) RGB in [0, 1].

        Returns:
            Pitch, yaw and roll as (B, 66) bins, the rest in crop units.
        """
        features = self.trunk(face)  # (B, 768)
        return MotionHeads(
            pitch=self.pitch(features),
            yaw=self.yaw(features),
            roll=self.roll(features),
            translation=self.translation(features),
            expression=self.expression(features),
            scale=self.scale(features),
            canonical=self.canonical(features),
        )


class _RatesWithNumbers(TorchFunctionMode):
    """Makes `torch.linspace` on the CPU: timm up to 1.0.20 reads numbers off one as it builds.

    Networks are built on the device "meta", where tensors have none.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        place = {"device": "cpu"} if func is torch.linspace else {}
        return func(*args, **{**(kwargs or {}), **place})


def _convnext_class() -> Any:
    """The ConvNeXt class of timm, imported only when a published M is built.

    timm imports torchvision, of which nothing is used here; a torchvision whose compiled
    operators do not load (one built for another torch) must not prevent that.
    """
    try:
        return _import_convnext()
    except ImportError as error:
        raise LivePortraitError(
            f"timm does not import ({error}); the published motion network needs it. "
            "Install it with: pip install timm torchvision"
        ) from error
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        _declare_torchvision_operators()
        return _import_convnext()


def _import_convnext() -> Any:
    return importlib.import_module("timm.models.convnext").ConvNeXt


def _declare_torchvision_operators() -> None:
    """Declare the two operators that torchvision's Python part refers to, without a body.

    Without them its import fails with "operator torchvision::nms does not exist"; with them it
    imports, and only a call of such an operator fails.
    """
    library = torch.library.Library("torchvision", "DEF")
    for name, schema in _REQUIRED_OPERATORS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _stand_ins.append(library)
    for module in [name for name in sys.modules if name.split(".")[0] in ("torchvision", "timm")]:
        del sys.modules[module]  # left half imported by the first try
