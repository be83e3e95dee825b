import numpy as np
import pytest
import torch

from liveportrait_core.imaging.composite import (
    frame_mask,
    paste_back,
    paste_back_pixels,
    paste_mask,
)
from liveportrait_core.imaging.crop import crop_tensor, crop_transform
from liveportrait_core.imaging.tensors import tensor_from_pixels

from .faces import five_points, smooth_picture


def framing(size_px=96, **face):
    return crop_transform(five_points(**face), scale=2.0, vy_ratio=-0.05, size_px=size_px)


def test_the_mask_is_one_inside_and_fades_over_sixteen_pixels():
    levels = paste_mask(512) * 255
    assert levels[256, 256] == 255
    # d = 16 - x at the left edge: floor(255 x / 16)
    assert levels[256, :4].round().tolist() == [0, 15, 31, 47]
    # one pixel later on the right: d = x - 496
    assert levels[256, -2:].round().tolist() == [31, 15]


@pytest.mark.parametrize("size_px", [16, 40, 128, 600])
def test_a_mask_of_any_size_ends_like_the_template(size_px):
    mask = paste_mask(size_px)
    assert mask[0].max() == mask[:, 0].max() == 0
    assert mask[size_px // 2, -1] * 255 == pytest.approx(15)
    assert mask[size_px // 2, size_px // 2] == 1


@pytest.mark.parametrize("angle_deg", [0, 25, 180])
def test_a_crop_pasted_back_gives_the_picture(angle_deg):
    image = tensor_from_pixels(smooth_picture())[0]
    crop = crop_tensor(image, framing(angle_deg=angle_deg, size=15))
    pasted = paste_back(image, crop.image, crop, paste_mask(96))
    # half of the mask's last 15 levels of 255 may meet the black outside: 3.75 levels
    assert (pasted - image).abs().max() < 4 / 255


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("face_px", [40, 48, 96, 192, 400])
def test_a_face_of_another_size_covers_the_same_place(face_px, antialias):
    image = tensor_from_pixels(smooth_picture())[0]
    transform = framing(size=20)
    crop = crop_tensor(image, transform)
    face = crop_tensor(image, transform.resized(face_px)).image
    pasted = paste_back(image, face, crop, paste_mask(face_px), antialias=antialias)
    assert (pasted - image).abs().max() < 8 / 255


def test_a_mask_of_nothing_leaves_the_frame_alone():
    frame = torch.rand(3, 40, 50)
    crop = crop_tensor(frame, framing(32, centre=(25, 20), size=8))
    torch.testing.assert_close(paste_back(frame, crop.image, crop, torch.zeros(32, 32)), frame)


def test_far_from_the_face_nothing_changes():
    frame = torch.rand(3, 100, 100)
    crop = crop_tensor(frame, framing(32, centre=(20, 20), size=5))
    pasted = paste_back(frame, torch.zeros(3, 32, 32), crop, paste_mask(32))
    torch.testing.assert_close(pasted[:, 50:, 50:], frame[:, 50:, 50:], atol=0, rtol=0)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("in_frame", [False, True])
@pytest.mark.parametrize("centre", [(80, 60), (2, 3), (159, 119), (-200, 0)])
@pytest.mark.parametrize("size", [4.0, 30.0])
def test_pixels_and_tensors_are_pasted_alike(antialias, in_frame, centre, size):
    picture, face = smooth_picture(), smooth_picture(96, 96)[::-1].copy()
    transform = framing(centre=centre, size=size, angle_deg=10)
    mask = paste_mask(96)
    if in_frame:
        mask = torch.rand(120, 160)
    fast = paste_back_pixels(picture, face, transform, mask.numpy(), antialias=antialias)
    image = tensor_from_pixels(picture)[0]
    crop = crop_tensor(image, transform)
    exact = paste_back(image, tensor_from_pixels(face)[0], crop, mask, antialias=antialias)
    difference = np.abs(fast - 255 * exact.movedim(0, -1).numpy())
    assert difference.max() <= 4
    assert difference.mean() <= 0.3


def test_a_frame_sized_mask_pastes_nothing_beyond_the_face():
    frame = torch.ones(3, 60, 60)
    crop = crop_tensor(frame, framing(32, centre=(20, 20), size=5))
    pasted = paste_back(frame, torch.ones(3, 32, 32), crop, torch.ones(60, 60))
    torch.testing.assert_close(pasted, frame)


@pytest.mark.parametrize("truncate", [False, True])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("centre", [(80, 60), (2, 3), (159, 119)])
@pytest.mark.parametrize("size", [4.0, 30.0])
def test_the_frame_mask_is_white_pasted_onto_black(truncate, antialias, centre, size):
    transform, mask = framing(centre=centre, size=size, angle_deg=10), paste_mask(96).numpy()
    how = {"antialias": antialias, "truncate": truncate}
    black, white = np.zeros((120, 160, 3), np.uint8), np.full((96, 96, 3), 255, np.uint8)
    pasted = paste_back_pixels(black, white, transform, mask, **how)[..., 0]
    weight = frame_mask(transform, mask, (120, 160), **how)
    assert weight.dtype == np.float32
    assert weight.max() > 0.5
    levels = np.floor(255 * weight) if truncate else np.rint(255 * weight)
    # bilinear samples of the white itself fade within a pixel of its edge
    whole = frame_mask(transform, np.ones_like(mask), (120, 160), **how) == 1
    np.testing.assert_array_equal(pasted[whole], levels[whole])
    assert not pasted[weight == 0].any()


def test_a_frame_sized_mask_is_weighted_by_a_frame_mask_of_ones():
    transform, ones = framing(size=10, angle_deg=10), np.ones((96, 96), np.float32)
    mask = np.full((120, 160), 0.5, np.float32)
    black, white = np.zeros((120, 160, 3), np.uint8), np.full((96, 96, 3), 255, np.uint8)
    pasted = paste_back_pixels(black, white, transform, mask)[..., 0]
    weight = mask * frame_mask(transform, ones, (120, 160))
    # the white is drawn in whole levels before the mask halves them: rounded twice
    np.testing.assert_allclose(pasted, 255 * weight, atol=0.8, rtol=0)


def test_a_frame_without_the_face_has_an_empty_mask():
    transform = framing(centre=(-500, 0), size=10)
    weight = frame_mask(transform, paste_mask(96).numpy(), (120, 160))
    assert weight.shape == (120, 160)
    assert not weight.any()


def test_a_frame_mask_needs_a_square_mask():
    with pytest.raises(ValueError, match="as large as the face"):
        frame_mask(framing(), np.ones((120, 160), np.float32), (120, 160))


def test_published_pixels_are_cut_off():
    frame, face = np.full((64, 64, 3), 10, np.uint8), np.full((32, 32, 3), 11, np.uint8)
    transform = framing(32, centre=(32, 32), size=10)
    mask = np.full((32, 32), 0.75, np.float32)  # .75 * 11 + .25 * 10 = 10.75
    assert paste_back_pixels(frame, face, transform, mask)[32, 32, 0] == 11
    assert paste_back_pixels(frame, face, transform, mask, truncate=True)[32, 32, 0] == 10


def test_a_batch_is_pasted_like_each_of_its_faces():
    frame, faces = torch.rand(3, 40, 50), torch.rand(2, 3, 32, 32)
    crop = crop_tensor(frame, framing(32, centre=(25, 20), size=8))
    masks = torch.rand(2, 1, 32, 32)
    together = paste_back(frame, faces, crop, masks)
    alone = [paste_back(frame, face, crop, mask) for face, mask in zip(faces, masks, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone))
    frames = torch.rand(2, 3, 40, 50)
    assert paste_back(frames, faces, crop, paste_mask(32)).shape == frames.shape
    assert paste_back(frames, faces[:1], crop, torch.rand(2, 40, 50)).shape == frames.shape


def test_gradients_flow_to_frame_face_and_mask():
    frame, face = (torch.rand(3, side, side, dtype=torch.float64) * 0.8 + 0.1 for side in (9, 6))
    mask = torch.rand(6, 6, dtype=torch.float64)
    crop = crop_tensor(frame, framing(6, centre=(4, 4), size=1.5, angle_deg=20))
    inputs = tuple(part.requires_grad_() for part in (frame, face, mask))
    assert torch.autograd.gradcheck(lambda a, b, c: paste_back(a, b, crop, c), inputs)


def test_inputs_are_left_untouched():
    picture, face, mask = smooth_picture(), smooth_picture(96, 96), paste_mask(96).numpy()
    before = [part.copy() for part in (picture, face, mask)]
    paste_back_pixels(picture, face, framing(), mask)
    for part, original in zip((picture, face, mask), before, strict=True):
        np.testing.assert_array_equal(part, original)


def test_a_mask_of_another_size_is_named():
    frame = torch.rand(3, 40, 50)
    crop = crop_tensor(frame, framing(32))
    with pytest.raises(ValueError, match=r"mask has shape \(31, 32\)"):
        paste_back(frame, crop.image, crop, torch.zeros(31, 32))
    with pytest.raises(ValueError, match="that of the face"):
        paste_back_pixels(
            smooth_picture(), smooth_picture(32, 32), framing(32), np.zeros((9, 9), np.float32)
        )


def test_a_face_with_channels_last_is_named():
    frame = torch.rand(3, 40, 50)
    crop = crop_tensor(frame, framing(32))
    with pytest.raises(ValueError, match="Move the channels"):
        paste_back(frame, torch.zeros(32, 32, 3), crop, paste_mask(32))


def test_a_mask_of_no_size_is_named():
    with pytest.raises(ValueError, match="1 or more"):
        paste_mask(0)
