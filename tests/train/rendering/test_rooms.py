"""The renderer's rooms import one way; here is the way, and a walk over the AST of every module."""

from pathlib import Path

import pytest

from tests.test_layering import imports_of, module_name

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "train.rendering"
LAYERS = (
    ("arrays", "keyframes", "motion_sampler", "noise", "paint", "regions", "rotations"),
    ("raster",),
    ("parts",),
    ("head",),
    ("skin", "camera"),
    ("people",),
    ("animals", "cartoon"),
    ("frames",),
    ("export",),
)
"""Lowest first: a room may import every room above its line. Modules of the first line may also
import each other; the rooms of another line may not."""
RANKS = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}


def room_of(module):
    """The room of a dotted module name of the renderer."""
    return module.removeprefix(PACKAGE).strip(".").partition(".")[0]


def wrong_arrows(sources):
    """Imports that do not point down, as `path:line target`."""
    return [
        f"{path}:{line} {target}"
        for path, source in sources.items()
        for line, _, target in imports_of(path, source)
        if target.startswith(f"{PACKAGE}.") and not may_import(module_name(path), target)
    ]


def may_import(module, target):
    here, there = room_of(module), room_of(target)
    return here == there or RANKS[there] < RANKS[here] or RANKS[here] == RANKS[there] == 0


@pytest.fixture(scope="module")
def sources():
    files = sorted((ROOT / "train" / "rendering").rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}


def test_every_room_has_a_layer(sources):
    rooms = {room_of(module_name(path)) for path in sources}
    assert rooms - {""} == set(RANKS)


def test_rooms_import_one_way(sources):
    assert len(sources) > 50
    assert not wrong_arrows(sources)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("raster/occlusion.py", "from ..head.head_model import HeadModel"),
        ("skin/complexion.py", "from ..camera.lighting import Lighting"),
        ("animals/animal.py", "from ..cartoon.cartoon import make_cartoon"),
        ("people/identity.py", "def f():\n    from ..frames.scene import Scene"),
        ("paint.py", "from .skin.skin_base import cover_map"),
    ],
)
def test_a_wrong_arrow_is_found(path, source):
    assert wrong_arrows({f"train/rendering/{path}": source})
