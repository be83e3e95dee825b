"""Speech to Motion: a face that says what is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from comfy_api.latest import io

from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import about
from ..liveportrait_core.motion.speech_options import SpeechOptions
from ..liveportrait_core.motion.speech_style import STYLE_VALUES, SpeechStyle
from . import library, runtime
from .adapt.clips import exact_fps
from .adapt.sounds import waveform_of
from .fields import DEFAULT_FPS, model_field
from .load import own_file, own_files
from .schema import field, schema
from .sockets import LoadedModel, MotionSocket, checked
from .widgets import OptionWidget

if TYPE_CHECKING:
    from ..liveportrait_core.speech.joyvasa import JoyvasaModel
    from ..liveportrait_core.speech.model import SpeechModel

SHOWN: Final = ("amount", "life", "seed")
ADVANCED: Final = (*STYLE_VALUES, "guidance")
"""In the order of the node; workflows rely on it."""
SHIPPED: Final = "default"


class SpeechToMotion(io.ComfyNode):
    """The motion of a face that says what is heard."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_SpeechToMotion",
            display_name="Speech to Motion",
            description="Makes a face say what is heard: lips, jaw and brows from the sound, "
            "blinks and small movements of the head besides.",
            stage="motion",
            search_aliases=[
                *("talking", "talking head", "lip sync", "lipsync", "audio to motion"),
                *("audio driven", "speech", "voice", "JoyVASA", "speaking portrait"),
            ],
            inputs=[
                model_field("From Load Model; the motion is made for its keypoints."),
                field(
                    io.Audio,
                    "audio",
                    tooltip="Speech, of any sample rate; music and noise leave the lips still.",
                ),
                *(_widget(name).field() for name in SHOWN),
                field(
                    io.Float,
                    "fps",
                    default=DEFAULT_FPS,
                    min=1.0,
                    max=240.0,
                    step=0.01,
                    tooltip="Frames per second.",
                ),
                *(_widget(name).field(advanced=True) for name in ADVANCED),
                field(
                    io.Combo,
                    "speech_model",
                    options=[SHIPPED, *own_files()],
                    default=SHIPPED,
                    optional=True,
                    advanced=True,
                    tooltip="The model of speech. default: ours, in the pack. Others: files of "
                    "train.audio2motion or 'models joyvasa' in models/liveportrait.",
                ),
                field(
                    io.AudioEncoderOutput,
                    "encoder_output",
                    optional=True,
                    tooltip="From ComfyUI's AudioEncoderEncode, of the same audio: for a "
                    "speech_model that was trained with features of that encoder.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                ),
                io.Audio.Output(
                    "sound",
                    display_name="audio",
                    tooltip="The sound, in step with the motion: for Animate Portrait.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        audio: object,
        seed: int,
        fps: float,
        speech_model: str = SHIPPED,
        encoder_output: object = None,
        **widgets: float,
    ) -> io.NodeOutput:
        """The speech network runs on the CPU, many times faster than the sound."""
        net = checked(model, LoadedModel, "model").model
        style = SpeechStyle(**{name: widgets.pop(name) for name in STYLE_VALUES})
        options = SpeechOptions(style=style, seed=seed, **widgets)
        with about("audio"):
            samples = library.sound.speech_of(waveform_of(audio), "The audio")
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        motion = library.talking.motion_of_speech(
            samples,
            net.preset.space,
            options,
            fps=exact_fps(fps),
            model=_speech_model(speech_model),
            encoder_output=encoder_output,
            progress=progress.read,
        )
        progress.finish()
        return io.NodeOutput(runtime.intermediate(motion), audio)


def _widget(name: str) -> OptionWidget:
    return OptionWidget(spec=spec_of(SpeechOptions, name), id=name)


def _speech_model(name: str) -> SpeechModel | JoyvasaModel | None:
    """The model of a choice of the combo; None for the one in the package."""
    if name == SHIPPED:
        return None
    from ..liveportrait_core.speech.joyvasa_file import (  # noqa: PLC0415 - it imports networks
        load_speaker,
    )

    with about("speech_model"):
        return load_speaker(own_file(name))


NODES: tuple[type[io.ComfyNode], ...] = (SpeechToMotion,)
