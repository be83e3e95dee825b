"""Make the media of docs/demo that workflows open with: python -m tools.demo_media.

`portrait.jpg` and `driving.mp4` have other origins, see docs/demo/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from liveportrait_core import VideoWriter, write_image
from liveportrait_core.media.audio import Waveform
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from train.rendering.animals import animal
from train.rendering.animals.species import CAT
from train.rendering.arrays import ByteArray
from train.rendering.export.clip import motion_at
from train.rendering.frames.scene import Scene
from train.rendering.head.head_model import HeadModel
from train.rendering.head.load import load_head
from train.rendering.keyframes import Track, value_at
from train.rendering.motion_sampler import HeadMotion
from train.rendering.people.identity import Identity, make_identity
from train.rendering.skin.face_chart import chart_face
from train.speaking.synthesizers import speak
from train.speaking.voices import FliteVoice

DEMO: Final = Path(__file__).resolve().parent.parent / "docs" / "demo"
PERSON, LEFT, RIGHT, KITTEN = 18, 4, 14, 0
"""Seeds."""
FPS: Final = Fraction(25)
PERSON_FRAMES, PERSON_PX, STILL_PX = 75, 320, 480
RATE_HZ: Final = 24000
VOWELS: Final = {
    "a": (750, 1200, 2500),
    "e": (480, 1900, 2550),
    "i": (300, 2250, 3000),
    "o": (450, 850, 2500),
    "u": (320, 750, 2400),
}
"""The first three formants, Hz."""
SYLLABLES: Final = " aeioa  uiao  eioua "
"""Vowels and pauses, the sound of `person.mp4`."""
SYLLABLE_S: Final = 0.25
BANDWIDTHS_HZ: Final = (80, 110, 160)
PITCH_HZ: Final = (132, 104)
"""At the beginning and at the end."""
VOICE: Final = FliteVoice("slt", stretch=0.95, pitch_hz=0)
SENTENCES: Final = "Give me a photo and a voice. My lips move with every word, and I blink."
"""Of `speech.mp3`; no longer than `driving.mp4`."""
SWAY: Final[Track] = ((0, 0), (0.7, 7), (1.6, -7), (2.4, 3), (3, 0))
NOD: Final[Track] = ((0, 0), (0.5, 3), (1.2, -2), (2.2, 3), (3, 0))
BLINK: Final[Track] = (*((0.8, 0), (0.9, 1), (0.98, 0)), *((2.2, 0), (2.3, 1), (2.38, 0)))
TALK: Final[Track] = (
    *((0.2, 0), (0.35, 0.3), (0.5, 0.05), (0.65, 0.35), (0.8, 0.1), (1.0, 0.3), (1.2, 0)),
    *((1.5, 0), (1.65, 0.35), (1.8, 0.1), (1.95, 0.3), (2.1, 0.05), (2.3, 0.25), (2.6, 0)),
)


def main() -> None:
    """Write all of them."""
    head = load_head(None)
    write_image(DEMO / "cat.jpg", _still(head, _cat(head)))
    left, right = (_person(head, seed) for seed in (LEFT, RIGHT))
    right = replace(right, background=np.ascontiguousarray(left.background[:, ::-1]))
    group = [_still(head, one) for one in (left, right)]
    write_image(DEMO / "group.jpg", np.ascontiguousarray(np.concatenate(group, axis=1)))
    _write_mp3(DEMO / "speech.mp3", speak(VOICE, SENTENCES).waveform, SAMPLE_RATE_HZ)
    vowels = say_vowels(SYLLABLES)
    sound = Waveform(vowels[None, : round(PERSON_FRAMES / FPS * RATE_HZ)], RATE_HZ)
    scene, person = Scene(head, PERSON_PX), _person(head, PERSON)
    with VideoWriter(DEMO / "person.mp4", FPS, crf=24, waveform=sound) as writer:
        for k in range(PERSON_FRAMES):
            writer.write(scene.draw(person, _motion(head, float(k / FPS))).image)


def _person(head: HeadModel, seed: int) -> Identity:
    return make_identity(head, chart_face(head), [], np.random.default_rng(seed))


def _cat(head: HeadModel) -> Identity:
    """A cat, whatever the renderer's other animals are."""
    every, animal.SPECIES = animal.SPECIES, (CAT,)
    try:
        return animal.make_animal(head, chart_face(head), [], np.random.default_rng(KITTEN))
    finally:
        animal.SPECIES = every


def _still(head: HeadModel, identity: Identity) -> ByteArray:
    return Scene(head, STILL_PX).draw(identity, motion_at(head, 0)).image


def _motion(head: HeadModel, time_s: float) -> HeadMotion:
    """Someone who speaks: a little sway, two blinks."""
    motion = motion_at(head, 0)
    expression = motion.expression.copy()
    for name, track in (("jawOpen", TALK), ("eyeBlink_L", BLINK), ("eyeBlink_R", BLINK)):
        expression[head.expression_index(name)] = value_at(track, time_s)
    pose = np.array([value_at(NOD, time_s), value_at(SWAY, time_s), 0], np.float32)
    return replace(motion, expression=expression, pose_deg=pose)


def say_vowels(syllables: Sequence[str]) -> NDArray[np.float32]:
    """Vowels one after the other, (T,) at `RATE_HZ`: pulses of a voice through three formants.

    A space is a pause.
    """
    length = round(SYLLABLE_S * RATE_HZ)
    total = length * len(syllables)
    pitch = np.linspace(*PITCH_HZ, total)
    phase = np.cumsum(pitch / RATE_HZ) % 1
    pulses = np.diff(phase, prepend=0) < 0
    voiced = [index for index, one in enumerate(syllables) if one in VOWELS]
    targets = np.array([VOWELS[syllables[index]] for index in voiced], float)
    middles = (np.array(voiced) + 0.5) * length
    sound = pulses.astype(float)
    for formant, bandwidth in enumerate(BANDWIDTHS_HZ):
        path = np.interp(np.arange(total), middles, targets[:, formant])
        sound = _resonance(sound, path, bandwidth)
    loudness = np.sin(np.pi * (np.arange(total) % length) / length) ** 0.6
    sound *= loudness * np.repeat([one in VOWELS for one in syllables], length)
    return (0.6 * sound / np.abs(sound).max()).astype(np.float32)


def _resonance(
    sound: NDArray[np.float64], frequency_hz: NDArray[np.float64], bandwidth_hz: float
) -> NDArray[np.float64]:
    """A two-pole resonator whose frequency changes, unit gain at 0 Hz."""
    radius = float(np.exp(-np.pi * bandwidth_hz / RATE_HZ))
    first = 2 * radius * np.cos(2 * np.pi * frequency_hz / RATE_HZ)
    second = -(radius**2)
    made = np.zeros(len(sound) + 2)
    for k, value in enumerate(sound):
        made[k + 2] = (1 - first[k] - second) * value + first[k] * made[k + 1] + second * made[k]
    return made[2:]


def _write_mp3(path: Path, samples: NDArray[np.float32], rate_hz: int) -> None:
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = rate_hz, 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=rate_hz, layout="mono", bit_rate=48000)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
