"""What ComfyUI provides: devices, memory, progress, cancelling, temporary files."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import comfy.model_management as management
import comfy.model_patcher
import comfy.utils
import folder_paths
import torch
from comfy.patcher_extension import CallbacksMP
from torch import Tensor

from ..liveportrait_core.warned import HeardWarnings
from . import library
from .options import WIDGETS
from .sockets import LoadedModel, checked

if TYPE_CHECKING:
    from comfy.model_patcher import ModelPatcher
    from comfy_api.latest import io
    from PIL.Image import Image

    from ..liveportrait_core.imaging.tensors import Pixels
    from ..liveportrait_core.model import LivePortraitModel
    from ..liveportrait_core.motion.types import Motion

PREVIEW_EVERY_S: Final = 0.5
PREVIEW_PX: Final = 512
STEPS: Final = 1000
"""Of a node's progress bar."""
READING_STEPS: Final = 300
"""Of them, for reading the clips before the first frame is rendered."""
KEPT_TEXT: Final = "lps_text"
"""Key of a node's output for web/src/status_text.ts: what it says while its result is kept."""
GUESSED_FRAMES: Final = 100
"""Where the length of a clip is unknown, half of the reading is done after so many frames."""


Result = TypeVar("Result", Tensor, "Motion")
NodeClass = TypeVar("NodeClass", bound="type[io.ComfyNode]")
Arguments = ParamSpec("Arguments")


class Progress:
    """The bar on a node, with a preview now and then; every step lets the user cancel."""

    def __init__(self, reading_steps: int = 0, num_clips: int = 1) -> None:
        """An empty bar.

        Args:
            reading_steps: Steps of `STEPS` that are spent on reading.
            num_clips: How many clips are read, one after the other.
        """
        self._bar = comfy.utils.ProgressBar(STEPS)
        self._reading_steps, self._num_clips = reading_steps, num_clips
        self._clip = self._done = 0
        self._preview_at = -PREVIEW_EVERY_S

    def read(self, done: int, total: int) -> None:
        """Show how many frames of a clip are read; a total of 0 is unknown."""
        check_cancelled()
        if done <= self._done:
            self._clip = min(self._clip + 1, self._num_clips - 1)  # the next one begins
        self._done = done
        part = min(1.0, done / total if total else done / (done + GUESSED_FRAMES))
        step = int(self._reading_steps * (self._clip + part) / self._num_clips)
        self._bar.update_absolute(step, STEPS)

    def rendered(self, done: int, total: int, last: Pixels | None = None) -> None:
        """Show how many frames are rendered, and the last of them, (H, W, 3) uint8."""
        check_cancelled()
        step = self._reading_steps + (STEPS - self._reading_steps) * done // max(1, total)
        self._bar.update_absolute(step, STEPS, self._preview(last))

    def finish(self) -> None:
        """Fill the bar, also where a clip had fewer frames than its file says."""
        self._bar.update_absolute(STEPS, STEPS)

    def _preview(self, frame: Pixels | None) -> tuple[str, Image, int] | None:
        now = time.monotonic()
        if frame is None or now - self._preview_at < PREVIEW_EVERY_S:
            return None
        from PIL import Image  # noqa: PLC0415 - ComfyUI's own, needed for previews alone

        self._preview_at = now
        return ("JPEG", Image.fromarray(frame), PREVIEW_PX)


def check_cancelled() -> None:
    """Stop here when the user pressed Cancel."""
    management.throw_exception_if_processing_interrupted()


def patcher_of(
    model: LivePortraitModel, *, on_unload: Callable[[], None] = lambda: None
) -> ModelPatcher:
    """ComfyUI's patcher around all networks of a model, which loads and unloads them.

    `on_unload` is called when ComfyUI needs the memory for something else.

    The plain patcher also where there is a dynamic one: that one streams the weights of ComfyUI's
    own layers, and these networks are small and loaded whole.
    """
    patcher = comfy.model_patcher.ModelPatcher(
        torch.nn.ModuleDict(model.modules()),
        load_device=management.get_torch_device(),
        offload_device=management.unet_offload_device(),
    )
    patcher.add_callback(CallbacksMP.ON_DETACH, lambda *_: on_unload())
    return patcher


