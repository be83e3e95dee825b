import torch

from liveportrait_core.model import load_model
from tests.support.rendered import write_rendered
from train import assemble, compact
from train.authoring.assemble import mix_in

QUICK = ["steps=1", "batch=1", "motion_batch=0", "grid_every=0", "bfloat16=false"]


def test_a_model_takes_each_part_from_its_own_place(tmp_path):
    data = write_rendered(tmp_path / "heads")
    compact.main([f"run={tmp_path / 'picture'}", f"data={data}", *QUICK])
    places = ["--picture", str(tmp_path / "picture"), "--motion", str(tmp_path / "picture")]
    assert assemble.main([str(tmp_path / "whole"), *places, "--retargeting", "default"]) == 0
    whole = load_model(tmp_path / "whole" / "model.safetensors").modules()
    picture = load_model(tmp_path / "picture" / "model.safetensors").modules()
    for name, other in (("decoder", picture), ("lip", load_model("default").modules())):
        found, expected = whole[name].state_dict(), other[name].state_dict()
        assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_a_place_without_the_network_is_one_sentence(tmp_path, capsys):
    data = write_rendered(tmp_path / "heads")
    run = tmp_path / "picture"
    compact.main([f"run={run}", f"data={data}", *QUICK])
    places = ["--picture", str(run), "--motion", str(run), "--retargeting", str(run)]
    assert assemble.main([str(tmp_path / "whole"), *places]) == 2
    assert "has no stitching and no eyes and no lip" in capsys.readouterr().err
    assert not (tmp_path / "whole" / "model.safetensors").exists()


def test_parts_of_different_models_are_one_sentence(tmp_path, capsys):
    data = write_rendered(tmp_path / "heads")
    for name, form in (("old", ["detail_px=128", "blocks=0", "depth_probes=0"]), ("new", [])):
        compact.main([f"run={tmp_path / name}", f"data={data}", *QUICK, *form])
    places = ["--picture", str(tmp_path / "new"), "--motion", str(tmp_path / "old")]
    assert assemble.main([str(tmp_path / "whole"), *places, "--retargeting", "default"]) == 2
    assert "has another form of 'motion'" in capsys.readouterr().err


def test_weights_are_averaged_with_those_of_an_older_model():
    def networks(value, names):
        layer = torch.nn.BatchNorm1d(2)
        layer.load_state_dict(
            {key: torch.full_like(state, value) for key, state in layer.state_dict().items()}
        )
        return {name: layer for name in names}

    new, old = networks(4.0, ["decoder", "relief"]), networks(8.0, ["decoder"])
    new["relief"] = networks(4.0, ["relief"])["relief"]
    mix_in(new, old, 0.25)
    mixed, alone = (new[name].state_dict() for name in ("decoder", "relief"))
    assert mixed["weight"].tolist() == mixed["running_var"].tolist() == [5.0, 5.0]
    assert mixed["num_batches_tracked"] == 4
    assert alone["weight"].tolist() == [4.0, 4.0]
