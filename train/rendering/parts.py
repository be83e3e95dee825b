"""A piece of geometry beside the head: hair, hat, glasses, torso."""

from dataclasses import dataclass, replace

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
    sky_visibility: FloatArray | None = None
    """(N,) share of the sky each point sees; all of it where nothing is said."""


def turned_outwards(part: Part) -> Part:
    """A closed part with triangles that run counter-clockwise seen from outside."""
    a, b, c = (part.points[part.triangles[:, k]] for k in range(3))
    middle = part.points.mean(axis=0)
    volume = np.einsum("tk,tk->", a - middle, np.cross(b - middle, c - middle))
    if volume >= 0:
        return part
    return replace(part, triangles=np.ascontiguousarray(part.triangles[:, ::-1]))


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
        sky_visibility=gather("sky_visibility"),
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


def grid_part(
    points: Floats,
    albedo: Floats,
    region: Region,
    *,
    closed: bool = True,
    gloss: float = 0.0,
    sky_visibility: float = 1.0,
    kind: Kind = Kind.CLOTH,
) -> Part:
    """A part of a grid of points.

    Args:
        points: (R, C, 3); closed joins the last row to the first.
        albedo: (R, C, 3), or (3,) for one colour.
        region: What it shows.
        closed: See `grid_triangles`.
        gloss: See `Part`, likewise sky_visibility and kind.
        sky_visibility: Of all points.
        kind: Of all points.
    """
    rows, columns = points.shape[:2]
    count = rows * columns
    return Part(
        points=points.reshape(-1, 3).astype(np.float32),
        albedo=np.broadcast_to(albedo, points.shape).reshape(-1, 3).astype(np.float32),
        triangles=grid_triangles(rows, columns, closed=closed),
        region=region,
        gloss=gloss,
        kind=kind,
        sky_visibility=np.full(count, sky_visibility, np.float32),
    )


def ball(middle: Floats, radius: float, stretch: float = 1.0) -> Floats:
    """A grid of points of a small ball, (10, 8, 3), stretched upwards."""
    turn = np.linspace(0, 2 * np.pi, 10, endpoint=False)[:, None]
    polar = np.linspace(0.05, np.pi - 0.05, 8)[None]
    x, z = np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn)
    return middle + radius * np.stack([x, stretch * np.cos(polar) + 0 * turn, z], axis=-1)


def stack_points(x: Floats, y: Floats, z: Floats) -> FloatArray:
    """Three grids of coordinates as (N, 3) points."""
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
