from pathlib import Path

import numpy as np
import pytest

from train.rendering.chart import FaceChart, chart_face
from train.rendering.face_model import RawFaceModel
from train.rendering.head import HeadModel, build_head

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
