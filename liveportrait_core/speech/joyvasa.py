"""JoyVASA's own weights: motion of the published keypoints from speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from ..constants import HUMAN_SPACE
from ..errors import MotionSpaceError
from ..media.motion_arrays import motion_from_rows
from ..motion.edit import fit
from ..motion.speech_options import SpeechOptions
from ..motion.types import Motion
from ..networks.joyvasa import FRAME_SAMPLES, NUM_VALUES, Before, JoyvasaNetwork

GUIDANCE: Final = 2.8
"""How much the sound counts in JoyVASA where nothing else is said."""
NORMALISATION: Final = frozenset(
    {"mean_exp", "std_exp"}
    | {f"{end}_{name}" for end in ("min", "max") for name in ("scale", "t", "pitch", "yaw", "roll")}
)
"""Names of the constants that its numbers are normalised by."""
_SILENCE_BEFORE: Final = 2 * FRAME_SAMPLES
_SILENCE_AFTER: Final = FRAME_SAMPLES


@dataclass(frozen=True, slots=True, kw_only=True)
class JoyvasaModel:
    """What makes motion as JoyVASA does."""

    network: JoyvasaNetwork
    constants: Mapping[str, Tensor]
    """What its numbers are normalised by (`NORMALISATION`)."""
    repeats_end: bool = False
    """The last sample fills up the last window, and not silence."""
    origin: str = ""
    """Its file."""


def motion_of_joyvasa(
    samples: Tensor,
    space: str,
    options: SpeechOptions,
    *,
    fps: Fraction,
    model: JoyvasaModel,
    progress: Callable[[int, int], None] | None = None,
) -> Motion:
    """A face that says what is heard, as JoyVASA's weights have it.

    Convention:
        - the whole face is JoyVASA's: of the options, `seed` and `guidance` count; a guidance of 1
          is JoyVASA's own, 2.8
        - its lips are absolute (`LAYOUTS`); its head is as it comes, not smoothed

    Args:
        samples: (N,) at 16 kHz.
        space: Keypoint space that is wanted; the published one.
        options: Seed and guidance.
        fps: Frames per second.
        model: Of JoyVASA.
        progress: Is told samples that are done, and all.

    Raises:
        MotionSpaceError: Another keypoint space is wanted.
    """
    if space != HUMAN_SPACE:
        raise MotionSpaceError(
            f"The speech model {model.origin} gives motion of the keypoint space {HUMAN_SPACE!r}, "
            f"and {space!r} is wanted. Convert its motion (motion convert --to, Convert Motion)."
        )
    random = torch.Generator().manual_seed(options.seed)
    with torch.no_grad():
        rows = rows_of_joyvasa(
            samples, model, random, guidance=GUIDANCE * options.guidance, progress=progress
        )
    constants = {name: values.numpy() for name, values in model.constants.items()}
    motion = motion_from_rows(rows.numpy(), "joyvasa", constants, name=model.origin)
    return fit(motion, fps, max(1, ceil(len(samples) * fps / (25 * FRAME_SAMPLES))), "hold")


def rows_of_joyvasa(
    samples: Tensor,
    model: JoyvasaModel,
    random: torch.Generator,
    *,
    guidance: float = GUIDANCE,
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """The normalised numbers of frames, window by window.

    Convention:
        - 80 ms of silence before the sound and 40 ms after it, as JoyVASA has
        - each window begins with the noise of the first, and is told the sound and motion of the
          last frames before it

    Args:
        samples: (N,) at 16 kHz.
        model: Of JoyVASA.
        random: Of its noise, on the CPU.
        guidance: How much the sound counts.
        progress: Is told samples that are done, and all.

    Returns:
        (N // 640 + 3, 70) at 25 frames a second.
    """
    network, form = model.network, model.network.form
    sound = F.pad(samples.float(), (_SILENCE_BEFORE, _SILENCE_AFTER))
    count, size = len(sound) // FRAME_SAMPLES, form.frames * FRAME_SAMPLES
    num_windows = max(1, -(-count // form.frames))
    rest = num_windows * size - len(sound)
    end = float(sound[-1]) if model.repeats_end else 0.0
    windows = F.pad(sound, (0, max(0, rest)), value=end)[: num_windows * size].view(-1, 1, size)
    noise = torch.randn(1, form.frames, NUM_VALUES, generator=random)
    before, made = network.beginning(), list[Tensor]()
    for number, window in enumerate(windows, 1):
        heard = network.hear(window)
        made.append(network.sample(heard, before, noise, guidance, random))
        before = Before(motion=made[-1][:, -form.past :], sound=heard[:, -form.past :])
        if progress is not None:
            progress(len(samples) * number // num_windows, len(samples))
    return torch.cat(made, 1)[0, :count]
