"""Films in and out: sound, exact frame rates, trims, rotation."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from liveportrait_core.media.audio import has_audio, read_audio
from tests.liveportrait_core.media.clips import make_clip
from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame
from tests.support.comfyui.stand_in import NEWEST, VERSIONS

NTSC = Fraction(30000, 1001)
RATE_HZ = 16000
LOW, MIDDLE, HIGH = 440, 880, 1760
"""Tones in Hz."""

on_both = pytest.mark.parametrize("suite", VERSIONS, indirect=True)
on_the_new = pytest.mark.parametrize("suite", [NEWEST], indirect=True)


def tone(hertz, seconds):
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)[None]


def audio(hertz, seconds=1.0):
    """ComfyUI's AUDIO."""
    waveform = torch.from_numpy(tone(hertz, seconds))[None].expand(-1, 2, -1)
    return {"waveform": waveform, "sample_rate": RATE_HZ}


def video_file(suite, name, frames=None, fps=Fraction(25), sound=None):
    """A video on the disk, as Load Video gives it; `sound` is (C, T) samples."""
    path = suite.comfyui.input / f"{name}.mp4"
    waveform = None if sound is None else suite.core.Waveform(sound, RATE_HZ)
    with suite.core.VideoWriter(path, fps, crf=10, waveform=waveform) as writer:
        for frame in walk(3) if frames is None else frames:
            writer.write(frame)
    return suite.comfyui.latest.InputImpl.VideoFromFile(str(path))


def heard(made):
    """The tone that a video sounds like most; None when it is silent."""
    path = made.get_stream_source()
    if not has_audio(path):
        return None
    found = read_audio(path)
    strength = np.abs(np.fft.rfft(found.samples[0]))
    hertz = strength.argmax() * found.sample_rate_hz / found.samples.shape[1]
    nearest = min((LOW, MIDDLE, HIGH), key=lambda tone: abs(tone - hertz))
    assert hertz == pytest.approx(nearest, rel=0.05)
    return nearest


@pytest.fixture(scope="module")
def videos(suite):
    """A driver that sounds low, a source that sounds high, and one that is silent."""
    source = walk(3, step=1, side=60)
    return {
        "low": video_file(suite, "low", sound=tone(LOW, 0.12)),
        "high": video_file(suite, "high", source, sound=tone(HIGH, 0.12)),
        "silent": video_file(suite, "silent", source),
    }


@pytest.mark.parametrize(
    ("source", "driving", "widgets", "wanted"),
    [
        ("high", "low", {}, LOW),
        ("high", "silent", {}, HIGH),
        ("silent", "silent", {}, None),
        ("high", "low", {"sound": "source"}, HIGH),
        ("high", "low", {"sound": "driving"}, LOW),
        ("high", "low", {"sound": "none"}, None),
        ("high", "low", {"audio": audio(MIDDLE)}, MIDDLE),
        ("high", "low", {"audio": audio(MIDDLE), "sound": "source"}, MIDDLE),
        ("high", "low", {"audio": audio(MIDDLE), "sound": "none"}, None),
    ],
)
def test_the_sound_is_the_chosen_one(suite, videos, source, driving, widgets, wanted):
    given = {"model": suite.model(), "source": videos[source], "driving": videos[driving]}
    assert heard(suite("LPS_AnimateVideo", **given, **widgets)) == wanted


def test_a_motion_has_no_sound_and_takes_that_of_the_source(suite, videos):
    held = suite("LPS_Expression", model=suite.model(), smile=1.0)
    given = {"model": suite.model(), "driving": held}
    assert heard(suite("LPS_AnimateVideo", source=videos["high"], **given)) == HIGH
    assert heard(suite("LPS_AnimateVideo", source=batch(STILL), **given)) is None
    talking = suite("LPS_AnimateVideo", source=videos["silent"], audio=audio(LOW), **given)
    assert heard(talking) == LOW


