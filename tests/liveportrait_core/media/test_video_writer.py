import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import Waveform, read_audio
from liveportrait_core.media.video import VideoReader, VideoWriter

from .clips import NTSC, index_of, make_clip, make_sound, marked_frame, tone


def write_marked(path, num_frames, fps=NTSC, size=(64, 48), **options):
    with VideoWriter(path, fps, **options) as writer:
        for index in range(num_frames):
            writer.write(marked_frame(index, *size))
    return path


def test_frames_and_exact_rate_come_back(tmp_path):
    reader = VideoReader(write_marked(tmp_path / "out.mp4", 12))
    assert reader.fps == NTSC
    assert [index_of(frame) for frame in reader] == list(range(12))
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert Fraction(stream.duration * stream.time_base) == 12 / NTSC


def test_a_copy_of_a_clip_keeps_rate_and_length(tmp_path):
    source = VideoReader(make_clip(tmp_path / "in.mp4", 9))
    with VideoWriter(tmp_path / "out.mov", source.fps) as writer:
        for chunk in source.chunks(4):
            writer.write_chunk(chunk)
    copy = VideoReader(tmp_path / "out.mov")
    assert (copy.fps, len(list(copy))) == (source.fps, 9)


def test_colours_are_kept_and_not_darkened(tmp_path):
    # FFmpeg's default conversion loses about 1 of 255 on the mean; ours must not.
    rng = np.random.default_rng(0)
    coarse = rng.integers(10, 246, (6, 8, 3)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((16, 16, 1), np.uint8)).astype(np.uint8)
    with VideoWriter(tmp_path / "out.mp4", Fraction(25), crf=4) as writer:
        writer.write(picture)
    read = next(iter(VideoReader(tmp_path / "out.mp4")))
    error = read.astype(float) - picture
    assert np.abs(error.mean(axis=(0, 1))).max() < 0.5
    inner = error.reshape(6, 16, 8, 16, 3)[:, 4:12, :, 4:12]  # away from the edges of chroma
    assert np.abs(inner).max() <= 6


@pytest.mark.parametrize("size", [(65, 48), (64, 49), (65, 49), (1, 1)])
def test_odd_sizes_are_made_even_by_repeating_the_edge(tmp_path, size):
    write_marked(tmp_path / "out.mp4", 2, size=size)
    reader = VideoReader(tmp_path / "out.mp4")
    assert (reader.width, reader.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    frame = next(iter(reader))
    assert np.abs(frame.astype(int) - int(marked_frame(0)[0, 0, 0])).max() <= 3


def test_sound_longer_than_the_picture_is_cut_to_it(tmp_path):
    source = make_clip(tmp_path / "in.mp4", 25, fps=Fraction(25), sound_s=3.0)
    write_marked(tmp_path / "out.mp4", 10, Fraction(25), audio_path=source)
    sound = read_audio(tmp_path / "out.mp4")
    wanted = 10 * 44100 // 25
    assert 0 <= sound.samples.shape[1] - wanted < 1024  # to a frame of AAC
    heard = sound.samples[:, 2000 : wanted - 2000]
    np.testing.assert_allclose(heard, tone(3.0, 44100)[:, 2000 : wanted - 2000], atol=0.03)


def test_sound_shorter_than_the_picture_is_kept_whole(tmp_path):
    source = make_clip(tmp_path / "in.mp4", 5, fps=Fraction(25), sound_s=0.3)
    write_marked(tmp_path / "out.mp4", 25, Fraction(25), audio_path=source)
    reader = VideoReader(tmp_path / "out.mp4")
    assert reader.has_audio
    assert len(list(reader)) == 25
    sound = read_audio(tmp_path / "out.mp4").samples[0]
    assert np.abs(sound[5000:12000]).max() > 0.4
    assert abs(len(sound) - 0.3 * 44100) < 2048


def test_sound_starts_where_it_is_told(tmp_path):
    source = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=1.0, rate=48000)
    late = write_marked(
        tmp_path / "late.mp4", 25, Fraction(25), audio_path=source, audio_start_s=Fraction(-1, 2)
    )
    sound = read_audio(late).samples[0]
    assert np.abs(sound[:23000]).max() < 0.02
    np.testing.assert_allclose(sound[26000:46000], tone(1.0, 48000)[0, 2000:22000], atol=0.03)
    early = write_marked(
        tmp_path / "early.mp4", 10, Fraction(25), audio_path=source, audio_start_s=Fraction(1, 4)
    )
    sound = read_audio(early).samples[0]
    np.testing.assert_allclose(sound[2000:17000], tone(1.0, 48000)[0, 14000:29000], atol=0.03)


