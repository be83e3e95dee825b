import numpy as np
import pytest
import torch

from liveportrait_core.imaging.crop import (
    FaceBox,
    average_box,
    box_transform,
    crop_face,
    crop_pixels,
    crop_tensor,
    crop_transform,
    face_box,
)
from liveportrait_core.imaging.landmark_layouts import LAYOUTS, Landmarks, as_landmarks
from liveportrait_core.imaging.tensors import tensor_from_pixels

from .faces import five_points, smooth_picture


def plain_crop(image, landmarks, size_px=64, **changes):
    framing = {"scale": 2.0, "vx_ratio": 0.0, "vy_ratio": 0.0, "size_px": size_px, **changes}
    return crop_face(image, landmarks, **framing)


def test_convention_the_box_centre_lands_on_half_the_size():
    face = five_points(centre=(80, 60), size=20)
    transform = crop_transform(face, scale=2.0, size_px=64)
    # the box runs from 60 to 100 and 40 to 80: side 40, times 2 is 80 px on 64
    np.testing.assert_allclose(transform.to_crop(np.array([[80.0, 60.0]])), [[32, 32]], atol=1e-4)
    assert transform.source_px_per_crop_px == pytest.approx(80 / 64)


def test_convention_vx_moves_right_and_vy_towards_the_chin():
    box = face_box(five_points(centre=(80, 60), size=20), scale=2.0, vx_ratio=0.25, vy_ratio=-0.5)
    assert box.centre == pytest.approx((80 + 0.25 * 80, 60 - 0.5 * 80), abs=1e-4)


def test_convention_published_crops_ignore_vx():
    face = five_points()
    shifted = crop_transform(face, scale=2.0, vx_ratio=0.3, size_px=64, compat="published")
    plain = crop_transform(face, scale=2.0, size_px=64)
    np.testing.assert_array_equal(shifted.source_to_crop, plain.source_to_crop)


@pytest.mark.parametrize("angle_deg", [-170, -90, -30, 0, 45, 90, 135])
def test_convention_a_turned_face_stands_upright_in_its_crop(angle_deg):
    upright, turned = five_points(), five_points(angle_deg=angle_deg)
    there = crop_transform(turned, scale=2.0, vy_ratio=-0.1, size_px=64)
    expected = crop_transform(upright, scale=2.0, vy_ratio=-0.1, size_px=64)
    # the arc cosine of the convention is good to 0.02 degrees
    np.testing.assert_allclose(
        there.to_crop(turned.points), expected.to_crop(upright.points), atol=0.03
    )


def test_without_rotation_the_axes_stay():
    turned = five_points(angle_deg=30)
    matrix = crop_transform(turned, scale=2.0, size_px=64, rotate=False).source_to_crop
    assert matrix[0, 1] == matrix[1, 0] == 0


def test_a_crop_that_shows_the_picture_itself_changes_nothing():
    image = tensor_from_pixels(smooth_picture(64, 64))
    same = box_transform(FaceBox((32.0, 32.0), 64.0, 0.0), size_px=64)
    torch.testing.assert_close(crop_tensor(image, same).image, image, atol=1e-5, rtol=0)


def test_both_matrices_undo_each_other_and_agree_with_the_picture():
    crop = plain_crop(tensor_from_pixels(smooth_picture())[0], five_points(angle_deg=20))
    torch.testing.assert_close(
        crop.source_to_crop @ crop.crop_to_source, torch.eye(3), atol=1e-4, rtol=0
    )
    assert crop.source_to_crop.dtype == crop.crop_to_source.dtype == torch.float32
    assert crop.size_px == crop.transform.size_px == 64


def test_a_batch_is_cropped_like_each_of_its_pictures():
    pictures = torch.rand(3, 3, 40, 50)
    face = five_points(centre=(25, 20), size=8)
    together = plain_crop(pictures, face).image
    alone = torch.stack([plain_crop(picture, face).image for picture in pictures])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("angle_deg", [0, 33])
@pytest.mark.parametrize("size", [4.0, 20.0, 60.0])
@pytest.mark.parametrize("antialias", [False, True])
def test_pixels_and_tensors_are_cropped_alike(angle_deg, size, antialias):
    picture, face = smooth_picture(), five_points(size=size, angle_deg=angle_deg)
    transform = crop_transform(face, scale=2.3, vy_ratio=-0.1, size_px=48)
    fast = crop_pixels(picture, transform, antialias=antialias)
    exact = crop_tensor(tensor_from_pixels(picture)[0], transform, antialias=antialias).image
    difference = np.abs(fast - 255 * exact.movedim(0, -1).numpy())
    assert difference.max() <= 4
    assert difference.mean() <= 0.3


