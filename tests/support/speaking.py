"""A small speech model, and clips of speech that are made in no time."""

import wave

import numpy as np
import torch

from liveportrait_core.motion.speech_style import STYLE_VALUES, SpeechStyle
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ, PhonemeEncoder
from liveportrait_core.networks.speech import SpeechForm, SpeechNetwork
from liveportrait_core.speech.articulation import articulate
from liveportrait_core.speech.model import SpeechModel
from liveportrait_core.speech.visemes import Phone
from train.data.speech_clip import SpeechClip

OUTPUTS = ("jawOpen", "mouthPucker", "browInnerUp", "pitch_deg", "yaw_deg", "roll_deg")


def small_speech_model(seed=0, *, mean=0.3, spread=0.2, **form):
    """Random weights whose outputs move with the sound."""
    torch.manual_seed(seed)
    usual = {"outputs": OUTPUTS, "styles": STYLE_VALUES, "slow": 3}
    form = SpeechForm(width=16, layers=1, heads=2, **(usual | form))
    recogniser, network = PhonemeEncoder(), SpeechNetwork(form)
    network.mean.fill_(mean)
    network.spread.fill_(spread)
    for module in (recogniser, network):
        module.eval().requires_grad_(False)
    return SpeechModel(recogniser=None if form.features else recogniser, network=network)


def encoder_output(samples, channels=6, seed=0):
    """What a made encoder hears, as ComfyUI hands it on: two layers, 50 frames a second."""
    random = np.random.default_rng(seed)
    frames = torch.from_numpy(np.pad(samples, (0, 400))).float().unfold(0, 400, 320)
    weights = torch.from_numpy(random.normal(size=(2, 400, channels))).float() / 20
    layers = tuple((frames @ one)[None] for one in weights)
    return {
        "encoded_audio": layers[-1],
        "encoded_audio_all_layers": layers,
        "audio_samples": len(samples),
    }


def tone(seconds, hz=220.0, rate=SAMPLE_RATE_HZ):
    """(N,) a tone that swells and fades."""
    times = np.arange(int(seconds * rate)) / rate
    swell = 0.3 + 0.2 * np.sin(2 * np.pi * 3 * times)
    return (swell * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def save_sound(path, samples, rate=SAMPLE_RATE_HZ):
    """A WAV file of (N,) or (N, 2) samples in [-1, 1]."""
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if whole.ndim == 1 else whole.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(whole.tobytes())
    return path


def made_clip(seed=0, seconds=1.6):
    """A clip of vowels and of m, each with a sound of its own."""
    random = np.random.default_rng(seed)
    phones, end_s = [Phone(viseme="sil", start_s=0.0, end_s=0.2)], 0.2
    sound = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    while end_s < seconds - 0.3:
        viseme = str(random.choice(["aa", "PP", "iy", "uw", "SS"]))
        start_s, end_s = end_s, end_s + 0.12
        phones.append(Phone(viseme=viseme, start_s=start_s, end_s=end_s))
        part = slice(int(start_s * SAMPLE_RATE_HZ), int(end_s * SAMPLE_RATE_HZ))
        pitch = {"aa": 700, "PP": 150, "iy": 2500, "uw": 350, "SS": 5000}[viseme]
        sound[part] = tone(0.2, pitch)[: len(sound[part])]
    phones.append(Phone(viseme="sil", start_s=end_s, end_s=seconds))
    style = SpeechStyle(opening=float(random.uniform(0.7, 1.3)))
    return SpeechClip(
        waveform=sound,
        shapes=articulate(phones, int(np.ceil(len(sound) / 320)), style=style),
        phones=tuple(phones),
        voice=f"made {seed}",
        style=style,
    )
