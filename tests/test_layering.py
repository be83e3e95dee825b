"""Imports point one way; here is the way, and a walk over the AST of every module."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = "liveportrait_core"

LAYERS = (
    "errors, warned, constants, preset, graphs, geometry, config, background",
    "networks | motion | imaging",
    "options, command_options",
    "face, media, checkpoints, assets, viz, speech",
    "devices",
    "model",
    "stages",
    "engines",
    "animation",
    "pipeline",
    "sessions",
    "nodes | train | cli, __main__",
)
"""Lowest first: a room may import every room above its line. Rooms divided by a comma may also
import each other; rooms divided by a bar may not."""

OUTSIDE_CORE = ("nodes", "train")
NEVER = ("tests", "benchmarks", "tools")
"""No package imports these; tools may import anything, and tests anything."""

ONLY_IN = {
    "numpy": (
        "imaging",
        "viz",
        "face",
        "media",
        "checkpoints",
        "speech",
        "pipeline",
        "sessions",
        "cli",
        "nodes",
        "train",
    ),
    "cv2": ("imaging", "viz", "face", "media", "pipeline", "cli", "nodes", "train"),
    "av": ("media",),
    "PIL": ("media", "nodes"),
    "timm": ("networks",),
    "insightface": ("face",),
    "comfy": ("nodes",),
    "comfy_api": ("nodes",),
    "folder_paths": ("nodes",),
    "numba": ("train",),
    "skimage": ("train",),
    "warp": ("train",),
    "accelerate": ("train",),
}
"""Rooms that may know a library; others it does not name are free for all."""


def rooms_by_rank() -> dict[str, tuple[int, int]]:
    """Each room's layer, and its group of comma-divided rooms within the layer."""
    return {
        room.strip(): (rank, group)
        for rank, layer in enumerate(LAYERS)
        for group, rooms in enumerate(layer.split("|"))
        for room in rooms.split(",")
    }


RANKS = rooms_by_rank()


def room_of(module: str) -> str:
    """The room of a dotted module name; "" is the door of the core package."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == CORE else first


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in (CORE, *OUTSIDE_CORE, *NEVER)


def module_name(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def resolve(path: str, level: int, module: str | None) -> str:
    """The absolute name that `from <level dots><module>` means in a file."""
    if level == 0:
        return module or ""
    package = path.split("/")[:-1]
    parents = package[: len(package) - level + 1]
    return ".".join([*parents, *([module] if module else [])])


def imports_of(path: str, source: str) -> Iterator[tuple[int, int, str]]:
    """Line, dots and absolute name of each import, also inside functions and by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, 0, name.name
        elif isinstance(node, ast.ImportFrom):
            base = resolve(path, node.level, node.module)
            if node.module is None or base == CORE:  # `from . import x` may mean a module
                for name in node.names:
                    yield node.lineno, node.level, f"{base}.{name.name}"
            else:
                yield node.lineno, node.level, base
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            target = node.args[0] if node.args else None
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                dots = len(target.value) - len(target.value.lstrip("."))
                yield node.lineno, dots, resolve(path, dots, target.value[dots:])


def arrow_fault(path: str, dots: int, target: str) -> str | None:
    """What is wrong with one import, or None."""
    source = module_name(path)
    here, there = room_of(source), room_of(target)
    if not is_ours(target):
        rooms = ONLY_IN.get(target.partition(".")[0])
        return f"only {', '.join(rooms)} may know it" if rooms and here not in rooms else None
    packages = source.partition(".")[0], target.partition(".")[0]
    crosses = packages[0] != packages[1]
    if target.partition(".")[0] in NEVER:
        return "no package imports tests, benchmarks or tools"
    if not crosses and not dots:
        return "inside a package imports are relative"
    if crosses and packages == ("train", CORE) and dots:
        return "train imports core by its absolute name"
    if crosses and packages == ("nodes", CORE) and not dots:
        return "nodes import core relatively: ComfyUI loads the folder under another name"
    if crosses and packages[0] == CORE:
        return "core imports neither nodes nor train"
    return _rank_fault(here, there)


def _rank_fault(here: str, there: str) -> str | None:
    """Of two of our rooms, whether the first may import the second."""
    if here in (there, ""):  # the door shows every public name
        return None
    unknown = [room for room in (here, there) if room not in RANKS]
    if unknown == [there] and (there.startswith("__") or here in OUTSIDE_CORE):
        return None  # a public name of the door, as __version__, not a room
    if unknown:
        return f"room {unknown[0]!r} has no layer; add it to LAYERS"
    (rank, group), (other_rank, other_group) = RANKS[here], RANKS[there]
    if rank > other_rank or (rank == other_rank and group == other_group):
        return None
    return f"{here} stands {'beside' if rank == other_rank else 'below'} {there}"


def broken_arrows(sources: Mapping[str, str]) -> list[str]:
    """Every forbidden import of some modules, as `path:line target: reason`."""
    return [
        f"{path}:{line} {target}: {fault}"
        for path, source in sources.items()
        for line, dots, target in imports_of(path, source)
        if (fault := arrow_fault(path, dots, target))
    ]


