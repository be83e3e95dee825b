"""Runs prompts as the server does: checks, order, cache, progress, cancelling, errors.

Not here, because no workflow of ours needs it: lazy inputs, expansion, blocking.
"""

from __future__ import annotations

import inspect
import json
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

import torch

from .calls import call, execute, is_new_style, own_method
from .checks import Problem, Prompt, check_node, check_structure, is_link
from .untouched import changed, snapshot
from .workflow import object_info

Key = int
"""Stands for what a node was and what went into it; the same again is the same key."""
Made = tuple[list[list[Any]], dict[str, Any]]
"""The items of each output, and what is shown."""


@dataclass(frozen=True)
class Progress:
    """One step that a node told; the preview is (format, PIL image, longest side)."""

    value: float
    total: float
    preview: Any = None


@dataclass(frozen=True)
class Failure:
    """A node that raised."""

    node_id: str
    class_type: str
    error: BaseException
    traceback: str

    def __str__(self) -> str:
        return f"{self.class_type} (node {self.node_id}) failed: {self.error}\n{self.traceback}"


class RunError(AssertionError):
    """A run that should have gone through did not."""


@dataclass
class Run:
    """What happened to a prompt."""

    outputs: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Of each node that ran or was cached. A list where the node gives a list or ran on one."""
    ui: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    progress: dict[str, list[Progress]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """What was refused before anything ran; the other branches of the prompt did run."""
    failure: Failure | None = None
    interrupted: str | None = None
    """The node that was running when it was cancelled."""

    def check(self) -> Run:
        """Itself, when all of the prompt went through.

        Raises:
            RunError: with everything that went wrong.
        """
        wrong = [str(each) for each in self.problems]
        wrong += [str(self.failure)] if self.failure else []
        wrong += [f"interrupted in node {self.interrupted}"] if self.interrupted else []
        if wrong:
            raise RunError("\n".join(wrong)) from (self.failure.error if self.failure else None)
        return self


def run(prompt: Prompt, nodes: Mapping[str, Any], **options: Any) -> Run:
    """Runs one prompt with nothing in the cache; options as in `Executor.run`."""
    return Executor(nodes).run(prompt, **options)


class Executor:
    """A server without the server: keeps results from one prompt to the next."""

    def __init__(self, nodes: Mapping[str, Any]) -> None:
        self.nodes = dict(nodes)
        self.cache: dict[Key, Made] = {}
        self.keys: dict[Any, Key] = {}

    def run(
        self,
        prompt: Prompt,
        *,
        workflow: Any = None,
        on_progress: Callable[[str, Progress], None] | None = None,
    ) -> Run:
        """Runs what saves or shows something, and all that it needs.

        `workflow` is put into saved files; `on_progress` is told each step with its node, and
        may cancel by `comfy.model_management.interrupt_current_processing()`.
        """
        from comfy import model_management  # noqa: PLC0415  (the stand-in must be active)

        prompt = deepcopy(prompt)
        result = Run()
        good = Check(prompt, self.nodes, result).good_outputs()
        if not good:
            return result
        model_management.interrupt_current_processing(False)
        with torch.inference_mode():
            job = Job(self, prompt, result, workflow, on_progress)
            for node_id in order_of(prompt, good):
                if not job.step(node_id):
                    break
        return result


class Check:
    """The checks before a prompt runs."""

    def __init__(self, prompt: Prompt, nodes: Mapping[str, Any], result: Run) -> None:
        self.prompt, self.nodes, self.result = prompt, nodes, result
        kinds = dict.fromkeys(node.get("class_type") for node in prompt.values())
        self.info = object_info({kind: nodes[kind] for kind in kinds if kind in nodes})

    def good_outputs(self) -> list[str]:
        """The output nodes that can run; problems of the others go into the result."""
        self.result.problems += check_structure(self.prompt, self.info)
        if self.result.problems:
            return []
        good = []
        checked: dict[str, bool] = {}
        for node_id, node in self.prompt.items():
            if self.info[node["class_type"]]["output_node"]:
                branch = order_of(self.prompt, [node_id])
                wrong = [each for each in branch if not self.is_good(each, checked)]
                good += [] if wrong else [node_id]
        return good

    def is_good(self, node_id: str, checked: dict[str, bool]) -> bool:
        if node_id not in checked:
            problems = list(self.problems_of(node_id))
            self.result.problems += problems
            checked[node_id] = not problems
        return checked[node_id]

    def problems_of(self, node_id: str) -> Iterator[Problem]:
        """By the schema, then by the node's own check."""
        node = self.prompt[node_id]
        kind = node["class_type"]
        own = own_method(self.nodes[kind], "validate_inputs", "VALIDATE_INPUTS")
        facts = inspect.getfullargspec(own) if own else None
        asked = set(facts.args) - {"cls", "self", "s"} if facts else set()
        everything = facts is not None and facts.varkw is not None
        unchecked = node["inputs"] if everything else asked
        yield from check_node(node_id, self.prompt, self.info, unchecked=unchecked)
        if own is None:
            return
        values = {
            name: None if is_link(value) else value
            for name, value in node["inputs"].items()
            if everything or name in asked
        }
        name = "validate_inputs" if is_new_style(self.nodes[kind]) else "VALIDATE_INPUTS"
        answer = call(self.nodes[kind], name, values)
        if answer is not True:
            yield Problem(node_id, kind, "custom_validation_failed", str(answer))


