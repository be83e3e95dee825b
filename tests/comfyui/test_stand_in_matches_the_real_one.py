"""The stand-in against ComfyUI itself, where one is there.

COMFYUI_DIR names its folder and COMFYUI_PYTHON the interpreter that has what it needs. Compared
are signatures, the sockets and widgets of the core nodes, and what happens to a list of prompts.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.comfyui import describe, real_side, video_facts
from tests.support.comfyui.stand_in import NEWEST, OLDEST, ROOT, active

FOLDER = os.environ.get("COMFYUI_DIR", "")
PYTHON = os.environ.get("COMFYUI_PYTHON", sys.executable)
PACKS = {"sample_pack": Path(real_side.__file__).parent / "sample_pack", "our-pack": ROOT}
MODULES = (
    *("comfy_api.latest", "comfy_api.latest._io", "comfy_api.latest._ui"),
    *("comfy.utils", "comfy.model_management", "comfy.model_patcher", "folder_paths", "server"),
)
NOT_COMPARED = {
    "HiddenHolder.__init__": "ComfyUI makes it, nodes only read it",
    "HiddenHolder.from_dict": "as above",
    "ComfyNode.GET_SCHEMA": "called by the executor alone",
    "ComfyNode.GET_NODE_INFO_V1": "as above; what it tells is compared",
    "ComfyNode.INPUT_TYPES": "as above",
    "ComfyNode.FINALIZE_SCHEMA": "as above",
    "ComfyNode.VALIDATE_CLASS": "as above",
    "PromptServer.__init__": "ComfyUI makes it",
    "PromptServer.instance": "a value",
}
SPEECH = {"tooltip", "placeholder"}
"""What a node's author says; the stand-in's core nodes say nothing."""

pytestmark = pytest.mark.skipif(not FOLDER, reason="COMFYUI_DIR names no ComfyUI")


def version_of(folder: str) -> str:
    """The version of a ComfyUI, from its sources."""
    text = (Path(folder) / "comfyui_version.py").read_text()
    return re.search(r'__version__ = "(.*)"', text)[1]


def a_run(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A prompt of nodes n1, n2, ...; inputs that are tuples are links."""
    prompt = {}
    for name, (kind, inputs) in nodes.items():
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in inputs.items()}
        prompt[name] = {"class_type": kind, "inputs": listed, "_meta": {"title": kind}}
    return prompt


FRAMES = ("SampleFrames", {"count": 3, "value": 0.25})
SHOWN = ("SampleShow", {"pixels": ("n1", 0), "title": "first"})
WIDGETS = {
    **{"whole": 4, "real": 0.75, "text": "words", "switch": False, "choice": "one"},
    **{"amount": 2.5, "seed": 7},
}
BOTH = {"n1": FRAMES, "n2": SHOWN, "n3": ("SampleShow", {"pixels": ("n1", 1), "title": ""})}
TELL = {"n2": ("PreviewAny", {"source": ("n1", 0)})}
FILE = {"n1": ("SampleFile", {"file": "a.txt"}), **TELL}


def mistaken(kind: str) -> dict[str, Any]:
    """A prompt with one of the mistakes of SampleMistake between frames and what shows them."""
    mistake = ("SampleMistake", {"value": ("n1", 0), "mistake": kind})
    shown = ("SampleShow", {"pixels": ("n2", 0), "title": kind})
    return a_run(n1=FRAMES, n2=mistake, n3=shown)


def changed(node: tuple[str, dict[str, Any]], **values: Any) -> tuple[str, dict[str, Any]]:
    """A node with other inputs; None takes one away."""
    inputs = {k: v for k, v in {**node[1], **values}.items() if v is not None}
    return node[0], inputs


