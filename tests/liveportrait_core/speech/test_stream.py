"""Sound in chunks, motion in frames."""

import pytest
import torch

from liveportrait_core.motion.speech_options import SpeechOptions
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.speech.speaking import style_values
from liveportrait_core.speech.stream import LIVE, WHOLE, Listening, SpeechStream
from tests.support.speaking import small_speech_model, tone


def spoken(samples, chunks, model=None, **more):
    """Frames of a sound that comes in chunks of these sizes."""
    stream = SpeechStream(model or small_speech_model(), **more)
    with torch.no_grad():
        parts = [stream.push(chunk) for chunk in samples.split(chunks)]
        parts.append(stream.finish())
    return torch.cat([part.values for part in parts]), torch.cat([part.closure for part in parts])


def test_the_size_of_the_chunks_changes_nothing():
    samples = torch.from_numpy(tone(1.3))
    whole, shut = spoken(samples, len(samples))
    assert whole.std(0).min() > 1e-3  # it moves with the sound
    for size in (100, 2560, 7001):
        again, also_shut = spoken(samples, size)
        torch.testing.assert_close(again, whole, rtol=0, atol=1e-4)
        torch.testing.assert_close(also_shut, shut, rtol=0, atol=1e-4)


@pytest.mark.parametrize("listening", [LIVE, WHOLE])
def test_a_quiet_recording_moves_the_lips_as_a_loud_one(listening):
    samples = torch.from_numpy(tone(1.3))  # at -13 dB
    loud, _ = spoken(samples, 4000, listening=listening)
    quiet, _ = spoken(samples / 4, 4000, listening=listening)
    torch.testing.assert_close(quiet, loud, rtol=0, atol=1e-3)


def test_there_is_a_frame_for_each_50th_of_a_second_that_begins_in_the_sound():
    for count, frames in ((1, 1), (320, 1), (321, 2), (2560, 8), (2561, 9), (17600, 55)):
        values, closure = spoken(torch.zeros(count), 1000)
        assert len(values) == len(closure) == frames


def test_a_stream_without_sound_has_no_frame():
    values, closure = spoken(torch.zeros(0), 1000)
    assert values.shape == (0, 6)
    assert closure.shape == (0,)


def test_a_frame_hears_300_ms_ahead_and_no_more():
    samples = torch.from_numpy(tone(1.6))
    other = samples.clone()
    other[16000:] = 0
    one, two = (spoken(given, len(given))[0] for given in (samples, other))
    alike = (one - two).abs().amax(1) < 1e-6
    assert alike[:35].all()  # up to .7 s: 300 ms before the sounds differ
    assert not alike[48:52].any()


def test_frames_come_as_soon_as_their_sound_is_there():
    stream = SpeechStream(small_speech_model())
    with torch.no_grad():
        early = stream.push(torch.zeros(15 * 320 - 1))
        first = stream.push(torch.zeros(1))
    assert len(early.values) == 0
    assert len(first.values) == 8  # frame 0 waits for 300 ms


def test_the_motion_before_a_window_goes_into_it():
    model = small_speech_model()
    with torch.no_grad():
        model.network.no_past.fill_(3.0)
    samples = torch.from_numpy(tone(0.5))
    values, _ = spoken(samples, 8000, model)
    with torch.no_grad():
        model.network.from_past.weight.zero_()
    forgetful, _ = spoken(samples, 8000, model)
    torch.testing.assert_close(forgetful[:8], values[:8])
    assert (forgetful[8:] - values[8:]).abs().max() > 1e-3


def test_guidance_0_leaves_the_style_open_and_2_doubles_what_it_does():
    model, samples = small_speech_model(), torch.from_numpy(tone(0.2))[:2560]
    style = style_values(model.form, SpeechOptions(style=SpeechStyle(opening=1.7)))
    nobody, _ = spoken(samples, 2560, model)
    open_style, taught, doubled = (
        spoken(samples, 2560, model, style=style, guidance=g)[0] for g in (0.0, 1.0, 2.0)
    )
    torch.testing.assert_close(open_style, nobody)
    assert (taught - nobody).abs().max() > 1e-3
    torch.testing.assert_close(doubled - nobody, 2 * (taught - nobody), rtol=1e-4, atol=1e-5)


def test_a_whole_sound_is_heard_farther_and_its_chunks_change_nothing():
    samples = torch.from_numpy(tone(1.3))
    whole, shut = spoken(samples, len(samples), listening=WHOLE)
    assert len(whole) == 65
    again, also_shut = spoken(samples, 3001, listening=WHOLE)
    torch.testing.assert_close(again, whole, rtol=0, atol=1e-4)
    torch.testing.assert_close(also_shut, shut, rtol=0, atol=1e-4)
    other = samples.clone()
    other[16000:] = 0
    without_end, _ = spoken(other, len(other), listening=WHOLE)
    assert (whole - without_end).abs().amax(1)[20:30].max() > 1e-6  # half a second before


def test_one_hearing_of_two_windows_makes_as_many_frames_as_two_of_one():
    samples = torch.zeros(3000)
    for windows in (1, 2, 7):
        assert len(spoken(samples, 1000, listening=Listening(windows=windows))[0]) == 10
