"""The eye branch trained: windows made once, everything else of the model as it was."""

import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.model import load_model, save_model
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_compact_model
from train import eyes
from train.engine.config import parse
from train.tasks.eyes import EyesConfig

QUICK = ["batch=4", "windows=8", "warmup_steps=1", "log_every=1", "save_every=2", "grid_every=0"]
QUICK += ["bfloat16=false", "eyes_px=32", "workers=0", "gan=true", "steps=3"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base and heads; windows that all runs share."""
    root = tmp_path_factory.mktemp("eyes")
    save_model(tiny_compact_model(), root / "base.safetensors", dtype=torch.float16)
    write_rendered(root / "heads")
    return root


def keys(place, run, **more):
    given = {
        "run": place / run,
        "base": place / "base.safetensors",
        "data": place / "heads",
        "cache": place / "windows",
        **more,
    }
    return [*QUICK, *(f"{name}={value}" for name, value in given.items())]


@pytest.fixture(scope="module")
def trained(place):
    assert eyes.main(keys(place, "whole")) == 0
    return place / "whole"


def test_a_run_writes_a_model_with_a_branch_and_leaves_the_rest_alone(place, trained):
    base, model = load_model(place / "base.safetensors"), load_model(trained / "model.safetensors")
    assert model.preset.eyes_px == 32
    assert model.preset.mouth_px == 0
    for name, network in base.modules().items():
        state = model.modules()[name].state_dict()
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())
    assert any(float(p.abs().max()) > 0 for p in model.decoder.eyes.out.parameters())


def test_a_run_killed_and_run_again_gives_the_same_losses(place, trained):
    assert cut_off_and_resumed(eyes.main, keys(place, "again"), step=2) == 0
    assert losses_of(place / "again") == losses_of(trained)


def test_windows_of_another_part_are_refused(place, trained, capsys):
    del trained
    assert eyes.main(keys(place, "other", seed=1)) == 2
    assert "made from something else than these of the eyes" in capsys.readouterr().err


def test_a_window_whose_maps_cannot_be_halved_is_refused():
    with pytest.raises(OptionError, match="eyes_px is 50; a multiple of 8 is expected"):
        parse(EyesConfig, ["run=r", "data=d", "steps=1", "eyes_px=50"], "x")


def test_a_dry_run_counts_what_learns(place, capsys):
    with pytest.raises(SystemExit):
        eyes.main([*keys(place, "dry"), "--dry-run"])
    assert "of 4 windows" in capsys.readouterr().out
