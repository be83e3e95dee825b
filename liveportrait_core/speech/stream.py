"""Sound in, motion out, in chunks of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ..networks.phonemes import FRAME_SAMPLES, SoundFeatures
from ..networks.speech import AHEAD, BEHIND, HEARD, PAST, WINDOW, MotionBefore, Style
from .model import SpeechModel

HEARD_SAMPLES: Final = (HEARD - 1) * FRAME_SAMPLES
"""Sound that is heard for one window."""
WINDOW_SAMPLES: Final = WINDOW * FRAME_SAMPLES
_BEHIND_SAMPLES: Final = BEHIND * FRAME_SAMPLES
SHUT_AT: Final = 0.7
"""Probability from which lips are wholly shut: a mouth that shuts in half is wrong either way."""
_BATCH: Final = 16
"""Windows that are heard at a time."""
DECODED: Final = PAST + WINDOW + AHEAD
"""Frames that the network sees of what the encoder heard, the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFrames:
    """What a face does while it speaks, 50 frames a second."""

    values: Tensor
    """(T, C) the outputs of the model."""
    closure: Tensor
    """(T,) how far the lips are shut, 0 to 1."""


class SpeechStream:
    """Makes the motion of a sound that comes in chunks.

    `stream = SpeechStream(model); stream.push(chunk); ...; stream.finish()`

    Convention:
        - the chunks' sizes change nothing but rounding
        - a frame comes once the sound of up to 300 ms after it is there
    """

    def __init__(
        self, model: SpeechModel, style: Tensor | None = None, guidance: float = 1.0
    ) -> None:
        """Begin with a face at rest.

        Args:
            model: A model.
            style: (S,) of the speaker, in the order of the model's form; None leaves it open.
            guidance: How much the style counts; 1 is as it was taught.
        """
        self._model, self._guidance = model, guidance
        values = torch.zeros(1, len(model.form.styles)) if style is None else style[None]
        known = torch.zeros(1) if style is None else torch.ones(1)
        self._style = Style(values=values.to(model.device), known=known.to(model.device))
        self._heard = torch.zeros(_BEHIND_SAMPLES, device=model.device)
        self._features: Tensor | None = None
        self._num_samples = 0
        self._num_made = 0
        self._past = torch.zeros(1, PAST, len(model.form.outputs), device=model.device)
        self._has_past = False

    def push(self, samples: Tensor) -> SpokenFrames:
        """Take (N,) samples at 16 kHz, and give the frames that they decide."""
        self._num_samples += len(samples)
        return self._made(samples.to(self._heard))

    def finish(self) -> SpokenFrames:
        """Give the rest: there are as many frames as begin in the sound."""
        total = -(-self._num_samples // FRAME_SAMPLES)
        made = self._num_made
        windows = -(-(total - made) // WINDOW)
        missing = max(0, windows * WINDOW_SAMPLES + HEARD_SAMPLES - WINDOW_SAMPLES) - len(
            self._heard
        )
        rest = self._made(self._heard.new_zeros(max(0, missing)))
        return SpokenFrames(
            values=rest.values[: total - made], closure=rest.closure[: total - made]
        )

    def _made(self, samples: Tensor) -> SpokenFrames:
        """The windows that are complete with these samples."""
        self._heard = torch.cat((self._heard, samples))
        parts: list[SpokenFrames] = []
        while len(self._heard) >= HEARD_SAMPLES:
            windows = self._heard.unfold(0, HEARD_SAMPLES, WINDOW_SAMPLES)[:_BATCH]
            parts += [self._window(sound) for sound in _features(self._model, windows)]
            self._heard = self._heard[len(windows) * WINDOW_SAMPLES :]
        if not parts:
            return SpokenFrames(values=self._past[0, :0], closure=self._past[0, :0, 0])
        return SpokenFrames(
            values=torch.cat([part.values for part in parts]),
            closure=torch.cat([part.closure for part in parts]),
        )

    def _window(self, sound: SoundFeatures) -> SpokenFrames:
        known = torch.full((1,), float(self._has_past), device=self._past.device)
        before = MotionBefore(values=self._past, known=known)
        made = self._model.network.guided(sound, before, self._style, self._guidance)
        values = made.values[:, :WINDOW]
        self._past = torch.cat((self._past, values), 1)[:, -PAST:]
        self._has_past, self._num_made = True, self._num_made + WINDOW
        closure = (torch.sigmoid(made.closure_logit[0, :WINDOW]) / SHUT_AT).clamp(max=1)
        return SpokenFrames(values=values[0], closure=closure)


def _features(model: SpeechModel, windows: Tensor) -> list[SoundFeatures]:
    """What is heard in (N, samples) windows, one by one."""
    heard = model.recogniser(windows)
    return [
        SoundFeatures(
            encoded=heard.encoded[k : k + 1, -DECODED:], mel=heard.mel[k : k + 1, -DECODED:]
        )
        for k in range(len(windows))
    ]
