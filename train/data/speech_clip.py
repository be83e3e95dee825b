"""One piece of speech with what the face does while it sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from liveportrait_core.motion.blendshapes import Blendshapes
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.speech.visemes import Phone


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeypointMoves:
    """How the keypoints of a face move that was read by a model."""

    space: str
    """Keypoint space."""
    moved: Tensor
    """(T, K, 3) what is added to the expression of the face at rest, upright, crop units."""
    lip_open: Tensor
    """(T,) lip opening, height over width."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SpeechClip:
    """Mono sound and the curves of a face, in time to the sample.

    Convention:
        - frame i of `shapes` is what the face does at sample 320 i, and there are enough frames
          for all samples: ceil(samples / 320)
    """

    waveform: npt.NDArray[np.float32]
    """(N,) at `SAMPLE_RATE_HZ`, in [-1, 1]."""
    shapes: Blendshapes
    """At `SPEECH_FPS`."""
    phones: tuple[Phone, ...] = ()
    """Their true times; empty where they are not known."""
    voice: str = ""
    """Who speaks: a voice of a synthesizer with its settings, or a clip."""
    language: str = ""
    """IETF tag, such as `en` or `pt-BR`; empty when unknown."""
    style: SpeechStyle | None = None
    """How they talk, where it is known: what the curves were made with."""
    moves: KeypointMoves | None = None
    """Of recorded people, frame by frame as `shapes`."""
