from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.errors import CheckpointError, FaceNotFoundError, MediaError
from liveportrait_core.imaging.crop import FaceBox, box_transform
from liveportrait_core.media.images import read_image
from liveportrait_core.media.video_writer import VideoWriter
from liveportrait_core.model import load_model
from liveportrait_core.preset import PAPER
from tests.support.tiny import tiny_compact_model
from train.evaluation.clip_reenactment import (
    MIN_HEAD_MOTION,
    ReenactedClip,
    clip_measures,
    clips_in,
    inside,
    reenact,
)
from train.evaluation.measured_model import at_size, compact_only

SIZE_PX = 64
PORTRAIT = "docs/demo/portrait.jpg"
STEP_PX = 6


def flat(level):
    return np.full((12, 12, 3), level, np.uint8)


def a_clip(head_motion=0.1, output=(110, 110)):
    return ReenactedClip(
        name="a.mp4",
        source=flat(151),
        driving=np.stack([flat(100), flat(100)]),
        output=np.stack([flat(level) for level in output]),
        head_motion=head_motion,
    )


def test_a_clip_is_compared_with_copying_its_source():
    row = a_clip().row
    # 10 and 51 levels of 255 away: 20 log10(255 / 10), 20 log10(255 / 51)
    assert row["psnr_db"] == pytest.approx(28.1308, abs=1e-3)
    assert row["copy_psnr_db"] == pytest.approx(13.9794, abs=1e-3)
    assert row["psnr_gain_db"] == pytest.approx(14.1514, abs=1e-3)
    assert row["l1"] == pytest.approx(10 / 255)
    assert row["copy_l1"] == pytest.approx(51 / 255)
    # of flat pictures (2xy + c1) / (x^2 + y^2 + c1): x = 100, y = 110, c1 = 6.5025 levels
    assert row["ssim"] == pytest.approx(22006.5025 / 22106.5025, abs=1e-4)


def test_a_crop_is_moved_into_the_picture():
    # 40 pixels a side about (15, 30): 5 too far to the left
    crop = box_transform(FaceBox((14.5, 29.5), 40.0, 0.0), size_px=40)
    moved = inside(crop, (60, 80), 20)
    corners = moved.to_source(np.array([[-0.5, -0.5], [19.5, 19.5]]))
    np.testing.assert_allclose(corners, [[-0.5, 9.0], [39.5, 49.0]], atol=1e-6)


def test_a_crop_larger_than_the_picture_becomes_the_largest_square_in_it():
    crop = box_transform(FaceBox((30.0, 30.0), 100.0, 0.0), size_px=50)
    moved = inside(crop, (60, 80), 30)
    corners = moved.to_source(np.array([[-0.5, -0.5], [29.5, 29.5]]))
    np.testing.assert_allclose(corners, [[-0.5, -0.5], [59.5, 59.5]], atol=1e-6)


def test_only_clips_with_a_moving_head_make_the_mean():
    still = a_clip(head_motion=MIN_HEAD_MOTION / 2, output=(100, 100))
    measures = clip_measures([a_clip(), still])
    assert measures["clips_moving"] == 1
    assert measures["clips_psnr_db"] == pytest.approx(28.1308, abs=1e-3)
    # the still one is met exactly: 100 dB
    assert measures["clips_all_psnr_db"] == pytest.approx((28.1308 + 100) / 2, abs=1e-3)


def test_without_a_moving_head_there_is_no_mean():
    assert np.isnan(clip_measures([a_clip(head_motion=0.0)])["clips_psnr_gain_db"])


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A portrait that slides to the right, `STEP_PX` a frame, before a repeated left edge."""
    portrait = read_image(PORTRAIT).rgb[:256, 96:352]
    path = tmp_path_factory.mktemp("films") / "slide.mp4"
    with VideoWriter(path, Fraction(25), crf=10) as writer:
        for index in range(5):
            shift = STEP_PX * index
            edge = np.repeat(portrait[:, :1], shift, axis=1)
            frame = np.concatenate((edge, portrait[:, : portrait.shape[1] - shift]), 1)
            writer.write(np.ascontiguousarray(frame))
    return path


def test_a_clip_is_driven_by_its_own_frames_in_one_crop(video):
    model = at_size(tiny_compact_model(), SIZE_PX)
    clip = reenact(model, load_model(), video, every=2)
    assert clip.name == "slide.mp4"
    assert clip.driving.shape == clip.output.shape == (2, SIZE_PX, SIZE_PX, 3)
    # frames 2 and 4: the face is 12, then 24 pixels further, 18 on average, and nothing else moves
    side_px = 18 / clip.head_motion
    assert 140 < side_px < 230  # the face is some 105 pixels high
    moved = np.abs(clip.driving.astype(float) - clip.source).mean((1, 2, 3))
    assert 0 < moved[0] < moved[1]


def test_a_video_without_a_face_is_refused(tmp_path):
    path = tmp_path / "grey.mp4"
    with VideoWriter(path, Fraction(25)) as writer:
        writer.write(np.full((64, 64, 3), 128, np.uint8))
    model = at_size(tiny_compact_model(), SIZE_PX)
    with pytest.raises(FaceNotFoundError):
        reenact(model, load_model(), path, every=1)


def test_pictures_are_saved_for_the_mesh(tmp_path):
    a_clip().write(tmp_path / "kept")
    with np.load(tmp_path / "kept" / "a.mp4.npz") as kept:
        assert {name: kept[name].shape for name in kept.files} == {
            "source": (1, 12, 12, 3),
            "driving": (2, 12, 12, 3),
            "output": (2, 12, 12, 3),
        }


def test_a_folder_without_videos_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("no film")
    with pytest.raises(MediaError, match="holds no video"):
        clips_in(tmp_path)


PUBLISHED = replace(tiny_compact_model(), preset=PAPER)


def test_a_published_model_keeps_its_size():
    assert at_size(PUBLISHED, 256) is PUBLISHED
    with pytest.raises(CheckpointError, match="The size is 128 px; 256 px"):
        at_size(PUBLISHED, 128)


def test_a_published_model_has_no_rendered_truth_to_be_compared_with():
    with pytest.raises(CheckpointError, match="has keypoints without names"):
        compact_only(PUBLISHED)
