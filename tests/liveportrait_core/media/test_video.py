import weakref
from fractions import Fraction

import av
import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.orientation import Orientation
from liveportrait_core.media.video import VideoReader

from .clips import NTSC, index_of, make_clip, make_sound, marked_frame


def test_a_clip_is_probed_exactly(tmp_path):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 10))
    assert (reader.width, reader.height) == (64, 48)
    assert reader.fps == Fraction(30000, 1001)
    assert reader.num_frames == 10
    assert reader.duration_s == pytest.approx(10 * 1001 / 30000)
    assert not reader.has_audio


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_even_rate_gives_each_picture_once_also_with_rounded_timestamps(tmp_path, suffix):
    # Matroska rounds to milliseconds: 29.97 frames come at 0, 33, 67, 100 ms.
    reader = VideoReader(make_clip(tmp_path / f"clip{suffix}", 25))
    assert [index_of(frame) for frame in reader] == list(range(25))


def test_a_clip_can_be_read_twice_and_two_at_a_time(tmp_path):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 6))
    assert [index_of(frame) for frame in reader] == [index_of(frame) for frame in reader]
    pairs = [(index_of(one), index_of(other)) for one, other in zip(reader, reader, strict=True)]
    assert pairs == [(index, index) for index in range(6)]


def test_chunks_are_the_frames_in_order_and_the_last_is_shorter(tmp_path):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 10))
    chunks = list(reader.chunks(4))
    assert [chunk.shape for chunk in chunks] == [(4, 48, 64, 3), (4, 48, 64, 3), (2, 48, 64, 3)]
    np.testing.assert_array_equal(np.concatenate(chunks), np.stack(list(reader)))
    with pytest.raises(ValueError, match="num_frames is 0; 1 or more"):
        reader.chunks(0)


def test_reading_is_lazy_and_holds_one_chunk(tmp_path, monkeypatch):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 24))
    made: list[weakref.ref] = []
    convert = VideoReader._upright_rgb

    def counted(self, picture):
        frame = convert(self, picture)
        made.append(weakref.ref(frame))
        return frame

    monkeypatch.setattr(VideoReader, "_upright_rgb", counted)
    chunks = reader.chunks(4)
    held = None
    for number in range(1, 7):
        held = next(chunks)
        assert len(made) == 4 * number
        # The chunk is a copy; of the frames that made it, one at most is still in hand.
        assert sum(frame() is not None for frame in made) <= 1
        chunk = weakref.ref(held)
        held = None
        assert chunk() is None  # nor does the reader keep the chunk


def test_leaving_the_with_block_ends_open_iterations(tmp_path):
    with VideoReader(make_clip(tmp_path / "clip.mp4", 6)) as reader:
        frames = iter(reader)
        next(frames)
    assert list(frames) == []


def test_variable_rate_keeps_duration_by_repeating_and_dropping(tmp_path):
    # 8 frames, mean rate about 10; each stays until the next, the last for 40 ms.
    times = [Fraction(ms, 1000) for ms in (0, 40, 80, 120, 400, 500, 600, 700)]
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 8, fps=Fraction(25), times=times))
    frames = list(reader)
    # Each picture is kept by rounding its start to the grid, so the end is a frame off at most.
    assert abs(len(frames) - reader.duration_s * float(reader.fps)) < 1.001
    due = [Fraction(k) / reader.fps for k in range(len(frames))]
    half = 1 / reader.fps / 2
    # By hand: of the pictures due by half a frame after the grid time, the latest.
    wanted = [max(i for i, time in enumerate(times) if time <= at + half) for at in due]
    assert [index_of(frame) for frame in frames] == wanted
    assert len(set(wanted)) < len(wanted)


def test_a_display_matrix_turns_the_picture(tmp_path):
    # Left half dark, right half bright. Turned 90 degrees counter-clockwise, right is on top.
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:, 32:] = 220
    path = tmp_path / "turned.mp4"
    if not hasattr(av.VideoStream, "set_display_rotation"):
        pytest.skip("this PyAV cannot write a display matrix")
    make_clip(path, 2, frames=[stored] * 2, rotation_deg=90)
    reader = VideoReader(path)
    frame = next(iter(reader))
    assert (reader.width, reader.height) == (48, 64)
    assert frame.shape == (64, 48, 3)
    assert frame[:30].mean() > 200
    assert frame[34:].mean() < 20


