"""Windows about eyes: guessed irises are left out, light and wrong colours."""

from dataclasses import fields, replace

import pytest
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.networks.compact.eyes import EyeView
from train.data.eye_windows import EYE_WINDOWS, changed_eyes, have_guessed_irises
from train.data.part_windows import PartWindows, StoredWindows
from train.engine.draw import Draw

COUNT, SIDE = 4, 32
BROWN, TEAL = (0.4, 0.25, 0.15), (0.2, 0.4, 0.4)


def windows_of(iris, known):
    """Windows whose true iris has a colour, under white light."""
    points = torch.tensor([(-0.6, 0.0), (0.6, 0.0), (0.0, -0.3), (0.0, 0.3), (0.0, 0.0)])
    points = points.expand(COUNT, -1, -1)
    grey = torch.full((COUNT, 3, SIDE, SIDE), 0.4)
    view = EyeView(
        picture=grey,
        source=grey,
        moved=grey,
        driving_points=points,
        source_points=points,
        skin=torch.full((COUNT, 3), 0.4),
        iris=torch.tensor([(*iris, known)]).repeat(COUNT, 1),
    )
    truth = torch.tensor(iris).view(1, 3, 1, 1).expand_as(grey)
    return PartWindows(view=view, truth=truth, inside=torch.ones(COUNT, 1, SIDE, SIDE))


@pytest.mark.parametrize(
    ("iris", "known", "is_left_out"),
    [(TEAL, 0.0, True), (TEAL, 1.0, False), (BROWN, 0.0, False), (BROWN, 1.0, False)],
)
def test_an_iris_that_can_only_be_guessed_is_left_out_unless_it_is_brown(iris, known, is_left_out):
    assert have_guessed_irises(windows_of(iris, known)).tolist() == [is_left_out] * COUNT


def test_an_eye_that_is_shut_in_the_truth_is_kept():
    windows = windows_of(TEAL, 0.0)
    shut = replace(windows, inside=torch.zeros_like(windows.inside))
    assert not have_guessed_irises(shut).any()


def test_windows_that_are_all_left_out_are_one_sentence():
    windows = windows_of(TEAL, 0.0)
    arrays = {field.name: getattr(windows.view, field.name) for field in fields(EyeView)}
    with pytest.raises(MediaError, match="All of the 4 windows of the eyes have irises that"):
        StoredWindows(EYE_WINDOWS, {**arrays, "truth": windows.truth, "inside": windows.inside})


def test_light_changes_all_that_a_window_shows_and_a_wrong_colour_the_picture_alone():
    windows = windows_of((0.4, 0.4, 0.4), 0.5)
    windows = replace(windows, inside=windows.inside.clone())
    windows.inside[..., SIDE // 2 :] = 0
    found = changed_eyes(windows, Draw.of(0, 0, 1))
    light = found.view.skin[..., None, None].expand_as(found.truth)
    assert float((light - 0.4).abs().max()) > 0.01
    for picture in (found.truth, found.view.source, found.view.moved):
        torch.testing.assert_close(picture, light)
    torch.testing.assert_close(found.view.iris[:, :3], found.view.skin)
    assert torch.equal(found.view.iris[:, 3], windows.view.iris[:, 3])
    wrong = (found.view.picture - light).abs().amax(1)
    assert float(wrong[..., SIDE // 2 + 3 :].max()) < 1e-6
    assert float(wrong[..., : SIDE // 2 - 3].max()) > 0.01
