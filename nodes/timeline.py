"""Timeline: what a face does when, over parts of other motions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import torch
from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from ..liveportrait_core.assets.timeline_words import read_timeline
from ..liveportrait_core.errors import about
from ..liveportrait_core.motion.timeline_motion import check_played, motion_of_timeline
from . import library, runtime
from .adapt.clips import clip_of, fps_of
from .adapt.motions import checked_motion
from .adapt.sounds import waveform_of
from .fields import DEFAULT_FPS, images_field, model_field
from .schema import field, schema
from .server.beneath import BENEATH, beneath_of
from .server.films import pictures_of
from .server.seen import SEEN
from .server.timelines import CONNECT
from .sockets import LoadedModel, MotionSocket, checked

if TYPE_CHECKING:
    from fractions import Fraction

    from comfy_api.latest import Input

    from ..liveportrait_core.media.audio import Waveform
    from ..liveportrait_core.model import LivePortraitModel
    from ..liveportrait_core.motion.types import Motion

MOTIONS: Final = tuple(f"motion_{number}" for number in range(1, 5))
DEFAULT_TEXT: Final = "length 3\n0.6 smile 0.7; yaw 8\n1.2 blink\n2 rest\n"
SEEN_KEY: Final = "lps_seen"
BENEATH_KEY: Final = "lps_timeline"
"""Keys of the node's output for web/src/timeline.ts: the source and what lies beneath the keys."""


class TimelineNode(io.ComfyNode):
    """The motion of keys, and of parts of other motions beneath them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_Timeline",
            display_name="Timeline",
            description="Says what a face does when: keys of smile, blink, gaze, head and all "
            "other controls, over parts of other motions.",
            stage="motion",
            search_aliases=[
                *("keyframe", "keyframes", "animation curve", "easing", "sequencer"),
                *("Advanced Live Portrait", "AdvancedLivePortrait", "command", "script"),
            ],
            # what its panel shows of a run is sent anew also where nothing has changed
            is_output_node=True,
            has_intermediate_output=True,
            inputs=[
                model_field("From Load Model; the motion is made for its keypoints."),
                field(
                    io.String,
                    "timeline",
                    multiline=True,
                    default=DEFAULT_TEXT,
                    tooltip="A line for each time: '0.8 smile 0.7 ease; yaw 10', '1.2 blink', "
                    "'2 play 1 from 0.5 to 3', 'length 4', 'fps 30', 'loop'. Commands of "
                    "AdvancedLivePortrait ('1 = 5:10') are read, too.",
                ),
                *(
                    field(
                        MotionSocket,
                        name,
                        optional=True,
                        tooltip=f"A motion beneath the keys: 'play {number}' plays it. Without "
                        "such a line all play one after another.",
                    )
                    for number, name in enumerate(MOTIONS, 1)
                ),
                field(
                    io.Audio,
                    "audio",
                    optional=True,
                    tooltip="A sound that is shown beside the keys; a timeline without 'length' "
                    "is at least as long.",
                ),
                images_field(
                    "source",
                    "Whose face the preview shows; the motion does not depend on it.",
                    optional=True,
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                ),
                io.Audio.Output(
                    "sound",
                    display_name="audio",
                    tooltip="The sound, as long as the motion: for Animate Portrait. Nothing where "
                    "none is connected.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        timeline: str,
        audio: object = None,
        source: Tensor | Input.Video | None = None,
        **motions: object,
    ) -> io.NodeOutput:
        """Keypoints; no network is run."""
        loaded = checked(model, LoadedModel, "model")
        with about("audio"):
            sound = None if audio is None else waveform_of(audio)
        beneath = beneath_of(_connected(loaded.model, motions), sound)
        said = read_timeline(timeline)
        check_played(said, len(beneath.motions or ()), CONNECT)
        motion = motion_of_timeline(
            said,
            shipped_blendshape_map(loaded.model.preset.space),
            beneath.motions or (),
            sound_s=beneath.sound_s,
        )
        shown: dict[str, list[str]] = {BENEATH_KEY: [BENEATH.note(beneath)]}
        if source is not None:
            clip = clip_of(source, "source", fps_of(DEFAULT_FPS))
            shown[SEEN_KEY] = [SEEN.note(loaded, pictures_of(clip))]
        heard = None if sound is None else _as_long(sound, len(motion) / motion.fps)
        return io.NodeOutput(runtime.intermediate(motion), heard, ui=shown)


def _connected(net: LivePortraitModel, motions: Mapping[str, object]) -> tuple[Motion, ...]:
    """The motions beneath, in the order of their numbers.

    Raises:
        ValueError: One is none, or of another keypoint space, or one is left out.
    """
    given = [name for name in MOTIONS if motions.get(name) is not None]
    for name, expected in zip(given, MOTIONS, strict=False):
        if name != expected:
            with about(expected):
                raise ValueError(
                    f"{name} is connected and {expected} is not; motions are expected without a "
                    f"gap, as texts name them by their numbers. Connect {expected} first."
                )
    connected = [checked_motion(motions[name], name) for name in given]
    for name, motion in zip(given, connected, strict=True):
        with about(name):
            library.inputs.check_space(net, motion, name)
    return tuple(connected)


def _as_long(sound: Waveform, seconds: Fraction) -> dict[str, object]:
    """A sound as ComfyUI's AUDIO, cut or with silence at its end."""
    samples = torch.from_numpy(sound.samples)
    length = round(seconds * sound.sample_rate_hz)
    samples = torch.nn.functional.pad(samples, (0, max(0, length - samples.shape[1])))
    return {"waveform": samples[None, :, :length], "sample_rate": sound.sample_rate_hz}


NODES: tuple[type[io.ComfyNode], ...] = (TimelineNode,)
