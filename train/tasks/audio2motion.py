"""Speech to motion: the network that moves lips, jaw, brows and head (App. C).

What is heard are phonemes and loudness; the recogniser of phonemes is not trained. Trained on
synthetic voices, it soon knew these by heart and understood people less.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.config.fields import check_options, option, section, shared
from liveportrait_core.config.spec import OptionError
from liveportrait_core.media.atomic import make_folder
from liveportrait_core.networks.phonemes import PhonemeEncoder, SoundFeatures
from liveportrait_core.networks.speech import (
    AHEAD,
    PAST,
    WINDOW,
    MotionBefore,
    SpeechForm,
    SpeechNetwork,
    SpeechWindow,
    Style,
)
from liveportrait_core.speech.model import (
    SpeechModel,
    change_of,
    changed_recogniser,
    load_speech_model,
    save_speech_model,
)
from liveportrait_core.speech.recogniser import load_recogniser

from ..data.clip_features import ClipFeatures, EncodedRows
from ..data.heard_speech import HeardSpeech, hear, load_heard, save_heard
from ..data.speech_batch import STARTS, Rows, SpeechBatch, SpeechBatches
from ..data.speech_clip import SpeechClip
from ..data.speech_rows import ClipRows, Samples, statistics
from ..data.speech_set import SpeechSet
from ..engine import checkpoint
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Losses, Networks, ParameterGroup, Task, device_of
from ..losses.speech_terms import SpeechStepLosses, SpeechWeights, TrueWindow, speech_terms
from ..losses.terms import weighted_losses
from ..speaking.acoustics import AcousticsOptions
from ..speaking.acoustics import heard as heard_somewhere
from ..speaking.sounds import STILL_SOUNDS
from .speech_form import Target, speech_form

MODEL_NAME: Final = "speech.safetensors"
HEARD_NAME: Final = "heard.safetensors"
"""In a run's folder: what was heard before training."""
HEARD_FORMAT: Final = "liveportrait-suite/heard-speech"
TOLD_EVERY: Final = 100
NETWORK: Final = "network"
RECOGNISER: Final = "recogniser"
OPTIMISER: Final = AdamW(betas=(0.9, 0.98), weight_decay=1e-2, clip_norm=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio2MotionConfig:
    """Speech to motion, on synthetic speech and on clips with sound."""

    loop: LoopConfig = shared(LoopConfig)
    data: str = option(
        help="folders written by train.speech or train.curate, separated by commas", place=True
    )
    target: Target = option(
        "shapes",
        "what is learned: shapes, for every keypoint space that has a map; or motion, the "
        "expression of the keypoint space that recorded clips were read in",
    )
    features: str = option(
        "",
        "folders of what an encoder of another make heard, one for each of data: KEY.pt or "
        "KEY.safetensors for each clip, as ComfyUI's AUDIO_ENCODER_OUTPUT",
        place=True,
    )
    feature_layer: int | None = option(
        None, "layer of that encoder, from 0; below 0 from the end", unset="what it gives at last"
    )
    batch: int = option(16, "sounds of 1.1 seconds per step and process", minimum=1)
    init: str = option("", "model file whose weights all begin with", place=True)
    lr: float = option(1e-3, "learning rate (AdamW)", above=0)
    encoder_lr: float = option(
        0.0,
        "learning rate of the recogniser; 0 leaves it as it is. A few hundred steps at 2e-4 help; "
        "more make it know synthetic voices by heart and understand people less",
        minimum=0,
    )
    hearings: int = option(
        0,
        "hear each clip so often before training, each time elsewhere, and train what moves alone: "
        "many times faster; 0 hears anew at each step",
        minimum=0,
    )
    width: int = option(128, "channels of the transformer", minimum=8, more=True)
    layers: int = option(3, "layers of the transformer", minimum=1, more=True)
    weights: SpeechWeights = shared(SpeechWeights)
    acoustics: AcousticsOptions = section(AcousticsOptions, more=True)

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        check_options(self)
        if self.hearings and self.encoder_lr:
            raise OptionError(
                f"hearings is {self.hearings} with encoder_lr {self.encoder_lr:g}; a recogniser "
                "that hears before training cannot learn in it. Leave one of them at 0."
            )

        for name, usual in (("encoder_lr", 0), ("hearings", 0), ("acoustics", AcousticsOptions())):
            if self.features and getattr(self, name) != usual:
                raise OptionError(
                    f"{name} is given beside features, which were heard before. Leave one of them "
                    "out."
                )

    @property
    def folders(self) -> list[Path]:
        """Those of `data`."""
        return [Path(folder) for folder in self.data.split(",")]

    @property
    def feature_folders(self) -> list[Path]:
        """Those of `features`."""
        return [Path(folder) for folder in self.features.split(",") if folder]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStep:
    """One batch of sounds through the networks."""

    batches: SpeechBatches
    weights: SpeechWeights
    recogniser: PhonemeEncoder | None
    """Where it is not trained; None where another encoder has heard."""

    def batch(self, draw: Draw) -> SpeechBatch:
        """Sounds with what the face does."""
        return self.batches.draw(draw)

    def losses(self, networks: Networks, average: Networks, batch: SpeechBatch) -> Losses:
        """Of four windows of each sound."""
        del average
        network = networks[NETWORK]
        assert isinstance(network, SpeechNetwork)
        heard = self._heard(networks, batch.heard)
        made, true = windows(network, heard, batch)
        step = SpeechStepLosses(
            made=made,
            true=true,
            spread=network.spread,
            names=network.form.outputs,
            slow=network.form.slow,
        )
        return weighted_losses(speech_terms(self.weights), step)

    def _heard(self, networks: Networks, given: Tensor | SoundFeatures) -> SoundFeatures:
        place = device_of(networks)
        if isinstance(given, SoundFeatures):
            return SoundFeatures(encoded=given.encoded.to(place), mel=given.mel.to(place))
        trained = networks.get(RECOGNISER)
        recogniser = trained or self.recogniser
        assert recogniser is not None
        with torch.set_grad_enabled(trained is not None):
            return recogniser(given.to(place))


def windows(
    network: SpeechNetwork, heard: SoundFeatures, batch: SpeechBatch
) -> tuple[SpeechWindow, TrueWindow]:
    """The windows of a batch, all of one sound after the other: made, and as they should be."""
    place = heard.mel.device
    values, closure = batch.values.to(place), batch.closure.to(place)
    sound = SoundFeatures(
        encoded=_parts(heard.encoded, -PAST, WINDOW + AHEAD),
        mel=_parts(heard.mel, -PAST, WINDOW + AHEAD),
    )
    past = _parts(values, -PAST, 0) + batch.past_noise.to(place).flatten(0, 1) * network.spread
    before = MotionBefore(values=past, known=batch.past_known.to(place).flatten())
    style = Style(
        values=batch.style.to(place).repeat_interleave(len(STARTS), 0),
        known=batch.style_known.to(place).repeat_interleave(len(STARTS), 0),
    )
    known = batch.known.to(place).repeat_interleave(len(STARTS), 0)[:, None]
    true = TrueWindow(
        values=_parts(values, 0, WINDOW + AHEAD),
        closure=_parts(closure, 0, WINDOW + AHEAD),
        known=known.expand(-1, WINDOW + AHEAD, -1),
    )
    told = batch.mel_known.to(place).repeat_interleave(len(STARTS), 0)
    return network(sound, before, style, told), true


def _parts(values: Tensor, begin: int, end: int) -> Tensor:
    """(B, 56, ...) -> (B * 4, end - begin, ...) about each start."""
    return torch.stack([values[:, s + begin : s + end] for s in STARTS], 1).flatten(0, 1)


def prepare(config: Audio2MotionConfig) -> Task:
    """The task of a config, on the folders that it names."""
    clips = SpeechSet(config.folders)
    features = None
    if config.features:
        features = ClipFeatures(config.feature_folders, clips.keys, config.feature_layer)
    return audio2motion_task(config, clips, features)


def audio2motion_task(
    config: Audio2MotionConfig,
    clips: Sequence[SpeechClip],
    features: ClipFeatures | None = None,
) -> Task:
    """The networks, the batches and the step, put together."""
    torch.manual_seed(config.loop.seed)
    given = load_speech_model(Path(config.init)) if config.init else None
    form = speech_form(
        clips,
        config.target,
        features,
        config.feature_layer,
        given,
        width=config.width,
        layers=config.layers,
    )
    network = SpeechNetwork(form)
    recogniser = None
    if features is None:
        recogniser = changed_recogniser(load_recogniser(), given.change if given else {})
    if not checkpoint.is_begun(config.loop.run):
        mean, spread = statistics(clips, form.outputs, form.slow)
        network.mean.copy_(mean)
        network.spread.copy_(spread)
        if given is not None:
            network.load_state_dict(given.network.state_dict())
    batches = SpeechBatches(
        rows=_rows(config, clips, form, features, recogniser), count=config.batch
    )
    step = SpeechStep(batches=batches, weights=config.weights, recogniser=recogniser)

    def write(average: Networks) -> Path:
        path, trained = config.loop.run / MODEL_NAME, average[NETWORK]
        hears = average.get(RECOGNISER, recogniser)
        assert isinstance(trained, SpeechNetwork)
        assert hears is None or isinstance(hears, PhonemeEncoder)
        note = f"audio2motion {config.loop.length}, seed {config.loop.seed}"
        change = {} if hears is None else change_of(hears)
        model = SpeechModel(recogniser=hears, network=trained, change=change)
        save_speech_model(model, path, metadata={"trained": note})
        return path

    groups = [ParameterGroup(modules=(NETWORK,), lr=config.lr, optimiser=OPTIMISER)]
    hearing = {} if recogniser is None else {RECOGNISER: recogniser}
    if config.encoder_lr and recogniser is not None:
        trained = PhonemeEncoder()
        trained.load_state_dict(recogniser.state_dict())
        hearing = {RECOGNISER: trained}
        groups.append(
            ParameterGroup(modules=(RECOGNISER,), lr=config.encoder_lr, optimiser=OPTIMISER)
        )
    return Task(
        networks={NETWORK: network, **(hearing if config.encoder_lr else {})},
        groups=tuple(groups),
        steps=(step,),
        frozen={} if config.encoder_lr else hearing,
        write=write,
    )


def _rows(
    config: Audio2MotionConfig,
    clips: Sequence[SpeechClip],
    form: SpeechForm,
    features: ClipFeatures | None,
    recogniser: PhonemeEncoder | None,
) -> Rows:
    """Where batches come from."""
    if recogniser is None:
        assert features is not None
        return EncodedRows(clips=clips, features=features, outputs=form.outputs, slow=form.slow)
    rows = ClipRows(
        clips=clips,
        outputs=form.outputs,
        slow=form.slow,
        augment=partial(heard_somewhere, options=config.acoustics),
        still_sound=still_sound,
    )
    return heard_before(config, rows, recogniser) if config.hearings else rows


def heard_before(
    config: Audio2MotionConfig, rows: ClipRows, recogniser: PhonemeEncoder
) -> HeardSpeech:
    """What the recogniser heard of all clips, kept in the run's folder for when it goes on."""
    about = {
        "format": HEARD_FORMAT,
        "data": config.data,
        "init": config.init,
        "hearings": str(config.hearings),
        "seed": str(config.loop.seed),
        "acoustics": repr(config.acoustics),
    }
    path = config.loop.run / HEARD_NAME
    found = load_heard(path, about)
    if found is None:
        found = hear(rows, recogniser, config.hearings, config.loop.seed, _told)
        make_folder(config.loop.run)
        save_heard(found, path, about)
    return found


def _told(done: int, total: int) -> None:
    """Say now and then how far the hearing is."""
    if done % TOLD_EVERY == 0 or done == total:
        print(f"heard {done} of {total} clips", file=sys.stderr)


def still_sound(num_samples: int, random: np.random.Generator) -> Samples:
    """A sound in which nobody speaks."""
    names = sorted(STILL_SOUNDS)
    return STILL_SOUNDS[names[int(random.integers(len(names)))]](num_samples, random)
