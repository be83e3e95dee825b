"""Picture or video by content, and the pictures that Pillow reads."""

from base64 import b85decode

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import features

from liveportrait_core.errors import MediaError
from liveportrait_core.media import images, pillow_images
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.kinds import media_kind
from liveportrait_core.media.video import VideoReader
from tests.liveportrait_core.media.clips import index_of, make_clip, marked_frame

# 48 x 32, the left half (200, 40, 40), the right half (40, 40, 200); written by libheif.
HEIC = b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004fZDn*}000000000XXk=`10000000000aA{+700000000000000"
    "000000B57=IV*mgE07O6l0RRC200001p#T8@00000003D4001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#"
    "rGn01j|zbZr0t000010002}X>f9I0002pX>en20001XXm(>m0RwOV0058x000009`FGC{rLC*01pFT0096PKmiN^"
    "|NjGU00093kN^M!000939=ZZRVE_RDDnbDP18@KU0|1Z!00RI30{|YNAb|yz>g1-mxCm%4AOHXZ10VnZ0{|gn009"
    "67L;=Bbz=;3=025<xY;ta6Y<K_x01W^JfB*mh6lrsCWdHyG00000KmY&$KmY&$C}V74Z~y=RFaQ7m0RR91AOHXW0"
    "ssI1@Bjb+0{{R2-~a#s0ssI25O8UDX#fBK00RgJ2mk;87-?{AVE_OC000000RRC7fdT^sga7~lVQpk#bN~PVRVV?"
    "k3E<;MnwJ0dumAjRc@G*a#_yl^ueW&?-}}p?HsE9pIHfmw___cRLCCwS4O`3P@K8f2zVf_J@AuBiMKBV#h(PSFCc"
    "8a`6A5;40PC3tn{W"
)


def saved(path, num_frames, **options):
    """Marked frames by Pillow, 40 ms each."""
    frames = [PillowImage.fromarray(marked_frame(index)) for index in range(num_frames)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, **options)
    return path


def test_a_picture_is_recognised_under_any_name(tmp_path):
    write_image(tmp_path / "still.jpg", marked_frame(3))
    for name in ("a.jfif", "a.jpe", "noext", "a.mp4", "a.heic"):
        (tmp_path / name).write_bytes((tmp_path / "still.jpg").read_bytes())
        assert media_kind(tmp_path / name) == "picture"
        assert index_of(read_image(tmp_path / name).rgb) == 3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.webp", {"lossless": True}),
        ("a.png", {}),
        ("a.gif", {}),
        ("noext", {"format": "WEBP", "lossless": True}),
    ],
)
def test_animations_are_videos_and_single_pictures_are_not(tmp_path, name, options):
    assert media_kind(saved(tmp_path / name, 1, **options)) == "picture"
    assert index_of(read_image(tmp_path / name).rgb) == 0
    assert media_kind(saved(tmp_path / name, 7, **options)) == "video"
    video = VideoReader(tmp_path / name)
    assert video.fps == 25
    assert [index_of(frame) for frame in video] == list(range(7))


def test_pages_and_views_are_no_animation(tmp_path):
    assert media_kind(saved(tmp_path / "pages.tiff", 3)) == "picture"
    assert media_kind(saved(tmp_path / "views.jpg", 3, format="MPO")) == "picture"


def test_a_video_is_recognised_under_any_name_and_text_is_neither(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", 2)
    for name in ("clip", "clip.jpg"):
        (tmp_path / name).write_bytes(clip.read_bytes())
    assert media_kind(clip) == "video"
    assert media_kind(tmp_path / "clip") == "video"
    (tmp_path / "notes").write_text("words\n" * 9)
    assert media_kind(tmp_path / "notes") is None
    with pytest.raises(MediaError, match="No picture or video at"):
        media_kind(tmp_path / "missing")


def test_a_damaged_file_is_what_its_name_says(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\0" * 99)
    (tmp_path / "bad.MOV").write_bytes(b"\0" * 99)
    assert media_kind(tmp_path / "bad.png") == "picture"
    assert media_kind(tmp_path / "bad.MOV") == "video"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_a_picture(tmp_path):
    pixels = marked_frame(9)
    PillowImage.fromarray(pixels).save(tmp_path / "a.avif", quality=90)
    assert media_kind(tmp_path / "a.avif") == "picture"
    assert np.abs(read_image(tmp_path / "a.avif").rgb.astype(int) - pixels).max() <= 3


def test_heic_is_a_picture(tmp_path):
    pytest.importorskip("pi_heif")
    (tmp_path / "a.heic").write_bytes(HEIC)
    assert media_kind(tmp_path / "a.heic") == "picture"
    rgb = read_image(tmp_path / "a.heic").rgb
    assert rgb.shape == (32, 48, 3)
    assert np.abs(rgb[16, 4].astype(int) - (200, 40, 40)).max() <= 6
    assert np.abs(rgb[16, 40].astype(int) - (40, 40, 200)).max() <= 6


def test_heic_without_its_package_is_one_sentence_that_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "can_read_heif", lambda: False)
    monkeypatch.setattr(pillow_images, "_FORMATS", ("PNG", "JPEG"))
    (tmp_path / "a.heic").write_bytes(HEIC)
    assert media_kind(tmp_path / "a.heic") == "picture"
    with pytest.raises(MediaError, match="pip install pi-heif"):
        read_image(tmp_path / "a.heic")


def test_an_animated_webp_keeps_the_seconds_of_uneven_pictures(tmp_path):
    frames = [PillowImage.fromarray(marked_frame(index)) for index in range(3)]
    path = tmp_path / "uneven.webp"
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=[90, 310, 200], lossless=True
    )
    video = VideoReader(path)
    assert (video.fps, video.duration_s) == (5, 0.6)
    # by the middle of the slots, 0.1, 0.3 and 0.5 s, the pictures of 0.09, 0.09 and 0.4 s are due
    assert [index_of(frame) for frame in video] == [1, 1, 2]


def test_a_cut_off_animated_webp_is_refused(tmp_path):
    path = saved(tmp_path / "a.webp", 7, lossless=True)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(MediaError, match="breaks off"):
        list(VideoReader(path))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_an_animated_avif_is_a_video_of_all_its_frames(tmp_path):
    levels = (40, 120, 200)
    first, *others = (PillowImage.new("RGB", (64, 48), (level,) * 3) for level in levels)
    path = tmp_path / "a.avif"
    first.save(path, save_all=True, append_images=others, duration=40)
    assert media_kind(path) == "video"
    reader = VideoReader(path)
    assert (reader.num_frames, reader.fps) == (3, 25)
    means = [frame.mean() for frame in reader]
    assert means == pytest.approx(levels, abs=3)
