"""Turning the stand-in on and off: modules, folders, packs."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .calls import Call, call

API = Path(__file__).resolve().parent / "api"
ROOT = Path(__file__).resolve().parents[3]
OLDEST, NEWEST = "0.3.64", "0.33.0"
VERSIONS = (OLDEST, NEWEST)
TOP_LEVEL = {"comfy", "comfy_api", "comfyui_version", "folder_paths", "server"}
FOLDERS = ("input", "output", "temp", "models", "custom_nodes")
on_both_versions = pytest.mark.parametrize("comfyui", VERSIONS, indirect=True)
"""Runs a test once for each version whose signatures the stand-in knows."""


@dataclass
class StandIn:
    """ComfyUI, as far as calling a node needs it. Tests may replace functions of its modules."""

    version: str
    base: Path
    nodes: dict[str, Any] = field(default_factory=dict)
    """The node classes of the pack by their ids, in its order."""
    pack: ModuleType | None = None

    def __post_init__(self) -> None:
        """Import the modules, and make the folders."""
        self.folder_paths = importlib.import_module("folder_paths")
        self.model_management = importlib.import_module("comfy.model_management")
        self.server = importlib.import_module("server")
        self.latest = importlib.import_module("comfy_api.latest")
        self.input, self.output, self.temp, self.models, self.custom_nodes = (
            self.base / name for name in FOLDERS
        )
        for name in FOLDERS:
            (self.base / name).mkdir(parents=True, exist_ok=True)
        self.folder_paths.base_path = str(self.base)
        self.folder_paths.models_dir = str(self.models)

    def import_pack(self) -> dict[str, Any]:
        """Load the repository from `custom_nodes` as ComfyUI does; gives the nodes by their ids."""
        folder = self.custom_nodes / "liveportrait-suite"
        folder.symlink_to(ROOT, target_is_directory=True)
        name = str(folder).replace(".", "_x_")
        spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        self.pack = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.pack)
        self.nodes = {node.GET_SCHEMA().node_id: node for node in asyncio.run(listed(self.pack))}
        return self.nodes

    def object_info(self) -> dict[str, Any]:
        """What the server would answer to /object_info, for the nodes of the pack."""
        return {name: node.GET_NODE_INFO_V1() for name, node in self.nodes.items()}

    def call(self, kind: str, inputs: Mapping[str, Any]) -> Call:
        """Call a node of the pack."""
        return call(self.nodes[kind], inputs)

    def interrupt(self) -> None:
        """Cancel what runs, at its next check."""
        self.model_management.interrupt_current_processing(True)

    def serve(self) -> Any:
        """A server that keeps what it is sent."""
        self.server.PromptServer.instance = self.server.PromptServer()
        return self.server.PromptServer.instance


async def listed(module: ModuleType) -> list[Any]:
    """The nodes of a pack."""
    return await (await module.comfy_entrypoint()).get_node_list()


@contextmanager
def active(base: Path, version: str = OLDEST) -> Iterator[StandIn]:
    """The stand-in with its folders below `base`, importable inside the block, gone after it."""
    if str(API) in sys.path:
        raise RuntimeError("Another stand-in for ComfyUI is active.")
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if is_ours(name)}
    before = set(sys.modules)
    sys.modules["comfyui_version"] = ModuleType("comfyui_version")
    sys.modules["comfyui_version"].__version__ = version  # type: ignore[attr-defined]
    sys.path.insert(0, str(API))
    try:
        yield StandIn(version, base)
    finally:
        sys.path.remove(str(API))
        for name in set(sys.modules) - before:
            if is_ours(name) or name.startswith(str(base).replace(".", "_x_")):
                del sys.modules[name]
        sys.modules.update(hidden)


def is_ours(name: str) -> bool:
    """Whether a module goes when the stand-in goes."""
    return name.partition(".")[0] in TOP_LEVEL


@pytest.fixture
def comfyui(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StandIn]:
    """The oldest ComfyUI, in folders of its own; see `on_both_versions`."""
    with active(tmp_path / "ComfyUI", getattr(request, "param", OLDEST)) as stand_in:
        yield stand_in