RUNS: dict[str, dict[str, Any]] = {
    "new": {"prompt": a_run(**BOTH), "workflow": {"nodes": []}},
    "nothing changed": {"prompt": a_run(**BOTH)},
    "one title changed": {"prompt": a_run(**{**BOTH, "n2": changed(SHOWN, title="second")})},
    "the source changed": {"prompt": a_run(**{**BOTH, "n1": changed(FRAMES, value=0.75)})},
    "a node more": {"prompt": a_run(**BOTH, n4=("SampleWidgets", WIDGETS))},
    "widgets": {"prompt": a_run(n1=("SampleWidgets", WIDGETS), **TELL)},
    "numbers as text": {
        "prompt": a_run(n1=("SampleWidgets", {**WIDGETS, "whole": "5", "real": 1}), **TELL)
    },
    "a file": {"prompt": a_run(**FILE), "files": {"a.txt": "one"}},
    "the same file": {"prompt": a_run(**FILE)},
    "another file": {"prompt": a_run(**FILE), "files": {"a.txt": "two"}},
    "no file": {"prompt": a_run(n1=("SampleFile", {"file": "none.txt"}), **TELL)},
    "too large": {"prompt": a_run(n1=changed(FRAMES, value=1.5), n2=SHOWN)},
    "too small": {"prompt": a_run(n1=changed(FRAMES, count=0), n2=SHOWN)},
    "no number": {"prompt": a_run(n1=changed(FRAMES, count="many"), n2=SHOWN)},
    "an input is missing": {"prompt": a_run(n1=changed(FRAMES, count=None), n2=SHOWN)},
    "another type": {"prompt": a_run(n1=("SampleWidgets", WIDGETS), n2=SHOWN)},
    "one branch is wrong": {"prompt": a_run(**BOTH, n4=("PreviewImage", {"images": ("n1", 1)}))},
    "no such node": {"prompt": a_run(n1=("SampleNothing", {}))},
    "nothing to do": {"prompt": a_run(n1=FRAMES)},
    "fails": {"prompt": mistaken("raise")},
    "keeps state": {"prompt": mistaken("keep state")},
    "cancelled": {"prompt": mistaken("cancel")},
    "after all that": {"prompt": mistaken("none")},
}


def plain(value: Any) -> Any:
    """As it is after it was written to a file."""
    return json.loads(json.dumps(value, default=str))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the stand-in and ComfyUI answer to the same job."""
    folder = tmp_path_factory.mktemp("compared")
    version = version_of(FOLDER)
    with active(folder / "ours", version) as ours:
        modules = [importlib.import_module(name) for name in MODULES]
        names = [
            f"{module.__name__}:{name}" for module in modules for name in describe.offered(module)
        ]
        sockets = [name for name, value in vars(ours.io).items() if hasattr(value, "Input")]
        packs = [ours.import_pack(*pack) for pack in PACKS.items()]
        answer = {
            "runs": [our_run(ours, job) for job in RUNS.values()],
            "described": describe.described(names),
            "sockets": describe.sockets(sockets),
            "object_info": ours.object_info(),
            "video": video_facts.facts(str(ours.temp)),
            "packs": {pack.name: list(pack.nodes) for pack in packs},
        }
        job = {
            "base": str(folder / "theirs"),
            "packs": list(PACKS),
            "names": names,
            "sockets": sockets,
            "nodes": list(ours.nodes),
            "runs": list(RUNS.values()),
        }
    return plain(answer), real_answer(folder, job)


def our_run(ours: Any, job: dict[str, Any]) -> dict[str, Any]:
    """What happens to a prompt in the stand-in."""
    for name, text in job.get("files", {}).items():
        (ours.input / name).write_text(text)
    ran = ours.run(job["prompt"], workflow=job.get("workflow"))
    failed = ran.failure and ran.failure.node_id
    steps = [
        [node_id, one.value, one.total, one.preview is not None]
        for node_id, listed in ran.progress.items()
        for one in listed
    ]
    return {
        "problems": [[each.node_id, each.kind] for each in ran.problems],
        "executed": [*ran.executed, *[each for each in (failed, ran.interrupted) if each]],
        "cached": ran.cached,
        "ui": ran.ui,
        "steps": steps,
        "failure": failed,
        "message": ran.failure and str(ran.failure.error),
        "interrupted": ran.interrupted,
    }


def real_answer(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """What ComfyUI answers, in a process of its own."""
    for name in ("input", "output", "temp", "models", "custom_nodes", "user"):
        (Path(job["base"]) / name).mkdir(parents=True)
    for name, root in PACKS.items():
        (Path(job["base"]) / "custom_nodes" / name).symlink_to(root, target_is_directory=True)
    asked, told = folder / "job.json", folder / "answer.json"
    asked.write_text(json.dumps(job))
    command = [PYTHON, real_side.__file__, str(asked), str(told)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(told.read_text())


def test_every_name_has_the_signature_of_the_real_one(both):
    ours, theirs = both
    assert len(ours["described"]) > 100
    wrong = [
        f"{name}: {told}, not {theirs['described'][name]}"
        for name, told in ours["described"].items()
        if told != theirs["described"][name] and name.split(":")[1] not in NOT_COMPARED
    ]
    assert not wrong, "\n".join(wrong)


def test_every_socket_takes_what_the_real_one_takes(both):
    ours, theirs = both
    assert len(ours["sockets"]) >= 20
    assert ours["sockets"] == theirs["sockets"]


def one_form(spec: list[Any]) -> list[Any]:
    """An input without its author's words, combos in the new form."""
    kind, options = spec[0], dict(spec[1]) if len(spec) > 1 else {}
    if isinstance(kind, list):
        kind, options = "COMBO", {"options": kind, "multiselect": False, **options}
    told = {name: value for name, value in options.items() if name not in SPEECH}
    if kind == "COMFY_DYNAMICCOMBO_V3":
        told["options"] = [
            {"key": each["key"], "inputs": inputs_in_one_form(each["inputs"])}
            for each in options["options"]
        ]
    return [kind, told]


