"""A whole face that talks: lips and brows from sound, the rest alive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from torch import Tensor

from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..constants import FacePart
from ..motion.blendshape_map import BlendshapeMap, motion_of_blendshapes
from ..motion.blendshapes import Blendshapes
from ..motion.edit import fit
from ..motion.layers import layer_motions
from ..motion.life import IDLE_FPS, idle_motion
from ..motion.life_options import MAX_DURATION_S, MIN_DURATION_S, IdleOptions
from ..motion.speech_options import TALKING_BLINKS, SpeechOptions
from ..motion.tool_options import LayerOptions
from ..motion.types import Motion
from .model import SpeechModel
from .speaking import shapes_of_speech

SPOKEN_PARTS: Final[frozenset[FacePart]] = frozenset({"lip", "brows"})
"""What of the face's expression is the speech's."""


def motion_of_speech(
    samples: Tensor,
    space: str,
    options: SpeechOptions | None = None,
    *,
    fps: Fraction = IDLE_FPS,
    model: SpeechModel | None = None,
    shape_map: BlendshapeMap | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Motion:
    """A face that says what is heard, for `animate` as a driver.

    `motion_of_speech(read_speech("speech.wav"), model.preset.space)`

    Convention:
        - lips, jaw and brows are the speech's; blinks, glances and the head's small movements are
          those of `idle_motion`, on which the speech's nods are laid
        - it drives relative to a face at rest with shut lips (`Motion.from_shut_lips`)

    Args:
        samples: (N,) at 16 kHz (`read_speech`, `speech_of`).
        space: Keypoint space of the model that it is for.
        options: How much, in which style.
        fps: Frames per second.
        model: Of speech; by default the one in the package.
        shape_map: What shapes do to the keypoints; by default the one that ships for the space.
        progress: Is told samples that are done, and all.

    Raises:
        MotionSpaceError: No map of shapes ships for the space.
    """
    options = options or SpeechOptions()
    shape_map = shape_map or shipped_blendshape_map(space)
    shapes = shapes_of_speech(samples, options, fps=fps, model=model, progress=progress)
    return talking_motion(shapes, shape_map, options)


def talking_motion(shapes: Blendshapes, shape_map: BlendshapeMap, options: SpeechOptions) -> Motion:
    """Shapes of speech on a face that lives.

    Args:
        shapes: What the face says.
        shape_map: Of the keypoint space that is wanted.
        options: How much life there is.
    """
    spoken = motion_of_blendshapes(shapes, shape_map)
    spoken = replace(spoken, parts=SPOKEN_PARTS, from_shut_lips=True)
    if not options.life:
        return spoken
    duration_s = min(max(MIN_DURATION_S, len(shapes) / float(shapes.fps)), MAX_DURATION_S)
    life = IdleOptions(
        duration=duration_s, amount=options.life, blinks=TALKING_BLINKS, seed=options.seed
    )
    alive = fit(idle_motion(shape_map.space, life, shapes.fps), shapes.fps, len(shapes), "loop")
    talking = layer_motions(alive, spoken, LayerOptions(region="all", how="add"))
    return replace(talking, from_shut_lips=True)
