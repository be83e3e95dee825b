"""Checkpoints in: every layout, every way a file can be wrong."""

from __future__ import annotations

import os
import shutil

import pytest
import torch
from safetensors.torch import save_file

from liveportrait_core.checkpoints import loading, model_folders
from liveportrait_core.checkpoints.keymaps import RETARGETING_FILE
from liveportrait_core.checkpoints.loading import load_checkpoint
from liveportrait_core.checkpoints.model_folders import find_layout
from liveportrait_core.checkpoints.published import from_published
from liveportrait_core.constants import ANIMAL_SPACE, HUMAN_SPACE
from liveportrait_core.errors import CheckpointError
from liveportrait_core.model import load_model, save_model
from liveportrait_core.networks.build import build
from tests.support.fill import published_state
from tests.support.tiny import (
    TINY_COMPACT,
    TINY_WIDTH_ONLY,
    tiny_compact_model,
    tiny_published_model,
)

from .conftest import same_weights


def bias_of(salt, network="appearance", key="stem.conv.bias"):
    state = published_state(network, TINY_WIDTH_ONLY, salt)
    return from_published(network, state, model_folders.DEFAULT_FILE)[key]


@pytest.mark.parametrize("place", [".", "liveportrait", "liveportrait/base_models"])
def test_a_human_model_loads_from_any_level_of_the_published_folders(written_once, place):
    preset, networks, origin = load_checkpoint(written_once / place)
    assert preset == TINY_WIDTH_ONLY  # the width is read off the shapes
    assert list(networks)[:4] == ["appearance", "motion", "warping", "decoder"]
    assert torch.equal(networks["appearance"].state_dict()["stem.conv.bias"], bias_of("human"))
    assert origin.endswith("base_models")
    assert set(networks) == {
        "appearance", "motion", "warping", "decoder", "stitching", "eyes", "lip",
    }  # fmt: skip


def test_animals_are_the_newer_ones_and_stitch_with_the_human_file(written_once):
    preset, networks, origin = load_checkpoint(written_once / "liveportrait_animals")
    assert preset.space == ANIMAL_SPACE
    assert origin.endswith("base_models_v1.1")
    assert torch.equal(networks["appearance"].state_dict()["stem.conv.bias"], bias_of("new animal"))
    stitching = networks["stitching"].state_dict()["layers.0.bias"]
    assert torch.equal(stitching, bias_of("human", "stitching", "layers.0.bias"))


def test_older_animals_load_where_the_newer_are_not(hub):
    shutil.rmtree(hub / "liveportrait_animals" / "base_models_v1.1")
    preset, networks, _ = load_checkpoint(hub / "liveportrait_animals")
    assert preset.space == ANIMAL_SPACE
    assert torch.equal(networks["appearance"].state_dict()["stem.conv.bias"], bias_of("old animal"))


def test_animals_without_a_human_file_do_not_stitch(hub):
    shutil.rmtree(hub / "liveportrait")
    model = load_model(hub / "liveportrait_animals")
    assert model.stitching is None
    assert model.modules().keys() == {"appearance", "motion", "warping", "decoder"}


@pytest.mark.parametrize(("place", "space"), [(".", HUMAN_SPACE), ("animal", ANIMAL_SPACE)])
def test_the_flat_folder_of_comfyui_gives_the_same_weights(
    comfyui_once, written_once, place, space
):
    official = "liveportrait" if space == HUMAN_SPACE else "liveportrait_animals"
    flat, published = load_model(comfyui_once / place), load_model(written_once / official)
    assert flat.preset == published.preset
    assert flat.preset.space == space
    for name, net in published.modules().items():
        assert same_weights(net, flat.modules()[name])