def inputs_in_one_form(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a node, without those that are hidden."""
    return {
        group: [[name, one_form(spec)] for name, spec in named.items()]
        for group, named in inputs.items()
        if group != "hidden" and named
    }


def test_core_nodes_have_the_inputs_and_outputs_of_the_real_ones(both):
    ours, theirs = both
    own = {name for names in ours["packs"].values() for name in names}
    core = ours["object_info"].keys() - own
    assert len(core) == 17
    for name in core:
        one, other = ours["object_info"][name], theirs["object_info"][name]
        assert inputs_in_one_form(one["input"]) == inputs_in_one_form(other["input"]), name
        for key in ("output", "output_name", "output_is_list", "output_node"):
            assert one[key] == other[key], (name, key)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_has_the_same_object_info(both, pack):
    ours, theirs = both
    assert len(ours["packs"][pack]) >= 5
    for name in ours["packs"][pack]:
        assert ours["object_info"][name] == theirs["object_info"][name]


@pytest.mark.parametrize("name", RUNS)
def test_prompts_end_as_they_do_there(both, name):
    ours, theirs = (answer["runs"][list(RUNS).index(name)] for answer in both)
    if theirs["problems"] or theirs["error"]:
        expected = theirs["problems"] or [["", theirs["error"]]]
        names = {"invalid_prompt": "missing_node_type"}  # what 0.3.64 calls it
        kinds = sorted(names.get(kind, kind) for _, kind in expected)
        assert sorted(kind for _, kind in ours["problems"]) == kinds
    if theirs["error"]:
        assert not ours["executed"]
        return
    for key in ("executed", "cached"):
        assert sorted(ours[key]) == sorted(theirs[key]), key
    for key in ("ui", "failure", "interrupted"):
        assert ours[key] == theirs[key], key
    if theirs["message"]:
        assert theirs["message"].startswith(ours["message"])


def test_videos_are_read_written_and_trimmed_as_they_are_there(both):
    ours, theirs = (answer["video"] for answer in both)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert ours[name] == theirs[name], name


def test_the_versions_are_those_that_the_stand_in_knows():
    assert version_of(FOLDER) in (OLDEST, NEWEST)
