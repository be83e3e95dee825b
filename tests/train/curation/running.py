"""Curation of small folders in this process, for several tests."""

from tests.train.curation.people import SETTINGS, SquareTools
from train.curation.curating import curate
from train.curation.workers import WorkerOptions


def quiet(line):
    del line


def curated(folder, out, **changes):
    values = {"factory": SquareTools(), "log": quiet, "workers": 0, **changes}
    known = ("workers", "ray", "max_wait_s")
    options = WorkerOptions(**{name: values.pop(name) for name in known if name in values})
    return curate([folder], out, values.pop("settings", SETTINGS), workers=options, **values)


def contents(out):
    """All that training reads, byte by byte."""
    names = ("index.json", "files.jsonl")
    files = [*out.glob("clips-*"), *(out / name for name in names)]
    return {path.name: path.read_bytes() for path in files}


class KilledError(BaseException):
    """As sudden as a kill."""
