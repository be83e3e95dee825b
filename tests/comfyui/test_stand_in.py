"""Turning the stand-in on and off, and loading packs."""

import importlib
import sys

import pytest

from tests.support.comfyui import sample_pack
from tests.support.comfyui.fixtures import on_both_versions
from tests.support.comfyui.stand_in import API, NEWEST, OLDEST, TOP_LEVEL, PackError, active

PACK = sample_pack.__path__[0]


def comfy_modules():
    return [name for name in sys.modules if name.split(".")[0] in TOP_LEVEL]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_nothing_of_it_is_left_afterwards(tmp_path, version):
    path, modules = list(sys.path), set(sys.modules)
    with active(tmp_path, version) as comfyui:
        comfyui.import_pack("sample", PACK)
        assert "folder_paths" in sys.modules
    assert sys.path == path
    assert not comfy_modules()
    assert not [name for name in set(sys.modules) - modules if str(tmp_path) in name]
    with pytest.raises(ImportError):
        importlib.import_module("comfy_api.latest")


def test_modules_that_were_there_before_come_back(tmp_path, monkeypatch):
    before = type(sys)("folder_paths")
    monkeypatch.setitem(sys.modules, "folder_paths", before)
    with active(tmp_path):
        assert sys.modules["folder_paths"] is not before
    assert sys.modules["folder_paths"] is before


def test_each_one_starts_afresh(tmp_path):
    with active(tmp_path / "one") as comfyui:
        comfyui.model_management.stand_in_fp16 = True
        comfyui.folder_paths.add_model_folder_path("faces", "/faces")
    with active(tmp_path / "two") as comfyui:
        assert comfyui.model_management.should_use_fp16() is False
        assert "faces" not in comfyui.folder_paths.folder_names_and_paths


def test_two_at_once_are_refused(comfyui, tmp_path):
    with pytest.raises(RuntimeError, match="is active"), active(tmp_path):
        pass
    assert str(API) in sys.path


def test_a_version_that_it_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"is for 0\.3\.64 and 0\.33\.0, not for 0\.40"):
        active(tmp_path, "0.40").__enter__()


@pytest.mark.parametrize("name", ["LivePortrait", "my pack", "Pack-v1.2"])
def test_a_pack_has_its_whole_path_as_its_name(comfyui, name):
    pack = comfyui.import_pack(name, PACK)
    assert pack.module.__name__ == str(pack.folder).replace(".", "_x_")
    assert pack.nodes["SampleShow"].__module__ == f"{pack.module.__name__}.nodes"
    assert f"custom_nodes.{name}" == pack.nodes["SampleShow"].RELATIVE_PYTHON_MODULE
    assert list(pack.nodes) == [
        f"Sample{each}" for each in ["Widgets", "Frames", "Show", "File", "Mistake"]
    ]


def write_pack(folder, text):
    folder.mkdir()
    (folder / "__init__.py").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NODE_CLASS_MAPPINGS = {}", "comfy_entrypoint is never called"),
        ("", "has no comfy_entrypoint"),
        ("async def comfy_entrypoint():\n    return 3", "gave a int"),
        ("WEB_DIRECTORY = './web'\ndef comfy_entrypoint(): ...", "is no folder of the pack"),
    ],
)
def test_packs_that_comfyui_would_skip_are_refused(comfyui, tmp_path, text, message):
    with pytest.raises(PackError, match=message):
        comfyui.import_pack("bad", write_pack(tmp_path / "bad", text))


def test_node_ids_must_differ_from_those_that_are_there(comfyui):
    comfyui.import_pack("one", PACK)
    with pytest.raises(PackError, match="SampleFile"):
        comfyui.import_pack("two", PACK)


ON_LOAD = """
from comfy_api.latest import ComfyExtension
class Extension(ComfyExtension):
    loaded = False
    async def on_load(self):
        self.loaded = True
    async def get_node_list(self):
        return []
def comfy_entrypoint():
    return Extension()
"""


@pytest.mark.parametrize(
    ("comfyui", "called"), [(OLDEST, False), (NEWEST, True)], indirect=["comfyui"]
)
def test_the_oldest_version_never_calls_on_load(comfyui, tmp_path, called):
    pack = comfyui.import_pack("pack", write_pack(tmp_path / "pack", ON_LOAD))
    assert pack.extension.loaded is called


