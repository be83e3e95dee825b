"""Turning the stand-in on and off: modules, folders, packs, runs."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .execution import Executor, Progress, Run
from .widgets import read
from .workflow import object_info, prompt_of

API = Path(__file__).resolve().parent / "api"
ROOT = Path(__file__).resolve().parents[3]
OLDEST, NEWEST = "0.3.64", "0.33.0"
VERSIONS = (OLDEST, NEWEST)
TOP_LEVEL = {"comfy", "comfy_api", "comfy_execution", "comfyui_version", "folder_paths", "server"}
CORE_NODES = f"{__package__}.core_nodes"


class PackError(Exception):
    """The pack would not load in ComfyUI."""


@dataclass
class Pack:
    """A node pack that was loaded as ComfyUI does."""

    name: str
    folder: Path
    module: ModuleType
    extension: Any
    nodes: dict[str, Any]
    """The node classes by their ids, in the order of the pack."""


@dataclass
class StandIn:
    """ComfyUI, as far as a test needs it. Attributes of the modules may be set by tests."""

    version: str
    base: Path
    nodes: dict[str, Any] = field(default_factory=dict)
    """Everything that prompts may use: the core nodes, then those of imported packs."""
    progress: list[Progress] = field(default_factory=list)
    """What progress bars told outside of a run."""
    executor: Executor = field(default_factory=lambda: Executor({}))

    def __post_init__(self) -> None:
        self.folder_paths = importlib.import_module("folder_paths")
        self.folder_paths.stand_in_settle(str(self.base))
        self.model_management = importlib.import_module("comfy.model_management")
        self.utils = importlib.import_module("comfy.utils")
        self.server = importlib.import_module("server")
        self.latest = importlib.import_module("comfy_api.latest")
        self.io = self.latest.io
        self.utils.set_progress_bar_global_hook(self._told)
        self.core_nodes = dict(importlib.import_module(CORE_NODES).NODES)
        self.nodes.update(self.core_nodes)

    def _told(self, value: Any, total: Any, preview: Any, node_id: Any = None) -> None:
        self.model_management.throw_exception_if_processing_interrupted()
        self.progress.append(Progress(value, total, preview))

    @property
    def input(self) -> Path:
        """Where files for LoadImage and its like lie."""
        return Path(self.folder_paths.get_input_directory())

    @property
    def output(self) -> Path:
        """Where saved files lie."""
        return Path(self.folder_paths.get_output_directory())

    @property
    def temp(self) -> Path:
        """Where previews lie."""
        return Path(self.folder_paths.get_temp_directory())

    @property
    def models(self) -> Path:
        """Where the folders of models lie."""
        return Path(self.folder_paths.models_dir)

    def add_input(self, path: Path, name: str | None = None) -> str:
        """Copies a file into the input folder; its name there."""
        return Path(shutil.copy(path, self.input / (name or path.name))).name

    def interrupt(self) -> None:
        """Cancels what runs, at its next look."""
        self.model_management.interrupt_current_processing(True)

    def serve(self) -> Any:
        """Starts a server that keeps what it is told; the same one when called again."""
        server = self.server.PromptServer
        server.instance = server.instance or server()
        return server.instance

    def add_nodes(self, *nodes: Any) -> dict[str, Any]:
        """Makes node classes known by the ids of their schemas, as those of a pack."""
        added = {node.GET_SCHEMA().node_id: node for node in nodes}
        twice = added.keys() & self.nodes.keys()
        if twice or len(added) != len(nodes):
            raise PackError(f"Node ids must differ, but these do not: {sorted(twice)}")
        self.nodes.update(added)
        return added

    def import_pack(self, name: str = "liveportrait-suite", root: Path = ROOT) -> Pack:
        """Loads the repository from `custom_nodes/<name>` the way ComfyUI does.

        Raises:
            PackError: ComfyUI would skip it, which there is one line in the log.
        """
        folder = Path(self.folder_paths.get_folder_paths("custom_nodes")[0]) / name
        folder.symlink_to(root, target_is_directory=True)
        with comfy_first(self.version):
            module = load(folder)
            extension, listed = asyncio.run(enter(module, self.version))
        nodes = self.add_nodes(*listed)
        for node in nodes.values():
            node.RELATIVE_PYTHON_MODULE = f"custom_nodes.{name}"
        return Pack(name, folder, module, extension, nodes)

    def object_info(self) -> dict[str, Any]:
        """What the server answers to /object_info."""
        return object_info(self.nodes)

    def node(self, kind: str, **inputs: Any) -> dict[str, Any]:
        """A node of a prompt; widgets that are not given have their defaults, links are lists."""
        info = object_info({kind: self.nodes[kind]})[kind]
        widgets = {widget.name: value for widget, value in read(info, []) if widget.is_sent}
        return {"class_type": kind, "inputs": widgets | inputs, "_meta": {"title": kind}}

    def prompt_of(self, workflow: Mapping[str, Any]) -> dict[str, Any]:
        """The prompt that a front end makes of a workflow; see `workflow.prompt_of`."""
        return prompt_of(workflow, self.object_info())

    def run(self, prompt: dict[str, Any], **options: Any) -> Run:
        """Runs a prompt with what earlier runs of this stand-in left in the cache."""
        self.executor.nodes = self.nodes
        return self.executor.run(prompt, **options)

    def run_workflow(self, workflow: Mapping[str, Any], **options: Any) -> Run:
        """Queues a workflow of the canvas."""
        return self.run(self.prompt_of(workflow), workflow=workflow, **options)


def load(folder: Path) -> ModuleType:
    """Imports a folder under its whole path as a name."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    if spec is None or spec.loader is None:
        raise PackError(f"{folder} has no __init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    web = getattr(module, "WEB_DIRECTORY", None)
    if web is not None and not (folder / web).is_dir():
        raise PackError(f"WEB_DIRECTORY is {web}, which is no folder of the pack.")
    return module


async def enter(module: ModuleType, version: str) -> tuple[Any, list[Any]]:
    """The extension of a pack and its nodes."""
    from comfy_api.latest import ComfyExtension  # noqa: PLC0415  (the stand-in must be active)

    if hasattr(module, "NODE_CLASS_MAPPINGS"):
        raise PackError("With NODE_CLASS_MAPPINGS there, comfy_entrypoint is never called.")
    entrypoint = getattr(module, "comfy_entrypoint", None)
    if not callable(entrypoint):
        raise PackError("The pack has no comfy_entrypoint.")
    extension = entrypoint()
    extension = await extension if inspect.isawaitable(extension) else extension
    if not isinstance(extension, ComfyExtension):
        raise PackError(f"comfy_entrypoint gave a {type(extension).__name__}.")
    if version != OLDEST:
        await extension.on_load()
    nodes = await extension.get_node_list()
    if not isinstance(nodes, list):
        raise PackError(f"get_node_list gave a {type(nodes).__name__}, not a list.")
    return extension, nodes


@contextmanager
def comfy_first(version: str) -> Iterator[None]:
    """From 0.33 on, `import utils` of a pack finds that of ComfyUI while packs load."""
    path = str(API / "comfy")
    if version != OLDEST:
        sys.path.insert(0, path)
    try:
        yield
    finally:
        if path in sys.path:
            sys.path.remove(path)


@contextmanager
def active(base: Path, version: str = OLDEST) -> Iterator[StandIn]:
    """The stand-in under `base`, importable inside the block and gone after it.

    Raises:
        ValueError: a version that it does not know.
        RuntimeError: another one is active.
    """
    if version not in VERSIONS:
        raise ValueError(f"The stand-in is for {' and '.join(VERSIONS)}, not for {version}.")
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
    return name.split(".", maxsplit=1)[0] in TOP_LEVEL or name == CORE_NODES