def test_a_video_in_memory_brings_its_sound(suite):
    driving = video(suite, walk(3), audio=audio(LOW))
    for source in (batch(STILL), video(suite, walk(1), audio=audio(HIGH))):
        given = {"model": suite.model(), "source": source, "driving": driving}
        assert heard(suite("LPS_AnimateVideo", **given)) == LOW
        assert heard(suite("LPS_AnimateVideo", sound="none", **given)) is None
    picture = video(suite, walk(1), audio=audio(HIGH))  # one frame drives, and sounds
    given = {"model": suite.model(), "source": batch(STILL), "driving": picture}
    assert heard(suite("LPS_AnimateVideo", **given)) == HIGH


@pytest.mark.parametrize("sound", ["driving", "source"])
def test_a_missing_sound_is_refused(suite, videos, sound):
    given = {"model": suite.model(), "source": batch(STILL), "driving": videos["silent"]}
    before = suite.files()
    message = suite.refusal("LPS_AnimateVideo", sound=sound, **given)
    assert message == (
        f"The {sound} has no sound; a clip with sound is expected. Set sound to auto or none, or "
        "connect an audio."
    )
    assert suite.files() == before


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"samples": torch.zeros(1, 1, 9)}, "The audio is dict; an AUDIO with a waveform and"),
        ({"waveform": torch.zeros(0, 2, 9), "sample_rate": 9}, "The audio is dict; an AUDIO"),
        ({"waveform": [1, 2], "sample_rate": 9}, "The audio is dict; an AUDIO with"),
        ("hello", "The audio is str; an AUDIO with a waveform and a sample rate is expected."),
        ({"waveform": torch.zeros(1, 9, 99), "sample_rate": 9}, "The sound has shape (9, 99);"),
        (
            {"waveform": torch.full((1, 1, 99), torch.nan), "sample_rate": 99},
            "The waveform has NaN or infinite samples;",
        ),
    ],
)
def test_an_audio_that_is_none_is_refused(suite, videos, value, expected):
    given = {"model": suite.model(), "source": batch(STILL), "driving": videos["silent"]}
    before = suite.files()
    message = suite.refusal("LPS_AnimateVideo", audio=value, **given)
    assert message.startswith(expected)
    assert suite.files() == before


@on_both
def test_the_frame_rate_of_the_driver_is_kept_to_the_fraction(suite):
    driving = video_file(suite, "ntsc", walk(3), NTSC, sound=tone(LOW, 0.2))
    given = {"model": suite.model(), "source": batch(STILL), "driving": driving}
    made = suite("LPS_AnimateVideo", **given)
    found = suite.core.VideoReader(made.get_stream_source())
    assert (found.fps, found.num_frames) == (NTSC, 3)
    assert heard(made) == LOW


def test_images_become_a_video_at_the_given_rate(suite):
    given = {"model": suite.model(), "source": batch(STILL), "driving": batch(*walk(2))}
    for widgets, fps in (
        ({}, Fraction(25)),
        ({"fps": 29.97}, NTSC),
        ({"fps": 25.0, "video_info": {"loaded_fps": 23.976}}, Fraction(24000, 1001)),
    ):
        made = suite("LPS_AnimateVideo", **given, **widgets)
        assert suite.core.VideoReader(made.get_stream_source()).fps == fps


def test_a_source_video_keeps_its_rate_and_its_driver_its_pace(suite):
    source = video_file(suite, "slow", walk(4, step=1, side=60), Fraction(24000, 1001))
    driving = video_file(suite, "fast", walk(6), Fraction(48000, 1001))
    made = suite("LPS_AnimateVideo", model=suite.model(), source=source, driving=driving)
    found = suite.core.VideoReader(made.get_stream_source())
    assert (found.fps, found.num_frames) == (Fraction(24000, 1001), 3)


def test_quality_is_obeyed(suite):
    rng = np.random.default_rng(0)
    noisy = np.clip(STILL.astype(int) + rng.integers(-20, 20, STILL.shape), 0, 255)
    given = {"model": suite.model(), "driving": batch(*walk(2))}
    sizes = []
    for crf in (1, 18, 40):
        made = suite("LPS_AnimateVideo", source=batch(noisy.astype(np.uint8)), crf=crf, **given)
        with open(made.get_stream_source(), "rb") as file:  # noqa: PTH123 - it is a string
            sizes.append(len(file.read()))
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]


