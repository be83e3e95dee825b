"""Sound in, motion out, in chunks of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ..networks.phonemes import FRAME_SAMPLES, SoundFeatures
from ..networks.speech import AHEAD, BEHIND, PAST, WINDOW
from .model import SpeechModel
from .prosody import MOST_GAIN_DB, gain_to_hear, loudness_db, usual_db
from .windows import DECODED, SpokenFrames, SpokenWindows, joined_frames

WINDOW_SAMPLES: Final = WINDOW * FRAME_SAMPLES
_BATCH: Final = 16
"""Windows that are heard at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How much of a sound is heard at a time."""

    behind: int = BEHIND
    """Frames before the windows that the recogniser hears, at 50 a second."""
    windows: int = 1
    """Windows that are made of one hearing."""
    ahead: int = AHEAD
    """Frames after them that it hears."""
    shut_at: float = 0.7
    """Probability from which lips are wholly shut: a mouth that shuts in half is wrong either
    way."""
    level_share: float = 0.02
    """Of the newest hearing in the level from which loud and quiet vowels are told: a speaker's own
    over some eight seconds."""
    most_gain_db: float = 6.0
    """By which a sound is made louder at most: of a second of quiet noise nobody can tell that it
    is no speech."""

    @property
    def samples(self) -> int:
        """Of one hearing."""
        return (self.behind + self.windows * WINDOW + self.ahead - 1) * FRAME_SAMPLES


LIVE: Final = Listening()
"""For a sound that is not over yet: a frame waits for 300 ms of sound at most."""
WHOLE: Final = Listening(
    behind=100,
    windows=50,
    ahead=AHEAD + 50,
    shut_at=1.0,
    level_share=0.5,
    most_gain_db=MOST_GAIN_DB,
)
"""For a sound that is there whole: the recogniser is surer of what it hears a second before its end
and two seconds after its beginning, so lips need no help to shut."""


class SpeechStream:
    """Makes the motion of a sound that comes in chunks.

    `stream = SpeechStream(model); stream.push(chunk); ...; stream.finish()`

    Convention:
        - the chunks' sizes change nothing but rounding
        - a sound is heard as loud as speech was in training (`HEARD_DB`), from the level of the
          speech in it so far: quiet and loud recordings move the lips alike, as far as
          `most_gain_db` lets them
        - listening `LIVE`, a frame comes once the sound of up to 300 ms after it is there
    """

    def __init__(
        self,
        model: SpeechModel,
        style: Tensor | None = None,
        guidance: float = 1.0,
        listening: Listening = LIVE,
    ) -> None:
        """Begin with a face at rest.

        Args:
            model: A model.
            style: (S,) of the speaker, in the order of the model's form; None leaves it open.
            guidance: How much the style counts; 1 is as it was taught.
            listening: How much it hears at a time.

        Raises:
            ValueError: The model hears by an encoder of another make.
        """
        if model.recogniser is None:
            raise ValueError(
                f"The speech model {model.origin} hears by another encoder, which hears whole "
                "sounds; one that hears by itself is expected. Call shapes_of_speech."
            )
        self._recogniser, self._listening = model.recogniser, listening
        self._windows = SpokenWindows(model.network, style, guidance, listening.shut_at)
        self._heard = torch.zeros(listening.behind * FRAME_SAMPLES, device=model.device)
        self._num_samples = 0
        self._level_db: float | None = None

    def push(self, samples: Tensor) -> SpokenFrames:
        """Take (N,) samples at 16 kHz, and give the frames that they decide."""
        self._num_samples += len(samples)
        return self._made(samples.to(self._heard))

    def finish(self) -> SpokenFrames:
        """Give the rest: there are as many frames as begin in the sound."""
        total = -(-self._num_samples // FRAME_SAMPLES)
        made = self._windows.num_frames
        hearings = -(-(total - made) // (self._listening.windows * WINDOW))
        wanted = (hearings - 1) * self._step_samples + self._listening.samples
        missing = wanted - len(self._heard) if hearings > 0 else 0
        rest = self._made(self._heard.new_zeros(max(0, missing)))
        return SpokenFrames(
            values=rest.values[: total - made], closure=rest.closure[: total - made]
        )

    @property
    def _step_samples(self) -> int:
        """From one hearing to the next."""
        return self._listening.windows * WINDOW_SAMPLES

    def _made(self, samples: Tensor) -> SpokenFrames:
        """The windows that are complete with these samples."""
        self._heard = torch.cat((self._heard, samples))
        parts: list[SpokenFrames] = []
        size = self._listening.samples
        while len(self._heard) >= size:
            hearings = self._heard.unfold(0, size, self._step_samples)[:_BATCH]
            parts += [self._windows.next(sound) for sound in self._features(hearings)]
            self._heard = self._heard[len(hearings) * self._step_samples :]
        return joined_frames(parts or [self._windows.none])

    def _features(self, hearings: Tensor) -> list[SoundFeatures]:
        """What is heard in (N, samples) hearings, window by window."""
        levelled = torch.stack([self._levelled(hearing) for hearing in hearings])
        heard, first = self._recogniser(levelled), self._listening.behind - PAST
        parts: list[SoundFeatures] = []
        for row in range(len(hearings)):
            for window in range(self._listening.windows):
                start = first + window * WINDOW
                place = (slice(row, row + 1), slice(start, start + DECODED))
                parts.append(SoundFeatures(encoded=heard.encoded[place], mel=heard.mel[place]))
        return parts

    def _levelled(self, hearing: Tensor) -> Tensor:
        """(samples,) as loud as in training."""
        found_db = usual_db(loudness_db(hearing))
        if found_db is not None:
            before_db = found_db if self._level_db is None else self._level_db
            self._level_db = before_db + self._listening.level_share * (found_db - before_db)
        return hearing * gain_to_hear(self._level_db, self._listening.most_gain_db)
