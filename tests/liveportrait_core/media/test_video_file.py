from fractions import Fraction

import av
import av.logging
import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media import video_file as film
from liveportrait_core.media.video import VideoReader
from liveportrait_core.media.video_file import VideoFile
from liveportrait_core.media.video_writer import VideoWriter

from .clips import index_of, make_clip

FPS = Fraction(25)


@pytest.fixture
def decoded(monkeypatch):
    """The pictures that are decoded, as they are."""
    pictures = []
    decode = VideoFile._decode

    def watched(self, container, stream):
        for picture in decode(self, container, stream):
            pictures.append(picture)
            yield picture

    monkeypatch.setattr(VideoFile, "_decode", watched)
    return pictures


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_part_far_in_the_film_is_sought_and_is_the_same_to_the_bit(tmp_path, suffix, decoded):
    path = make_clip(tmp_path / f"clip{suffix}", 130, fps=FPS, key_frame_every=10)
    whole = list(VideoReader(path))
    for start in range(100, 121):
        reader = VideoReader(path, start_s=start / FPS, duration_s=3 / FPS)
        decoded.clear()
        np.testing.assert_array_equal(list(reader), whole[start : start + 3])
        # Half a second of margin is 13 frames, a key frame is 9 before that at most, then come
        # our three, one more to know where the last ends, and B-frames in between.
        assert len(decoded) <= 13 + 9 + 3 + 1 + 3


@pytest.mark.parametrize("suffix", [".avi", ".ts"])
def test_formats_without_an_index_are_decoded_from_the_beginning(tmp_path, suffix, decoded):
    options = {"codec": "mpeg4"} if suffix == ".avi" else {"key_frame_every": 5}
    path = make_clip(tmp_path / f"clip{suffix}", 40, fps=FPS, **options)
    reader = VideoReader(path, start_s=30 / FPS, duration_s=3 / FPS)
    decoded.clear()
    assert [index_of(frame) for frame in reader] == [2, 3, 4]  # levels repeat after 28
    assert len(decoded) == 34


def test_seeking_that_lands_too_late_is_not_trusted(tmp_path, decoded, monkeypatch):
    path = make_clip(tmp_path / "clip.mp4", 60, fps=FPS, key_frame_every=10)
    monkeypatch.setattr(film, "_SEEK_MARGIN_S", Fraction(-1))
    reader = VideoReader(path, start_s=14 / FPS, duration_s=4 / FPS)
    decoded.clear()
    assert [index_of(frame) for frame in reader] == [14, 15, 16, 17]
    # One picture after seeking, which was no use, and then the film from its beginning.
    assert [picture.pts == 0 for picture in decoded[:2]] == [False, True]


def test_a_film_that_breaks_off_names_the_frame_also_after_seeking(tmp_path):
    noise = list(np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3)).astype(np.uint8))
    path = make_clip(tmp_path / "clip.mkv", 60, frames=noise, fps=FPS, key_frame_every=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reader = VideoReader(path, start_s=20 / FPS)
    with pytest.raises(MediaError, match=r"breaks off after frame (2[6-9]|3[0-3]) "):
        list(reader)
    assert len(list(VideoReader(path, start_s=20 / FPS, duration_s=3 / FPS))) == 3


def test_a_recording_that_begins_between_key_frames_tells_how_long_its_picture_lacks(tmp_path):
    path = make_clip(tmp_path / "clip.ts", 27, fps=FPS, sound_s=1.08, key_frame_every=9)
    whole = VideoReader(path)
    assert (index_of(next(iter(whole))), whole.start_s) == (0, 0)
    path.write_bytes(path.read_bytes()[188 * 20 :])  # some frames fewer, and their sound
    reader = VideoReader(path)
    assert index_of(next(iter(reader))) == 9  # the second key frame
    assert 0 < reader.start_s < 9 / FPS
    assert (reader.start_s * FPS).denominator == 1


@pytest.mark.parametrize("interlaced", [True, False])
def test_an_interlaced_video_is_warned_of_once(tmp_path, caplog, interlaced):
    path = tmp_path / "a.mpg"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"flags": "+ildct+ilme"} if interlaced else {}
        for index in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    assert len(list(VideoReader(path))) == 3
    assert len([text for text in caplog.messages if "interlaced" in text]) == interlaced


def test_ffmpegs_messages_are_not_handed_to_python(tmp_path):
    """Closing a file would wait for a decoder that waits to hand one on."""
    path = make_clip(tmp_path / "clip.mp4", 2, fps=FPS)
    av.logging.set_level(av.logging.ERROR)  # as some versions of torchvision do
    with VideoWriter(tmp_path / "out.mp4", FPS) as writer:
        assert av.logging.get_level() is None
        writer.write(np.zeros((64, 64, 3), np.uint8))
    av.logging.set_level(av.logging.ERROR)
    VideoFile(path)
    assert av.logging.get_level() is None