def test_the_newest_version_puts_its_own_modules_first_while_packs_load(tmp_path):
    text = "import utils\nwhere = utils.__file__\n" + ON_LOAD
    folder = write_pack(tmp_path / "pack", text)
    sys.modules.pop("utils", None)
    try:
        with active(tmp_path / "comfyui", NEWEST) as comfyui:
            assert comfyui.import_pack("pack", folder).module.where == str(API / "comfy/utils.py")
    finally:
        sys.modules.pop("utils", None)


@on_both_versions
def test_folders_of_models_are_listed_and_looked_through_in_their_order(comfyui, tmp_path):
    paths = comfyui.folder_paths
    for place, name in (("models/portraits", "a.onnx"), ("more", "a.onnx"), ("more", "b.txt")):
        (comfyui.base / place).mkdir(exist_ok=True, parents=True)
        (comfyui.base / place / name).touch()
    paths.add_model_folder_path("portraits", str(comfyui.base / "more"))
    paths.add_model_folder_path("portraits", str(comfyui.models / "portraits"), is_default=True)
    paths.folder_names_and_paths["portraits"][1].add(".onnx")
    assert paths.get_filename_list("portraits") == ["a.onnx"]
    assert paths.get_full_path("portraits", "a.onnx") == str(comfyui.models / "portraits/a.onnx")
    assert paths.get_full_path("portraits", "../more/b.txt") is None
    with pytest.raises(FileNotFoundError, match=r"'portraits' with filename 'c\.onnx'"):
        paths.get_full_path_or_raise("portraits", "c.onnx")


@on_both_versions
def test_names_of_input_files_may_say_their_folder(comfyui):
    paths = comfyui.folder_paths
    (comfyui.temp / "x.png").touch()
    assert paths.get_annotated_filepath("x.png [temp]") == str(comfyui.temp / "x.png")
    assert paths.get_annotated_filepath("x.png") == str(comfyui.input / "x.png")
    assert paths.exists_annotated_filepath("x.png [temp]")
    assert not paths.exists_annotated_filepath("x.png")


def test_saved_files_are_numbered(comfyui):
    paths = comfyui.folder_paths
    out = str(comfyui.output)
    assert paths.get_save_image_path("clips/%width%x%height%", out, 6, 4) == (
        str(comfyui.output / "clips"),
        "6x4",
        1,
        "clips",
        "clips/6x4",
    )
    (comfyui.output / "clips/6x4_00007_.png").touch()
    assert paths.get_save_image_path("clips/6x4", out)[2] == 8
    with pytest.raises(Exception, match="outside the output folder"):
        paths.get_save_image_path("../x", out)


def test_progress_outside_of_a_run_is_kept(comfyui):
    bar = comfyui.utils.ProgressBar(4)
    bar.update(3)
    bar.update(3)
    assert [(one.value, one.total) for one in comfyui.progress] == [(3, 4), (4, 4)]
    comfyui.interrupt()
    with pytest.raises(comfyui.model_management.InterruptProcessingException):
        bar.update_absolute(1)
    bar.update_absolute(1)  # asked once, stopped once


def test_there_is_a_server_only_when_a_test_asks_for_it(comfyui):
    assert comfyui.server.PromptServer.instance is None
    server = comfyui.serve()
    assert comfyui.serve() is server is comfyui.server.PromptServer.instance
    server.routes.get("/x")(print)
    server.send_progress_text("half", "7")
    assert server.routes.handlers == {("GET", "/x"): print}
    assert server.sent == [("progress_text", ("half", "7"), None)]


def test_a_node_of_a_prompt_has_the_defaults_of_its_widgets(comfyui):
    assert comfyui.node("CreateVideo", images=["1", 0], fps=12.0) == {
        "class_type": "CreateVideo",
        "inputs": {"fps": 12.0, "images": ["1", 0]},
        "_meta": {"title": "CreateVideo"},
    }
    assert comfyui.node("ImageScale")["inputs"] == {
        "upscale_method": "nearest-exact",
        "width": 512,
        "height": 512,
        "crop": "disabled",
    }


@pytest.mark.parametrize("comfyui", [NEWEST], indirect=True)
def test_a_combo_that_brings_others_brings_their_defaults(comfyui):
    assert comfyui.node("SaveVideo")["inputs"] == {
        "filename_prefix": "video/ComfyUI",
        "format": "auto",
        "format.codec": "auto",
        "codec": "auto",
    }
