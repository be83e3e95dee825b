"""Pictures that state HDR or a wide gamut by numbers come back as the SDR they were made of."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from liveportrait_core.media.images import read_image
from liveportrait_core.media.stated_colour import stated_space
from tests.liveportrait_core.media.test_hdr import BT2020, HLG, PQ, SDR, TO_BT2020, hlg, pq
from tests.support.icc import ADOBE_GAMMA, ADOBE_RGB, rgb_profile

SRGB_TRANSFER, BT709, P3 = 13, 1, 12


def png(path, signal, primaries, transfer):
    """RGB signals in [0, 1] as PNG of 16 bits with a cICP chunk."""
    cv2.imwrite(str(path), np.rint(signal[:, :, ::-1] * 65535).astype(np.uint16))
    content, chunk = path.read_bytes(), b"cICP" + bytes((primaries, transfer, 0, 1))
    added = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(content[:33] + added + content[33:])
    return path


@pytest.mark.parametrize(("transfer", "encode"), [(PQ, pq), (HLG, hlg)])
def test_an_hdr_png_is_toned_as_a_video_is(tmp_path, transfer, encode):
    signal = encode((SDR / 255) ** 2.4 @ TO_BT2020.T)
    read = read_image(png(tmp_path / "a.png", signal, BT2020, transfer)).rgb
    assert np.abs(read.astype(int) - SDR).max() <= 6


@pytest.mark.parametrize(("transfer", "encode"), [(PQ, pq), (HLG, hlg)])
def test_an_hdr_avif_is_toned_as_a_video_is(tmp_path, transfer, encode):
    """Pillow writes 8 bits and sRGB; the numbers are put in afterwards."""
    signal = encode((SDR / 255) ** 2.4 @ TO_BT2020.T)
    path = tmp_path / "a.avif"
    stored = PillowImage.fromarray(np.rint(signal * 255).astype(np.uint8))
    stored.save(path, quality=100, subsampling="4:4:4")
    content = path.read_bytes()
    place = content.index(b"colrnclx") + 8
    numbers = struct.pack(">HH", BT2020, transfer)
    path.write_bytes(content[:place] + numbers + content[place + 4 :])
    # a step of 8 bits of PQ or HLG is up to 3 of sRGB
    assert np.abs(read_image(path).rgb.astype(int) - SDR).mean() <= 3
    assert np.abs(read_image(path).rgb.astype(int) - SDR).max() <= 12


def test_a_wide_gamut_is_converted_and_a_profile_goes_before_it(tmp_path):
    signal = ((SDR / 255) ** 2.4 @ TO_BT2020.T) ** (1 / 2.4)
    path = png(tmp_path / "a.png", signal, BT2020, SRGB_TRANSFER)
    assert np.abs(read_image(path).rgb.astype(int) - SDR).max() <= 6
    profile = rgb_profile(ADOBE_RGB, ADOBE_GAMMA)
    PillowImage.fromarray(SDR).save(tmp_path / "b.avif", icc_profile=profile, quality=100)
    assert stated_space((tmp_path / "b.avif").read_bytes()) is None


def test_srgb_states_nothing(tmp_path):
    PillowImage.fromarray(SDR).save(tmp_path / "a.avif")
    assert stated_space((tmp_path / "a.avif").read_bytes()) is None
    assert stated_space(b"") is None
    assert stated_space(png(tmp_path / "a.png", SDR / 255, BT709, 13).read_bytes()) is None
    assert stated_space(png(tmp_path / "b.png", SDR / 255, P3, 13).read_bytes()).primaries == P3
