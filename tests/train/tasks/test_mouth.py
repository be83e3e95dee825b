"""The mouth branch trained: windows made once, everything else of the model as it was."""

import json
from dataclasses import replace

import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.model import load_model, save_model
from liveportrait_core.networks.compact.mouth import MouthBranch
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.rendered import write_rendered
from tests.support.tiny import TINY_COMPACT, tiny_compact_model
from train import mouth
from train.engine.config import parse
from train.tasks.compact import initial_networks
from train.tasks.compact_steps import CompactSources
from train.tasks.mouth import MouthConfig, with_luminance

QUICK = ["batch=2", "windows=8", "warmup_steps=1", "log_every=1", "save_every=2", "grid_every=0"]
QUICK += ["bfloat16=false", "mouth_px=32", "workers=0", "gan=true"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base and heads; windows that all runs share."""
    root = tmp_path_factory.mktemp("mouths")
    save_model(tiny_compact_model(), root / "base.safetensors", dtype=torch.float16)
    write_rendered(root / "heads")
    return root


def keys(place, run, **more):
    given = {
        "run": place / run,
        "base": place / "base.safetensors",
        "data": place / "heads",
        "cache": place / "windows",
        "steps": 3,
        **more,
    }
    return [*QUICK, *(f"{name}={value}" for name, value in given.items())]


@pytest.fixture(scope="module")
def trained(place):
    assert mouth.main(keys(place, "whole")) == 0
    return place / "whole"


def test_a_run_writes_a_model_with_a_branch_and_leaves_the_rest_alone(place, trained):
    base, model = load_model(place / "base.safetensors"), load_model(trained / "model.safetensors")
    assert model.preset.mouth_px == 32
    for name, network in base.modules().items():
        state = model.modules()[name].state_dict()
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())
    assert any(float(p.abs().max()) > 0 for p in model.decoder.mouth.out.parameters())


def test_a_run_killed_and_run_again_gives_the_same_losses(place, trained):
    assert cut_off_and_resumed(mouth.main, keys(place, "again"), step=2) == 0
    assert losses_of(place / "again") == losses_of(trained)


def test_a_branch_learns_on_from_a_model_that_has_one(place, trained):
    base = trained / "model.safetensors"
    options = keys(
        place, "more", base=base, cache=place / "more-windows", steps=1, lr=1e-9, luminance=1
    )
    assert mouth.main(options) == 0
    before, after = (load_model(x).decoder.mouth for x in (base, place / "more/model.safetensors"))
    for one, other in zip(before.parameters(), after.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=0)


def test_of_a_change_without_its_luminance_the_chroma_is_left():
    branch = MouthBranch(32, 0.125)
    torch.nn.init.normal_(branch.out.weight)
    seen = torch.randn(1, branch.out.in_channels, 4, 4)
    grey = with_luminance(branch, 0.0).out(seen)
    change = branch.out(seen)
    luminance = (change * torch.tensor((0.299, 0.587, 0.114)).view(3, 1, 1)).sum(1, keepdim=True)
    torch.testing.assert_close(grey, change - luminance, atol=1e-5, rtol=0)
    torch.testing.assert_close(with_luminance(branch, 1.0).out(seen), change)


def test_windows_of_something_else_are_refused(place, trained, capsys):
    del trained
    assert mouth.main(keys(place, "other", seed=1)) == 2
    assert "windows that were made from something else" in capsys.readouterr().err
    settings = json.loads((place / "windows" / "windows.json").read_text("utf-8"))
    assert settings["mouth_px"] == 32


def test_a_window_whose_maps_cannot_be_halved_is_refused():
    with pytest.raises(OptionError, match="a multiple of 8 is expected"):
        parse(MouthConfig, ["run=r", "data=d", "steps=1", "mouth_px=50"], "x")


def test_training_of_the_compact_networks_leaves_the_branch_as_it_is():
    preset = replace(TINY_COMPACT, mouth_px=32)
    sources = CompactSources(heads=None, clips=None, clips_in_step=lambda *_: 0, clips_from=0)
    decoder = initial_networks(preset, 0, sources, [])["decoder"]
    assert not any(p.requires_grad for p in decoder.mouth.parameters())
    assert all(p.requires_grad for p in decoder.up.parameters())


def test_a_dry_run_counts_what_learns(place, capsys):
    with pytest.raises(SystemExit):
        mouth.main([*keys(place, "dry"), "--dry-run"])
    assert "of 2 windows" in capsys.readouterr().out
