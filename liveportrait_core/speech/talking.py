"""A whole face that talks: lips and brows from sound, the rest alive."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import torch

from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..constants import FacePart
from ..errors import MediaError, MotionSpaceError, about
from ..motion.blendshape_map import BlendshapeMap, driver_of_moves, motion_of_blendshapes
from ..motion.blendshapes import Blendshapes
from ..motion.edit import fit
from ..motion.layers import layer_motions
from ..motion.life import IDLE_FPS, idle_motion
from ..motion.life_options import MAX_DURATION_S, MIN_DURATION_S, IdleOptions
from ..motion.regions import keypoint_space
from ..motion.speech_options import TALKING_BLINKS, SpeechOptions
from ..motion.tool_options import LayerOptions
from ..motion.types import Channel, Motion
from ..networks.speech import SpeechForm
from .joyvasa import JoyvasaModel, motion_of_joyvasa
from .keypoint_outputs import SOUNDING_PARTS, moves_of_values
from .model import SpeechModel, load_speech_model
from .sound import Sound, held
from .speaking import frames_of_speech, shapes_of_frames
from .windows import SpokenFrames

SPOKEN_PARTS: Final[frozenset[FacePart]] = frozenset({"lip", "brows"})
"""What of the face's expression is the speech's."""


def motion_of_speech(
    samples: Sound,
    space: str,
    options: SpeechOptions | None = None,
    *,
    fps: Fraction = IDLE_FPS,
    model: SpeechModel | JoyvasaModel | None = None,
    shape_map: BlendshapeMap | None = None,
    encoder_output: object = None,
    progress: Callable[[int, int], None] | None = None,
) -> Motion:
    """A face that says what is heard, for `animate` as a driver.

    `motion_of_speech(read_speech("speech.wav"), model.preset.space)`

    Convention:
        - lips, jaw and brows are the speech's; blinks, glances and the head's small movements are
          those of `idle_motion`, on which the speech's nods are laid
        - it drives relative to a face at rest with shut lips (`Motion.from_shut_lips`)
        - of JoyVASA's weights the whole face is theirs (`motion_of_joyvasa`)

    Args:
        samples: (N,) at 16 kHz (`read_speech`, `speech_of`), or a file (`speech_file`), of which
            our models hear a piece at a time and others the whole.
        space: Keypoint space of the model that it is for.
        options: How much, in which style.
        fps: Frames per second.
        model: Of speech; by default the one in the package.
        shape_map: What shapes do to the keypoints; by default the one that ships for the space.
        encoder_output: What another encoder heard, for a model that was trained with that
            (`feature_frames`).
        progress: Is told samples that are done, and all.

    Raises:
        MotionSpaceError: No map of shapes ships for the space, or the model gives the expression of
            another one.
        MediaError: An encoder's output is missing, or of no use, or of another sound.
    """
    options = options or SpeechOptions()
    model = model or load_speech_model()
    if isinstance(model, JoyvasaModel):
        _refuse_encoder(model, encoder_output)
        whole = held(samples)
        return motion_of_joyvasa(whole, space, options, fps=fps, model=model, progress=progress)
    _refuse_space(model, space)
    form = model.form
    frames = frames_of_speech(
        samples, options, fps=fps, model=model, encoder_output=encoder_output, progress=progress
    )
    if form.space:
        spoken = _motion_of_frames(frames, form, options.amount, fps)
    else:
        shapes = shapes_of_frames(frames, form, options.amount, fps)
        spoken = _motion_of_shapes(shapes, shape_map or shipped_blendshape_map(space))
        del shapes
    del frames  # an hour of them takes 60 MB
    return _alive(spoken, options)


def _refuse_space(model: SpeechModel, space: str) -> None:
    """Refuse a model that gives the expression of another keypoint space.

    Raises:
        MotionSpaceError: It does.
    """
    if model.form.space not in ("", space):
        raise MotionSpaceError(
            f"The speech model {model.origin} gives motion of the keypoint space "
            f"{model.form.space!r}, and {space!r} is wanted. Take one that gives shapes, or "
            "convert its motion (motion convert --to, Convert Motion)."
        )


def _refuse_encoder(model: JoyvasaModel, encoder_output: object) -> None:
    """Refuse what another encoder heard, for a model that hears by itself.

    Raises:
        MediaError: It is given.
    """
    if encoder_output is not None:
        with about("encoder_output"):
            raise MediaError(
                f"The speech model {model.origin} hears the sound itself, and an encoder's "
                "output is given. Leave it out."
            )


def talking_motion(shapes: Blendshapes, shape_map: BlendshapeMap, options: SpeechOptions) -> Motion:
    """Shapes of speech on a face that lives.

    Args:
        shapes: What the face says.
        shape_map: Of the keypoint space that is wanted.
        options: How much life there is.
    """
    return _alive(_motion_of_shapes(shapes, shape_map), options)


def _motion_of_shapes(shapes: Blendshapes, shape_map: BlendshapeMap) -> Motion:
    return motion_of_blendshapes(shapes, shape_map).describe(parts=SPOKEN_PARTS)


def _motion_of_frames(
    frames: SpokenFrames, form: SpeechForm, amount: float, fps: Fraction
) -> Motion:
    """The outputs of a model that gives the expression of keypoints."""
    space, count = keypoint_space(form.space), len(form.outputs) - form.slow
    moved = moves_of_values(frames.values[:, :count], form.outputs[:count])
    brows = space.part_mask({"brows"})
    still = moved.new_zeros(len(moved), 3)
    return driver_of_moves(
        torch.where(brows, moved, moved * amount),
        space,
        head_deg=frames.values[:, count:] if form.slow else still,
        scale=still[:, :1] + 1,
        translation=still,
        fps=fps,
        producer="speech",
        absent=frozenset[Channel](("scale", "translation", *(() if form.slow else ("pose",)))),
        parts=SOUNDING_PARTS,
    )


def _alive(spoken: Motion, options: SpeechOptions) -> Motion:
    """A motion of speech on a face that lives."""
    spoken = spoken.describe(from_shut_lips=True)
    if not options.life:
        return spoken
    duration_s = min(max(MIN_DURATION_S, len(spoken) / float(spoken.fps)), MAX_DURATION_S)
    life = IdleOptions(
        duration=duration_s, amount=options.life, blinks=TALKING_BLINKS, seed=options.seed
    )
    alive = fit(idle_motion(spoken.space, life, spoken.fps), spoken.fps, len(spoken), "loop")
    talking = layer_motions(alive, spoken, LayerOptions(region="all", how="add"))
    return talking.describe(from_shut_lips=True)
