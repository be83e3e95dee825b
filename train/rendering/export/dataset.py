"""Write a folder of rendered heads: an index and shards of identities.

Convention:
    - every identity has FRAMES frames; frames 1 and 2 share the pose
    - crop units: x right, y down, z into the picture, x and y +-1 at the picture's edges
    - shards are .npz files, see `render_identity` for their arrays, one row per identity; or
      WebDataset shards, see `webdataset`, with the same pictures and numbers

The random numbers of an identity come from (seed, number of the identity) alone, so neither the
workers nor the shard size change a picture.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.media.atomic import make_folder

from ...data.folder import (
    INDEX_NAME,
    RENDERED_FORMAT,
    RENDERED_KEY,
    RENDERED_VERSION,
    SETTINGS_NAME,
)
from ...data.rendered_shards import FRAMES
from ...engine.command import deaf_to_interrupts
from ..camera.backgrounds import bundled_photos
from ..head.head_model import KEYPOINT_NAMES, HeadModel
from ..head.load import load_head
from ..raster.device import kernels_on
from . import webdataset
from .head_renderer import HeadRenderer
from .options import RenderConfig

RENDERER: Final = 9
"""Counts changes to pictures and labels: a folder is finished by the renderer that began it."""

Arrays = dict[str, npt.NDArray[Any]]


class RenderedSetError(LivePortraitError):
    """A folder of rendered heads that cannot be written to."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of some identities."""

    name: str
    first: int
    count: int


def render_set(config: RenderConfig, progress: Callable[[int, int], None] | None = None) -> int:
    """Render what is missing of a folder; run again to resume.

    Args:
        config: what to render and where.
        progress: called with the identities that are there and their total.

    Returns:
        How many identities were rendered now; the others were there already.

    Raises:
        FaceModelError: the face model cannot be read.
        RenderedSetError: the folder holds a set with other settings, or something else.
        MediaError: a WebDataset shard cannot be written.
        ValueError: there is no such device.
    """
    kernels_on(config.device)  # before anything is written
    head = load_head(config.heads.face_model)
    shards = _plan(config)
    settings = _settings(config, head)
    _claim_folder(config, shards, settings)
    missing = [shard for shard in shards if not (config.folder / shard.name).is_file()]
    done = present = config.people.identities - sum(shard.count for shard in missing)
    if progress is not None:
        progress(done, config.people.identities)
    for count in _render_shards(config, head, missing):
        done += count
        if progress is not None:
            progress(done, config.people.identities)
    if config.webdataset:
        webdataset.write_index(config.folder, settings, [shard.name for shard in shards])
    return done - present


def _plan(config: RenderConfig) -> list[Shard]:
    starts = range(0, config.people.identities, config.shard_size)
    name = webdataset.shard_name if config.webdataset else "shard-{:05d}.npz".format
    return [
        Shard(name(k), first, min(config.shard_size, config.people.identities - first))
        for k, first in enumerate(starts)
    ]


def _settings(config: RenderConfig, head: HeadModel) -> dict[str, Any]:
    """All that decides what is in a folder, but for the layout of its shards."""
    return {
        "seed": config.heads.seed,
        "size_px": config.heads.size_px,
        "frames": FRAMES,
        "identities": config.people.identities,
        "shard_size": config.shard_size,
        "creatures": config.people.animals,
        "keypoint_names": list(KEYPOINT_NAMES),
        "producer": {
            "name": "liveportrait-suite train.render",
            "renderer": RENDERER,
            "face_model_sha256": _digest(head),
            "background_photos": len(bundled_photos()),
        },
    }