def test_names_are_looked_up_in_the_folders_of_the_environment(written_once, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv(
        model_folders.WEIGHTS_VARIABLE, os.pathsep.join((str(nowhere), str(written_once)))
    )
    assert load_checkpoint("human")[0].space == HUMAN_SPACE
    assert load_checkpoint("animal")[0].space == ANIMAL_SPACE
    assert load_checkpoint("liveportrait")[0].space == HUMAN_SPACE


def test_names_are_looked_up_in_comfyuis_folder_here(comfyui_once, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(model_folders.WEIGHTS_VARIABLE, raising=False)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "liveportrait").symlink_to(comfyui_once)
    assert load_checkpoint("human")[0].space == HUMAN_SPACE
    assert load_checkpoint("animal")[0].space == ANIMAL_SPACE


def test_an_unknown_name_says_where_it_was_looked_for(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(model_folders.WEIGHTS_VARIABLE, str(tmp_path))
    with pytest.raises(CheckpointError, match="No model 'nobody'") as error:
        load_checkpoint("nobody")
    assert str(tmp_path) in str(error.value)


def test_a_folder_that_has_a_name_of_the_published_model_is_asked_for_by_its_path(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper").mkdir()
    with pytest.raises(CheckpointError) as error:
        load_checkpoint("paper")
    assert str(error.value) == (
        "'paper' is a name of the published human model, and there is no folder of weights. For "
        "the folder that is here give ./paper."
    )


def test_a_missing_default_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(model_folders, "DEFAULT_FILE", tmp_path / "default.safetensors")
    with pytest.raises(CheckpointError, match=r"packaged model .* is not there"):
        load_model()


@pytest.mark.parametrize("make", [tiny_published_model, tiny_compact_model])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_saved_model_loads_again(make, dtype, tmp_path):
    model = make()
    path = tmp_path / "new" / "model.safetensors"
    save_model(model, path, dtype=dtype, metadata={"command": "python -m train.stage1"})
    again = load_model(path)
    assert again.preset == model.preset
    for name, net in model.modules().items():
        wanted = net.state_dict()
        for key, value in again.modules()[name].state_dict().items():
            assert value.dtype == wanted[key].dtype
            torch.testing.assert_close(value, wanted[key], rtol=1e-3, atol=1e-4)
            if dtype == torch.float32:
                assert torch.equal(value, wanted[key])
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_a_loaded_model_is_ready_to_animate(tmp_path):
    save_model(tiny_published_model(), tmp_path / "model.safetensors")
    model = load_model(tmp_path / "model.safetensors", dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    for name, net in model.modules().items():
        assert not net.training
        assert not any(parameter.requires_grad for parameter in net.parameters())
        if name in ("stitching", "eyes", "lip"):
            assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}


def test_a_weight_too_large_for_half_precision_is_refused(tmp_path):
    model = tiny_compact_model()
    next(iter(model.decoder.parameters())).data.fill_(1e6)
    with pytest.raises(CheckpointError, match=r"which torch\.float16 cannot hold"):
        save_model(model, tmp_path / "model.safetensors", dtype=torch.float16)
    assert not list(tmp_path.iterdir())


def test_a_name_that_would_not_load_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"a name that ends in \.safetensors is expected"):
        save_model(tiny_compact_model(), tmp_path / "copy")
    (tmp_path / "copy").write_bytes(b"weights")
    with pytest.raises(CheckpointError, match=r"ends neither in \.safetensors nor in \.pth\. "):
        load_model(tmp_path / "copy")


def test_an_unwritable_place_is_told(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CheckpointError, match="Cannot write"):
        save_model(tiny_compact_model(), tmp_path / "file" / "model.safetensors")


# What a user may have in place of a good file: (how to spoil it, what the error must say).
DAMAGES = {
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "truncated": (
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "truncated or damaged",
    ),
    "a text": (lambda path: path.write_text("version https://git-lfs"), "begins with b'version"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "lacks"),
    "missing": (lambda path: path.unlink(), "lacks"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ["published", "comfyui"])
def test_a_damaged_file_is_named_with_what_is_wrong(damage, kind, hub, comfyui_once, tmp_path):
    spoil, words = DAMAGES[damage]
    if kind == "published":
        folder, path = hub, hub / "liveportrait" / "base_models" / "motion_extractor.pth"
    else:
        folder = shutil.copytree(comfyui_once, tmp_path / "flat")
        path = folder / "motion_extractor.safetensors"
    spoil(path)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(folder)
    assert words in str(error.value)
    assert "motion_extractor" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["empty", "truncated", "a text"])
def test_a_damaged_file_of_ours_is_named(damage, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(tiny_compact_model(), path)
    spoil, words = DAMAGES[damage]
    spoil(path)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_a_foreign_checkpoint_lists_missing_and_left_over_keys(hub):
    path = hub / "liveportrait" / "base_models" / "warping_module.pth"
    torch.save({f"layer{i}.weight": torch.zeros(2) for i in range(12)}, path)
    with pytest.raises(CheckpointError, match="is not the published warping network") as error:
        load_checkpoint(hub)
    text = str(error.value)
    assert "dense_motion_network.compress.bias" in text  # the first of the missing
    assert "and 87 more" in text  # 97 keys, ten shown
    assert "layer0.weight" in text
    assert "and 2 more" in text


def test_another_network_under_a_files_name_is_recognised(hub):
    base = hub / "liveportrait" / "base_models"
    shutil.copy(base / "warping_module.pth", base / "spade_generator.pth")
    with pytest.raises(CheckpointError, match="holds the warping network"):
        load_checkpoint(hub)


def test_wrong_shapes_are_listed(hub):
    path = hub / "liveportrait" / "base_models" / "warping_module.pth"
    state = torch.load(path)
    state["fourth.weight"] = torch.zeros(5, 5, 1, 1)
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=r"mix.weight \(5, 5, 1, 1\) instead of \(16, 16"):
        load_checkpoint(hub)


def test_a_file_that_would_run_code_is_refused(hub):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(hub / "owned"),))

    path = hub / "liveportrait" / "base_models" / "warping_module.pth"
    torch.save({"x": Evil()}, path)
    with pytest.raises(CheckpointError, match="holds code instead of tensors"):
        load_checkpoint(hub)
    assert not (hub / "owned").exists()


