import math
from dataclasses import replace

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.appearance_extractor import unpack
from liveportrait_core.networks.compact.decoder import FALLOFF_END, FALLOFF_START, edge_falloff
from liveportrait_core.networks.compact.layers import heat_maps, identity_grid
from liveportrait_core.networks.compact.points import EXPRESSIVE, REACH, RIGIDITY
from liveportrait_core.preset import COMPACT
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp,
    warp_decode,
)


def tiny_model(size_px=128):
    torch.manual_seed(0)
    preset = replace(COMPACT, width=0.25, face_size_px=size_px, output_size_px=size_px)
    networks = build(preset)
    for net in networks.values():
        net.eval()
    return LivePortraitModel(preset=preset, origin="", **networks)


def smooth_faces(count, size_px=128):
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, size=(size_px, size_px), mode="bilinear")


def keypoints_of(model, face):
    return transform_keypoints(extract_motion(model, face))


@pytest.mark.parametrize("size_px", [128, 256])
def test_the_volume_carries_the_picture_and_the_output_has_its_size(size_px):
    model, face = tiny_model(size_px), smooth_faces(2, size_px)
    with torch.no_grad():
        volume = extract_appearance(model, face)
        assert torch.equal(unpack(volume)[1], face)
        x = keypoints_of(tiny_model(size_px), face)
        assert warp_decode(model, volume, x, x).shape == (2, 3, size_px, size_px)


def test_eq_2_gives_the_heat_maps_centres_exactly():
    model, face = tiny_model(), smooth_faces(3)
    with torch.no_grad():
        read = model.motion.read(face).keypoints
        torch.testing.assert_close(keypoints_of(model, face), read, atol=1e-6, rtol=0)


