"""Driving templates that never were in a file, as other programs hand them on."""

import pickle

import numpy as np
import pytest
import torch

from liveportrait_core.constants import ANIMAL_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.media.motion_pickle import motion_from_template
from liveportrait_core.motion.types import tensor_fields

from .test_motion_pickle import make_template, without


def mapped(template, change):
    """The template with each of its arrays changed."""

    def in_row(row):
        if isinstance(row, dict):
            return {key: change(value) for key, value in row.items()}
        return change(row)

    return {
        name: [in_row(row) for row in value] if isinstance(value, list) else value
        for name, value in template.items()
    }


FORMS = {
    "tensors": torch.from_numpy,
    "half tensors": lambda array: torch.from_numpy(array).half().float(),
    "tensors that learn": lambda array: torch.from_numpy(array).requires_grad_(),
    "lists": np.ndarray.tolist,
    "float64": lambda array: array.astype(np.float64),
}


@pytest.mark.parametrize("form", FORMS)
def test_values_may_be_tensors_arrays_or_lists(form):
    template = make_template(3)
    wanted = motion_from_template(template)
    found = motion_from_template(mapped(template, FORMS[form]))
    for name in tensor_fields():
        one, other = getattr(wanted, name), getattr(found, name)
        if one is None:
            assert other is None
            continue
        tolerance = 5e-3 if form == "half tensors" else 0.0
        torch.testing.assert_close(other, one, rtol=tolerance, atol=tolerance)
        assert not other.requires_grad
    assert (found.fps, found.space, found.producer) == (30, HUMAN_SPACE, wanted.producer)


def test_a_template_in_memory_is_the_one_in_the_file(tmp_path):

    template = without(make_template(4), "R", "kp", "x_s", "c_eyes_lst", "c_lip_lst")
    (tmp_path / "joy.pkl").write_bytes(pickle.dumps(template))
    stored, told = load_motion(tmp_path / "joy.pkl"), motion_from_template(template)
    assert told.producer == stored.producer == "JoyVASA template"
    assert torch.equal(told.pose_deg, stored.pose_deg)
    assert torch.equal(told.expression, stored.expression)


def test_the_space_can_be_told():
    assert motion_from_template(make_template(2), space=ANIMAL_SPACE).space == ANIMAL_SPACE


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ([1, 2], "The audio node is no driving template: it has no list 'motion'."),
        ({"motion": "none"}, "The audio node is no driving template"),
        ({"n_frames": 3, "motion": [{}]}, "The template The audio node names 3 frames and holds 1"),
        ({"n_frames": 1, "motion": [7]}, "The template The audio node is damaged: a frame in it"),
        ({"n_frames": 1, "motion": [{}]}, "The template The audio node lacks 'exp' in a frame."),
    ],
)
def test_what_is_none_is_told_with_where_it_came_from(template, told):
    with pytest.raises(MediaError) as error:
        motion_from_template(template, name="The audio node")
    assert str(error.value).startswith(told)


def test_values_that_are_no_numbers_are_told():
    template = make_template(2)
    template["motion"][1]["t"] = torch.full((1, 3), torch.nan)
    with pytest.raises(MediaError, match="in memory is damaged: it holds values that are not"):
        motion_from_template(template)
