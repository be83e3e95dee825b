"""The source's relief and the plane sweep through it."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.geometry import Similarity
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.appearance_extractor import unpack
from liveportrait_core.networks.compact.layers import identity_grid, sample
from liveportrait_core.networks.compact.planes import MovedPlanes
from liveportrait_core.networks.compact.relief import Relief, plane_sweep, sweep_channels
from liveportrait_core.preset import COMPACT, Preset

PROBED = replace(COMPACT, width=0.25, depth_probes=8)
SURE = 20.0
"""Logit of a certain head."""


def networks_of(preset):
    torch.manual_seed(0)
    networks = build(preset)
    for network in networks.values():
        network.eval()
    return networks


def face_and_keypoints():
    random = torch.Generator().manual_seed(1)
    face = torch.rand(2, 3, 128, 128, generator=random)
    points = torch.rand(2, 21, 3, generator=random) - 0.5
    return face, points, points + 0.1 * torch.rand(2, 21, 3, generator=random)


def turned(degrees):
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    cos, sin = float(angle.cos()), float(angle.sin())
    return Similarity(
        scale=torch.ones(1, 1, 1),
        rotation=torch.tensor([[[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]]]),
        from_centre=torch.zeros(1, 1, 3),
        to_centre=torch.zeros(1, 1, 3),
    )


def flat_relief(depth, head_logit=SURE):
    maps = torch.full((1, 3, 64, 64), depth)
    maps[:, 1], maps[:, 2] = head_logit, -SURE
    return Relief.of(maps)


def planes_turned(yaw_deg):
    return MovedPlanes.of(turned(yaw_deg), 64)


def test_a_flat_surface_is_met_at_its_depth_for_a_head_that_does_not_move():
    swept = plane_sweep(flat_relief(-0.4), planes_turned(0), 10)
    torch.testing.assert_close(swept.depth, torch.full((1, 64, 64), -0.4), atol=0.03, rtol=0)
    assert float(swept.hit.min()) > 0.99
    assert swept.maps.shape == (1, sweep_channels(10), 64, 64)


def test_a_turned_surface_is_met_where_its_plane_is_in_the_driving_head():
    swept = plane_sweep(flat_relief(-0.4), planes_turned(20), 10)
    x = identity_grid(64, swept.depth)[..., 0]
    angle = torch.deg2rad(torch.tensor(20.0))
    expected = (-0.4 - x * angle.sin()) / angle.cos()  # z of the source is x sin + z cos
    inner = (expected > -0.95) & (expected < 0.35)
    assert float((swept.depth - expected).abs()[inner].max()) < 0.05


def test_the_nearer_of_two_surfaces_hides_the_other():
    relief = flat_relief(0.2)
    relief.depth[..., 32:] = -0.6
    swept = plane_sweep(relief, planes_turned(30), 12)
    place = torch.tensor(-0.6 * 0.5)  # where the edge of the near half comes to at its depth
    column = int((float(place) / 0.866 + 1) * 32)
    assert float(swept.depth[0, 32, column + 12]) < 0.0


def test_a_relief_is_moved_among_the_keypoints_though_some_are_hidden():
    source = face_and_keypoints()[1]
    source = torch.cat((source[..., :2], torch.full_like(source[..., :1], -0.7)), -1)
    source[:, ::4, 2] += 0.5  # behind what is seen
    relief = flat_relief(-0.4)
    whole = Relief(
        depth=relief.depth.expand(2, -1, -1, -1),
        head_logit=relief.head_logit,
        torso_logit=relief.torso_logit,
    )
    expected = torch.full((2, 1, 64, 64), -0.7)
    torch.testing.assert_close(whole.anchored(source).depth, expected)


def on_a_plane(tilt):
    """Two sources whose keypoints lie on z = -0.7 + tilt x, seen as a flat relief."""
    points = face_and_keypoints()[1].clone()
    points[..., 2] = -0.7 + tilt * points[..., 0]
    flat = flat_relief(-0.4)
    return points, replace(flat, depth=flat.depth.expand(2, -1, -1, -1))


def test_a_relief_bends_towards_its_keypoints():
    points, flat = on_a_plane(tilt=0.4)
    expected = points[..., 2]
    off = []
    for bend in (False, True):
        depth = flat.anchored(points, bend=bend).depth
        off.append((sample(depth, points[:, :, None, :2])[:, 0, :, 0] - expected).abs().mean())
    assert float(off[1]) < 0.3 * float(off[0])


def test_a_relief_whose_keypoints_lie_on_it_does_not_bend():
    points, flat = on_a_plane(tilt=0.0)
    torch.testing.assert_close(
        flat.anchored(points, bend=True).depth, torch.full((2, 1, 64, 64), -0.7)
    )


def test_a_relief_that_grew_by_blocks_is_the_same_until_it_is_trained():
    face, *_ = face_and_keypoints()
    before = networks_of(PROBED)["appearance"]
    after = networks_of(replace(PROBED, relief_blocks=4))["appearance"]
    after.load_state_dict({**after.state_dict(), **before.state_dict()})
    assert len(after.state_dict()) > len(before.state_dict())
    with torch.no_grad():
        assert torch.equal(before(face), after(face))


def test_beside_the_head_nothing_is_met():
    swept = plane_sweep(flat_relief(-0.4, head_logit=-SURE), planes_turned(10), 10)
    assert float(swept.hit.max()) < 1e-3
    assert bool(swept.maps.isfinite().all())


def test_the_volume_carries_the_relief_beside_features_and_picture():
    networks, (face, *_) = networks_of(PROBED), face_and_keypoints()
    with torch.no_grad():
        volume = networks["appearance"](face)
    learned, picture, relief = unpack(volume, with_relief=True)
    assert volume.shape == (2, 18 + 128**2 // 2048, 6, 32, 32)
    assert torch.equal(picture, face)
    assert learned.shape == (2, 16, 6, 32, 32)
    assert relief is not None
    assert relief.depth.shape == relief.head_logit.shape == relief.torso_logit.shape
    assert relief.depth.shape == (2, 1, 64, 64)


def test_a_model_that_grew_by_probes_paints_the_same_bits():
    before = networks_of(replace(PROBED, depth_probes=0))
    after = networks_of(PROBED)
    face, source, driving = face_and_keypoints()
    images = []
    for name in ("appearance", "warping", "decoder"):
        after[name].load_state_dict({**after[name].state_dict(), **before[name].state_dict()})
    with torch.no_grad():
        for networks in (before, after):
            warped = networks["warping"](networks["appearance"](face), source, driving)
            images.append(networks["decoder"](warped))
    assert torch.equal(images[0], images[1])


def test_gradients_of_the_picture_reach_depth_and_trust():
    networks = networks_of(PROBED)
    torch.nn.init.normal_(networks["warping"].trust.weight, std=0.1)
    face, source, driving = face_and_keypoints()
    warped = networks["warping"](networks["appearance"](face), source, driving)
    networks["decoder"](warped).square().mean().backward()
    out = networks["appearance"].relief.out.weight.grad
    assert (out[0].abs().sum() > 0) & (out[1].abs().sum() > 0)  # depth, and what is head
    assert networks["warping"].trust.weight.grad.abs().sum() > 0
    assert networks["warping"].fine_swept.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_reads_nearly_the_same_flow(dtype):
    networks, (face, source, driving) = networks_of(PROBED), face_and_keypoints()
    torch.nn.init.normal_(networks["warping"].trust.weight, std=0.1)
    flows = []
    with torch.no_grad():
        for kind in (torch.float32, dtype):
            f, w = (networks[name].to(kind) for name in ("appearance", "warping"))
            flows.append(w(f(face), source, driving).flow_2d)
    torch.testing.assert_close(flows[1], flows[0], atol=0.03, rtol=0)


def test_a_preset_without_the_fields_has_no_probes():
    kept = COMPACT.to_json()
    del kept["depth_probes"], kept["relief_blocks"]
    preset = Preset.from_json(kept)
    assert (preset.depth_probes, preset.relief_blocks) == (0, 0)