class Job:
    """One prompt while it runs."""

    def __init__(
        self,
        executor: Executor,
        prompt: Prompt,
        result: Run,
        workflow: Any,
        on_progress: Callable[[str, Progress], None] | None,
    ) -> None:
        self.nodes, self.known_keys = executor.nodes, executor.keys
        self.prompt, self.result, self.on_progress = prompt, result, on_progress
        self.original = deepcopy(prompt)
        self.workflow = None if workflow is None else {"workflow": workflow}
        self.keys: dict[str, Key] = {}
        used = {self.key(node_id) for node_id in prompt}
        self.cache = executor.cache
        for key in [key for key in self.cache if key not in used]:
            del self.cache[key]

    def node(self, node_id: str) -> Any:
        """The class of a node."""
        return self.nodes[self.prompt[node_id]["class_type"]]

    def key(self, node_id: str) -> Key:
        """Equal for nodes of one class whose inputs, fingerprints and ancestors are equal."""
        if node_id not in self.keys:
            inputs = tuple(
                (name, "link", self.key(value[0]), value[1])
                if is_link(value)
                else (name, "value", hashable(value))
                for name, value in sorted(self.prompt[node_id]["inputs"].items())
            )
            kind = self.prompt[node_id]["class_type"]
            own_id = node_id if getattr(self.node(node_id), "NOT_IDEMPOTENT", False) else None
            facts = (kind, self.fingerprint(node_id), own_id, inputs)
            self.keys[node_id] = self.known_keys.setdefault(facts, len(self.known_keys))
        return self.keys[node_id]

    def fingerprint(self, node_id: str) -> Any:
        """The node's own; one that raises never equals another."""
        node = self.node(node_id)
        if own_method(node, "fingerprint_inputs", "IS_CHANGED") is None:
            return None
        inputs = self.prompt[node_id]["inputs"].items()
        values = {name: None if is_link(value) else value for name, value in inputs}
        try:
            name = "fingerprint_inputs" if is_new_style(node) else "IS_CHANGED"
            return hashable(call(node, name, values))
        except Exception:  # noqa: BLE001  (the server goes on as well, and runs the node)
            return float("nan")

    def step(self, node_id: str) -> bool:
        """Runs one node or takes it from the cache; False when the prompt ends here."""
        from comfy import model_management as mm  # noqa: PLC0415

        key = self.keys[node_id]
        try:
            if key in self.cache:
                self.result.cached.append(node_id)
            else:
                mm.throw_exception_if_processing_interrupted()
                self.cache[key] = self.execute(node_id)
                self.result.executed.append(node_id)
        except mm.InterruptProcessingException:
            self.result.interrupted = node_id
            return False
        except Exception as error:  # noqa: BLE001  (whatever a node raises is shown under it)
            kind = self.prompt[node_id]["class_type"]
            self.result.failure = Failure(node_id, kind, error, traceback.format_exc())
            return False
        items, shown = self.cache[key]
        are_lists = getattr(self.node(node_id), "OUTPUT_IS_LIST", None) or [False] * len(items)
        self.result.outputs[node_id] = tuple(
            each if is_list or len(each) != 1 else each[0]
            for each, is_list in zip(items, are_lists, strict=True)
        )
        if shown:
            self.result.ui[node_id] = shown
        return True

    def execute(self, node_id: str) -> Made:
        """Runs a node, once for each item of its longest list of inputs."""
        node = self.node(node_id)
        given = {k: self.given(v) for k, v in self.prompt[node_id]["inputs"].items()}
        rounds = max((len(each) for each in given.values()), default=1)
        if getattr(node, "INPUT_IS_LIST", False):
            calls = [given]
        else:
            calls = [{k: v[min(i, len(v) - 1)] for k, v in given.items()} for i in range(rounds)]
        before = snapshot(given)
        with self.listening(node_id):
            results = [execute(node, inputs, self.hidden(node_id)) for inputs in calls]
        if wrong := changed(before, given):
            raise TypeError(f"{node.__name__} changed what it was given: {', '.join(wrong)}.")
        are_lists = getattr(node, "OUTPUT_IS_LIST", None) or [False] * len(node.RETURN_TYPES)
        outputs = [
            [item for each in column for item in each] if is_list else list(column)
            for is_list, *column in zip(are_lists, *(made for made, _ in results), strict=True)
        ]
        first = results[0][1] if results else {}
        shown = {name: [item for _, ui in results for item in ui[name]] for name in first}
        return outputs, json.loads(json.dumps(shown))  # it goes to the browser

    def given(self, value: Any) -> list[Any]:
        """The items that come into an input."""
        if not is_link(value):
            return [value]
        return self.cache[self.keys[value[0]]][0][int(value[1])]

    def hidden(self, node_id: str) -> dict[str, Any]:
        """What a node may ask for."""
        return {
            "UNIQUE_ID": node_id,
            "PROMPT": self.original,
            "EXTRA_PNGINFO": self.workflow,
            "DYNPROMPT": None,
        }

    @contextmanager
    def listening(self, node_id: str) -> Iterator[None]:
        """Progress bars that are made inside belong to this node, and notice a Cancel."""
        from comfy import model_management, utils  # noqa: PLC0415

        def hook(value: Any, total: Any, preview: Any, node_id: str | None = None) -> None:
            model_management.throw_exception_if_processing_interrupted()
            progress = Progress(value, total, preview)
            self.result.progress.setdefault(node_id or running, []).append(progress)
            if self.on_progress is not None:
                self.on_progress(node_id or running, progress)

        running, before = node_id, utils.PROGRESS_BAR_HOOK
        utils.set_progress_bar_global_hook(hook)
        try:
            yield
        finally:
            utils.set_progress_bar_global_hook(before)


def order_of(prompt: Prompt, wanted: Iterable[str]) -> list[str]:
    """The wanted nodes and all that they need, each after what it needs.

    Raises:
        ValueError: nodes that need each other.
    """
    needs: dict[str, list[str]] = {}
    waiting = deque(wanted)
    while waiting:
        node_id = waiting.popleft()
        if node_id not in needs:
            links = [value for value in prompt[node_id]["inputs"].values() if is_link(value)]
            needs[node_id] = [link[0] for link in links]
            waiting += needs[node_id]
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(f"The nodes {error.args[1]} need each other.") from error


def hashable(value: Any) -> Any:
    """A value of a prompt as part of a key; what is nothing simple never equals another."""
    if isinstance(value, int | float | str | bool | type(None)):
        return value
    if isinstance(value, Mapping):
        return tuple((name, hashable(each)) for name, each in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(hashable(each) for each in value)
    return float("nan")
