"""The stand-in of the node tests takes nothing that ComfyUI does not take."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.comfyui_real import signatures
from tests.support.comfyui.stand_in import NEWEST, OLDEST, active

FOLDER = os.environ.get("COMFYUI_DIR", "")
LATEST = "comfy_api.latest"
SOCKETS = (
    *("Boolean", "Int", "Float", "String", "Combo", "MultiType"),
    *("Image", "Mask", "Audio", "Video"),
)
NAMES = (
    *(f"{LATEST}:io.{name}.Input" for name in SOCKETS),
    *(f"{LATEST}:io.Image.Output", f"{LATEST}:io.Custom", f"{LATEST}:io.Schema"),
    *(f"{LATEST}:io.NodeOutput", f"{LATEST}:io.NumberDisplay", f"{LATEST}:io.Hidden"),
    *(f"{LATEST}:ComfyExtension.{name}" for name in ("on_load", "get_node_list")),
    *(f"{LATEST}:ui.{name}" for name in ("PreviewImage", "PreviewText")),
    f"{LATEST}:Types.VideoComponents",
    f"{LATEST}:InputImpl.VideoFromComponents",
    *(
        f"{LATEST}:InputImpl.{kind}.{name}"
        for kind in ("VideoFromFile", "VideoFromComponents")
        for name in ("get_stream_source", "get_components", "get_active_trim_window", "as_trimmed")
    ),
    *("comfy.utils:ProgressBar", "comfy.utils:ProgressBar.update_absolute"),
    *("comfy.utils:set_progress_bar_global_hook", "comfy.model_patcher:ModelPatcher"),
    *(f"comfy.model_patcher:ModelPatcher.{name}" for name in ("add_callback", "detach")),
    *(
        f"comfy.model_management:{name}"
        for name in (
            *("get_torch_device", "intermediate_device", "intermediate_dtype", "load_models_gpu"),
            *("unet_offload_device", "should_use_fp16", "interrupt_current_processing"),
            "throw_exception_if_processing_interrupted",
        )
    ),
    *(
        f"folder_paths:{name}"
        for name in (
            *("get_input_directory", "get_output_directory", "get_temp_directory"),
            *("annotated_filepath", "add_model_folder_path", "get_folder_paths"),
            *("recursive_search", "get_filename_list", "get_full_path", "get_save_image_path"),
        )
    ),
    "server:PromptServer.send_progress_text",
)
DEFAULTS_OF_THEIR_OWN = {"id", "optional", "types", "multiline", "inputs", "outputs", "hidden"}
"""Parameters whose default differs and means the same, such as False and None."""

pytestmark = pytest.mark.skipif(not FOLDER, reason="COMFYUI_DIR is not set: no real ComfyUI")


@pytest.fixture(scope="module")
def version():
    text = Path(FOLDER, "comfyui_version.py").read_text("utf-8")
    found = re.search(r'__version__ = "(.*)"', text)[1]
    return OLDEST if found == OLDEST else NEWEST


def test_what_the_stand_in_takes_comfyui_takes(version, tmp_path):
    with active(tmp_path / "ours", version):
        ours = signatures.described(NAMES)
    (tmp_path / "theirs" / "custom_nodes").mkdir(parents=True)
    python = os.environ.get("COMFYUI_PYTHON") or sys.executable
    command = [python, signatures.__file__, str(tmp_path / "theirs"), *NAMES]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout.splitlines()[-1])
    wrong = []
    for name, own in ours.items():
        if own is None:
            continue
        other = theirs[name]
        if other is None:
            wrong.append(f"{name} is not in ComfyUI")
            continue
        wrong += [f"{name} has no {parameter}" for parameter in own.keys() - other.keys()]
        wrong += [
            f"{name}: {parameter} is {own[parameter]} and not {other[parameter]}"
            for parameter in own.keys() & other.keys() - DEFAULTS_OF_THEIR_OWN
            if own[parameter] != other[parameter]
        ]
    assert not wrong, "\n".join(wrong)


def test_our_nodes_look_there_as_in_the_stand_in(version, object_info, tmp_path):
    with active(tmp_path, version) as comfyui:
        comfyui.import_pack()
        ours = json.loads(json.dumps(comfyui.object_info()))
    assert len(ours) == 34
    for name, entry in ours.items():
        theirs = {key: object_info[name].get(key) for key in entry}
        theirs["input"].pop("hidden", None)
        assert entry == theirs