def test_orientations_are_the_eight_of_the_square():
    stored = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    clockwise = Orientation(transposed=True, mirrored_x=True)
    np.testing.assert_array_equal(clockwise.upright(stored), np.rot90(stored, -1))
    assert clockwise.size_of(3, 2) == (2, 3)
    counter = Orientation(transposed=True, mirrored_y=True)
    np.testing.assert_array_equal(counter.upright(stored), np.rot90(stored))
    half = Orientation(mirrored_x=True, mirrored_y=True)
    np.testing.assert_array_equal(half.upright(stored), np.rot90(stored, 2))


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    path = make_clip(tmp_path / "wide.mp4", 2, aspect=Fraction(3, 2))
    reader = VideoReader(path)
    assert (reader.width, reader.height) == (96, 48)
    assert next(iter(reader)).shape == (48, 96, 3)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("odd.mkv", "ffv1", "bgr0", (33, 17)),
        ("alpha.mov", "qtrle", "argb", (64, 48)),
        ("deep.mp4", "libx264", "yuv420p10le", (64, 48)),
        ("grey.mkv", "ffv1", "gray", (64, 48)),
        ("palette.gif", "gif", "rgb8", (64, 48)),
    ],
)
def test_sizes_and_pixel_formats_of_all_kinds_become_rgb(tmp_path, name, codec, pix_fmt, size):
    path = make_clip(tmp_path / name, 3, fps=Fraction(25), codec=codec, pix_fmt=pix_fmt, size=size)
    frames = list(VideoReader(path))
    assert len(frames) == 3
    for index, frame in enumerate(frames):
        assert frame.dtype == np.uint8
        assert frame.shape == (size[1], size[0], 3)
        tolerance = 20 if codec == "gif" else 2  # rgb8 has 8 levels of red
        assert abs(float(frame.mean()) - float(marked_frame(index).mean())) <= tolerance


@pytest.mark.parametrize(
    ("matrix", "value_range", "red"),
    [
        # Y = 16 + 219 Kr, or 255 Kr; V is at its most; U = 128 - c Kr / (2 - 2 Kb), c 224 or 255.
        (1, 1, (63, 102, 240)),  # BT.709: Kr = 0.2126, Kb = 0.0722
        (1, 2, (54, 99, 255)),
        (6, 1, (81, 90, 240)),  # BT.601: Kr = 0.299, Kb = 0.114
        (6, 2, (76, 85, 255)),
    ],
)
def test_colours_are_read_by_the_films_own_matrix_and_range(tmp_path, matrix, value_range, red):
    planes = [np.full(size, level, np.uint8) for size, level in zip((64, 16, 16), red, strict=True)]
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        stream.options = {"qp": "0"}
        stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = value_range
        pixels = np.concatenate([np.repeat(plane, 4) for plane in planes]).reshape(24, 16)
        picture = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        picture.pts, picture.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    pixel = next(iter(VideoReader(path)))[8, 8].astype(int)
    assert np.abs(pixel - (255, 0, 0)).max() <= 3  # rounding of Y, U and V


@pytest.mark.parametrize("num_frames", [1, 3])
def test_very_short_clips_are_read_whole(tmp_path, num_frames):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", num_frames))
    assert len(list(reader)) == num_frames == reader.num_frames


def test_what_is_no_video_is_refused_in_a_sentence(tmp_path):
    whole = make_clip(tmp_path / "whole.mp4", 30).read_bytes()
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("This is no video.\n" * 20)
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])  # its index is at the end
    make_sound(tmp_path / "sound.m4a", "aac", seconds=0.2, rate=44100)
    make_clip(tmp_path / "none.mp4", 0)
    (tmp_path / "codec.mp4").write_bytes(whole.replace(b"avc1", b"zzz1"))
    for name, words in {
        "missing.mp4": "No video at",
        "empty.mp4": "empty",
        "text.mp4": "not a video",
        "cut.mp4": "damaged or cut off",
        "sound.m4a": "has sound but no picture",
        "none.mp4": "no picture",
        "codec.mp4": "a codec that cannot be decoded here",
        ".": "folder",
    }.items():
        with pytest.raises(MediaError, match=words):
            VideoReader(tmp_path / name)


NOISE = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3)).astype(np.uint8)


@pytest.mark.skipif(
    not hasattr(av.VideoStream, "index_entries"), reason="this PyAV does not tell the index"
)
def test_a_film_shorter_than_its_index_is_refused_at_once(tmp_path):
    # Its index comes first, so it opens; 60 frames of nearly equal size, half of them there.
    path = make_clip(
        tmp_path / "clip.mp4", 60, frames=list(NOISE), options={"movflags": "+faststart"}
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"breaks off after frame (29|30) \(its index names 60\)"):
        VideoReader(path)


def test_a_film_that_breaks_off_is_read_so_far_and_names_the_frame(tmp_path):
    path = make_clip(tmp_path / "clip.mkv", 60, frames=list(NOISE))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    num_read = 0
    with pytest.raises(MediaError, match=r"breaks off after frame (29|30) "):  # noqa: PT012
        for _ in VideoReader(path):
            num_read += 1
    assert num_read >= 28


def test_the_rate_of_a_clip_is_never_rounded(tmp_path):
    for fps in (NTSC, Fraction(24000, 1001), Fraction(25), Fraction(12), Fraction(60000, 1001)):
        path = make_clip(tmp_path / "clip.mp4", 5, fps=fps)
        assert VideoReader(path).fps == fps


