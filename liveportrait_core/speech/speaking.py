"""What a face does while it says what is heard."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import Final

import torch
from torch import Tensor

from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.speech_options import SpeechOptions
from ..networks.phonemes import SAMPLE_RATE_HZ
from ..networks.speech import SpeechForm
from .articulation import SPEECH_FPS
from .lip_gap import LipGap
from .model import SpeechModel, load_speech_model
from .stream import WHOLE, Listening, SpeechStream, SpokenFrames

_BLOCK_SAMPLES: Final = 10 * SAMPLE_RATE_HZ
_LOOKS: Final = 5
"""Times in a frame at which lips are asked whether they are shut: a short `p` must not fall between
two frames of a slow video."""
_LOOK_SHARE: Final = 0.4
"""Of a frame's length, to both sides."""


def shapes_of_speech(
    samples: Tensor,
    options: SpeechOptions | None = None,
    *,
    fps: Fraction = Fraction(25),
    model: SpeechModel | None = None,
    listening: Listening = WHOLE,
    progress: Callable[[int, int], None] | None = None,
) -> Blendshapes:
    """What a face does while it says what is heard.

    `shapes_of_speech(read_speech("speech.wav"))`

    Args:
        samples: (N,) at 16 kHz.
        options: How much, in which style.
        fps: Frames per second.
        model: By default the one in the package.
        listening: How much is heard at a time.
        progress: Is told samples that are done, and all.

    Returns:
        Lips, jaw, brows and the head's pose; a frame for each 1 / fps seconds that begin in the
        sound.
    """
    options = options or SpeechOptions()
    model = model or load_speech_model()
    stream = SpeechStream(model, style_values(model.form, options), options.guidance, listening)
    parts: list[SpokenFrames] = []
    with torch.no_grad():
        for start in range(0, len(samples), _BLOCK_SAMPLES):
            parts.append(stream.push(samples[start : start + _BLOCK_SAMPLES]))
            if progress is not None:
                progress(min(start + _BLOCK_SAMPLES, len(samples)), len(samples))
        parts.append(stream.finish())
    frames = SpokenFrames(
        values=torch.cat([part.values for part in parts]).cpu(),
        closure=torch.cat([part.closure for part in parts]).cpu(),
    )
    count = ceil(Fraction(len(samples), SAMPLE_RATE_HZ) * fps)
    return shapes_of_frames(retimed(frames, fps, count), model.form, options.amount, fps)


def style_values(form: SpeechForm, options: SpeechOptions) -> Tensor:
    """(S,) the values of a style that a model was told in training."""
    return torch.tensor([float(getattr(options.style, name)) for name in form.styles])


def shapes_of_frames(
    frames: SpokenFrames, form: SpeechForm, amount: float = 1.0, fps: Fraction = SPEECH_FPS
) -> Blendshapes:
    """The outputs of a model as shapes, with lips that are as shut as it says.

    Args:
        frames: What it gave.
        form: Its form.
        amount: Multiplies what the mouth does.
        fps: Of the frames.
    """
    count = len(form.outputs) - form.slow
    names = form.outputs[:count]
    weights = torch.zeros(len(frames.values), len(ARKIT_SHAPES))
    gains = torch.tensor([1.0 if name.startswith("brow") else amount for name in names])
    columns = [ARKIT_SHAPES.index(name) for name in names]
    weights[:, columns] = frames.values[:, :count].clamp(0, 1) * gains
    head = frames.values[:, count:]
    return Blendshapes(
        weights=LipGap().seal(weights, frames.closure),
        head_deg=head if form.slow else None,
        known=frozenset((*names, "mouthClose")),
        fps=fps,
        producer="speech",
    )


def retimed(frames: SpokenFrames, fps: Fraction, count: int) -> SpokenFrames:
    """Frames at another rate; lips are as shut as they are at any time in a frame.

    Args:
        frames: At 50 a second.
        fps: Frames per second.
        count: How many.
    """
    if fps == SPEECH_FPS:
        return SpokenFrames(values=frames.values[:count], closure=frames.closure[:count])
    step = float(SPEECH_FPS / fps)
    times = torch.arange(count, dtype=torch.float64) * step
    offsets = torch.linspace(-1, 1, _LOOKS, dtype=torch.float64) * _LOOK_SHARE * step
    looks = torch.stack([_at(frames.closure[:, None], times + offset) for offset in offsets])
    return SpokenFrames(values=_at(frames.values, times), closure=looks.amax(0)[:, 0])


def _at(values: Tensor, times: Tensor) -> Tensor:
    """(T, C) values at some times, in frames; the first and last last for ever."""
    last = len(values) - 1
    times = times.clamp(0, last)
    low = times.floor().long()
    share = (times - low).to(values.dtype)[:, None]
    return torch.lerp(values[low], values[(low + 1).clamp(max=last)], share)
