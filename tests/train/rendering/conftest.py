from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from train.rendering.head.face_model import RawFaceModel
from train.rendering.head.head_model import HeadModel, build_head
from train.rendering.motion_sampler import HeadMotion
from train.rendering.skin.face_chart import FaceChart, chart_face

from .made_up_model import made_up_model


@pytest.fixture(scope="session")
def raw_model() -> RawFaceModel:
    return made_up_model()


@pytest.fixture(scope="session")
def head(raw_model: RawFaceModel) -> HeadModel:
    return build_head(raw_model)


@pytest.fixture(scope="session")
def chart(head: HeadModel) -> FaceChart:
    return chart_face(head)


@pytest.fixture(scope="session")
def face_model_file(raw_model: RawFaceModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "made_up.npz"
    np.savez(
        path,
        V=raw_model.vertices,
        F=raw_model.triangles,
        m=raw_model.materials,
        mats=np.array(raw_model.material_names),
        E=raw_model.expressions,
        names=np.array(raw_model.expression_names),
        I=raw_model.identity_modes,
        lm=raw_model.landmarks,
    )
    return path


@pytest.fixture
def motion(head: HeadModel) -> Callable[..., HeadMotion]:
    """A still, frontal head with a gaze and some expressions."""

    def make(gaze: tuple[float, float] = (0, 0), **weights: float) -> HeadMotion:
        expression = np.zeros(len(head.expression_names), np.float32)
        for name, weight in weights.items():
            expression[head.expression_index(name)] = weight
        return HeadMotion(
            expression=expression,
            pose_deg=np.zeros(3, np.float32),
            gaze_deg=np.array(gaze, np.float32),
            shift=np.zeros(2, np.float32),
            zoom=1.0,
            torso_yaw_deg=0.0,
        )

    return make


@pytest.fixture
def still(motion: Callable[..., HeadMotion]) -> HeadMotion:
    """The head at rest."""
    return motion()
