"""Networks of the user's that help in training: ConvNeXt-V2, VGG19, ArcFace. All made up here."""

import pytest
import torch

from liveportrait_core.checkpoints.keymaps import OURS_TO_PUBLISHED
from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.errors import CheckpointError
from liveportrait_core.networks.motion_extractor import MotionExtractor
from train.metrics.face_similarity import ARCFACE_POINTS, ARCFACE_PX
from train.models.pretrained.arcface import ArcFace, embeddings, load_arcface
from train.models.pretrained.convnext import begin_trunk
from train.models.pretrained.picture_features import picture_distance

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)


def tiny_motion(seed, width=4):
    torch.manual_seed(seed)
    network = MotionExtractor(dims=(width, 6, 8, 10))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


def trunk_of(motion):
    state = motion.state_dict()
    return {k.removeprefix("trunk."): v for k, v in state.items() if k.startswith("trunk.")}


def original_keys(motion):
    """As the first ConvNeXt-V2 checkpoints are named, GRN with its own axes."""
    renamed = {}
    for ours, value in motion.state_dict().items():
        theirs = OURS_TO_PUBLISHED["motion"][ours].removeprefix("detector.")
        if ours.startswith("trunk."):
            grn = theirs.endswith((".gamma", ".beta"))
            renamed[theirs] = value[None, None, None] if grn else value
    return {"model": {**renamed, "head.weight": torch.zeros(5, 10), "head.bias": torch.zeros(5)}}


def timm_keys(motion):
    return {**trunk_of(motion), "head.fc.weight": torch.zeros(5, 10), "head.fc.bias": torch.ones(5)}


@pytest.mark.parametrize("named", [timm_keys, original_keys])
def test_a_trunk_is_taken_and_the_heads_stay(tmp_path, named):
    theirs, ours = tiny_motion(0), tiny_motion(1)
    head = ours.yaw.weight.clone()
    torch.save(named(theirs), tmp_path / "convnext.pth")
    begin_trunk(ours, tmp_path / "convnext.pth")
    wanted, found = trunk_of(theirs), trunk_of(ours)
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)
    assert torch.equal(ours.yaw.weight, head)


def test_a_file_that_is_no_trunk_or_of_another_size_is_refused(tmp_path):
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"no ConvNeXt-V2 .* left over trunk\.conv\.weight"):
        begin_trunk(tiny_motion(0), tmp_path / "other.pth")
    torch.save(timm_keys(tiny_motion(0, width=5)), tmp_path / "wide.pth")
    with pytest.raises(CheckpointError, match=r"of another size: stem\.0\.weight is \(5,"):
        begin_trunk(tiny_motion(0), tmp_path / "wide.pth")


def vgg_state(widths=(2, 3, 4, 5, 6)):
    """VGG19's convolutions at a few channels; five blocks of 2, 2, 4, 4 and 1."""
    torch.manual_seed(0)
    blocks = [0] * 2 + [1] * 2 + [2] * 4 + [3] * 4 + [4]
    state, inputs = {}, 3
    for number, block in zip(CONVOLUTIONS, blocks, strict=True):
        layer = torch.nn.Conv2d(inputs, widths[block], 3, padding=1)
        inputs = widths[block]
        state[f"features.{number}.weight"] = layer.weight.data
        state[f"features.{number}.bias"] = layer.bias.data
    return state


def test_vgg19_of_a_file_compares_five_layers_at_each_scale(tmp_path):
    state = vgg_state()
    torch.save({**state, "classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg19.pth")
    distance = picture_distance(str(tmp_path / "vgg19.pth"), None)
    assert distance.name == "VGG19 of vgg19.pth"
    picture = torch.rand(2, 3, 64, 64, requires_grad=True)
    assert float(distance(picture, picture.detach())) == 0.0
    maps = distance.network(picture)
    assert [tuple(x.shape[1:]) for x in maps] == [
        (2, 64, 64), (3, 32, 32), (4, 16, 16), (5, 8, 8), (6, 4, 4),
    ]  # fmt: skip
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    first = torch.nn.functional.conv2d(
        (picture - mean) / deviation,
        state["features.0.weight"],
        state["features.0.bias"],
        padding=1,
    )
    torch.testing.assert_close(maps[0], first.relu())
    # 64 and 32 px are wide enough for the fifth block, 16 are not
    other = torch.rand(2, 3, 64, 64)
    halves = [torch.nn.functional.avg_pool2d(x, 2) for x in (picture, other)]
    expected = sum(
        (a - b).abs().mean()
        for x, y in ((picture, other), halves)
        for a, b in zip(distance.network(x), distance.network(y), strict=True)
    )
    torch.testing.assert_close(distance(picture, other), expected)
    distance(picture, other).backward()
    assert float(picture.grad.abs().sum()) > 0


def test_a_file_that_is_no_vgg19_is_refused(tmp_path):
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "some.pth")
    with pytest.raises(CheckpointError, match=r"no VGG19: it lacks features\.0\.bias"):
        picture_distance(str(tmp_path / "some.pth"), None)
    state = vgg_state()
    state["features.2.bias"] = torch.zeros(7)
    torch.save(state, tmp_path / "broken.pth")
    with pytest.raises(CheckpointError, match="do not follow each other"):
        picture_distance(str(tmp_path / "broken.pth"), None)


def test_without_vgg19_and_without_a_network_of_ours_the_pyramid_compares():
    assert picture_distance("", None).name == "pyramid"


def tiny_arcface():
    torch.manual_seed(0)
    network = ArcFace(widths=(2, 2, 3, 4, 5), depths=(1, 2, 1, 1), features=6)
    for value in network.buffers():
        if value.is_floating_point():
            value.uniform_(0.5, 1.5)
    return network.eval()


def test_arcface_of_a_file_is_the_one_that_was_saved(tmp_path):
    network = tiny_arcface()
    torch.save(network.state_dict(), tmp_path / "backbone.pth")
    loaded = load_arcface(tmp_path / "backbone.pth")
    face = torch.rand(2, 3, ARCFACE_PX, ARCFACE_PX)
    torch.testing.assert_close(loaded(face), network(face))
    assert not loaded.training


def test_a_file_that_is_no_arcface_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(2, 3, 3, 3)}, tmp_path / "some.pth")
    with pytest.raises(CheckpointError, match=r"no ArcFace network; it holds conv1\.weight"):
        load_arcface(tmp_path / "some.pth")


def test_a_face_that_stands_as_arcface_wants_it_is_seen_as_it_is():
    wanted = (torch.tensor(ARCFACE_POINTS) + 0.5) / ARCFACE_PX * 2 - 1
    landmarks = torch.zeros(1, 21, 3)
    for point, corners in ((0, (C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER)),
                           (1, (C.RIGHT_EYE_INNER, C.RIGHT_EYE_OUTER))):  # fmt: skip
        landmarks[0, corners[0], :2] = wanted[point] - torch.tensor([0.1, 0.0])
        landmarks[0, corners[1], :2] = wanted[point] + torch.tensor([0.1, 0.0])
    for point, place in ((2, C.NOSE_TIP), (3, C.LEFT_LIP_CORNER), (4, C.RIGHT_LIP_CORNER)):
        landmarks[0, place, :2] = wanted[point]
    network, face = tiny_arcface(), torch.rand(1, 3, ARCFACE_PX, ARCFACE_PX, requires_grad=True)
    found = embeddings(network, face, landmarks)
    torch.testing.assert_close(found, network(face), atol=1e-3, rtol=1e-3)
    found.sum().backward()
    assert float(face.grad.abs().sum()) > 0
