"""Speech in WebDataset shards: how one clip is stored, and read back.

A clip is `KEY.wav` (16 bits, mono, 16 kHz), which any player plays, `KEY.json` (who speaks, the
names of the shapes) and `KEY.npz` (their weights, the head, the sounds with their times).
"""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.articulation import SPEECH_FPS
from liveportrait_core.speech.visemes import VISEMES, Phone

from .shards import Sample, Spot, decode_arrays, encode_arrays, read_spot
from .speech_clip import KeypointMoves, SpeechClip
from .storage import Place

SOUND: Final = "wav"
CURVES: Final = "npz"
ABOUT: Final = "json"
SCALE: Final = 32767
SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class StoredSpeech:
    """A clip of speech in a shard."""

    key: str
    about: dict[str, Any]
    """`voice`, `language`, `style`, `shapes`, `seconds`; of recorded people `space`."""
    sound: Spot
    curves: Spot

    def row(self) -> dict[str, Any]:
        """As the table beside the shard has it."""
        spots = {"sound": self.sound, "curves": self.curves}
        return {
            "key": self.key,
            **self.about,
            **{name: [spot.at, spot.size] for name, spot in spots.items()},
        }

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> StoredSpeech:
        """Back from the table.

        Raises:
            KeyError, TypeError: It is no such row.
        """
        own = ("key", "sound", "curves")
        about = {name: value for name, value in row.items() if name not in own}
        return cls(row["key"], about, Spot(*row["sound"]), Spot(*row["curves"]))


def sample_of(clip: SpeechClip, key: str) -> Sample:
    """A clip as the files of a sample.

    Args:
        clip: What is stored; its weights as float16.
        key: Without dots.
    """
    names = sorted(clip.shapes.known)
    about = {
        "voice": clip.voice,
        "language": clip.language,
        "style": None if clip.style is None else asdict(clip.style),
        "shapes": names,
        "seconds": round(len(clip.waveform) / SAMPLE_RATE_HZ, 4),
    }
    columns = [ARKIT_SHAPES.index(name) for name in names]
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": clip.shapes.weights[:, columns].numpy().astype(np.float16),
        "visemes": np.array([VISEMES.index(phone.viseme) for phone in clip.phones], np.uint8),
        "times_s": np.array([(p.start_s, p.end_s) for p in clip.phones]).reshape(-1, 2),
    }
    if clip.moves is not None:
        about["space"] = clip.moves.space
        arrays["moved"] = clip.moves.moved.numpy().astype(np.float16)
        arrays["lip_open"] = clip.moves.lip_open.numpy().astype(np.float16)
    if clip.shapes.head_deg is not None:
        arrays["head_deg"] = clip.shapes.head_deg.numpy().astype(np.float32)
    files = {
        ABOUT: (json.dumps(about) + "\n").encode(),
        SOUND: encode_wave(clip.waveform),
        CURVES: encode_arrays(arrays),
    }
    return Sample(key, files)


def read_clip(shard: Place, stored: StoredSpeech) -> SpeechClip:
    """A clip of a shard.

    Raises:
        MediaError: It is damaged, or of another set than the table.
    """
    where = f"of {stored.key} in {shard}"
    waveform = decode_wave(read_spot(shard, stored.sound), f"The sound {where}")
    arrays = decode_arrays(read_spot(shard, stored.curves), f"The curves {where}")
    about = stored.about
    frames = -(-len(waveform) * int(SPEECH_FPS) // SAMPLE_RATE_HZ)
    if "weights" not in arrays or arrays["weights"].shape != (frames, len(about["shapes"])):
        raise MediaError(
            f"The curves {where} do not fit its sound; {frames} frames of "
            f"{len(about['shapes'])} shapes are expected. Copy shard and table again."
        )
    weights = torch.zeros(frames, len(ARKIT_SHAPES))
    columns = [ARKIT_SHAPES.index(name) for name in about["shapes"]]
    weights[:, columns] = torch.from_numpy(arrays["weights"].astype(np.float32))
    head = arrays.get("head_deg")
    return SpeechClip(
        waveform=waveform,
        shapes=Blendshapes(
            weights=weights,
            head_deg=None if head is None else torch.from_numpy(head.astype(np.float32)),
            known=frozenset(about["shapes"]),
            fps=SPEECH_FPS,
            producer=about["voice"],
        ),
        phones=tuple(
            Phone(viseme=VISEMES[viseme], start_s=float(start_s), end_s=float(end_s))
            for viseme, (start_s, end_s) in zip(arrays["visemes"], arrays["times_s"], strict=True)
        ),
        style=None if about["style"] is None else SpeechStyle(**about["style"]),
        voice=about["voice"],
        language=about["language"],
        moves=_moves(about.get("space"), arrays),
    )


def _moves(space: str | None, arrays: Mapping[str, npt.NDArray[Any]]) -> KeypointMoves | None:
    if space is None:
        return None
    moved, lip_open = (
        torch.from_numpy(arrays[name].astype("f4")) for name in ("moved", "lip_open")
    )
    return KeypointMoves(space=space, moved=moved, lip_open=lip_open)


def encode_wave(waveform: npt.NDArray[np.float32]) -> bytes:
    """A WAV file of 16 bits, mono, at `SAMPLE_RATE_HZ`."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE_HZ)
        samples = np.rint(np.clip(waveform, -1, 1) * SCALE).astype("<i2")
        file.writeframes(samples.tobytes())
    return stream.getvalue()


def decode_wave(data: bytes, name: str) -> npt.NDArray[np.float32]:
    """(N,) samples of such a file.

    Raises:
        MediaError: It is damaged or of another kind; the message names it.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            found = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    except (wave.Error, EOFError, ValueError) as error:
        raise MediaError(f"{name} is damaged ({error}). Copy its shard again.") from error
    if found != (1, SAMPLE_BYTES, SAMPLE_RATE_HZ):
        raise MediaError(
            f"{name} has {found[0]} channels of {8 * found[1]} bits at {found[2]} Hz; one of 16 "
            f"bits at {SAMPLE_RATE_HZ} Hz is expected. Make the set again."
        )
    return np.asarray(samples / SCALE, np.float32)
