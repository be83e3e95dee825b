"""What is made once of a source, and the quicker forms of the compact networks' steps."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.geometry import fit_similarity
from liveportrait_core.networks.compact.decoder import composed, edge_falloff
from liveportrait_core.networks.compact.heat import convolved_heat_maps
from liveportrait_core.networks.compact.layers import (
    conv,
    convolved_beside,
    double,
    folded_heat_maps,
    heat_maps,
    identity_grid,
    resize,
    resized_rows,
    sample,
    sample_volume,
    smoothed,
)
from liveportrait_core.networks.compact.planes import MovedPlanes
from liveportrait_core.networks.compact.window import WindowBranch
from liveportrait_core.preset import COMPACT
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    source_parts,
    transform_keypoints,
    warp_decode,
)
from tests.support.tiny import tiny_compact_model

PRESET = replace(
    COMPACT,
    width=0.25,
    face_size_px=256,
    output_size_px=256,
    depth_probes=4,
    relief_blocks=1,
    mouth_px=32,
    eyes_px=32,
)


def random(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def model_and_source():
    model = tiny_compact_model(PRESET)
    for branch in (model.decoder.mouth, model.decoder.eyes):
        branch.out.bias.copy_(torch.linspace(0.1, 0.3, len(branch.out.bias)))  # they paint
    with torch.no_grad():
        face = F.interpolate(random(1, 3, 8, 8), size=(256, 256), mode="bilinear")
        volume = extract_appearance(model, face)
        return model, volume, transform_keypoints(extract_motion(model, face))


@pytest.mark.parametrize("edge_held", [False, True])
def test_a_frame_of_kept_parts_has_the_bits_of_one_without(edge_held):
    model, volume, source = model_and_source()
    driving = source + 0.05 * (random(1, 21, 3, seed=1) - 0.5)
    with torch.no_grad():
        plain = warp_decode(model, volume, source, driving, edge_held=edge_held)
        parts = source_parts(model, volume, source)
        kept = warp_decode(model, volume, source, driving, edge_held=edge_held, parts=parts)
    assert torch.equal(kept, plain)


def test_parts_of_one_source_serve_several_frames():
    model, volume, source = model_and_source()
    driving = source + 0.05 * (random(3, 21, 3, seed=1) - 0.5)
    volumes, sources = volume.expand(3, -1, -1, -1, -1), source.expand(3, -1, -1)
    with torch.no_grad():
        plain = warp_decode(model, volumes, sources, driving)
        parts = source_parts(model, volume, source)
        kept = warp_decode(model, volumes, sources, driving, parts=parts)
    torch.testing.assert_close(kept, plain, atol=1e-5, rtol=0)


def test_there_are_no_parts_where_a_network_is_watched_for_overflow():
    model, volume, source = model_and_source()
    with torch.no_grad():
        assert source_parts(model.to(dtype=torch.float16), volume, source) is None


def test_what_is_computed_with_gradients_is_the_same_picture():
    model, volume, source = model_and_source()
    driving = source + 0.05 * (random(1, 21, 3, seed=1) - 0.5)
    with torch.no_grad():
        quick = warp_decode(model, volume, source, driving, edge_held=True)
    plain = warp_decode(model, volume, source, driving.requires_grad_(), edge_held=True)
    assert plain.requires_grad
    torch.testing.assert_close(quick, plain.detach(), atol=1e-5, rtol=0)


def test_a_picture_made_in_inference_mode_leaves_nothing_that_training_trips_over():
    model, volume, source = model_and_source()
    with torch.inference_mode():
        warp_decode(model, volume, source, source)
    driving = source.clone().requires_grad_()
    warp_decode(model, volume, source, driving).sum().backward()
    assert driving.grad is not None


def test_a_closed_mouth_is_not_painted():
    model, volume, source = model_and_source()
    for upper, lower in ((C.INNER_UPPER_LIP, C.INNER_LOWER_LIP),):
        source[:, lower] = source[:, upper]
    calls = []
    model.decoder.mouth.enter.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        closed = warp_decode(model, volume, source, source)
        assert not calls
        model.decoder.mouth = None
        assert torch.equal(warp_decode(model, volume, source, source), closed)


def test_folded_heat_maps_are_heat_maps_folded():
    points = random(2, 5, 3) * 2 - 1
    maps = F.pixel_unshuffle(heat_maps(points, 32, 0.1), 2)
    assert torch.equal(folded_heat_maps(points, 32, 0.1), maps)


def test_a_convolution_of_heat_maps_is_that_of_their_pixels():
    points, weight = random(2, 5, 3) * 2.4 - 1.2, random(7, 20, 3, 3, seed=1) - 0.5
    expected = F.conv2d(folded_heat_maps(points, 32, 0.1), weight, padding=1)
    found = convolved_heat_maps(points, 32, 0.1, weight)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_volume_is_sampled_as_torch_does_also_beyond_its_border():
    volume, flow = random(2, 4, 3, 6, 5), random(2, 3, 4, 5, 3, seed=1) * 2.6 - 1.3
    flow[0, 0, 0, 0] = 1.0
    with torch.no_grad():
        found = sample_volume(volume, flow)
    torch.testing.assert_close(found, sample(volume, flow), atol=1e-6, rtol=0)


def test_a_place_that_is_no_number_gives_no_number():
    flow = torch.zeros(1, 1, 1, 2, 3)
    flow[..., 1, :] = torch.nan
    with torch.no_grad():
        found = sample_volume(random(1, 2, 3, 4, 4), flow)
    assert found.isnan()[..., 1].all()
    assert found.isfinite()[..., 0].all()


@pytest.mark.parametrize("side", [8, 16, 32, 64])
@pytest.mark.parametrize("rows", [slice(0, 16), slice(16, 48), slice(48, 64)])
def test_rows_of_a_resized_picture_are_its_rows(side, rows):
    picture = random(2, 2, side, side)
    torch.testing.assert_close(
        resized_rows(picture, 64, rows), resize(picture, 64)[:, :, rows], atol=1e-6, rtol=0
    )


def test_smoothing_is_a_mean_of_nine_pixels():
    maps = random(1, 2, 8, 8)
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    torch.testing.assert_close(smoothed(maps), F.avg_pool2d(padded, 3, 1))


@pytest.mark.parametrize("size", [128, 256, 512])
def test_pictures_are_halved_to_the_means_of_their_squares(size):
    picture = random(1, 3, size, size)
    torch.testing.assert_close(resize(picture, 32), F.avg_pool2d(picture, size // 32))


@pytest.mark.parametrize("held", [False, True])
def test_a_picture_composed_in_strips_is_the_one_composed_at_once(held):
    face, flow = random(1, 3, 256, 256), identity_grid(64, torch.zeros(1)).permute(0, 3, 1, 2)
    flow = flow + 0.1 * (random(1, 2, 64, 64, seed=1) - 0.5)
    others = [random(1, count, side, side, seed=count) for count, side in ((6, 32), (1, 128))]
    parts = (face, flow, others[0] - 0.5, others[1], random(1, 3, 128, 128, seed=9))
    falloff = edge_falloff(256, face) if held else None
    with torch.no_grad():
        strips = composed(*parts, falloff)
    whole = composed(*parts, falloff)  # gradients are wanted: at once
    torch.testing.assert_close(strips, whole, atol=1e-6, rtol=0)


def test_planes_and_surfaces_are_moved_as_their_points_are():
    points = random(2, 6, 3) * 2 - 1
    rigid = fit_similarity(points, random(2, 6, 3, seed=1), torch.ones(6))
    planes, depth = MovedPlanes.of(rigid, 4), random(2, 4, 4, seed=2)
    grid = identity_grid(4, points).expand(2, -1, -1, -1)
    expected = rigid(torch.cat((grid, depth[..., None]), -1).flatten(1, 2)).unflatten(1, (4, 4))
    torch.testing.assert_close(planes.surface(depth), expected, atol=1e-5, rtol=0)
    flat = torch.cat((grid, torch.full((2, 4, 4, 1), 0.3)), -1)
    expected = rigid(flat.flatten(1, 2)).unflatten(1, (4, 4))
    found = planes.at(torch.tensor((-0.2, 0.3)))[:, 1]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_convolution_of_enlarged_maps_beside_others_is_the_plain_one():
    layer = conv(34, 4)
    coarse, others = random(2, 32, 4, 4), (random(2, 1, 8, 8, seed=1), random(2, 1, 8, 8, seed=2))
    plain = layer(torch.cat((double(coarse), *others), 1))
    torch.testing.assert_close(convolved_beside(layer, coarse, others), plain)  # gradients wanted
    with torch.no_grad():
        beside = convolved_beside(layer, coarse, others)
    torch.testing.assert_close(beside, plain, atol=1e-5, rtol=0)


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (14, 13)])
def test_a_branch_paints_the_same_where_it_counts(corner):
    torch.manual_seed(0)
    branch = WindowBranch(told=3, seen=4, kept=2, width=0.25)
    torch.nn.init.normal_(branch.out.weight)
    seen, told, inside = random(2, 4, 16, 16), random(2, 3), torch.zeros(2, 1, 16, 16)
    inside[:, :, corner[0] : corner[0] + 2, corner[1] : corner[1] + 3] = 0.5
    whole = branch.painted(seen, told, inside)
    assert whole.requires_grad
    with torch.no_grad():
        part = branch.painted(seen, told, inside)
    torch.testing.assert_close(part * inside, whole * inside, atol=1e-5, rtol=1e-5)
    assert (part == 0).any()