def test_unknown_entries_of_the_retargeting_file_are_ignored(hub):
    path = hub / "liveportrait" / "retargeting_models" / f"{RETARGETING_FILE}.pth"
    content = torch.load(path)
    content["retarget_eyebrow"] = {"module.mlp.0.weight": torch.zeros(2)}
    content["epoch"] = 12
    torch.save(content, path)
    assert "stitching" in load_checkpoint(hub)[1]


def test_a_retargeting_file_without_an_entry_is_refused(hub):
    path = hub / "liveportrait" / "retargeting_models" / f"{RETARGETING_FILE}.pth"
    content = torch.load(path)
    del content["retarget_eye"]
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="has no retarget_eye"):
        load_checkpoint(hub)


def test_an_empty_folder_says_what_was_expected(tmp_path):
    with pytest.raises(CheckpointError, match="no human or animal model") as error:
        load_checkpoint(tmp_path)
    assert "base_models" in str(error.value)


def test_a_folder_with_a_model_that_is_one_file_names_it(tmp_path):
    save_model(tiny_compact_model(), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"is named itself: .*model\.safetensors\."):
        load_checkpoint(tmp_path)


def test_one_published_file_is_not_a_model(comfyui_once):
    with pytest.raises(CheckpointError, match="not a model of this program"):
        load_checkpoint(comfyui_once / "motion_extractor.safetensors")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "2"}, "has version 2"),
        ({"preset": "{}"}, "describes no preset"),
        ({"preset": "nonsense"}, "describes no preset"),
        ({"format": "another"}, "not a model of this program"),
    ],
)
def test_a_file_of_a_newer_program_is_refused_in_a_sentence(changes, words, tmp_path):
    path = tmp_path / "model.safetensors"
    metadata = {"format": "liveportrait-suite/model", "version": "1", "preset": "{}"} | changes
    save_file({"appearance.x": torch.zeros(1)}, path, metadata)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(path)


def test_a_file_of_ours_that_lacks_a_network_is_refused(tmp_path):
    model = tiny_compact_model()
    object.__setattr__(model, "decoder", None)
    path = tmp_path / "model.safetensors"
    save_model(model, path)
    with pytest.raises(CheckpointError, match="missing networks: decoder"):
        load_checkpoint(path)


def test_a_layout_tells_its_files(written_once):
    layout = find_layout(written_once)
    assert layout.kind == "human"
    assert layout.files["decoder"].name == "spade_generator.pth"
    assert layout.retargeting is not None
    assert layout.preset is None
    assert TINY_COMPACT.width < 1


def test_networks_are_built_once_without_memory_and_laid_out_as_they_compute_fastest(
    tmp_path, monkeypatch
):
    path = tmp_path / "tiny.safetensors"
    built, model = [], tiny_compact_model()
    save_model(model, path)

    def build_once(preset):
        built.append(build(preset))
        return built[-1]

    monkeypatch.setattr(loading, "build", build_once)
    loaded = load_model(path)
    assert len(built) == 1
    for name, net in loaded.modules().items():
        own = dict(model.modules()[name].named_parameters()) | dict(
            model.modules()[name].named_buffers()
        )
        for key, value in (*net.named_parameters(), *net.named_buffers()):
            assert value.device.type == "cpu", key
            assert value.stride() == own[key].stride(), key
            assert torch.equal(value, own[key]), key