def test_antialiasing_averages_what_plain_samples_skip():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::8] = 255  # one column of eight: mean 31.9
    transform = box_transform(FaceBox((256.0, 256.0), 512.0, 0.0), size_px=64)
    averaged = crop_pixels(stripes, transform)[4:-4, 4:-4]
    assert np.abs(averaged - 255 / 8).max() < 3
    plain = crop_pixels(stripes, transform, antialias=False)
    assert plain.mean() < 5 or plain.mean() > 60


def test_antialiasing_leaves_an_enlarging_crop_alone():
    image, face = tensor_from_pixels(smooth_picture()), five_points(size=10)
    plain, averaged = (plain_crop(image, face, antialias=on).image for on in (False, True))
    torch.testing.assert_close(plain, averaged)


def test_outside_the_picture_is_black():
    image = torch.ones(3, 40, 40)
    crop = plain_crop(image, five_points(centre=(0, 0), size=10)).image
    assert crop[:, :30, :30].max() == 0
    assert crop[:, 34:, 34:].min() == 1


def test_gradients_flow_to_the_picture():
    image = torch.rand(3, 12, 12, dtype=torch.float64, requires_grad=True)
    face = five_points(centre=(6, 6), size=2, angle_deg=15)
    assert torch.autograd.gradcheck(lambda x: plain_crop(x, face, size_px=5).image, image)


def test_inputs_are_left_untouched():
    picture, face = smooth_picture(), five_points()
    image = tensor_from_pixels(picture)
    before = picture.copy(), image.clone(), face.points.copy()
    plain_crop(image, face)
    crop_pixels(picture, crop_transform(face, scale=2.0, size_px=64))
    np.testing.assert_array_equal(picture, before[0])
    torch.testing.assert_close(image, before[1], atol=0, rtol=0)
    np.testing.assert_array_equal(face.points, before[2])


def test_a_clip_is_framed_by_the_mean_of_its_boxes():
    boxes = [FaceBox((10.0, 20.0), 10.0, 0.4), FaceBox((20.0, 30.0), 20.0, -0.2)]
    mean = average_box(boxes)
    assert mean.centre == (15.0, 25.0)
    assert (mean.side, mean.angle_rad) == (15.0, 0.0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_layout_is_told_by_its_number_of_points(layout):
    assert as_landmarks(np.zeros((layout.num_points, 2))).layout == layout.name


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_every_point_that_a_layout_names_exists(layout):
    pairs = [layout.left_eye_lids, layout.left_eye_corners, layout.right_eye_lids]
    pairs += [layout.right_eye_corners, layout.lip_height, layout.lip_width]
    told = [pair is not None for pair in pairs]
    assert all(told) == any(told) == layout.has_openness
    named = sum((pair for pair in pairs if pair), layout.left_eye + layout.right_eye + layout.lip)
    assert 0 <= min(named) <= max(named) < layout.num_points


def test_the_layout_scales_the_box():
    points = np.random.default_rng(0).uniform(0, 100, (21, 2))
    box = face_box(Landmarks(points, "compact-21"), scale=1.0)
    plain = face_box(points, scale=1.0 / LAYOUTS["compact-21"].box_ratio)
    assert box.side / plain.side == pytest.approx(LAYOUTS["compact-21"].box_ratio)


BAD_POINTS = [
    (np.zeros((5, 3)), "one face"),
    (np.zeros((7, 2)), "7 landmarks; 5, 9, 21"),
    (np.full((5, 2), np.nan), "not finite"),
    (np.zeros((5, 2)), "one spot"),
]


@pytest.mark.parametrize(("points", "words"), BAD_POINTS)
def test_bad_landmarks_are_named(points, words):
    with pytest.raises(ValueError, match=words):
        plain_crop(torch.zeros(3, 8, 8), points)


@pytest.mark.parametrize(
    "image", [torch.zeros(8, 8, 3), torch.zeros(3, 8, 8, dtype=torch.uint8), torch.zeros(8, 8)]
)
def test_a_bad_picture_is_named(image):
    with pytest.raises(ValueError, match="float RGB of shape"):
        plain_crop(image, five_points())


@pytest.mark.parametrize(("change", "words"), [({"scale": 0.0}, "scale"), ({"size_px": 0}, "size")])
def test_bad_framing_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        plain_crop(torch.zeros(3, 8, 8), five_points(), **change)


def test_an_unknown_layout_is_named():
    with pytest.raises(ValueError, match="layout is 'seven'"):
        Landmarks(np.zeros((7, 2)), "seven")
    with pytest.raises(ValueError, match=r"\(5, 2\) is expected in layout five"):
        Landmarks(np.zeros((7, 2)), "five")
    with pytest.raises(ValueError, match="0 boxes"):
        average_box([])
