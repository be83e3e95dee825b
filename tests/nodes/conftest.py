"""The suite, once for each module: loading it takes a third of a second."""

import pytest

from liveportrait_core.model import save_model
from tests.nodes.suite import TINY, loaded
from tests.support.comfyui.stand_in import OLDEST, comfyui
from tests.support.tiny import tiny_compact_model

__all__ = ["comfyui"]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    """A tiny model in a file of ours."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(tiny_compact_model(TINY), path)
    return path


@pytest.fixture(scope="module")
def suite(request, tmp_path_factory, model_file):
    """Our nodes in ComfyUI 0.3.64, or in the version that a module's mark names."""
    base = tmp_path_factory.mktemp("comfyui") / "ComfyUI"
    with loaded(base, getattr(request, "param", OLDEST), model_file) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_kept(request):
    """No test sees what another one read."""
    if "suite" in request.fixturenames:
        request.getfixturevalue("suite").forget()


@pytest.fixture
def model(suite):
    """The tiny model, as Load Model gives it."""
    return suite.model()
