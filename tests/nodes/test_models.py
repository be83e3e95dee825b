"""Load Model: ours, files of users, the published ones, and what is none of them."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from liveportrait_core.checkpoints.keymaps import (
    ENTRY_OF_NETWORK,
    FILE_OF_NETWORK,
    RETARGETING_FILE,
)
from tests.nodes.suite import MODEL_FILE, STILL, assert_tells, batch
from tests.support.fill import published_state, write_published_folder
from tests.support.tiny import TINY_WIDTH_ONLY

LARGE = [f"{stem}.safetensors" for stem in FILE_OF_NETWORK.values()]
LINK = "https://huggingface.co/Kijai/LivePortrait_safetensors/resolve/main/"


def write_files(folder, salt):
    """The four large files of a published model, in ComfyUI's layout, tiny."""
    folder.mkdir(parents=True, exist_ok=True)
    for network, stem in FILE_OF_NETWORK.items():
        save_file(published_state(network, TINY_WIDTH_ONLY, salt), folder / f"{stem}.safetensors")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """People, animals, and the small networks of both, as the KJ pack has them."""
    folder = tmp_path_factory.mktemp("published")
    write_files(folder, "human")
    write_files(folder / "animal", "animal")
    small = {
        f"{entry}_module.{key}": value
        for network, entry in ENTRY_OF_NETWORK.items()
        for key, value in published_state(network, TINY_WIDTH_ONLY, "human").items()
    }
    save_file(small, folder / f"{RETARGETING_FILE}.safetensors")
    return folder