def test_the_sound_of_a_part_is_in_step_and_ends_with_it(tmp_path):
    source = make_clip(tmp_path / "in.mp4", 50, fps=Fraction(25), sound_s=2.0)
    part = VideoReader(source, start_s=0.47, duration_s=0.8)  # frames 12 to 31
    with VideoWriter(
        tmp_path / "out.mp4", part.fps, audio_path=part.path, audio_start_s=part.start_s
    ) as writer:
        for chunk in part.chunks(8):
            writer.write_chunk(chunk)
    assert [index_of(frame) for frame in VideoReader(tmp_path / "out.mp4")][::19] == [12, 3]
    sound = read_audio(tmp_path / "out.mp4").samples
    start, length = 12 * 44100 // 25, 20 * 44100 // 25
    assert 0 <= sound.shape[1] - length < 1024  # to a frame of AAC
    wanted = tone(2.0, 44100)[:, start : start + length]
    np.testing.assert_allclose(sound[:, 2000 : length - 2000], wanted[:, 2000:-2000], atol=0.03)


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (22051, 2)])
def test_a_waveform_is_carried_and_cut_to_the_picture(tmp_path, rate, channels):
    sound = Waveform(tone(1.5, rate, channels), rate)
    write_marked(
        tmp_path / "out.mp4", 25, Fraction(25), waveform=sound, audio_start_s=Fraction(1, 4)
    )
    heard = read_audio(tmp_path / "out.mp4")
    rate = heard.sample_rate_hz  # AAC has no 22051
    assert heard.samples.shape[0] == channels
    assert 0 <= heard.samples.shape[1] - rate < 1024  # to a frame of AAC
    wanted = tone(1.5, rate, channels)[:, rate // 4 :][:, 2000 : rate - 2000]
    np.testing.assert_allclose(heard.samples[:, 2000 : rate - 2000], wanted, atol=0.03)


def test_a_waveform_shorter_than_the_picture_just_ends_and_an_empty_one_is_silence(tmp_path):
    sound = Waveform(tone(0.3, 44100), 44100)
    write_marked(tmp_path / "short.mp4", 25, Fraction(25), waveform=sound)
    assert abs(read_audio(tmp_path / "short.mp4").samples.shape[1] - 0.3 * 44100) < 2048
    nothing = Waveform(np.zeros((2, 0), np.float32), 44100)
    write_marked(tmp_path / "none.mp4", 25, Fraction(25), waveform=nothing)
    for name in ("short.mp4", "none.mp4"):
        assert len(list(VideoReader(tmp_path / name))) == 25


def test_sound_that_cannot_be_carried_is_refused_in_a_sentence(tmp_path):
    sound = Waveform(tone(0.3, 44100), 44100)
    with pytest.raises(ValueError, match=r"two sounds, a waveform and in\.wav"):
        VideoWriter(tmp_path / "out.mp4", NTSC, audio_path="in.wav", waveform=sound)
    sound.samples[0, 100] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        VideoWriter(tmp_path / "out.mp4", NTSC, waveform=sound)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("in.wav", "pcm_s16le", 44056),  # a rate that AAC cannot hold
        ("in.flac", "flac", 96000),
        ("in.mp3", "libmp3lame", 44100),
        ("in.ogg", "libopus", 48000),
    ],
)
def test_sound_of_any_codec_is_carried(tmp_path, name, codec, rate):
    source = make_sound(tmp_path / name, codec, seconds=0.6, rate=rate, channels=1)
    write_marked(tmp_path / "out.mp4", 10, Fraction(25), audio_path=source)
    sound = read_audio(tmp_path / "out.mp4")
    wanted = tone(0.6, sound.sample_rate_hz, 1)
    middle = slice(sound.sample_rate_hz // 10, sound.sample_rate_hz // 10 * 3)
    np.testing.assert_allclose(sound.samples[:, middle], wanted[:, middle], atol=0.05)


def test_a_file_without_sound_is_no_source_of_sound(tmp_path):
    silent = make_clip(tmp_path / "silent.mp4", 3)
    with pytest.raises(MediaError, match="has no sound"):
        write_marked(tmp_path / "out.mp4", 3, audio_path=silent)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing_and_the_old_film_stays(tmp_path, error):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"the old film")
    with pytest.raises(error), VideoWriter(path, NTSC) as writer:  # noqa: PT012
        writer.write(marked_frame(0))
        raise error
    assert path.read_bytes() == b"the old film"
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_is_taken_only_at_the_end(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, NTSC) as writer:
        writer.write(marked_frame(0))
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(MediaError, match=r"is not one of \.mp4"):
        VideoWriter(tmp_path / "out.avi", NTSC)
    with pytest.raises(MediaError, match="folder does not exist"):
        write_marked(tmp_path / "nowhere" / "out.mp4", 1)
    with pytest.raises(MediaError, match="got 0 frames"):
        write_marked(tmp_path / "out.mp4", 0)
    with pytest.raises(ValueError, match="fps is 0; a number above 0"):
        VideoWriter(tmp_path / "out.mp4", Fraction(0))
    for frames, words in (
        ([marked_frame(0), marked_frame(0, 32, 32)], "same size"),
        ([marked_frame(0).astype(np.float32)], "uint8"),
        ([marked_frame(0)[:, :, 0]], "RGB|uint8"),
    ):
        with pytest.raises(ValueError, match=words), VideoWriter(tmp_path / "o.mp4", NTSC) as film:
            film.write_chunk(frames)
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, signal, sys
from fractions import Fraction
import numpy as np
from liveportrait_core.errors import MediaError
from liveportrait_core.media.video import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
noise = np.random.default_rng(0).integers(0, 256, (40, 128, 128, 3)).astype(np.uint8)
try:
    with VideoWriter(sys.argv[1], Fraction(25), crf=1) as writer:
        writer.write_chunk(noise)
except MediaError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_no_space_is_a_sentence_and_leaves_nothing(tmp_path):
    path = tmp_path / "out.mp4"
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    # A limit on the file's size stands in for a full disk; the system words them differently.
    assert run.stdout.startswith(f"Cannot write {path}: File too large.")
    assert "make space" in run.stdout
    assert list(tmp_path.iterdir()) == []
