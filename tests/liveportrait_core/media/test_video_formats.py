"""Every format that a video can be written in, and frames as files."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image as PillowImage

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import read_audio
from liveportrait_core.media.frame_files import frame_writer, is_pattern
from liveportrait_core.media.images import read_image
from liveportrait_core.media.kinds import media_kind
from liveportrait_core.media.video import VideoReader, VideoWriter
from liveportrait_core.media.video_formats import WRITABLE_SUFFIXES, video_format
from tests.liveportrait_core.media.clips import index_of, make_sound, marked_frame

FPS = Fraction(25)


@pytest.mark.parametrize("suffix", WRITABLE_SUFFIXES)
@pytest.mark.parametrize("size", [(64, 48), (65, 49)])
def test_a_video_comes_back_in_every_format(tmp_path, suffix, size):
    path = tmp_path / f"a{suffix}"
    with VideoWriter(path, FPS) as writer:
        for index in range(6):
            writer.write(marked_frame(index, *size))
    assert media_kind(path) == "video"
    video = VideoReader(path)
    assert abs(video.fps - FPS) <= Fraction(1, 100)
    assert [index_of(frame) for frame in video] == list(range(6))


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".gif", ".webp"])
def test_colours_come_back(tmp_path, suffix):
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:, :32], frame[:, 32:] = (200, 60, 40), (30, 90, 180)
    with VideoWriter(tmp_path / f"a{suffix}", FPS) as writer:
        writer.write_chunk([frame] * 3)
    read = next(iter(VideoReader(tmp_path / f"a{suffix}")))
    assert np.abs(read[24, [8, 56]].astype(int) - frame[24, [8, 56]]).max() <= 5


@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_sound_is_carried(tmp_path, suffix):
    sound = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.4, rate=44100)
    with VideoWriter(tmp_path / f"a{suffix}", FPS, audio_path=sound) as writer:
        writer.write_chunk([marked_frame(0)] * 10)
    assert np.abs(read_audio(tmp_path / f"a{suffix}").samples).max() > 0.3


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_refuse_sound(tmp_path, suffix):
    sound = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.4, rate=44100)
    with pytest.raises(MediaError, match="cannot hold sound"):
        VideoWriter(tmp_path / f"a{suffix}", FPS, audio_path=sound)


@pytest.mark.parametrize("suffix", [".mov", ".webm", ".webp"])
def test_alpha_comes_back(tmp_path, suffix):
    frame = np.zeros((48, 64, 4), np.uint8)
    frame[:] = (200, 60, 40, 255)
    frame[:, 32:, 3] = 128
    path = tmp_path / f"a{suffix}"
    with VideoWriter(path, FPS, transparent=True) as writer:
        writer.write(frame)
        writer.write(np.roll(frame, 2, axis=0))
    if suffix == ".mov":
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            assert (context.name, context.profile) == ("prores", "4444")
            assert "yuva444p" in (context.pix_fmt or "")
    read = next(iter(VideoReader(path)))  # on white: 200 * 0.502 + 255 * 0.498, and so on
    assert np.abs(read[24, [8, 56]].astype(int) - [(200, 60, 40), (227, 157, 147)]).max() <= 5
    with (
        pytest.raises(ValueError, match=r"\(H, W, 4\)"),
        VideoWriter(path, FPS, transparent=True) as writer,
    ):
        writer.write(frame[:, :, :3])


def test_formats_without_alpha_are_refused(tmp_path):
    for suffix in (".mp4", ".gif", ".avi"):
        with pytest.raises(MediaError, match="transparent video"):
            VideoWriter(tmp_path / f"a{suffix}", FPS, transparent=True)
    with pytest.raises(MediaError, match=r"'.avi' is not one of"):
        VideoWriter(tmp_path / "a.avi", FPS)


def test_a_missing_encoder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("av.codec.codecs_available", frozenset({"libx264"}))
    with pytest.raises(MediaError, match="lacks the libvpx-vp9 encoder"):
        video_format(tmp_path / "a.webm")


def test_frames_are_numbered_files_that_appear_together(tmp_path):
    rgba = np.dstack((marked_frame(1), np.full((48, 64), 7, np.uint8)))
    with frame_writer(tmp_path / "new" / "f%04d.png") as writer:
        for frame in (marked_frame(0), rgba):
            writer.write(frame)
        assert not (tmp_path / "new").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["f0000.png", "f0001.png"]
    second = read_image(tmp_path / "new" / "f0001.png")
    assert index_of(second.rgb) == 1
    assert second.alpha is not None
    assert (second.alpha == 7).all()


def test_an_interrupted_series_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), frame_writer(tmp_path / "f%d.png") as writer:  # noqa: PT012
        writer.write(marked_frame(0))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MediaError, match="folder"), frame_writer(tmp_path / "a" / "b" / "%d.png"):
        pass


def test_a_pattern_has_one_number_and_is_png(tmp_path):
    assert is_pattern(tmp_path / "%04d.png")
    assert is_pattern(tmp_path / "a%d.PNG")
    for name in ("a.png", "%d.mp4", "100%.png", "%d%d.png"):
        assert not is_pattern(tmp_path / name)


@pytest.mark.parametrize(("fps", "num_shown"), [(50, 12), (60, 10), (120, 5)])
def test_a_gif_shows_at_most_50_frames_a_second(tmp_path, caplog, fps, num_shown):
    """Browsers show a picture of one hundredth of a second for ten."""
    path = tmp_path / "a.gif"
    with VideoWriter(path, Fraction(fps)) as writer:
        for level in range(12):
            writer.write(np.full((16, 16, 3), 20 * level, np.uint8))
    with PillowImage.open(path) as image:
        lengths = [image.seek(k) or image.info["duration"] for k in range(image.n_frames)]
    assert len(lengths) == num_shown
    assert set(lengths[:-1]) == {20}
    assert len(caplog.messages) == (fps > 50)
