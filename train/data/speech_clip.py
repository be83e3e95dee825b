"""One piece of speech with what the face does while it sounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from liveportrait_core.motion.blendshapes import Blendshapes
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.speech.articulation import SPEECH_FPS
from liveportrait_core.speech.prosody import SPEECH_HZ
from liveportrait_core.speech.visemes import Phone

__all__ = ["CURVE_FPS", "SPEECH_HZ", "Phone", "SpeechClip"]

CURVE_FPS: Final[Fraction] = SPEECH_FPS
"""Frames a second of the curves: one for 320 samples."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SpeechClip:
    """Mono sound and the curves of a face, in time to the sample.

    Convention:
        - frame i of `shapes` is what the face does at sample 320 i, and there are enough frames
          for all samples: ceil(samples / 320)
    """

    waveform: npt.NDArray[np.float32]
    """(N,) at `SPEECH_HZ`, in [-1, 1]."""
    shapes: Blendshapes
    """At `CURVE_FPS`."""
    phones: tuple[Phone, ...] = ()
    """Their true times; empty where they are not known."""
    voice: str = ""
    """Who speaks: a voice of a synthesizer with its settings, or a clip."""
    language: str = ""
    """IETF tag, such as `en` or `pt-BR`; empty when unknown."""
    style: SpeechStyle | None = None
    """How they talk, where it is known: what the curves were made with."""
