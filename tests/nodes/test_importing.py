"""What importing the pack costs."""

import json
import subprocess
import sys

from tests.support.comfyui.stand_in import API, NEWEST, ROOT

LOAD = """
import asyncio, importlib.util, json, sys, types
from pathlib import Path

folder, api, base, version = sys.argv[1:]
def load():
    spec = importlib.util.spec_from_file_location("pack", Path(folder) / "__init__.py")
    sys.modules["pack"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

module = load()
first = sorted(sys.modules)
sys.path.insert(0, api)
sys.modules["comfyui_version"] = types.ModuleType("comfyui_version")
sys.modules["comfyui_version"].__version__ = version
import folder_paths
folder_paths.base_path, folder_paths.models_dir = base, base + '/models'
import comfy_api.latest, torch, numpy, av, safetensors  # what ComfyUI has loaded by then
before = set(sys.modules)
async def nodes():
    return await (await module.comfy_entrypoint()).get_node_list()
classes = asyncio.run(nodes())
[node.GET_SCHEMA() for node in classes]
print(json.dumps([first, sorted(set(sys.modules) - before), len(classes)]))
"""
HEAVY = {"timm", "cv2", "onnxruntime", "torchvision", "onnx", "scipy", "skimage", "numba"}


def test_importing_the_pack_loads_no_networks_and_nothing_heavy(tmp_path):
    command = [sys.executable, "-c", LOAD, str(ROOT), str(API), str(tmp_path / "base")]
    done = subprocess.run(
        [*command, NEWEST], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    first, then, num_nodes = json.loads(done.stdout)
    assert num_nodes == 34
    roots = {name.partition(".")[0] for name in first}
    assert not roots & {*HEAVY, "torch", "numpy", "av", "comfy", "comfy_api", "folder_paths"}
    assert not {name.partition(".")[0] for name in then} & HEAVY
    networks = [name for name in then if name.startswith("pack.liveportrait_core.networks")]
    assert not networks
    assert "pack.liveportrait_core.model" not in then