def _claim_folder(config: RenderConfig, shards: list[Shard], settings: dict[str, Any]) -> None:
    """Write what a new folder begins with, or check that of an old one."""
    other = INDEX_NAME if config.webdataset else SETTINGS_NAME
    path = config.folder / (SETTINGS_NAME if config.webdataset else INDEX_NAME)
    begun = config.webdataset and path.is_file()  # which has an index at its end, too
    if not begun and (config.folder / other).is_file():
        _refuse_other_layout(config, config.folder / other)
    if config.webdataset:
        if path.is_file():
            _refuse_other_settings(path, _read(path).get(RENDERED_KEY), settings)
            webdataset.clear(config.folder)
        else:
            webdataset.claim(config.folder, settings)
        return
    index: dict[str, Any] = {
        "format": RENDERED_FORMAT,
        "version": RENDERED_VERSION,
        **settings,
        "shards": [
            {"file": shard.name, "first": shard.first, "identities": shard.count}
            for shard in shards
        ],
    }
    if path.is_file():
        _refuse_other_settings(path, _read(path), index)
        return
    make_folder(config.folder)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _refuse_other_layout(config: RenderConfig, path: Path) -> None:
    found = _read(path)
    if RENDERED_KEY in found:
        raise RenderedSetError(
            f"{config.folder} holds WebDataset shards; .npz shards are expected. Give "
            "--webdataset, or use another folder."
        )
    if found.get("format") == RENDERED_FORMAT:
        raise RenderedSetError(
            f"{config.folder} holds .npz shards; WebDataset shards are expected. Leave "
            "--webdataset out, or use another folder."
        )
    raise RenderedSetError(
        f"{path} is of something else; rendered heads are expected. Use another folder."
    )


def _refuse_other_settings(path: Path, found: Any, expected: dict[str, Any]) -> None:
    if not isinstance(found, dict) or not found:
        raise RenderedSetError(
            f"{path} is not an index of rendered heads, which is expected. Use another folder."
        )
    different = [key for key in expected if found.get(key) != expected[key]]
    if different:
        key = different[0]
        raise RenderedSetError(
            f"{path.parent} holds heads with {key} {_short(found.get(key))}, and this command asks "
            f"for {_short(expected[key])}. Use another folder, or the settings of the set."
        )


def _short(value: object, longest: int = 60) -> str:
    text = json.dumps(value)
    return text if len(text) <= longest else text[:longest] + "..."


def _digest(head: HeadModel) -> str:
    """A name for the face model that does not depend on the files it came in."""
    digest = hashlib.sha256()
    for array in (head.vertices, head.expressions.offsets, head.identity_modes):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _renderer(config: RenderConfig, head: HeadModel) -> HeadRenderer:
    people = config.people
    return HeadRenderer(head, people.heads.size_px, people.animals, kernels_on(config.device))


def _render_shards(config: RenderConfig, head: HeadModel, shards: list[Shard]) -> Iterator[int]:
    """Render shards, in this process or in workers; yields the identities of each one done."""
    if config.workers == 1 or len(shards) <= 1:
        renderer = _renderer(config, head)
        for shard in shards:
            yield _write_shard(renderer, config, shard)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers inherit it: one thread each
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with deaf_to_interrupts():
        pool = context.Pool(min(config.workers, len(shards)), _start_worker, (config,))
    with pool:
        yield from pool.imap_unordered(_render_in_worker, shards)


_worker: tuple[HeadRenderer, RenderConfig] | None = None
"""What a worker process renders with; set once when it starts."""


def _start_worker(config: RenderConfig) -> None:
    global _worker  # noqa: PLW0603 - a pool gives its processes no other place for state
    cv2.setNumThreads(1)
    head = load_head(config.heads.face_model)
    _worker = (_renderer(config, head), config)


def _render_in_worker(shard: Shard) -> int:
    assert _worker is not None
    renderer, config = _worker
    return _write_shard(renderer, config, shard)


def _write_shard(renderer: HeadRenderer, config: RenderConfig, shard: Shard) -> int:
    numbers = range(shard.first, shard.first + shard.count)
    rows = [renderer.render_identity(config.heads.seed, number) for number in numbers]
    path = config.folder / shard.name
    if config.webdataset:
        webdataset.write_shard(path, config.heads.seed, shard.first, rows)
        return shard.count
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        save: Any = np.savez  # before numpy 2.1 it knows no keyword but arrays
        save(file, **arrays)
    partial.replace(path)
    return shard.count
