"""Windows about mouths: kept, mirrored, recoloured."""

from dataclasses import fields, replace

import pytest
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.networks.compact.mouth import MouthView
from train.data.mouth_windows import MOUTH_WINDOWS, changed_mouths, have_green_teeth, mirrored
from train.data.part_windows import PATTERN, PartWindows, StoredWindows, store
from train.engine.draw import Draw

COUNT, SIDE = 6, 16


@pytest.fixture
def windows():
    random = torch.Generator().manual_seed(0)

    def picture(channels=3):
        levels = torch.randint(0, 256, (COUNT, channels, SIDE, SIDE), generator=random)
        return levels / 255

    view = MouthView(
        picture=picture(),
        source=picture(),
        driving_points=torch.rand(COUNT, 21, 3, generator=random),
        source_points=torch.rand(COUNT, 21, 3, generator=random),
        skin=torch.rand(COUNT, 3, generator=random),
    )
    truth = picture().sort(dim=1, descending=True).values  # more red than green: no green teeth
    return PartWindows(view=view, truth=truth, inside=(picture(1) > 0.5).float())


def same(one, other):
    for field in fields(MouthView):
        parts = (getattr(one.view, field.name), getattr(other.view, field.name))
        torch.testing.assert_close(*parts, atol=1e-6, rtol=0)
    torch.testing.assert_close(one.truth, other.truth, atol=1e-6, rtol=0)
    torch.testing.assert_close(one.inside, other.inside, atol=1e-6, rtol=0)


def test_windows_come_back_from_the_disk_as_they_were(tmp_path, windows):
    store(windows, tmp_path / PATTERN.format(0))
    kept = StoredWindows.of(MOUTH_WINDOWS, tmp_path, 1)
    assert len(kept) == COUNT
    same(kept.rows(range(COUNT)).to(torch.device("cpu")), windows)


def test_a_window_with_green_teeth_is_never_drawn(windows):
    truth = torch.full_like(windows.truth, 0.2)
    truth[:, :, 4:8] = torch.tensor((0.8, 0.7, 0.6)).view(3, 1, 1)  # teeth
    truth[2, :, 4:8] = torch.tensor((0.6, 0.8, 0.7)).view(3, 1, 1)
    inside = torch.zeros_like(windows.inside)
    inside[:, :, 4:12] = 1
    inside[3], truth[3, 1] = 0, 0.9  # a green face with its mouth shut
    found = have_green_teeth(replace(windows, truth=truth, inside=inside))
    assert found.tolist() == [False, False, True, False, False, False]


def test_a_damaged_file_is_named(tmp_path, windows):
    path = tmp_path / PATTERN.format(0)
    store(windows, path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(MediaError, match=r"windows-00000\.npz is damaged .* Delete it"):
        StoredWindows.of(MOUTH_WINDOWS, tmp_path, 1)


def test_a_window_mirrored_twice_is_the_window(windows):
    rows = torch.tensor([True, False] * (COUNT // 2))
    once = mirrored(windows, rows)
    assert torch.equal(once.truth[0], windows.truth[0].flip(-1))
    assert torch.equal(once.truth[1], windows.truth[1])
    same(mirrored(once, rows), windows)


def test_light_changes_all_that_a_window_shows_and_a_wrong_colour_the_picture_alone(windows):
    dim = replace(  # so dark that no light cuts anything off, and of one colour each
        windows,
        view=replace(
            windows.view,
            picture=torch.full_like(windows.truth, 0.4),
            source=torch.full_like(windows.truth, 0.4),
            skin=torch.full_like(windows.view.skin, 0.4),
        ),
        truth=torch.full_like(windows.truth, 0.4),
        inside=torch.zeros_like(windows.inside),
    )
    dim.inside[..., SIDE // 2 :] = 1
    found = changed_mouths(dim, Draw.of(0, 0, 1))
    light = found.view.skin[..., None, None].expand_as(found.truth)
    assert float((light - 0.4).abs().max()) > 0.01
    torch.testing.assert_close(found.truth, light)
    torch.testing.assert_close(found.view.source, light)
    wrong = (found.view.picture - light).abs().amax(1)
    outside = torch.nn.functional.max_pool2d(found.inside, 5, 1, 2)[:, 0] == 0
    assert float(wrong[outside].max()) < 1e-6
    assert float(wrong.flatten(1).amax(1).max()) > 0.01
