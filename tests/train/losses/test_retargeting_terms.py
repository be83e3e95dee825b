"""The tables of Eq. 5 and 6."""

import pytest
import torch

from train.losses.retargeting_terms import (
    ChangedFaces,
    OpenedFaces,
    RetargetingInputs,
    RetargetingWeights,
    retargeting_terms,
)
from train.losses.terms import weighted_losses

WEIGHTS = RetargetingWeights(
    regulariser=2.0, condition=3.0, keypoint_condition=5.0, consistency=7.0
)
BLACK, GREY = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
LEFT_HALF = torch.tensor([1.0, 1.0, 0.0, 0.0]).expand(1, 1, 4, 4)


def faces_of(part):
    """The stitched faces, or those with an opening of .25 in the picture and of .5 in keypoints."""
    common = {
        "image": GREY,
        "reconstructed": BLACK,
        "kept": LEFT_HALF,
        "offset": torch.full((1, 21, 3), -0.1),
    }
    if part == "stitching":
        return ChangedFaces(**common)
    return OpenedFaces(
        **common,
        target=torch.zeros(1, 1),
        picture_opening=torch.full((1, 2), 0.25),
        keypoint_opening=torch.full((1, 2), 0.5),
    )


def inputs():
    opened = {part: faces_of(part) for part in ("eyes", "lip")}
    return RetargetingInputs(stitched=faces_of("stitching"), opened=opened)


def test_eq_5_worked_out_by_hand():
    total, values = weighted_losses(
        retargeting_terms(["stitching"], WEIGHTS, named_keypoints=True), inputs()
    )
    assert values["stitching_kept"] == pytest.approx(0.25)  # a difference of .5 in half of it
    assert values["stitching_offset"] == pytest.approx(0.1)
    assert total == pytest.approx(7 * 0.25 + 2 * 0.1)


def test_eq_6_worked_out_by_hand():
    total, values = weighted_losses(
        retargeting_terms(["lip"], WEIGHTS, named_keypoints=True), inputs()
    )
    expected = {"lip_kept": 0.25, "lip_picture": 0.25, "lip_keypoints": 0.5, "lip_offset": 0.1}
    assert {name: float(value) for name, value in values.items()} == pytest.approx(expected)
    assert total == pytest.approx(7 * 0.25 + 3 * 0.25 + 5 * 0.5 + 2 * 0.1)


@pytest.mark.parametrize("parts", [["stitching"], ["eyes"], ["stitching", "eyes", "lip"]])
def test_each_part_that_learns_has_its_terms_and_no_other(parts):
    terms = retargeting_terms(parts, WEIGHTS, named_keypoints=False)
    assert [term.name.split("_")[0] for term in terms if term.name.endswith("_kept")] == parts
    assert not any(term.name.endswith("_keypoints") for term in terms)
