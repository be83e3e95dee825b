"""Videos with alpha lie on white, as pictures do; side data that PyAV does not know."""

import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from liveportrait_core.media.orientation import Orientation, orientation_of
from liveportrait_core.media.video import VideoReader

# The left third is opaque, the middle transparent, the right third half so.
RGBA = np.zeros((48, 96, 4), np.uint8)
RGBA[:] = (200, 40, 0, 255)
RGBA[:, 32:64, 3] = 0
RGBA[:, 64:, 3] = 128
# At 128 of 255 over white: 200 * 0.502 + 255 * 0.498, and so on.
ON_WHITE = [(200, 40, 0), (255, 255, 255), (227, 147, 127)]


def transparent(path, codec, pix_fmt, **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 48, pix_fmt
        stream.options = options
        for index in range(3):
            picture = av.VideoFrame.from_ndarray(RGBA, format="rgba")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture.reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("a.mov", "prores_ks", "yuva444p10le", {"profile": "4444"}),
        ("a.mov", "png", "rgba", {}),
        ("a.mov", "qtrle", "argb", {}),
        ("a.webm", "libvpx-vp9", "yuva420p", {"auto-alt-ref": "0"}),
        ("a.webm", "libvpx", "yuva420p", {"auto-alt-ref": "0"}),
        ("a.mkv", "ffv1", "yuva420p", {}),
    ],
)
def test_a_video_with_alpha_lies_on_white(tmp_path, name, codec, pix_fmt, options):
    frames = list(VideoReader(transparent(tmp_path / name, codec, pix_fmt, **options)))
    assert len(frames) == 3
    for frame in frames:
        assert np.abs(frame[24, [16, 48, 80]].astype(int) - ON_WHITE).max() <= 4


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_an_animation_with_alpha_lies_on_white(tmp_path, suffix):
    frames = [PillowImage.fromarray(RGBA), PillowImage.fromarray(np.roll(RGBA, 4, axis=0))]
    options = {"lossless": True} if suffix == ".webp" else {"blend": 0}
    path = tmp_path / f"a{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, **options)
    first = next(iter(VideoReader(path)))
    assert np.abs(first[24, [16, 48, 80]].astype(int) - ON_WHITE).max() <= 2


def exif_jpeg():
    done, encoded = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))
    assert done
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01" + bytes(6)
    jpeg = encoded.tobytes()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_side_data_that_pyav_does_not_know_is_passed_over(tmp_path):
    path = tmp_path / "exif.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for index in range(5):
            packet = av.Packet(exif_jpeg())
            packet.pts = packet.dts = index
            packet.time_base, packet.stream = Fraction(1, 25), stream
            packet.is_keyframe = True
            container.mux(packet)
    frames = list(VideoReader(path))
    assert len(frames) == 5
    assert np.abs(frames[0].astype(int) - 90).max() <= 2


@pytest.mark.parametrize(
    ("counterclockwise", "expected"),
    [
        (0, Orientation()),
        (-90, Orientation(transposed=True, mirrored_x=True)),
        (90, Orientation(transposed=True, mirrored_y=True)),
        (180, Orientation(mirrored_x=True, mirrored_y=True)),
    ],
)
def test_beside_unknown_side_data_the_turn_counts(counterclockwise, expected):
    class Picture:
        rotation = counterclockwise

        @property
        def side_data(self):
            raise ValueError("31 is not a valid Type")

    assert orientation_of(Picture(), None) == expected
