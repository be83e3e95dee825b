"""Runs inside the real ComfyUI, in a process of its own: describes it and runs prompts.

Called as `python real_side.py JOB.json ANSWER.json` in ComfyUI's folder. The job names what to
describe and the prompts to run; see `tests/comfyui/test_stand_in_matches_the_real_one.py`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def start(job: dict[str, Any]) -> None:
    """Makes ComfyUI importable, on the CPU, in the folders of the job."""
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != HERE]
    sys.path.insert(0, str(Path.cwd()))
    sys.argv[1:] = ["--cpu", "--base-directory", job["base"]]
    tolerate_foreign_torchvision()
    import comfy.options  # type: ignore[import-not-found]  # noqa: PLC0415

    comfy.options.enable_args_parsing()
    importlib.import_module("utils.extra_config")  # first, as it is in ComfyUI's own start


def tolerate_foreign_torchvision() -> None:
    """A torchvision that was built for CUDA cannot be imported beside a torch for the CPU."""
    import torch  # noqa: PLC0415

    try:
        importlib.import_module("torchvision")
    except (RuntimeError, OSError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        tolerate_foreign_torchvision.library = library  # type: ignore[attr-defined]


def sibling(name: str) -> Any:
    """A module of this folder, imported by its path alone: its package is not importable here."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[name] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def info_of(name: str) -> dict[str, Any]:
    """A node's entry of /object_info."""
    import nodes  # type: ignore[import-not-found]  # noqa: PLC0415

    node = nodes.NODE_CLASS_MAPPINGS[name]
    if hasattr(node, "GET_NODE_INFO_V1"):
        return node.GET_NODE_INFO_V1()
    return {
        "input": node.INPUT_TYPES(),
        "output": list(node.RETURN_TYPES),
        "output_name": list(getattr(node, "RETURN_NAMES", node.RETURN_TYPES)),
        "output_is_list": list(getattr(node, "OUTPUT_IS_LIST", [False] * len(node.RETURN_TYPES))),
        "output_node": getattr(node, "OUTPUT_NODE", False),
        "name": name,
    }


class Server:
    """Keeps what the executor tells the browser."""

    def __init__(self) -> None:
        self.client_id: str | None = None
        self.last_node_id = self.last_prompt_id = None
        self.sockets_metadata: dict[str, Any] = {}
        self.told: list[tuple[Any, Any]] = []

    def send_sync(self, event: Any, data: Any, sid: Any = None) -> None:
        self.told.append((event, data))


class Runner:
    """Runs prompts one after the other, with one cache."""

    def __init__(self) -> None:
        import comfy.utils  # type: ignore[import-not-found]  # noqa: PLC0415
        import execution  # type: ignore[import-not-found]  # noqa: PLC0415

        self.server = Server()
        self.execution = execution
        kept = {"lru": 0, "ram": 0.0, "ram_inactive": 0.0}
        options = {"cache_args": kept} if hasattr(execution.CacheType, "RAM_PRESSURE") else {}
        cache = execution.CacheType.CLASSIC
        self.executor = execution.PromptExecutor(self.server, cache_type=cache, **options)
        comfy.utils.set_progress_bar_global_hook(self.progress)

    def progress(self, value: Any, total: Any, preview: Any, node_id: Any = None) -> None:
        """What the server's own hook does, as far as nodes notice."""
        import comfy.model_management  # type: ignore[import-not-found]  # noqa: PLC0415
        from comfy_execution.utils import get_executing_context  # noqa: PLC0415

        comfy.model_management.throw_exception_if_processing_interrupted()
        node_id = node_id or get_executing_context().node_id
        self.server.told.append(("step", [node_id, value, total, preview is not None]))

    def run(self, prompt: dict[str, Any], workflow: Any) -> dict[str, Any]:
        """What happened to a prompt, in the words of the stand-in."""
        self.server.told.clear()
        check = self.execution.validate_prompt
        valid, error, good, node_errors = asyncio.run(check("prompt", prompt, None))
        problems = [
            [node_id, one["type"]]
            for node_id, each in node_errors.items()
            for one in each["errors"]
        ]
        answer: dict[str, Any] = {"problems": problems, "error": error and error["type"]}
        if not valid:
            return answer
        hidden = {} if workflow is None else {"extra_pnginfo": {"workflow": workflow}}
        extra = {"client_id": "browser", **hidden}
        self.executor.execute(prompt, "prompt", extra, good)
        told = self.server.told
        failed = dict(self.executor.status_messages)
        return answer | {
            "executed": [data["node"] for event, data in told if event == "executing"],
            "cached": failed["execution_cached"]["nodes"],
            "ui": self.executor.history_result["outputs"],
            "steps": [data for event, data in told if event == "step"],
            "failure": failed.get("execution_error", {}).get("node_id"),
            "message": failed.get("execution_error", {}).get("exception_message"),
            "interrupted": failed.get("execution_interrupted", {}).get("node_id"),
        }


async def load(job: dict[str, Any]) -> None:
    """The core nodes and the packs of the job."""
    import nodes  # type: ignore[import-not-found]  # noqa: PLC0415

    await nodes.init_builtin_extra_nodes()
    for name in job["packs"]:
        folder = str(Path(job["base"]) / "custom_nodes" / name)
        if not await nodes.load_custom_node(folder):
            raise RuntimeError(f"{folder} was not loaded; the reason is in the log above.")


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Everything that was asked for."""
    describe = sibling("describe")
    asyncio.run(load(job))
    runner = Runner()
    runs = []
    for each in job["runs"]:
        for name, text in each.get("files", {}).items():
            (Path(job["base"]) / "input" / name).write_text(text)
        runs.append(runner.run(each["prompt"], each.get("workflow")))
    return {
        "described": describe.described(job["names"]),
        "sockets": describe.sockets(job["sockets"]),
        "object_info": {name: info_of(name) for name in job["nodes"]},
        "runs": runs,
        "video": sibling("video_facts").facts(str(Path(job["base"]) / "temp")),
    }


def main(job_file: str, answer_file: str) -> None:
    """Reads the job, writes the answer."""
    job = json.loads(Path(job_file).read_text())
    start(job)
    Path(answer_file).write_text(json.dumps(answer(job), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:3])
