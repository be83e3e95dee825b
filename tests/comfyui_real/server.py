"""A real ComfyUI in a process of its own, for tests.

Three environment variables say which: COMFYUI_DIR is a ComfyUI checkout, COMFYUI_PYTHON the Python
that has its requirements (default: this one), COMFYUI_FRONT_END a folder with another front end
(the `static` folder of a comfyui-frontend-package; default: the one that Python has).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .events import Events

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("custom_nodes", "input", "output", "temp", "models", "user")
NOT_INSTALLED = (
    *(".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis"),
    *("runs", "demo-output"),
)
ANSI = re.compile("\x1b\\[[0-9;]*m")
POLL_S = 0.05

Prompt = dict[str, dict[str, Any]]
"""A graph in the API format: node id -> class_type, inputs, _meta."""


class ServerError(RuntimeError):
    """The server did not start, did not answer, or answered what it must not."""


@dataclass(frozen=True)
class NodeError:
    """One error as the user sees it under a node; both ids empty: of the whole graph."""

    node_id: str
    node_type: str
    message: str
    kind: str


@dataclass(frozen=True)
class Run:
    """What came of one queued graph.

    `outputs` maps a node id to what the node shows (files, text); `state` is success, error,
    interrupted or refused (it never started).
    """

    prompt_id: str
    state: str
    outputs: dict[str, dict[str, Any]]
    errors: list[NodeError]
    cached: set[str]

    def files(self, node_id: str | None = None) -> list[dict[str, str]]:
        """Each file that a node (default: any) showed: filename, subfolder and type."""
        shown = self.outputs.values() if node_id is None else [self.outputs.get(node_id, {})]
        values = [entry for output in shown for entries in output.values() for entry in entries]
        return [entry for entry in values if isinstance(entry, dict) and "filename" in entry]

    def ok(self) -> Run:
        """This run; an AssertionError with its errors unless it ended well."""
        assert self.state == "success", f"{self.state}: {self.errors}"
        return self


class ComfyServer:
    """One ComfyUI server with folders of its own under `base`; nothing outside is written.

    Put packs and input files in place, then `start()`, or use it as a context manager. It may be
    stopped and started again; `log` keeps the text of all starts.
    """

    def __init__(
        self,
        base: Path,
        *,
        comfyui: Path | None = None,
        python: str | None = None,
        front_end: Path | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the folders.

        Args:
            base: a folder that holds models, input, output, temp and custom_nodes.
            comfyui: a ComfyUI checkout (COMFYUI_DIR).
            python: what runs it (COMFYUI_PYTHON, or this Python).
            front_end: a folder of static files (COMFYUI_FRONT_END, or the installed package).
            arguments: more of ComfyUI's own options.
            environment: variables on top of those of this process.
        """
        self.base = base
        self.comfyui = Path(comfyui or os.environ["COMFYUI_DIR"])
        self.python = python or os.environ.get("COMFYUI_PYTHON") or sys.executable
        chosen = front_end or os.environ.get("COMFYUI_FRONT_END")
        self.arguments = [*arguments, *(["--front-end-root", str(chosen)] if chosen else [])]
        self.environment = {"OMP_NUM_THREADS": "1", **os.environ, **(environment or {})}
        self.environment["PYTHONUNBUFFERED"] = "1"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        for folder in FOLDERS:
            (base / folder).mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All it has printed, without colours."""
        file = self.base / "server.log"
        return ANSI.sub("", file.read_text("utf-8", "replace")) if file.exists() else ""

    @property
    def process_id(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def peak_memory_bytes(self) -> int:
        """The most resident memory that it has had since it started (Linux)."""
        status = Path(f"/proc/{self.process_id}/status").read_text("ascii")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def add_pack(self, name: str, source: Path = ROOT, *, copy: bool = False) -> Path:
        """Put a node pack (default: ours) into custom_nodes, as a symlink or as a copy."""
        place = self.base / "custom_nodes" / name
        if copy:
            shutil.copytree(source, place, ignore=shutil.ignore_patterns(*NOT_INSTALLED))
        else:
            place.symlink_to(source, target_is_directory=True)
        return place

    def add_input(self, file: Path, name: str | None = None) -> str:
        """Copy a file to the input folder; gives the name to put into a loader node."""
        shutil.copyfile(file, self.base / "input" / (name or file.name))
        return name or file.name

    # -- the process ------------------------------------------------------------------------

    def start(self, timeout_s: float = 600, *, port: int | None = None) -> ComfyServer:
        """Start and wait until it answers.

        Args:
            timeout_s: How long.
            port: None: one that is free.

        Raises:
            ServerError: with the log, when it ends or does not answer in time.
        """
        self.port = port or _free_port()
        options = {
            "--port": str(self.port),
            "--base-directory": str(self.base),
            "--database-url": f"sqlite:///{self.base / 'user' / 'comfyui.db'}",
        }
        words = [word for pair in options.items() for word in pair]
        command = [self.python, "main.py", "--cpu", "--disable-api-nodes", *words, *self.arguments]
        with (self.base / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.comfyui,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"ComfyUI did not start: {' '.join(command)}\n{self.log}")
            time.sleep(0.2)
        return self

    def stop(self) -> None:
        """End it with TERM; KILL after 20 seconds."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> ComfyServer:
        """Stop and start; folders stay, the port changes."""
        self.stop()
        return self.start()

    def __enter__(self) -> ComfyServer:
        """Start, unless it runs."""
        return self if self._process is not None else self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _answers(self) -> bool:
        try:
            self.get("/system_stats", timeout_s=5)
        except (OSError, ValueError):
            return False
        return True

    # -- requests ---------------------------------------------------------------------------

    def get(self, path: str, timeout_s: float = 60) -> Any:
        """The JSON of a GET."""
        return json.loads(self._ask(path, timeout_s=timeout_s))

    def content(self, path: str) -> bytes:
        """What a GET gives."""
        return self._ask(path)

    def post(self, path: str, content: Any, timeout_s: float = 60) -> Any:
        """The JSON of a POST of JSON; None for an empty answer."""
        body = json.dumps(content).encode()
        answer = self._ask(path, body, "application/json", timeout_s=timeout_s)
        return json.loads(answer) if answer else None

    def content_of_post(self, path: str, content: Any) -> bytes:
        """What a POST of JSON gives."""
        return self._ask(path, json.dumps(content).encode(), "application/json")

    def _ask(
        self, path: str, body: bytes | None = None, kind: str = "", *, timeout_s: float = 60
    ) -> bytes:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return answer.read()

    def object_info(self) -> dict[str, Any]:
        """Every node with its inputs and outputs."""
        return self.get("/object_info")

    def settings(self, **values: object) -> None:
        """Set front-end settings; a `__` in a name stands for the dot."""
        self.post("/settings", {name.replace("__", "."): value for name, value in values.items()})

    def upload(self, file: Path, name: str | None = None) -> str:
        """Send a file as the front end does (any kind goes the way of pictures)."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; '
            f'filename="{name or file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return json.loads(self._ask("/upload/image", body, kind))["name"]

    def view(self, file: Mapping[str, str]) -> bytes:
        """The content of a file of `Run.files`, as a browser gets it."""
        asked = {key: file[key] for key in ("filename", "subfolder", "type") if key in file}
        return self._ask("/view?" + urllib.parse.urlencode(asked))

    def path(self, file: Mapping[str, str]) -> Path:
        """Where a file of `Run.files` lies."""
        folder = self.base / file["type"] / file.get("subfolder", "")
        return folder / file["filename"]

    # -- runs -------------------------------------------------------------------------------

    def submit(self, prompt: Prompt, client_id: str = "tests") -> Run | str:
        """Queue without waiting: the prompt's id, or at once the Run of a refused one."""
        body = {"prompt": prompt, "client_id": client_id}
        try:
            answer = self.post("/prompt", body)
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise ServerError(f"{error}: {error.read()!r}\n{self.log}") from error
            answer = json.loads(error.read())
            return Run("", "refused", {}, _refusals(answer), set())
        if answer["node_errors"]:  # the other branches run all the same: let that pass first
            self.interrupt()
            self.wait(answer["prompt_id"])
            return Run(answer["prompt_id"], "refused", {}, _refusals(answer), set())
        return answer["prompt_id"]

    def wait(self, prompt_id: str, timeout_s: float = 300) -> Run:
        """The end of a queued prompt.

        Raises:
            ServerError: with the log, when the server ends or the time is over.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            history = self.get(f"/history/{prompt_id}")
            if prompt_id in history:
                return _run(prompt_id, history[prompt_id])
            stopped = self._process is None or self._process.poll() is not None
            if stopped or time.monotonic() > deadline:
                what = "the server ended" if stopped else f"still running after {timeout_s:g} s"
                raise ServerError(f"{what}\n{self.log}")
            time.sleep(POLL_S)

    def queue(self, prompt: Prompt, timeout_s: float = 300, client_id: str = "tests") -> Run:
        """Queue and wait; errors are in the Run, not raised."""
        submitted = self.submit(prompt, client_id)
        return submitted if isinstance(submitted, Run) else self.wait(submitted, timeout_s)

    def interrupt(self) -> None:
        """What the Cancel button does."""
        self.post("/interrupt", {})

    def free(self) -> None:
        """Unload models and forget cached results, so that the next run computes everything."""
        self.post("/free", {"unload_models": True, "free_memory": True})
        time.sleep(1)  # its worker does it a little later and does not say when

    @contextmanager
    def listen(self):
        """Progress and previews of the runs queued with `events.client_id`."""
        events = Events(self.port)
        try:
            yield events
        finally:
            events.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _refusals(answer: Mapping[str, Any]) -> list[NodeError]:
    errors = [
        NodeError(node_id, node["class_type"], _sentence(error), error["type"])
        for node_id, node in answer["node_errors"].items()
        for error in node["errors"]
    ]
    if not errors:
        error = answer["error"]
        errors = [NodeError("", "", _sentence(error), error["type"])]
    return errors


def _sentence(error: Mapping[str, str]) -> str:
    return ": ".join(part for part in (error["message"], error.get("details", "")) if part)


def _run(prompt_id: str, entry: Mapping[str, Any]) -> Run:
    messages = dict(entry["status"]["messages"])
    errors = []
    if (error := messages.get("execution_error")) is not None:
        kind, message = error["exception_type"], error["exception_message"].strip()
        errors.append(NodeError(error["node_id"], error["node_type"], message, kind))
    interrupted = "execution_interrupted" in messages
    state = "interrupted" if interrupted else entry["status"]["status_str"]
    cached = set(messages.get("execution_cached", {}).get("nodes", ()))
    return Run(prompt_id, state, entry["outputs"], errors, cached)