def on_device(loaded: LoadedModel) -> LivePortraitModel:
    """The model on the device that computes, with room for a chunk of frames."""
    checked(loaded, LoadedModel, "model")
    # the device that will compute, not the one where the model waits
    chunk = library.batching.ChunkSize.for_device(loaded.patcher.load_device)
    needed = library.batching.memory_estimate(loaded.model, chunk.num_frames)
    management.load_models_gpu([loaded.patcher], memory_required=needed)
    return loaded.model


def is_running() -> bool:
    """Whether ComfyUI runs a graph now."""
    with suppress(ImportError):
        from server import PromptServer  # noqa: PLC0415 - there is none in tests and tools

        queue = getattr(getattr(PromptServer, "instance", None), "prompt_queue", None)
        return bool(getattr(queue, "currently_running", None))
    return False


def beside_a_run(loaded: LoadedModel) -> LivePortraitModel:
    """`on_device` for another thread than that of runs, whose models it does not move.

    ComfyUI's list of models is its own thread's, so a model that is in its place, as all are on a
    CPU, is taken as it is.

    Raises:
        ValueError: The model is not where it computes, and a graph runs or models are being moved.
    """
    if loaded.model.device == loaded.patcher.load_device:
        return loaded.model
    if is_running():
        raise ValueError("A graph is running, which needs the memory. Previews go on after it.")
    try:
        return on_device(loaded)
    except (TypeError, AttributeError, IndexError) as error:  # its list changed meanwhile
        raise ValueError("ComfyUI moves its models now. Previews go on after it.") from error


def preferred_dtype() -> torch.dtype:
    """What ComfyUI prefers F, W and G to compute in."""
    fp16 = management.should_use_fp16(management.get_torch_device())
    return torch.float16 if fp16 else torch.float32


def intermediate_image(image: Tensor) -> Tensor:
    """An image on the device and in the type in which ComfyUI keeps images."""
    dtype = getattr(management, "intermediate_dtype", lambda: torch.float32)()
    return image.to(device=management.intermediate_device(), dtype=dtype)


def intermediate(result: Result) -> Result:
    """A tensor or a motion on the device where ComfyUI keeps results, in its own type."""
    return result.to(management.intermediate_device())


def temporary_path(suffix: str) -> Path:
    """A name for a file in ComfyUI's temporary folder, which it clears at its next start."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"liveportrait_{uuid.uuid4().hex}{suffix}"


def showing_warnings(
    execute: Callable[Concatenate[NodeClass, Arguments], io.NodeOutput],
) -> Callable[Concatenate[NodeClass, Arguments], io.NodeOutput]:
    """Show on the node what the library warns of while it runs, as the command line does."""

    @wraps(execute)
    def showing(cls: NodeClass, *args: Arguments.args, **kwargs: Arguments.kwargs) -> io.NodeOutput:
        with _ShownWarnings(cls):
            return execute(cls, *args, **kwargs)

    return showing


class _ShownWarnings(HeardWarnings):
    """Shows the library's warnings on a node as they come, each once."""

    def __init__(self, node: type[io.ComfyNode]) -> None:
        super().__init__()
        self._node = node

    def emit(self, record: logging.LogRecord) -> None:
        """Show it below those before."""
        super().emit(record)
        show_text(self._node, "\n".join(dict.fromkeys(self.texts)))

    def name_of(self, key: str) -> str:
        """The option's widget."""
        return next((widget.id for widget in WIDGETS if widget.spec.key == key), key)


def show_text(node: type[io.ComfyNode], text: str) -> None:
    """Write a line on the node, where a front end listens; nothing for no text."""
    if not text:
        return
    with suppress(ImportError):
        from server import PromptServer  # noqa: PLC0415 - there is none in tests and tools

        instance = getattr(PromptServer, "instance", None)
        hidden = getattr(node, "hidden", None)
        if instance is not None and hidden is not None and hidden.unique_id is not None:
            instance.send_progress_text(text, hidden.unique_id)
