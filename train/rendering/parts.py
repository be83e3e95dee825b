"""A piece of geometry beside the head: hair, hat, glasses, torso."""

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, Floats, IntArray
from .raster.surface import Kind
from .regions import Region


@dataclass(frozen=True, slots=True)
class Part:
    """Points, their colours and the triangles between them; seen from both sides."""

    points: FloatArray
    albedo: FloatArray
    """(N, 3) as painted, not linear."""
    triangles: IntArray
    region: Region
    gloss: float = 0.0
    """Strength of the wide highlight."""
    kind: Kind = Kind.CLOTH
    places: FloatArray | None = None
    """(N, 3) column and row in the texture of fibres, and its share."""
    following: IntArray | None = None
    """(N,) the next point along each hair, counted from the part's first; itself at a tip."""
    openness: FloatArray | None = None
    """(N,) share of the sky each point sees; all of it where nothing is said."""


def turned_outwards(part: Part) -> Part:
    """A closed part whose triangles run counter-clockwise seen from outside; changed in place."""
    a, b, c = (part.points[part.triangles[:, k]] for k in range(3))
    middle = part.points.mean(axis=0)
    volume = np.einsum("tk,tk->", a - middle, np.cross(b - middle, c - middle))
    if volume < 0:
        part.triangles[:] = part.triangles[:, ::-1]
    return part


def join_parts(parts: list[Part]) -> Part:
    """Several parts of one region and kind as one."""
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    first = parts[0]

    def gather(name: str) -> FloatArray | None:
        found = [getattr(part, name) for part in parts]
        return None if any(array is None for array in found) else np.concatenate(found)

    following = None
    if all(part.following is not None for part in parts):
        following = np.concatenate(
            [
                part.following + np.int32(start)
                for part, start in zip(parts, starts, strict=False)
                if part.following is not None
            ]
        )
    return Part(
        points=np.concatenate([part.points for part in parts]),
        albedo=np.concatenate([part.albedo for part in parts]),
        triangles=np.concatenate(
            [part.triangles + np.int32(start) for part, start in zip(parts, starts, strict=False)]
        ),
        region=first.region,
        gloss=first.gloss,
        kind=first.kind,
        places=gather("places"),
        following=following,
        openness=gather("openness"),
    )


def grid_triangles(rows: int, columns: int, *, closed: bool = True) -> IntArray:
    """Triangles of a grid of points numbered row by row; closed joins the last row to the first."""
    row = np.arange(rows if closed else rows - 1)[:, None]
    column = np.arange(columns - 1)[None]
    a = row * columns + column
    b = (row + 1) % rows * columns + column
    first = np.stack([a, b, b + 1], axis=-1).reshape(-1, 3)
    second = np.stack([a, b + 1, a + 1], axis=-1).reshape(-1, 3)
    return np.concatenate([first, second]).astype(np.int32)


def stack_points(x: Floats, y: Floats, z: Floats) -> FloatArray:
    """Three grids of coordinates as (N, 3) points."""
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