def test_a_film_that_is_turned_is_seen_upright(suite):
    if not hasattr(av.VideoStream, "set_display_rotation"):
        pytest.skip("this version of PyAV cannot write turned videos")
    lying = [np.ascontiguousarray(np.rot90(frame)) for frame in walk(2)]
    path = make_clip(
        suite.comfyui.input / "turned.mp4", 2, size=(120, 160), frames=lying, rotation_deg=-90
    )
    turned = suite.comfyui.latest.InputImpl.VideoFromFile(str(path))
    faces, count = suite("LPS_FindFaces", model=suite.model(), images=turned)
    assert (faces.width, faces.height, count) == (160, 120, 1)
    upright, _ = suite("LPS_FindFaces", model=suite.model(), images=batch(*walk(2)))
    boxes = [each.tracks[0].faces[0].box for each in (faces, upright)]
    assert boxes[0] == pytest.approx(boxes[1], abs=2)


def changing(seconds):
    """Low, then high in the second half."""
    return np.concatenate((tone(LOW, seconds / 2), tone(HIGH, seconds / 2)), 1)


@on_the_new
def test_trims_are_honoured_in_pictures_and_sound(suite):
    whole = video_file(suite, "trimmed", walk(20, step=2), sound=changing(0.8))
    part = whole.as_trimmed(0.4, 0.12)
    cropped, crops = suite("LPS_CropFace", model=suite.model(), images=part)
    everything, _ = suite("LPS_CropFace", model=suite.model(), images=whole)
    assert torch.equal(cropped, everything[10:13])
    assert crops.fps == 25
    given = {"model": suite.model(), "source": batch(STILL)}
    made = suite("LPS_AnimateVideo", driving=part, **given)
    assert suite.core.VideoReader(made.get_stream_source()).num_frames == 3
    assert heard(made) == HIGH
    start = suite("LPS_AnimateVideo", driving=whole.as_trimmed(0.0, 0.12), **given)
    assert heard(start) == LOW
    tail = whole.as_trimmed(0.6, 0.0)
    cropped, _ = suite("LPS_CropFace", model=suite.model(), images=tail)
    assert torch.equal(cropped, everything[15:])


@on_the_new
def test_a_trim_of_a_video_in_memory_is_honoured(suite):
    whole = video(suite, walk(10), audio={**audio(LOW, 0.4)})
    part = whole.as_trimmed(0.2, 0.12)
    before = suite.files()
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=part)
    assert faces.num_frames == 3
    assert suite.files() == before  # it is bytes, which were put on the disk for a while


@on_the_new
def test_edits_that_wait_are_made_first(suite):
    """Newer ComfyUIs crop and resize a VIDEO when it is saved."""
    latest = suite.comfyui.latest
    edited = walk(3, step=0)

    class Edited(latest.InputImpl.VideoFromFile):
        def has_pending_frame_edits(self):
            return True

        def save_to(self, path, *args, **kwargs):
            video(suite, edited).save_to(path, *args, **kwargs)

    clip = video_file(suite, "unedited", [face_frame(width=300)] * 3)
    before = suite.files()
    faces, count = suite(
        "LPS_FindFaces", model=suite.model(), images=Edited(clip.get_stream_source())
    )
    assert (faces.width, faces.num_frames, count) == (160, 3, 1)
    assert suite.files() == before


def test_a_video_of_one_image_is_a_clip_of_one_frame(suite, videos):
    one = video_file(suite, "one", walk(1, side=60))
    made = suite("LPS_AnimateVideo", model=suite.model(), source=one, driving=videos["low"])
    assert suite.core.VideoReader(made.get_stream_source()).num_frames == 1


def test_a_video_that_is_missing_or_none_is_refused(suite):
    video_of = suite.comfyui.latest.InputImpl.VideoFromFile
    given = {"model": suite.model(), "source": batch(STILL)}
    gone = video_of(str(suite.comfyui.input / "gone.mp4"))
    assert suite.refusal("LPS_AnimateVideo", driving=gone, **given).startswith("No video at ")
    (suite.comfyui.input / "text.mp4").write_text("no video")
    text = video_of(str(suite.comfyui.input / "text.mp4"))
    message = suite.refusal("LPS_AnimateVideo", driving=text, **given)
    assert "is not a video, or it is damaged or cut off" in message