@pytest.fixture
def folder(suite):
    """`models/liveportrait`, as it was before when the test is over."""
    place = suite.comfyui.models / "liveportrait"
    before = set(place.rglob("*"))
    yield place
    for path in sorted(set(place.rglob("*")) - before, reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def put(published, folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(published / name)


def test_the_folder_of_the_kj_pack_is_known_with_its_endings(suite):
    paths, endings = suite.comfyui.folder_paths.folder_names_and_paths["liveportrait"]
    assert paths == [str(suite.comfyui.models / "liveportrait")]
    assert endings >= {".safetensors", ".pth", ".onnx"}


def test_a_users_own_folders_and_endings_are_kept(suite):
    listed = suite.comfyui.folder_paths.folder_names_and_paths
    listed["liveportrait"] = (["/elsewhere"], {".sft"})
    try:
        suite.module("nodes.load").register_folder()
        paths, endings = listed["liveportrait"]
        assert paths == [str(suite.comfyui.models / "liveportrait"), "/elsewhere"]
        assert endings == {".sft", ".safetensors", ".pth", ".onnx"}
    finally:
        listed["liveportrait"] = ([str(suite.comfyui.models / "liveportrait")], {".safetensors"})
        suite.module("nodes.load").register_folder()


def choices(suite):
    info = suite.comfyui.nodes["LPS_LoadModel"].GET_NODE_INFO_V1()
    return info["input"]["required"]["model_name"][1]["options"]


def test_files_of_ours_are_offered_and_the_published_ones_by_name(suite, published, folder):
    put(published, folder, *LARGE, f"{RETARGETING_FILE}.safetensors", f"animal/{LARGE[0]}")
    (folder / "landmark.onnx").write_bytes(b"")
    named = ["default", "human", "animal", "animal, else default"]
    assert choices(suite) == [*named, MODEL_FILE]


def test_the_default_model_needs_no_file(suite):
    found = suite("LPS_LoadModel")
    assert found.model.preset.space == "lps-compact-21"
    assert Path(found.model.origin).name == "default.safetensors"
    assert found.face_models is None


@pytest.fixture
def loads(suite, monkeypatch):
    """Each call of `load_models_gpu`: the patchers, and the bytes that are asked for."""
    management, calls = suite.comfyui.model_management, []
    load = management.load_models_gpu

    def counted(models, memory_required=0):
        calls.append((models, memory_required))
        load(models, memory_required)

    monkeypatch.setattr(management, "load_models_gpu", counted)
    return calls


def test_a_model_is_in_comfyuis_care(suite, loads):
    found = suite("LPS_LoadModel", model_name=MODEL_FILE)
    assert isinstance(found.patcher.model, torch.nn.ModuleDict)
    held = {id(weight) for weight in found.patcher.model.parameters()}
    assert held == {id(w) for net in found.model.modules().values() for w in net.parameters()}
    assert not any(weight.requires_grad for weight in found.patcher.model.parameters())
    suite("LPS_FindFaces", model=found, images=batch(STILL))
    # two frames of 128 px at a time on a processor, 110 bytes a pixel
    assert loads == [([found.patcher], 2 * 110 * 128**2)]


def test_room_is_asked_for_where_the_model_will_compute(suite, loads, monkeypatch):
    found = suite("LPS_LoadModel", model_name=MODEL_FILE)
    monkeypatch.setattr(found.patcher, "load_device", torch.device("meta"))
    monkeypatch.setattr(found.patcher.model, "to", lambda device: None)
    suite.module("nodes.runtime").on_device(found)
    assert loads == [([found.patcher], 8 * 110 * 128**2)]


@pytest.mark.parametrize(
    ("precision", "fp16", "dtype"),
    [
        ("auto", False, torch.float32),
        ("auto", True, torch.float16),
        ("fp32", True, torch.float32),
        ("fp16", False, torch.float16),
        ("bf16", False, torch.bfloat16),
    ],
)
def test_the_large_networks_get_the_type_that_is_right_for_the_device(
    suite, monkeypatch, precision, fp16, dtype
):
    monkeypatch.setattr(suite.comfyui.model_management, "should_use_fp16", lambda device: fp16)
    finder = {"model_name": MODEL_FILE, "precision": precision, "face_finder": "ours"}
    model = suite("LPS_LoadModel", **finder).model
    assert model.dtype == dtype
    assert next(model.motion.parameters()).dtype == torch.float32


def test_a_compiled_model_has_the_networks_of_the_plain_one(suite):
    plain = suite("LPS_LoadModel", model_name=MODEL_FILE)
    assert suite("LPS_LoadModel", model_name=MODEL_FILE, compile="auto") is plain  # on a CPU
    found = suite("LPS_LoadModel", model_name=MODEL_FILE, compile="on")
    assert suite("LPS_LoadModel", model_name=MODEL_FILE, compile="on") is found
    assert found.plain is plain
    assert set(found.model.engines) == {"appearance", "motion", "warping", "decoder"}
    assert found.model.modules() == plain.model.modules()
    assert (found.patcher, found.kept) == (plain.patcher, plain.kept)


def test_published_files_are_loaded_under_the_names_that_users_have(suite, published, folder):
    put(published, folder, *LARGE, f"{RETARGETING_FILE}.safetensors")
    people = suite("LPS_LoadModel", model_name="human").model
    assert people.preset.space == "liveportrait-human-21"
    assert people.stitching is not None
    assert suite.module("nodes.load").place_of("animal, else default") == "default"
    put(published, folder, *(f"animal/{name}" for name in LARGE))
    animals = suite("LPS_LoadModel", model_name="animal").model
    assert animals.preset.space == "liveportrait-animal-21"
    assert animals.stitching is not None  # that of people, as published
    assert len({people.origin, animals.origin}) == 2
    place = suite.module("nodes.load").place_of("animal, else default")
    assert str(place) == animals.origin == str(folder / "animal")


def test_the_published_folders_are_taken_as_well(suite, folder, tmp_path):
    write_published_folder(tmp_path / "people", TINY_WIDTH_ONLY, "human")
    beasts = write_published_folder(tmp_path / "beasts", TINY_WIDTH_ONLY, "animal")
    shutil.copytree(tmp_path / "people", folder / "liveportrait")
    shutil.copytree(beasts / "base_models", folder / "liveportrait_animals" / "base_models_v1.1")
    people = suite("LPS_LoadModel", model_name="human").model
    animals = suite("LPS_LoadModel", model_name="animal").model
    assert people.preset.space == "liveportrait-human-21"
    assert animals.preset.space == "liveportrait-animal-21"
    assert people.stitching is not None
    assert animals.stitching is not None


def refused(suite, **widgets):
    return suite.refusal("LPS_LoadModel", **widgets)


def test_missing_files_are_reported_with_folder_names_and_links(suite, published, folder):
    put(published, folder, *LARGE[:-1])
    message = refused(suite, model_name="human")
    assert_tells(message)
    assert message == (
        f"The published human model lacks {LARGE[-1]} in the folder {folder}. Download "
        f"{LINK}{LARGE[-1]} there, or choose 'default'."
    )
    message = refused(suite, model_name="animal")
    assert f"lacks {', '.join(LARGE)} in the folder {folder / 'animal'}." in message
    page = LINK.replace("/resolve/", "/tree/")
    assert f"Download them from {page}animal there" in message


def test_missing_files_are_those_of_the_fuller_folder(suite, published, folder, tmp_path):
    paths, _ = suite.comfyui.folder_paths.folder_names_and_paths["liveportrait"]
    put(published, folder, LARGE[0])
    more = tmp_path / "more"
    more.mkdir()
    put(published, more, *LARGE[1:])
    paths.append(str(more))
    try:
        message = refused(suite, model_name="human")
    finally:
        paths.remove(str(more))
    assert f"lacks {LARGE[0]} in the folder {more}." in message


@pytest.mark.parametrize(
    ("finder", "expected"),
    [
        ("landmark.onnx", f"needs it. Download {LINK}landmark.onnx"),
        ("insightface (non-commercial)", "det_10g.onnx and 2d106det.onnx are missing in"),
    ],
)
def test_missing_face_finders_are_reported(suite, finder, expected):
    message = refused(suite, model_name=MODEL_FILE, face_finder=finder)
    assert_tells(message)
    assert expected in message
    assert "or choose the face finder 'ours'." in message


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("lora.safetensors", {"lora.weight": torch.zeros(2, 2)}, "is not a model of this program"),
        ("cut.safetensors", b"\x00" * 40, "cut.safetensors"),
        ("empty.safetensors", b"", "empty"),
    ],
)
def test_a_file_that_is_something_else_is_reported(suite, folder, name, content, expected):
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    else:
        save_file(content, folder / name)
    message = refused(suite, model_name=name)
    assert_tells(message)
    assert str(folder / name) in message
    assert expected in message


def test_a_model_without_the_small_networks_says_what_it_lacks(suite, published, folder):
    put(published, folder, *LARGE)
    model = suite("LPS_LoadModel", model_name="human")
    still = suite("LPS_ExtractMotion", model=model, cropped=batch(STILL)[:, :, :120])
    still = still.describe(eyes_open=torch.zeros(1, 2), lip_open=torch.zeros(1, 1))
    moved = {"source_motion": still, "driving_motion": still}
    keypoints = suite("LPS_TransformKeypoints", model=model, **moved)
    for kind, named in (
        ("LPS_Stitch", "stitching"),
        ("LPS_RetargetEyes", "eyes"),
        ("LPS_RetargetLip", "lip"),
    ):
        widgets = {} if kind == "LPS_Stitch" else {"follow": "fixed"}
        message = suite.refusal(kind, model=model, keypoints=keypoints, **widgets)
        assert f"has no {named} network. Load one that has it" in message
