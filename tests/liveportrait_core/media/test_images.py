import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import is_image, read_image, write_image
from liveportrait_core.media.kinds import media_kind

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)
ALPHA = RNG.integers(0, 256, (6, 9)).astype(np.uint8)


def exif_turned(png: bytes, orientation: int) -> bytes:
    """The PNG with an eXIf chunk before its data; orientation as EXIF counts it."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    chunk = b"eXIf" + tiff
    after_header = 8 + 25  # signature, IHDR chunk
    added = struct.pack(">I", len(tiff)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:after_header] + added + png[after_header:]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".tif", ".webp"])
def test_a_still_survives_a_round_trip_without_loss(tmp_path, suffix):
    path = tmp_path / f"still{suffix}"
    write_image(path, PICTURE)
    np.testing.assert_array_equal(read_image(path).rgb, PICTURE)
    assert read_image(path).alpha is None


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
def test_alpha_is_given_apart_and_written_back(tmp_path, suffix):
    path = tmp_path / f"still{suffix}"
    write_image(path, PICTURE, np.maximum(ALPHA, 1))
    still = read_image(path)
    np.testing.assert_array_equal(still.rgb, PICTURE)
    np.testing.assert_array_equal(still.alpha, np.maximum(ALPHA, 1))


def test_a_tiff_of_another_program_keeps_its_colours_under_alpha(tmp_path):
    pixels = np.dstack((PICTURE, ALPHA))
    PillowImage.fromarray(pixels).save(tmp_path / "a.tif")
    still = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(still.rgb, PICTURE)
    np.testing.assert_array_equal(still.alpha, ALPHA)
    PillowImage.fromarray(pixels[:, :, 2:]).save(tmp_path / "grey.tif")
    still = read_image(tmp_path / "grey.tif")
    np.testing.assert_array_equal(still.rgb, np.dstack([PICTURE[:, :, 2]] * 3))
    np.testing.assert_array_equal(still.alpha, ALPHA)


def test_jpeg_is_near_and_upright_in_a_folder_of_any_name(tmp_path):
    folder = tmp_path / "Bj\u00f6rk \u732b"
    folder.mkdir()
    smooth = np.full((16, 24, 3), (200, 120, 40), np.uint8)
    write_image(folder / "p\u00f3rtrait.JPG", smooth)
    read = read_image(folder / "p\u00f3rtrait.JPG").rgb
    assert read.shape == smooth.shape
    assert np.abs(read.astype(int) - smooth).max() <= 2


def test_16_bits_are_rounded_to_8(tmp_path):
    # 65535 / 257 = 255; 128 / 257 rounds to 0, 129 / 257 = 0.502 to 1.
    values = np.array([[[65535, 129, 128], [257, 0, 32896]]], np.uint16)  # 32896 = 128 * 257
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), values[:, :, ::-1])
    np.testing.assert_array_equal(read_image(path).rgb, [[[255, 1, 0], [1, 0, 128]]])


def test_grey_becomes_rgb(tmp_path):
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), ALPHA)
    np.testing.assert_array_equal(read_image(path).rgb, np.dstack([ALPHA] * 3))


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, lambda stored: stored[:, ::-1]),
        (3, lambda stored: stored[::-1, ::-1]),
        (4, lambda stored: stored[::-1]),
        (5, lambda stored: stored.swapaxes(0, 1)),
        (6, lambda stored: np.rot90(stored, -1)),  # 6: turn clockwise to see it upright
        (7, lambda stored: np.rot90(stored, 2).swapaxes(0, 1)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("with_alpha", [False, True])
def test_exif_orientation_is_honoured(tmp_path, orientation, upright, with_alpha):
    path = tmp_path / "turned.png"
    write_image(path, PICTURE, ALPHA if with_alpha else None)
    path.write_bytes(exif_turned(path.read_bytes(), orientation))
    still = read_image(path)
    np.testing.assert_array_equal(still.rgb, upright(PICTURE))
    if with_alpha:
        np.testing.assert_array_equal(still.alpha, upright(ALPHA))


def test_a_picture_of_one_pixel_is_read(tmp_path):
    write_image(tmp_path / "dot.png", PICTURE[:1, :1])
    assert read_image(tmp_path / "dot.png").rgb.shape == (1, 1, 3)


def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path, capfd):
    write_image(tmp_path / "whole.png", PICTURE)
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "text.png").write_text("This is no picture.\n")
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "float.tiff"), PICTURE.astype(np.float32))
    for name, words in {
        "text.png": "not a picture",
        "cut.png": "not a picture, or it is damaged",
        "empty.png": "empty",
        "missing.png": "No picture at",
        ".": "folder",
        "float.tiff": "float32",
    }.items():
        with pytest.raises(MediaError, match=words):
            read_image(tmp_path / name)
    # OpenCV is silent; the libpng in those before 4.13 speaks for itself.
    told = capfd.readouterr().err.splitlines()
    assert [line for line in told if not line.startswith("libpng error")] == []


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path):
    for name, words in {
        "still.gif": "no picture format",
        "nowhere/still.png": "folder does not exist",
    }.items():
        with pytest.raises(MediaError, match=words):
            write_image(tmp_path / name, PICTURE)
    with pytest.raises(MediaError, match="cannot hold transparency"):
        write_image(tmp_path / "still.jpg", PICTURE, ALPHA)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(MediaError, match="folder"):
        write_image(tmp_path / "folder.png", PICTURE)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_the_ending_tells_a_still():
    assert is_image("a/B.JPEG")
    assert not is_image("a/b.mp4")


def test_a_png_says_that_it_is_srgb(tmp_path):
    write_image(tmp_path / "a.png", PICTURE, ALPHA)
    with PillowImage.open(tmp_path / "a.png") as image:
        image.load()
        assert image.info["srgb"] == 1
        np.testing.assert_array_equal(np.asarray(image)[:, :, :3], PICTURE)


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "huge.png"
    PillowImage.new("1", (20000, 20000)).save(path)
    with pytest.raises(MediaError, match=r"huge\.png is too large .*Make it smaller first"):
        read_image(path)
    with pytest.raises(MediaError, match="is too large"):
        media_kind(path)