def import_cycle(sources: Mapping[str, str]) -> list[str]:
    """Modules that import each other in a ring, or nothing."""
    modules = {module_name(path) for path in sources}
    graph: dict[str, set[str]] = {}
    for path, source in sources.items():
        targets = {target for _, _, target in imports_of(path, source)}
        graph[module_name(path)] = (targets & modules) - {module_name(path)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def imports_when_loaded(source: str) -> list[int]:
    """Lines of the imports that run as soon as a module is loaded."""
    waiting: list[ast.AST] = [ast.parse(source)]
    lines: list[int] = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            lines.append(node.lineno)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return sorted(lines)


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    folders = (ROOT / name for name in (CORE, *OUTSIDE_CORE))
    files = sorted(chain.from_iterable(folder.rglob("*.py") for folder in folders))
    return {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}


def test_every_import_points_down(tree):
    assert len(tree) > 50
    assert not broken_arrows(tree)


def test_no_modules_import_each_other_in_a_ring(tree):
    assert not import_cycle(tree)


def test_the_folder_loads_without_importing_anything():
    assert not imports_when_loaded((ROOT / "__init__.py").read_text("utf-8"))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("liveportrait_core/errors.py", "from .model import LivePortraitModel"),
        ("liveportrait_core/motion/types.py", "from ..networks.outputs import MotionHeads"),
        ("liveportrait_core/networks/outputs.py", "from ..motion.types import Motion"),
        ("liveportrait_core/imaging/crop.py", "from ..motion import types"),
        ("liveportrait_core/media/video.py", "from .. import stages"),
        ("liveportrait_core/model.py", "def f():\n    from .pipeline import animate"),
        ("liveportrait_core/pipeline.py", "from .cli.main import main"),
        ("liveportrait_core/stages.py", "import train.stage1"),
        ("liveportrait_core/stages.py", "from nodes import sockets"),
        ("liveportrait_core/stages.py", "from ..train import stage1"),
        ("liveportrait_core/stages.py", "import comfy.model_management"),
        ("liveportrait_core/stages.py", "from liveportrait_core.model import load_model"),
        ("liveportrait_core/stages.py", "import importlib\nimportlib.import_module('.cli', 'x')"),
        ("liveportrait_core/stages.py", "from tests.support import fill"),
        ("train/tasks/compact.py", "from tools import locales"),
        ("liveportrait_core/motion/types.py", "import numpy as np"),
        ("liveportrait_core/pipeline.py", "import insightface"),
        ("liveportrait_core/pipeline.py", "from .sessions.portrait import PortraitSession"),
        ("liveportrait_core/cli/main.py", "from .. import load_model"),
        ("liveportrait_core/newcomer.py", "from .errors import LivePortraitError"),
        ("train/tasks/compact.py", "from train.engine.loop import fit"),
        ("train/stage1.py", "from ..liveportrait_core.model import load_model"),
        ("train/tasks/compact.py", "from liveportrait_core.cli.main import main"),
        ("nodes/load.py", "from liveportrait_core.model import load_model"),
        ("nodes/load.py", "from ..train.stage1 import main"),
    ],
)
def test_a_wrong_arrow_is_named(path, source):
    (fault,) = broken_arrows({path: source})
    assert fault.startswith(path)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("liveportrait_core/__init__.py", "from .stages import stitch"),
        ("liveportrait_core/preset.py", "from .constants import HUMAN_SPACE"),
        ("liveportrait_core/networks/compact/build.py", "from ...preset import Preset"),
        ("liveportrait_core/face/landmarks.py", "from ..motion.openness import OpeningPair"),
        ("liveportrait_core/checkpoints/loading.py", "from ..networks.build import build"),
        ("liveportrait_core/animation/edit.py", "from .drive import drive"),
        ("liveportrait_core/pipeline.py", "import numpy as np\nfrom .media.video import frames"),
        ("liveportrait_core/__main__.py", "from .cli.main import main"),
        ("liveportrait_core/cli/main.py", "from .. import __version__"),
        ("train/rendering/head/head_model.py", "import numba\nfrom .face_model import FaceModel"),
        (
            "train/tasks/retargeting.py",
            "from liveportrait_core.stages import stitch\nfrom .compact import a",
        ),
        ("train/tasks/retargeting.py", "from liveportrait_core import LivePortraitModel"),
        ("nodes/load.py", "from ..liveportrait_core.model import load_model"),
    ],
)
def test_a_right_arrow_passes(path, source):
    assert not broken_arrows({path: source})


def test_a_ring_is_found():
    ring = {
        "liveportrait_core/animation/drive.py": "from .edit import a",
        "liveportrait_core/animation/edit.py": "from .drive import b",
    }
    assert import_cycle(ring)


def test_only_imports_inside_functions_wait():
    assert imports_when_loaded("import os\nif True:\n    import re\n") == [1, 3]
    assert not imports_when_loaded("async def comfy_entrypoint():\n    from .nodes import x\n")
