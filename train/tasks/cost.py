"""What a step of training costs: counted by its shapes, before any data is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from liveportrait_core.constants import NUM_KEYPOINTS

from ..data.clip_set import ClipSet
from ..data.rendered import RenderedSet
from ..data.rendered_shards import FRAMES
from ..data.sets import DataConfig, Sets
from ..engine.draw import Draw
from ..engine.ema import MovingAverage
from ..engine.task import Task
from ..models.low_rank import num_learning

BYTES_A_WEIGHT = 5 * 4
"""Weight, gradient, two moments of Adam and the moving average, float32 each."""
BYTES_A_FROZEN_WEIGHT = 4
GIB = 2**30
_NOISE_IDENTITIES = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one sample of one kind, forward and back."""

    what: str
    """The kind ("pair")."""
    count: int
    """Samples of it that a process takes at a time."""
    saved_bytes: int
    """Kept of the forward pass for the backward pass."""
    operations: int
    """Floating-point operations, two for each multiply-add, of convolutions and products."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """Of a step of one process."""

    trained: int
    """Parameters that learn."""
    samples: tuple[Cost, ...]
    frozen: int = 0
    """Parameters of the networks below that do not."""

    @property
    def memory_bytes(self) -> int:
        """Weights and what belongs to them, and the saved part of the largest batch."""
        saved = sum(cost.saved_bytes * cost.count for cost in self.samples)
        return self.trained * BYTES_A_WEIGHT + self.frozen * BYTES_A_FROZEN_WEIGHT + saved

    def summary(self, accumulate: int = 1) -> str:
        """A few lines for people."""
        lines = [
            f"About {self.memory_bytes / GIB:.1f} GiB for a process, without the libraries:",
            f"  {self.trained * BYTES_A_WEIGHT / GIB:.2f} GiB weights, gradients, moments and "
            f"average of {self.trained / 1e6:.1f} M parameters",
        ]
        if self.frozen:
            lines.append(
                f"  {self.frozen * BYTES_A_FROZEN_WEIGHT / GIB:.2f} GiB weights of "
                f"{self.frozen / 1e6:.1f} M parameters that stay as they are"
            )
        lines += [
            f"  {cost.saved_bytes * cost.count / GIB:.2f} GiB kept for the way back of "
            f"{cost.count} {cost.what}s"
            for cost in self.samples
        ]
        operations = accumulate * sum(cost.operations * cost.count for cost in self.samples)
        each = ", ".join(f"{cost.operations / 1e9:.0f} a {cost.what}" for cost in self.samples)
        lines.append(f"{operations / 1e12:.2f} TFLOP a step of a process (GFLOP: {each})")
        return "\n".join(lines)


def noise_sets(config: DataConfig, size_px: int) -> Sets:
    """Rendered heads and clips of noise, of each what the config asks for."""
    random = np.random.default_rng(0)
    count, half = (_NOISE_IDENTITIES, FRAMES), size_px // 2
    heads = {
        "image": random.integers(0, 256, (*count, size_px, size_px, 3), np.uint8),
        "keypoints": random.uniform(-0.5, 0.5, (*count, NUM_KEYPOINTS, 3)).astype(np.float32),
        "canonical": random.uniform(-0.5, 0.5, (*count[:1], NUM_KEYPOINTS, 3)).astype(np.float32),
        "pose_deg": random.normal(0, 10, (*count, 3)).astype(np.float32),
        "flow": random.uniform(-1, 1, (*count, half, half, 2)).astype(np.float16),
        "visible": random.random((*count, half, half)) > 0.5,  # noqa: PLR2004 - a coin
        "regions": random.integers(0, 7, (*count, half, half), np.uint8),
        "depth": random.uniform(-1, 0.4, (*count, half, half)).astype(np.float16),
    }
    video = random.integers(0, 256, (FRAMES, size_px, size_px, 3), np.uint8)
    clips = ClipSet([video], size_px=size_px, image_fraction=0.0)
    return Sets(RenderedSet([heads]) if config.data else None, clips if config.clips else None)


def step_cost(parts: Sequence[tuple[str, int, Callable[[], Task]]]) -> StepCost:
    """Go through a step of one sample of each kind, as on a CPU in float32.

    Args:
        parts: Of each kind of sample its name, how many a process takes at a time, and a task
            whose batch is one of them.
    """
    trained: dict[str, int] = {}
    frozen: dict[str, int] = {}
    costs: list[Cost] = []
    for what, count, make in parts:
        task = make()
        for group in task.groups:
            for name in group.modules:
                trained[name] = num_learning(task.networks[name])
        frozen |= {name: _size(module) for name, module in task.frozen.items()}
        networks = [*task.networks.values(), *task.frozen.values()]
        costs.append(_cost(task, what, count, networks))
    return StepCost(sum(trained.values()), tuple(costs), sum(frozen.values()))


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _cost(task: Task, what: str, count: int, modules: Iterable[nn.Module]) -> Cost:
    """Of one sample; the weights of the modules are there anyway.

    Nothing is computed: tensors of the step are fakes, which have shapes alone.
    """
    average = MovingAverage(task.networks, 0.0)
    drawn = task.draw(Draw.of(0, 0, 10**6))
    fakes = FakeTensorMode(allow_non_fake_inputs=True)
    weights = {_storage(p) for m in (*modules, *average.modules.values()) for p in _faked(m, fakes)}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in weights:
            saved[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    counter = _Operations()
    with fakes, counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            losses = task.train_step(drawn, average.modules)
        losses["total"].backward()
    return Cost(what, count, sum(saved.values()), counter.total)


class _Operations(TorchDispatchMode):
    """Counts floating-point operations, on the way back as well.

    Fakes hold no numbers: where a network asks for one, to leave a part out, it is 1, or true.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry out an operation and count it."""
        if func is torch.ops.aten._local_scalar_dense.default:
            return 1
        named = kwargs or {}
        result = func(*args, **named)
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.total += count(*args, **named, out_val=result)
        return result


def _faked(module: nn.Module, fakes: FakeTensorMode) -> list[nn.Parameter]:
    """The parameters of a module once fakes stand in for them and for its buffers."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            fake = nn.Parameter(fakes.from_tensor(parameter.data), parameter.requires_grad)
            part.register_parameter(name, fake)
        for name, buffer in list(part.named_buffers(recurse=False)):
            part.register_buffer(name, fakes.from_tensor(buffer))
    return list(module.parameters())


def _storage(tensor: Tensor) -> int:
    """A number of a tensor's memory; those of fakes have no address."""
    storage: Any = tensor.untyped_storage()
    return storage._cdata
