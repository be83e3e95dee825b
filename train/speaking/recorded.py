"""Talking clips of people as speech: the sound that `train.curate` kept, and the face's shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import tensor_from_pixels
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.blendshape_map import blendshapes_of_motion, travel_in_head
from liveportrait_core.motion.blendshapes import Blendshapes
from liveportrait_core.motion.neutral_frame import neutral_frame
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.types import Motion, concatenate
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.preset import COMPACT, Preset
from liveportrait_core.speech.articulation import MOUTH_SHAPES, SPEECH_FPS
from liveportrait_core.speech.prosody import BROWS
from liveportrait_core.stages import extract_motion

from ..data.clip_shards import ShardClip, shard_clips
from ..data.speech_clip import KeypointMoves, SpeechClip
from ..data.storage import Place, place_named

BATCH: Final = 16
LEAST_S: Final = 1.5
"""Shorter clips have no window to train on."""
LEAST_FPS: Final = 20
"""Frames stored of a second of a clip whose lips can be followed."""


class RecordedSpeech:
    """The talking clips of curated folders.

    `RecordedSpeech("clips,more-clips", load_model()).clip(0)`
    """

    def __init__(self, folders: str, model: LivePortraitModel) -> None:
        """Find the clips with sound and enough frames.

        Args:
            folders: Written by `train.curate`, separated by commas.
            model: Whose M reads the faces.

        Raises:
            MediaError: A folder is none or damaged, or no clip can be used.
        """
        places: list[Place] = [place_named(folder) for folder in folders.split(",")]
        found = [clip for place in places for clip in shard_clips(place)]
        self.clips: Sequence[ShardClip] = [clip for clip in found if _is_usable(clip)]
        if not self.clips:
            raise MediaError(
                f"{folders} has {len(found)} clips, and none with sound, {LEAST_S:g} s or longer, "
                f"at {LEAST_FPS} frames a second or more, which are expected. Curate talking "
                "people with --rate 25."
            )
        self._model = model

    def __len__(self) -> int:
        return len(self.clips)

    def clip(self, number: int) -> SpeechClip:
        """One clip with the shapes of its face.

        Raises:
            MediaError: It cannot be read.
        """
        clip = self.clips[number]
        waveform = clip.sound()
        assert waveform is not None
        arrays = clip.annotations()
        motion = _motion(self._model, clip, torch.from_numpy(arrays["openness"]))
        shapes = blendshapes_of_motion(motion, shipped_blendshape_map(motion.space))
        count = -(-len(waveform) * int(SPEECH_FPS) // SAMPLE_RATE_HZ)
        return SpeechClip(
            waveform=waveform,
            shapes=_at_curve_rate(shapes, arrays["time_s"], count),
            moves=_moves(motion, arrays["time_s"], count),
            voice=f"{clip.clip.about['source']} from {clip.clip.about['from_s']:g} s",
        )


def _is_usable(clip: ShardClip) -> bool:
    about = clip.clip.about
    return (
        clip.clip.sound is not None
        and float(about["seconds"]) >= LEAST_S
        and Fraction(about["fps"]) >= LEAST_FPS
    )


def _motion(model: LivePortraitModel, clip: ShardClip, openness: Tensor) -> Motion:
    """The motion of a clip's face, measured from a frame that is near neutral."""
    parts: list[Motion] = []
    with torch.inference_mode():
        for crops in _batches(clip):
            parts.append(extract_motion(model, _framed(crops, model.preset)))
    motion = concatenate(parts).describe(
        eyes_open=openness[:, :2], lip_open=openness[:, 2:], fps=Fraction(clip.clip.about["fps"])
    )
    return motion.describe(reference_frame=neutral_frame(motion))


def _framed(crops: Tensor, preset: Preset) -> Tensor:
    """Crops of `train.curate` as wide as a model reads drivers, their edge continued outwards."""
    side = preset.face_size_px
    inner = round(side * min(1.0, COMPACT.source_crop.scale / preset.driving_crop.scale))
    before = (side - inner) // 2
    after = side - inner - before
    return F.pad(resize(crops, inner), (before, after, before, after), mode="replicate")


def _batches(clip: ShardClip) -> Iterator[Tensor]:
    for start in range(0, len(clip), BATCH):
        numbers = range(start, min(start + BATCH, len(clip)))
        yield torch.cat([tensor_from_pixels(clip[number]) for number in numbers])


def _moves(motion: Motion, times_s: NDArray[np.float32], count: int) -> KeypointMoves:
    """How the keypoints move from the neutral frame, at `SPEECH_FPS`."""
    moved = travel_in_head(motion, own_reference(motion))
    assert motion.lip_open is not None
    return KeypointMoves(
        space=motion.space,
        moved=_resampled(moved.flatten(1), times_s, count).view(count, *moved.shape[1:]),
        lip_open=_resampled(motion.lip_open, times_s, count)[:, 0],
    )


def _at_curve_rate(shapes: Blendshapes, times_s: NDArray[np.float32], count: int) -> Blendshapes:
    """What speech moves at `SPEECH_FPS`, with the head turned from where it mostly is."""
    head_deg = shapes.head_deg
    if head_deg is not None:
        head_deg = _resampled(head_deg - head_deg.median(0).values, times_s, count)
    return replace(
        shapes,
        weights=_resampled(shapes.weights, times_s, count),
        head_deg=head_deg,
        known=shapes.known & (MOUTH_SHAPES | frozenset(BROWS)),
        fps=SPEECH_FPS,
    )


def _resampled(values: Tensor, times_s: NDArray[np.float32], count: int) -> Tensor:
    """(F, C) values at some times -> (count, C) at `SPEECH_FPS`."""
    at_s = np.arange(count) / float(SPEECH_FPS)
    columns = [np.interp(at_s, times_s, column) for column in values.double().numpy().T]
    return torch.from_numpy(np.stack(columns, 1)).float()
