"""HDR and wide-gamut videos become BT.709, near the SDR picture that they were made of."""

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from liveportrait_core.media.hdr import (
    PEAK_NITS,
    REFERENCE_WHITE_NITS,
    colour_space_of,
    tone_mapped,
)
from liveportrait_core.media.video import VideoReader
from liveportrait_core.media.video_file import VideoFile

BT2020, UNSPECIFIED, BT709 = 9, 2, 1
PQ, HLG, SDR_10_BITS = 16, 18, 14
# ITU-R BT.2087, table 2: linear BT.709 to linear BT.2020.
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
# Skin, dark, grey, saturated red and blue of 16 columns each, and white.
COLOURS = [(224, 172, 140), (30, 22, 18), (128, 128, 128), (200, 40, 30), (40, 60, 180)]
SDR = np.repeat(np.array([COLOURS], np.uint8), 16, axis=1).repeat(32, axis=0)


def pq(light):
    """BT.2100, inverse EOTF of PQ; light 1 is 203 nits."""
    power = (light * 203 / 10000) ** (2610 / 16384)
    m2 = 2523 / 4096 * 128
    return ((3424 / 4096 + 2413 / 4096 * 32 * power) / (1 + 2392 / 4096 * 32 * power)) ** m2


def hlg(light):
    """BT.2100, inverse OOTF of a display of 1000 nits, then the OETF."""
    display = light * 203 / 1000
    luminance = display @ np.array([0.2627, 0.6780, 0.0593])
    scene = display * np.maximum(luminance, 1e-9)[..., None] ** ((1 - 1.2) / 1.2)
    a = 0.17883277
    curve = a * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), curve)


def written(path, signal, transfer, primaries=BT2020):
    """RGB signals in [0, 1] as lossless video of 10 bits."""
    pixels = np.rint(signal.clip(0, 1) * 65535).astype(np.uint16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv444p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc = primaries, transfer
        context.colorspace, context.color_range = BT2020, 1
        for index in range(2):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb48le").reformat(
                format="yuv444p10le", dst_colorspace=BT2020, dst_color_range=1
            )
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("transfer", "encode"), [(PQ, pq), (HLG, hlg)])
def test_an_hdr_video_comes_back_as_the_sdr_it_was_made_of(tmp_path, transfer, encode):
    light = (SDR / 255) ** 2.4 @ TO_BT2020.T  # BT.1886
    frames = list(VideoReader(written(tmp_path / "a.mkv", encode(light), transfer)))
    assert len(frames) == 2
    assert np.abs(frames[0].astype(int) - SDR).max() <= 6
    assert np.abs(frames[0].astype(int) - SDR).mean() <= 2


@pytest.mark.parametrize(("transfer", "encode"), [(PQ, pq), (HLG, hlg)])
def test_an_sdr_film_in_an_hdr_signal_keeps_its_white(tmp_path, transfer, encode):
    """Converters such as zscale put SDR white at 100 nits where no one says otherwise."""
    white = np.concatenate((SDR, np.full_like(SDR[:4], 255)))
    light = (white / 255) ** 2.4 @ TO_BT2020.T * 100 / 203
    frame = next(iter(VideoReader(written(tmp_path / "a.mkv", encode(light), transfer))))
    assert np.abs(frame.astype(int) - white).max() <= 6


def test_a_film_that_is_dark_throughout_stays_dark(tmp_path):
    light = (SDR / 255) ** 2.4 @ TO_BT2020.T * 60 / 203
    frame = next(iter(VideoReader(written(tmp_path / "a.mkv", pq(light), PQ))))
    np.testing.assert_allclose(frame, SDR * (60 / 203) ** (1 / 2.4), atol=6)


def test_wide_gamut_without_hdr_is_converted_alone(tmp_path):
    signal = ((SDR / 255) ** 2.4 @ TO_BT2020.T) ** (1 / 2.4)
    frame = next(iter(VideoReader(written(tmp_path / "a.mkv", signal, SDR_10_BITS))))
    assert np.abs(frame.astype(int) - SDR).max() <= 6


@pytest.mark.parametrize("nits", [203, 500, 1000, 4000])
def test_highlights_bend_below_white(tmp_path, nits):
    signal = pq(np.full((16, 16, 3), nits / 203))
    frame = next(iter(VideoReader(written(tmp_path / "a.mkv", signal, PQ))))
    # SDR white, 203 nits, is bent to 0.9 of the light: 255 * 0.9 ** (1 / 2.4) = 244
    lowest = {203: 241, 500: 248, 1000: 253, 4000: 253}[nits]
    assert frame.min() >= lowest
    assert frame.max() - frame.min() <= 2


def test_the_tone_curve_is_monotone_smooth_and_the_identity_in_the_dark():
    peak = PEAK_NITS / REFERENCE_WHITE_NITS
    light = np.linspace(0, peak, 5000)
    mapped = tone_mapped(light)
    steps = np.diff(mapped)
    np.testing.assert_allclose(mapped[light <= 0.8], light[light <= 0.8], atol=1e-12)
    assert mapped[-1] == pytest.approx(1)
    assert (steps > 0).all()
    assert np.abs(np.diff(steps)).max() < 0.02 * steps[0]  # no corner
    assert tone_mapped(np.array(99.0)) == pytest.approx(1)


def test_untagged_and_bt709_videos_are_not_touched(tmp_path):
    signal = SDR / 255
    for primaries in (BT709, UNSPECIFIED):
        path = written(tmp_path / "a.mkv", signal, BT709, primaries)
        assert np.abs(next(iter(VideoReader(path))).astype(int) - SDR).max() <= 2


def test_what_a_file_states_counts_where_its_pictures_say_nothing(tmp_path):
    stated = VideoFile(written(tmp_path / "a.mkv", SDR / 255, PQ)).colour
    assert stated == (BT2020, PQ)
    old = SimpleNamespace()  # a picture of PyAV before 17
    assert colour_space_of(old, stated).transfer == "pq"
    assert colour_space_of(old, (UNSPECIFIED, UNSPECIFIED)) is None
    assert colour_space_of(SimpleNamespace(color_primaries=BT709, color_trc=BT709), stated) is None