def comfyui_frames(path, start_s, duration_s):
    """What ComfyUI shows of a trimmed video: its rule, on all the pictures that PyAV decodes."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first = int(start_s / stream.time_base)
        stop = int((start_s + duration_s) / stream.time_base)
        pictures = {
            frame.pts: frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)
        }
    return [index_of(picture) for pts, picture in pictures.items() if first <= pts < stop]


@pytest.mark.parametrize("sound_s", [None, 0.9])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("fps", [NTSC, Fraction(25), Fraction(60)])
def test_a_part_is_what_comfyui_shows_of_a_trimmed_video(tmp_path, fps, suffix, sound_s):
    path = make_clip(tmp_path / f"clip{suffix}", 27, fps=fps, sound_s=sound_s, key_frame_every=8)
    length = 27 / float(fps)
    for start_s, duration_s in (
        (0.0, length / 2),
        (5 / float(fps), 7 / float(fps)),  # on frames
        (0.1234, 0.2),
        (length / 3, 99.0),
        (26 / float(fps), 1.0),  # the last frame
    ):
        reader = VideoReader(path, start_s=start_s, duration_s=duration_s)
        shown = [index_of(frame) for frame in reader]
        assert shown == comfyui_frames(path, start_s, duration_s)
        assert reader.num_frames == len(shown)
        assert reader.duration_s == pytest.approx(len(shown) / float(fps), abs=0.002)
        assert reader.start_s == shown[0] / fps


def test_a_part_can_be_read_twice_and_in_chunks(tmp_path):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 20), start_s=4 / NTSC, duration_s=0.2)
    chunks = [[index_of(frame) for frame in chunk] for chunk in reader.chunks(4)]
    assert chunks == [[4, 5, 6, 7], [8, 9]]
    assert [index_of(frame) for frame in reader] == [4, 5, 6, 7, 8, 9]


def test_a_part_of_variable_rate_is_a_slice_of_the_even_grid(tmp_path):
    times = [Fraction(ms, 1000) for ms in (0, 40, 80, 120, 400, 500, 600, 700, 950, 1000)]
    path = make_clip(tmp_path / "clip.mp4", 10, fps=Fraction(25), times=times)
    whole = [index_of(frame) for frame in VideoReader(path)]
    fps = VideoReader(path).fps
    for first in range(1, VideoReader(path).num_frames):
        reader = VideoReader(path, start_s=first / fps, duration_s=2 / fps)
        assert [index_of(frame) for frame in reader] == whole[first : first + 2]


def test_a_start_below_0_counts_from_the_end_as_comfyui_does(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", 25, fps=Fraction(25))

    def shown(start_s, duration_s=None):
        reader = VideoReader(path, start_s=start_s, duration_s=duration_s)
        return [index_of(frame) for frame in reader]

    assert shown(-0.2) == [20, 21, 22, 23, 24]
    assert shown(-0.2, 0.08) == [20, 21]
    assert shown(-9.0, 0.08) == [0, 1]
    # Sound of 1.2 s ends last, so the last 0.4 s begin at 0.8; AAC rounds its end up a little.
    longer = make_clip(tmp_path / "longer.mp4", 25, fps=Fraction(25), sound_s=1.2)
    assert index_of(next(iter(VideoReader(longer, start_s=-0.4)))) in (20, 21)


def test_time_begins_with_the_file_and_not_with_its_clock(tmp_path):
    # The clock of this format begins at 1.4 s.
    path = make_clip(tmp_path / "clip.ts", 25, fps=Fraction(25))
    reader = VideoReader(path, start_s=0.4, duration_s=0.12)
    assert [index_of(frame) for frame in reader] == [10, 11, 12]
    assert reader.start_s == Fraction(10, 25)


def test_a_part_that_holds_no_frame_is_refused_in_a_sentence(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", 25, fps=Fraction(25))
    with pytest.raises(MediaError, match=r"ends after 1 s, but the part to read begins at 1.2 s"):
        VideoReader(path, start_s=1.2)
    with pytest.raises(MediaError, match="shorter than a frame"):
        VideoReader(path, start_s=0.41, duration_s=0.01)
    with pytest.raises(ValueError, match="duration_s is 0; a number above 0"):
        VideoReader(path, duration_s=0)
    untold = VideoReader(make_clip(tmp_path / "raw.h264", 25, fps=Fraction(25)), start_s=1.2)
    assert (untold.num_frames, untold.duration_s) == (None, None)
    with pytest.raises(MediaError, match=r"ends after 1 s, but the part to read begins at 1.2 s"):
        list(untold)
    with pytest.raises(MediaError, match=r"length of the video .* is unknown"):
        VideoReader(untold.path, start_s=-1)
