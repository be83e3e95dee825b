"""What a face does while it says what is heard."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import Final

import torch
from torch import Tensor

from ..errors import MotionSpaceError
from ..motion.blendshapes import ARKIT_SHAPES, Blendshapes
from ..motion.speech_options import SpeechOptions
from ..networks.phonemes import SAMPLE_RATE_HZ
from ..networks.speech import PAST, WINDOW, SpeechForm
from .articulation import SPEECH_FPS
from .features import features_for, heard_by_encoder, part_of_heard
from .lip_gap import LipGap
from .model import SpeechModel, load_speech_model
from .sound import Sound, blocks_of, held
from .stream import WHOLE, Listening, SpeechStream
from .windows import DECODED, SpokenFrames, SpokenWindows, joined_frames

_BLOCK_SAMPLES: Final = 10 * SAMPLE_RATE_HZ
_LOOKS: Final = 5
"""Times in a frame at which lips are asked whether they are shut: a short `p` must not fall between
two frames of a slow video."""
_LOOK_SHARE: Final = 0.4
"""Of a frame's length, to both sides."""


def shapes_of_speech(
    samples: Sound,
    options: SpeechOptions | None = None,
    *,
    fps: Fraction = Fraction(25),
    model: SpeechModel | None = None,
    listening: Listening = WHOLE,
    encoder_output: object = None,
    progress: Callable[[int, int], None] | None = None,
) -> Blendshapes:
    """What a face does while it says what is heard.

    `shapes_of_speech(read_speech("speech.wav"))`

    Args:
        samples: (N,) at 16 kHz, or a file that is heard in pieces.
        options: How much, in which style.
        fps: Frames per second.
        model: By default the one in the package; one that gives shapes.
        listening: How much is heard at a time.
        encoder_output: What another encoder heard, for a model that was trained with that
            (`feature_frames`).
        progress: Is told samples that are done, and all.

    Returns:
        Lips, jaw, brows and the head's pose; a frame for each 1 / fps seconds that begin in the
        sound.

    Raises:
        MediaError: An encoder's output is missing, or of no use, or of another sound.
        MotionSpaceError: The model gives no shapes.
    """
    options = options or SpeechOptions()
    model = model or load_speech_model()
    if model.form.space:
        raise MotionSpaceError(
            f"The speech model {model.origin} gives motion of the keypoint space "
            f"{model.form.space!r}; one that gives shapes is expected. Call motion_of_speech."
        )
    frames = frames_of_speech(
        samples,
        options,
        fps=fps,
        model=model,
        listening=listening,
        encoder_output=encoder_output,
        progress=progress,
    )
    return shapes_of_frames(frames, model.form, options.amount, fps)


def frames_of_speech(
    samples: Sound,
    options: SpeechOptions,
    *,
    fps: Fraction,
    model: SpeechModel,
    listening: Listening = WHOLE,
    encoder_output: object = None,
    progress: Callable[[int, int], None] | None = None,
) -> SpokenFrames:
    """The outputs of a model for a sound; arguments and errors are those of `shapes_of_speech`."""
    features = features_for(model.form, encoder_output, len(samples), model.origin)
    style = style_values(model.form, options)
    with torch.no_grad():
        if features is None:
            stream = SpeechStream(model, style, options.guidance, listening)
            frames = _streamed(stream, samples, progress)
        else:
            windows = SpokenWindows(model.network, style, options.guidance, WHOLE.shut_at)
            whole = held(samples).to(model.device)
            frames = _of_features(windows, features.to(model.device), whole)
    frames = SpokenFrames(values=frames.values.cpu(), closure=frames.closure.cpu())
    return retimed(frames, fps, ceil(Fraction(len(samples), SAMPLE_RATE_HZ) * fps))


def _streamed(
    stream: SpeechStream, samples: Sound, progress: Callable[[int, int], None] | None
) -> SpokenFrames:
    parts: list[SpokenFrames] = []
    done = 0
    for block in blocks_of(samples, _BLOCK_SAMPLES):
        parts.append(stream.push(block))
        done += len(block)
        if progress is not None:
            progress(done, len(samples))
    return joined_frames([*parts, stream.finish()])


def _of_features(windows: SpokenWindows, features: Tensor, samples: Tensor) -> SpokenFrames:
    """Frames of a sound that another encoder heard whole."""
    count = len(features)
    heard = heard_by_encoder(features, samples)
    starts = range(0, count, WINDOW)
    parts = (part_of_heard(heard, start - PAST, DECODED) for start in starts)
    frames = joined_frames([windows.next(part) for part in parts])
    return SpokenFrames(values=frames.values[:count], closure=frames.closure[:count])


def style_values(form: SpeechForm, options: SpeechOptions) -> Tensor | None:
    """(S,) the values of a style that a model was told in training; None where it was told none."""
    if not form.styles:
        return None
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
