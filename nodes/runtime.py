"""What ComfyUI gives to run on: devices, memory, progress, cancelling, temporary files."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import comfy.model_management as management
import comfy.model_patcher
import comfy.utils
import folder_paths
import torch
from torch import Tensor

from .. import liveportrait_core as core
from .sockets import LoadedModel, checked

if TYPE_CHECKING:
    from ..liveportrait_core import LivePortraitModel

PREVIEW_EVERY_S: Final = 0.5
PREVIEW_PX: Final = 512
STEPS: Final = 1000
"""Of a node's bar."""
READING: Final = 300
"""Of them, for looking at the frames before the first is painted."""
FRAMES_GUESSED: Final = 100
"""Where a clip does not tell its length, half of the reading is done after so many frames."""


class Progress:
    """The bar on a node, with a picture now and then; every step lets the user cancel."""

    def __init__(self, reading: int = 0, clips: int = 1) -> None:
        """An empty bar.

        Args:
            reading: Steps of `STEPS` that are spent on reading.
            clips: How many clips are read, one after the other.
        """
        self._bar = comfy.utils.ProgressBar(STEPS)
        self._reading, self._clips = reading, clips
        self._clip = self._done = 0
        self._preview_at = -PREVIEW_EVERY_S

    def read(self, done: int, total: int) -> None:
        """Frames of a clip that were looked at; a total of 0 is unknown."""
        check_cancelled()
        if done <= self._done:
            self._clip = min(self._clip + 1, self._clips - 1)  # the next one begins
        self._done = done
        share = min(1.0, done / total if total else done / (done + FRAMES_GUESSED))
        self._bar.update_absolute(int(self._reading * (self._clip + share) / self._clips), STEPS)

    def finish(self) -> None:
        """All is done, also where a clip had fewer frames than it told."""
        self._bar.update_absolute(STEPS, STEPS)

    def painted(self, done: int, total: int, picture: Any = None) -> None:
        """Frames that were made, and the last of them, (H, W, 3) uint8."""
        check_cancelled()
        step = self._reading + (STEPS - self._reading) * done // max(1, total)
        self._bar.update_absolute(step, STEPS, self._preview(picture))

    def _preview(self, picture: Any) -> tuple[str, Any, int] | None:
        now = time.monotonic()
        if picture is None or now - self._preview_at < PREVIEW_EVERY_S:
            return None
        from PIL import Image  # noqa: PLC0415 - ComfyUI's own, needed for previews alone

        self._preview_at = now
        return ("JPEG", Image.fromarray(picture), PREVIEW_PX)


def check_cancelled() -> None:
    """Stop here when the user pressed Cancel."""
    management.throw_exception_if_processing_interrupted()


def in_care(model: LivePortraitModel) -> Any:
    """ComfyUI's patcher around all networks of a model, which loads and unloads them.

    The plain patcher also where there is a dynamic one: that one streams the weights of ComfyUI's
    own layers, and these networks are small and loaded whole.
    """
    return comfy.model_patcher.ModelPatcher(
        torch.nn.ModuleDict(model.modules()),
        load_device=management.get_torch_device(),
        offload_device=management.unet_offload_device(),
    )


def on_device(loaded: LoadedModel) -> LivePortraitModel:
    """The model where it computes, with room for a chunk of frames."""
    checked(loaded, LoadedModel, "model")
    # where it will compute, not where it waits
    chunk = core.ChunkSize.for_device(loaded.patcher.load_device)
    needed = core.memory_estimate(loaded.model, chunk.num_frames)
    management.load_models_gpu([loaded.patcher], memory_required=needed)
    return loaded.model


def dtype_for(precision: str) -> torch.dtype:
    """The type of F, W and G: as asked for, or what ComfyUI thinks right for the device."""
    named = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    if precision in named:
        return named[precision]
    return (
        torch.float16
        if management.should_use_fp16(management.get_torch_device())
        else torch.float32
    )


def intermediate(tensor: Tensor) -> Tensor:
    """A tensor in the place, and a picture's in the type, that ComfyUI keeps results in."""
    dtype = getattr(management, "intermediate_dtype", lambda: torch.float32)()
    return tensor.to(device=management.intermediate_device(), dtype=dtype)


def kept(result: Any) -> Any:
    """A tensor or a motion in the place that ComfyUI keeps results in, in its own type."""
    return result.to(management.intermediate_device())


def temporary_path(suffix: str) -> Path:
    """A name for a file in ComfyUI's temporary folder, which it clears at its next start."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"liveportrait_{uuid.uuid4().hex}{suffix}"


def say(node: Any, text: str) -> None:
    """Write a line on the node, where a front end listens; nothing for no text."""
    if not text:
        return
    with suppress(ImportError):
        from server import PromptServer  # noqa: PLC0415 - there is none in tests and tools

        instance = getattr(PromptServer, "instance", None)
        hidden = getattr(node, "hidden", None)
        if instance is not None and hidden is not None and hidden.unique_id is not None:
            instance.send_progress_text(text, hidden.unique_id)