def test_a_face_comes_out_alike_alone_and_in_a_batch():
    model, face = tiny_model(), smooth_faces(3)
    with torch.no_grad():
        x = keypoints_of(model, face)
        driving = x + 0.02
        volume = extract_appearance(model, face)
        together = warp_decode(model, volume, x, driving)
        alone = warp_decode(model, volume[1:2], x[1:2], driving[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=0)


def test_a_head_that_moves_sideways_is_read_where_it_was():
    model, face = tiny_model(), smooth_faces(1)
    with torch.no_grad():
        model.warping.decide.weight.zero_()
        model.warping.decide.bias[0] = -50.0  # no background: all is head
        x = keypoints_of(model, face)
        moved = x + torch.tensor([0.25, 0.0, 0.0])
        flow = warp(model, extract_appearance(model, face), x, moved).flow_2d
    shift = flow - identity_grid(64, flow).permute(0, 3, 1, 2)
    torch.testing.assert_close(shift[:, 0], torch.full((1, 64, 64), -0.25), atol=1e-4, rtol=0)
    torch.testing.assert_close(shift[:, 1], torch.zeros(1, 64, 64), atol=1e-4, rtol=0)


def test_a_deeper_model_with_detail_begins_as_the_one_it_grew_from():
    first = {name: getattr(tiny_model(), name) for name in ("appearance", "motion", "warping")}
    shallow = replace(COMPACT, width=0.25, blocks=0, detail_px=128)
    grown, face = build(shallow), smooth_faces(2, 256)
    for name, network in first.items():
        shared = {k: v for k, v in network.state_dict().items() if k in grown[name].state_dict()}
        assert len(shared) < len(network.state_dict())
        grown[name].load_state_dict(shared)
        grown[name].eval()
    with torch.no_grad():
        x = first["motion"].read(face).keypoints
        torch.testing.assert_close(grown["motion"].read(face).keypoints, x)
        flows = [n["warping"](n["appearance"](face), x, x + 0.1).flow_2d for n in (first, grown)]
    torch.testing.assert_close(flows[0], flows[1])


def test_detail_is_generated_on_the_larger_picture():
    model, face = tiny_model(256), smooth_faces(1, 256)
    with torch.no_grad():
        x = keypoints_of(model, face)
        warped = warp(model, extract_appearance(model, face), x, x)
        composed = model.decoder.compose(warped)
        model.decoder.detail.out.bias[:12] = 50.0  # all sub-pixels of all colours
        white = model.decoder.compose(warped)
    assert composed.generated.shape == (1, 3, 256, 256)
    assert composed.mask.shape == (1, 1, 256, 256)
    torch.testing.assert_close(white.generated, torch.ones(1, 3, 256, 256))


def test_gradients_reach_the_picture_and_both_keypoints():
    model = tiny_model()
    face = smooth_faces(1).requires_grad_()
    x = keypoints_of(model, face).detach().requires_grad_()
    driving = (x.detach() + 0.01).requires_grad_()
    warp_decode(model, extract_appearance(model, face), x, driving).sum().backward()
    assert all(t.grad is not None and t.grad.abs().sum() > 0 for t in (face, x, driving))


def test_a_heat_map_is_one_at_its_keypoint_and_falls_off_evenly():
    centre = 2 * 10.5 / 32 - 1
    maps = heat_maps(torch.tensor([[[centre, centre]]]), 32, 0.1)[0, 0]
    assert float(maps[10, 10]) == pytest.approx(1.0)
    assert float(maps[10, 12]) == pytest.approx(float(maps[8, 10]))


def test_every_keypoint_has_its_values():
    assert len(RIGIDITY) == len(REACH) == len(CompactKeypoint)
    assert CompactKeypoint.NOSE_TIP not in EXPRESSIVE
    assert RIGIDITY[CompactKeypoint.LEFT_IRIS] == 0.0
    assert REACH[CompactKeypoint.CHIN] == max(REACH)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_paints_nearly_the_same_and_keeps_the_pixels_and_the_keypoints(dtype):
    model, face = tiny_model(), smooth_faces(1)
    with torch.no_grad():
        x = keypoints_of(model, face)
        whole = warp_decode(model, extract_appearance(model, face), x, x + 0.02)
        half = model.to(dtype=dtype)
        assert half.dtype == dtype
        assert torch.equal(keypoints_of(half, face), x)
        volume = extract_appearance(half, face)
        assert torch.equal(unpack(volume)[1], face)
        image = warp_decode(half, volume, x, x + 0.02)
    assert image.dtype == torch.float32
    torch.testing.assert_close(image, whole, atol=0.03, rtol=0)


def test_light_changes_what_is_warped_and_begins_as_none():
    model, face = tiny_model(256), smooth_faces(1, 256)
    with torch.no_grad():
        x = keypoints_of(model, face)
        warped = warp(model, extract_appearance(model, face), x, x)
        plain = model.decoder.compose(warped)
        assert torch.equal(plain.light, torch.zeros(1, 6, 64, 64))
        model.decoder.relight.bias[3:] = 50.0  # the largest offset
        lit = model.decoder.compose(warped)
    mask = plain.mask
    share = (lit.image - plain.image) / mask
    assert float(share.max()) <= 0.5 + 1e-4  # no more than the offset, and never beyond white
    assert float(lit.image.max()) <= 1.0
    assert float((lit.image - plain.image).mean()) > 0


def test_the_edge_that_is_pasted_into_a_frame_is_the_source_and_the_middle_moves_freely():
    model, face = tiny_model(), smooth_faces(1)
    with torch.no_grad():
        model.decoder.out.bias[12:] = 0.0  # half of every pixel is generated
        x = keypoints_of(model, face)
        driving = x + torch.tensor([0.2, -0.1, 0.0])
        volume = extract_appearance(model, face)
        free = warp_decode(model, volume, x, driving)
        held = warp_decode(model, volume, x, driving, edge_held=True)
    change = (held - face).abs()
    edge, inner = round(FALLOFF_START * 128), math.ceil(FALLOFF_END * 128)
    middle = slice(inner, 128 - inner)
    at_edge = torch.ones(128, 128, dtype=torch.bool)
    at_edge[edge:-edge, edge:-edge] = False
    torch.testing.assert_close(held[..., at_edge], face[..., at_edge], atol=1e-6, rtol=0)
    assert torch.equal(held[..., middle, middle], free[..., middle, middle])
    assert change[..., middle, middle].mean() > 0.05


def test_the_freedom_of_a_held_edge_grows_evenly_inward():
    freedom = edge_falloff(512, torch.zeros(()))
    along = freedom[256]
    assert torch.equal(freedom, freedom.T)
    assert torch.equal(along, along.flip(0))
    assert (along[:257].diff() >= 0).all()
    assert along[:16].max() == 0
    assert along[math.ceil(FALLOFF_END * 512) : 256].min() == 1
    halfway = round((FALLOFF_START + FALLOFF_END) / 2 * 512)
    torch.testing.assert_close(
        along[halfway - 1 : halfway + 1].mean().item(), 0.5, atol=0.02, rtol=0
    )
