"""Networks as functions of tensors alone, with names: what a file of ONNX holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from torch import Tensor, nn

from ..model import LivePortraitModel
from ..networks.compact.appearance_extractor import unpack
from ..networks.compact.layers import BASE_SIZE_PX, resize
from ..networks.compact.source import CompactSource
from ..networks.compact.warping import CompactWarped, CompactWarping
from ..networks.outputs import MotionHeads, Warped


class Form:
    """How inputs and outputs of a network are taken apart, and put together again.

    This one is of a network with one tensor in and one out: F, S, R_eyes and R_lip.
    """

    def __init__(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """A form with names.

        Args:
            inputs: Of the tensors that go in.
            outputs: Of those that come out.
        """
        self.inputs, self.outputs = inputs, outputs

    def tensors_of(self, *arguments: Any) -> tuple[Tensor, ...]:
        """The inputs of a graph, of what the network is called with."""
        return arguments

    def arguments_of(self, *tensors: Tensor) -> tuple[Any, ...]:
        """What the network is called with, of the inputs of a graph."""
        return tensors

    def flat(self, output: Any) -> tuple[Tensor, ...]:
        """The outputs of a graph, of what the network gives."""
        if isinstance(output, Tensor):
            return (output,)
        return tuple(getattr(output, name) for name in self.outputs)

    def output_of(self, tensors: tuple[Tensor, ...], *_arguments: Any) -> Any:
        """What the network gives, of the outputs of a graph and what it is called with."""
        return tensors[0]

    def named(self, tensors: tuple[Tensor, ...]) -> dict[str, Any]:
        """The outputs of a graph by their names."""
        return dict(zip(self.outputs, tensors, strict=True))


class _Motion(Form):
    """M; that of the compact family in faces of the side that it looks at, whatever the model's."""

    def __init__(self, size_px: int | None = None) -> None:
        super().__init__(("face",), tuple(field.name for field in fields(MotionHeads)))
        self.size_px = size_px

    def tensors_of(self, *arguments: Any) -> tuple[Tensor, ...]:
        (face,) = arguments
        if self.size_px is None or face.shape[-1] % self.size_px:
            return (face,)
        return (resize(face, self.size_px),)  # M itself begins with these means

    def output_of(self, tensors: tuple[Tensor, ...], *_arguments: Any) -> MotionHeads:
        return MotionHeads(**self.named(tensors))


class _Warping(Form):
    """W of the published family."""

    def __init__(self, *more: str) -> None:
        inputs = ("feature_volume", "source_keypoints", "driving_keypoints")
        super().__init__(inputs, ("features", "flow", "occlusion", *more))

    def output_of(self, tensors: tuple[Tensor, ...], *_arguments: Any) -> Warped:
        return Warped(**self.named(tensors))


class _CompactWarping(_Warping):
    """W of the compact family. What depends on the source alone is made anew each time."""

    def __init__(self, *, with_relief: bool) -> None:
        super().__init__("flow_2d", "fine", "background_logit", "head_logit", "depth")
        self.with_relief = with_relief

    def tensors_of(self, *arguments: Any) -> tuple[Tensor, ...]:
        return arguments[: len(self.inputs)]

    def output_of(self, tensors: tuple[Tensor, ...], *arguments: Any) -> Warped:
        volume, source, driving, *rest = arguments
        parts: CompactSource | None = rest[0] if rest else None
        return CompactWarped(
            face=unpack(volume, with_relief=self.with_relief).face,
            source_keypoints=source.float(),
            driving_keypoints=driving.float(),
            decoder_source=None if parts is None else parts.of_batch(len(driving)).decoder,
            **self.named(tensors),
        )


class _Decoder(Form):
    """G of the published family."""

    def __init__(self) -> None:
        super().__init__(("features",), ("picture",))

    def tensors_of(self, *arguments: Any) -> tuple[Tensor, ...]:
        return (arguments[0].features,)

    def arguments_of(self, *tensors: Tensor) -> tuple[Any, ...]:
        (features,) = tensors
        return (Warped(features=features, flow=features, occlusion=features),)  # it reads one


class _CompactDecoder(Form):
    """G of the compact family."""

    def __init__(self) -> None:
        keypoints = ("source_keypoints", "driving_keypoints")
        maps = ("features", "occlusion", "face", *keypoints, "flow_2d", "fine")
        super().__init__((*maps, "edge_held"), ("picture",))

    def tensors_of(self, *arguments: Any) -> tuple[Tensor, ...]:
        (warped,) = arguments
        maps = [getattr(warped, name) for name in self.inputs[:-1]]
        return (*maps, maps[0].new_tensor([float(warped.edge_held)]))

    def arguments_of(self, *tensors: Tensor) -> tuple[Any, ...]:
        read: dict[str, Any] = dict(zip(self.inputs, tensors, strict=True))
        unread = dict.fromkeys(("flow", "background_logit", "head_logit", "depth"), tensors[0])
        return (CompactWarped(**read, **unread),)


class FlatNetwork(nn.Module):
    """A network in its form: the tensors of `Form.inputs` in, those of `Form.outputs` out."""

    def __init__(self, net: nn.Module, form: Form) -> None:
        """A network in a form.

        Args:
            net: The network.
            form: Its form.
        """
        super().__init__()
        self.net, self.form = net, form

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """As the class says."""
        return self.form.flat(self.net(*self.form.arguments_of(*tensors)))


_OFFSETS: Final = Form(("keypoints_and_openings",), ("offset",))


def forms(model: LivePortraitModel) -> dict[str, Form]:
    """The form of each network that a model has."""
    known: dict[str, Form] = {
        "appearance": Form(("face",), ("feature_volume",)),
        "stitching": Form(("keypoints",), ("offset",)),
        "eyes": _OFFSETS,
        "lip": _OFFSETS,
    }
    if isinstance(model.warping, CompactWarping):
        known["motion"] = _Motion(max(BASE_SIZE_PX, model.preset.detail_px))
        known["warping"] = _CompactWarping(with_relief=model.warping.depth_probes > 0)
        known["decoder"] = _CompactDecoder()
    else:
        known |= {"motion": _Motion(), "warping": _Warping(), "decoder": _Decoder()}
    return {name: known[name] for name in model.modules()}
