"""Lips of a head meet in speech, by the head's own vertices."""

from dataclasses import replace

import numpy as np
import pytest

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.speech.articulation import articulate
from liveportrait_core.speech.visemes import Phone, without_gaps
from train.rendering.head.head_model import HeadModel
from train.rendering.head.lips import lip_gap_of
from train.rendering.head.load import load_head


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return load_head(None)


def deformed_gap(head: HeadModel, vertices: np.ndarray, weights: np.ndarray) -> float:
    """Height between the inner lips of a head whose vertices are moved by 52 shapes."""
    moved = vertices.copy()
    for number, name in enumerate(head.expression_names):
        shape = name.replace("_L", "Left").replace("_R", "Right")
        part = slice(*head.expressions.starts[number : number + 2])
        if shape in ARKIT_SHAPES:
            offsets = head.expressions.offsets[part] * weights[ARKIT_SHAPES.index(shape)]
            moved[head.expressions.indices[part]] += offsets
    upper, lower = (head.landmarks[list(numbers)] for numbers in ((61, 62, 63), (65, 66, 67)))
    return float((moved[upper, 1] - moved[lower, 1]).mean())


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_lips_of_a_head_meet_by_its_own_vertices(head, seed):
    identity, vertices = None, head.vertices
    if seed is not None:
        identity = np.random.default_rng(seed).normal(size=len(head.identity_modes))
        identity = identity.astype(np.float32)
        vertices = vertices + (identity @ head.identity_modes).reshape(-1, 3)
    phones = without_gaps(
        [
            Phone(viseme="aa", start_s=0.3, end_s=0.5),
            Phone(viseme="PP", start_s=0.5, end_s=0.6),
            Phone(viseme="oh", start_s=0.6, end_s=0.8),
        ],
        1.0,
    )
    lips = lip_gap_of(head, identity)
    weights = articulate(phones, 50, lips=lips).weights.numpy()
    gaps = [deformed_gap(head, vertices, row) for row in weights]
    assert gaps[26] == pytest.approx(0, abs=2e-3)  # .52 s: shut
    assert gaps[20] > 0.3  # .4 s: wide open
    assert min(gaps) > -2e-3


def test_a_head_whose_lips_cannot_be_brought_together_is_refused(head):
    names = tuple(name.replace("mouthClose", "mouthOther") for name in head.expression_names)
    with pytest.raises(ValueError, match="mouthClose must"):
        lip_gap_of(replace(head, expression_names=names))
