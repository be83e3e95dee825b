from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from liveportrait_core.media.encodable import EncodablePictures
from liveportrait_core.media.video import VideoReader, VideoWriter
from liveportrait_core.media.video_formats import video_format

PARTS = {
    "inside": (slice(81, 130), slice(67, 170)),
    "odd pixel": (slice(77, 78), slice(101, 102)),
    "at the corner": (slice(0, 20), slice(0, 31)),
    "at the far corner": (slice(150, 201), slice(200, 303)),
    "a row": (slice(99, 101), slice(0, 303)),
    "all": (slice(0, 201), slice(0, 303)),
    "nothing": (slice(0, 0), slice(0, 0)),
}
"""Of a picture of 201 x 303 pixels."""


def changing(part, count=4, size=(201, 303)):
    """Noise, which is other noise in a part of each frame."""
    random = np.random.default_rng(0)
    frame = random.integers(0, 256, (*size, 3)).astype(np.uint8)
    for _ in range(count):
        yield frame.copy()
        frame[part] = random.integers(0, 256, frame[part].shape).astype(np.uint8)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("size", [(201, 303), (202, 304)], ids=["odd", "even"])
def test_a_part_gives_the_bits_of_the_whole_picture(part, size):
    form = video_format(Path("a.mp4"))
    whole, parts = EncodablePictures(form), EncodablePictures(form)
    for number, frame in enumerate(changing(part, size=size)):
        expected = whole.made(whole.given(frame, None)).to_ndarray()
        given = parts.given(frame, part if number else None)
        np.testing.assert_array_equal(parts.made(given).to_ndarray(), expected)
        assert given.pixels.size <= expected.size * 2


def test_a_small_part_is_all_that_is_copied_and_converted():
    pictures = EncodablePictures(video_format(Path("a.mp4")))
    frame = np.zeros((2160, 3840, 3), np.uint8)
    given = pictures.given(frame, (slice(600, 1112), slice(1000, 1512)))
    assert given.pixels.shape == (576, 576, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".webp"])
def test_a_film_of_parts_is_the_film_of_whole_frames(tmp_path, suffix):
    part = PARTS["inside"]
    for name in ("whole", "parts"):
        with VideoWriter(tmp_path / f"{name}{suffix}", Fraction(25), crf=8) as writer:
            for frame in changing(part):
                writer.write(frame, part if name == "parts" else None)
    films = [list(VideoReader(tmp_path / f"{name}{suffix}")) for name in ("whole", "parts")]
    np.testing.assert_array_equal(*films)
