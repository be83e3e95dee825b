"""Every reader takes or refuses whatever it gets: no other error, no crash, no hang, no bomb."""

import faulthandler
import os
import resource
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from .mutations import mutants
from .targets import TARGETS

CORPUS = Path(__file__).resolve().parent / "corpus"
"""A folder for each target with inputs that failed once."""
KEPT = [path for path in sorted(CORPUS.glob("*/*")) if path.is_file()]
ASKED = int(os.environ.get("LIVEPORTRAIT_FUZZ_INPUTS", "0"))
INPUTS = ASKED // len(TARGETS) if ASKED else 25
HOW = settings(
    max_examples=INPUTS,
    derandomize=not ASKED,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""How many inputs are made, and from which numbers."""
HANGS_S = 60
"""An input that is read for longer ends the process with a trace."""
MOST_KIB = 2 << 20
"""How much more memory the inputs of one kind may take than the process had, at its peak."""


def take_or_refuse(target, path):
    """Read a file; the refusals of the target are right, anything else is raised."""
    faulthandler.dump_traceback_later(HANGS_S, exit=True)
    try:
        target.read(path)
    except target.refusals as error:
        sentence = str(error)
        assert len(sentence) < 2000, sentence
        assert sentence.strip()
    finally:
        faulthandler.cancel_dump_traceback_later()


def peak_kib():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // 1024 if sys.platform == "darwin" else used


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_taken(name, tmp_path):
    target = TARGETS[name]
    for file, content in target.seeds(tmp_path).items():
        path = tmp_path / file
        path.write_bytes(content)
        target.read(path)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_failed_once(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    take_or_refuse(TARGETS[path.parent.name.replace("_", " ")], copy)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_nearly_right(name, tmp_path):
    target, before = TARGETS[name], peak_kib()
    seeds = target.seeds(tmp_path)
    names, contents = list(seeds), list(seeds.values())
    folder = tmp_path / "inputs"
    folder.mkdir()

    @HOW
    @given(mutants(contents))
    def read(mutant):
        path = folder / names[mutant.seed]  # what failed last is left there
        path.write_bytes(mutant.data)
        take_or_refuse(target, path)

    read()
    assert peak_kib() - before < MOST_KIB
