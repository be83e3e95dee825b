"""What stands out from an animal: ears, tufts of fur, a ruff, whiskers."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, pick
from ..head.head_model import HeadModel
from ..paint import lay_over, rgb
from ..parts import Part, grid_triangles, stack_points
from ..raster.surface import Kind
from ..raster.vertices import vertex_normals
from ..regions import Region
from .ears import make_ears
from .fur_colour import FurColours
from .species import Species

HEAD_TUFTS: Final = 6000
EAR_TUFTS: Final = 300
RUFF_TUFTS: Final = 900
MAX_MOVEMENT: Final = 0.12
"""Tufts grow where no expression moves the skin by more than this, model units."""
MIN_TUFT_Y: Final = -13.0
RUFF_AROUND: Final = 60
RUFF_DOWN: Final = 14
TO_HEAD: Final = np.array([0, -6, 0], np.float32)
"""From an ear to the place of the head whose colours it has."""


def animal_parts(
    head: HeadModel,
    species: Species,
    fur: FurColours,
    shape: FloatArray,
    random: np.random.Generator,
) -> list[Part]:
    """All that follows the head.

    Args:
        head: the head model.
        species: whose.
        fur: its colours.
        shape: (V, 3) the head's vertices in their final shape.
        random: source of everything.
    """
    parts = [] if species.ear == "none" else _ears(head, species, fur, shape, random)
    ruff = _ruff(fur, species, random)
    parts += [ruff, _head_tufts(head, species, fur, shape, random)]
    parts.append(tufts_on(ruff, species, RUFF_TUFTS, random))
    if species.whiskers > 0:
        parts.append(_whiskers(head, species, shape, random))
    return parts


def _ears(
    head: HeadModel,
    species: Species,
    fur: FurColours,
    shape: FloatArray,
    random: np.random.Generator,
) -> list[Part]:
    bare = np.concatenate([head.parts["face"], head.parts["scalp"]])
    ears = make_ears(species, shape[bare], random)
    colours = fur.at(ears.points + TO_HEAD)
    lay_over(colours, fur.dark, ears.along * np.float32(random.uniform(0, 0.5)))
    lay_over(colours, fur.skin, ears.bare * np.float32(random.uniform(0.3, 0.9)))
    chosen = random.integers(len(ears.points), size=EAR_TUFTS)
    roots, ahead = ears.points[chosen], np.zeros((EAR_TUFTS, 3), np.float32)
    ahead[:, 2] = 1
    lie = _comb(roots, np.zeros(3, np.float32)) + np.array([0, 1, 0], np.float32)
    points = grow_tufts(roots, ahead, lie, 0.6 * species.fur_length, random)
    return [
        Part(ears.points, colours, ears.triangles, Region.SKIN),
        _tuft_part(points, colours[chosen], Region.SKIN, random),
    ]


def _head_tufts(
    head: HeadModel,
    species: Species,
    fur: FurColours,
    shape: FloatArray,
    random: np.random.Generator,
) -> Part:
    """Tufts where the skin lies still, evenly over the surface."""
    normals = np.empty_like(shape)
    vertex_normals(shape, head.triangles, normals)
    move = np.zeros(len(shape), dtype=np.float32)
    np.maximum.at(move, head.expressions.indices, np.linalg.norm(head.expressions.offsets, axis=1))
    allowed = np.zeros(len(move), dtype=np.bool_)
    allowed[head.parts["face"]] = allowed[head.parts["scalp"]] = True
    allowed &= (move < MAX_MOVEMENT) & (head.vertices[:, 1] > MIN_TUFT_Y)
    corners = head.triangles[allowed[head.triangles].all(axis=1)]
    a, b, c = (shape[corners[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = corners[random.choice(len(corners), HEAD_TUFTS, p=area / area.sum())]
    weights = random.dirichlet((1, 1, 1), HEAD_TUFTS)[..., None]
    roots, places, up = (
        (array[chosen] * weights).sum(axis=1).astype(np.float32)
        for array in (shape, head.vertices, normals)
    )
    lie = _comb(roots, shape[head.landmarks[28]])
    points = grow_tufts(roots, up, lie, species.fur_length, random)
    return _tuft_part(points, fur.at(places), Region.SKIN, random)


def _comb(points: FloatArray, from_place: FloatArray) -> FloatArray:
    """Which way fur lies at points (N, 3): away from a place, and down; unit."""
    away = points - from_place + np.array([0, -1.5, 0], np.float32)
    return away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), np.float32(1e-6))


def _ruff(fur: FurColours, species: Species, random: np.random.Generator) -> Part:
    """Thick fur round the neck, from the cheeks to the shoulders."""
    angle = np.linspace(0, 2 * np.pi, RUFF_AROUND, endpoint=False)[:, None]
    down = np.linspace(0, 1, RUFF_DOWN)[None] + 0 * angle
    wide = random.uniform(6.2, 8.2) * species.width + 0.4 * species.fur_length
    lumps = 1 + 0.05 * np.sin(angle * random.integers(3, 9) + down * 5)
    radius = (wide + random.uniform(2, 6) * down**1.3) * lumps
    x, z = radius * np.cos(angle), 0.8 * radius * np.sin(angle) - 2.5
    points = stack_points(x, 1.5 - 19 * down, z - 1.5 * down)
    colours = vary_shade(fur.at(points + np.array([0, -1, 6], np.float32)), 0.1, random)
    return Part(points, colours, grid_triangles(RUFF_AROUND, RUFF_DOWN), Region.SKIN)


def tufts_on(part: Part, species: Species, count: int, random: np.random.Generator) -> Part:
    """Tufts that hang from a part round the body."""
    normals = np.empty_like(part.points)
    vertex_normals(part.points, part.triangles, normals)
    outwards = part.points * np.array([1, 0, 1], np.float32)
    normals *= np.sign((normals * outwards).sum(axis=1, keepdims=True))
    chosen = random.integers(len(part.points), size=count)
    down = np.tile(np.array([0, -1, 0], np.float32), (count, 1))
    roots = part.points[chosen] + (random.normal(size=(count, 3)) * 0.4).astype(np.float32)
    points = grow_tufts(roots, normals[chosen], down, 1.3 * species.fur_length, random)
    return _tuft_part(points, part.albedo[chosen], part.region, random)


def grow_tufts(
    roots: FloatArray,
    normals: FloatArray,
    lie: FloatArray,
    length: float,
    random: np.random.Generator,
) -> FloatArray:
    """A blade of three points at each root: blades make an outline fuzzy.

    Args:
        roots: (N, 3).
        normals: (N, 3) of the surface there.
        lie: (N, 3) which way the fur lies.
        length: of a usual blade.
        random: source of length, lift and direction.

    Returns:
        (3 N, 3): the two sides of the root and the tip of each blade in turn.
    """
    count = len(roots)
    lift = random.uniform(0.15, 0.6, (count, 1))
    flat = lie - normals * (lie * normals).sum(1, keepdims=True)
    direction = flat + lift * normals + random.normal(size=(count, 3)) * 0.25
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    side = np.cross(normals, direction)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    size = length * random.uniform(0.4, 1.5, (count, 1))
    half = side * (0.08 * length + 0.08) * random.uniform(0.6, 1.4, (count, 1))
    low = roots - normals * 0.1
    points = np.stack([low - half, low + half, roots + direction * size], axis=1)
    return points.reshape(-1, 3).astype(np.float32)


def vary_shade(colours: FloatArray, most: float, random: np.random.Generator) -> FloatArray:
    """Colours (N, 3), each a little darker or lighter."""
    shade = random.uniform(1 - most, 1 + most, (len(colours), 1)).astype(np.float32)
    return np.clip(colours * shade, 0, 1)


def _tuft_part(
    points: FloatArray, colours: FloatArray, region: Region, random: np.random.Generator
) -> Part:
    """Blades as hair, each in a slightly different colour."""
    own = vary_shade(colours, 0.15, random)
    order = np.arange(len(points), dtype=np.int32).reshape(-1, 3)
    return Part(
        points,
        np.repeat(own, 3, axis=0),
        order,
        region,
        kind=Kind.HAIR,
        following=np.repeat(order[:, 2], 3),
    )


def _whiskers(
    head: HeadModel, species: Species, shape: FloatArray, random: np.random.Generator
) -> Part:
    """Long bristles beside the nose."""
    lip, tip = shape[head.landmarks[51]], shape[head.landmarks[30]]
    thick = np.array([0, 0.05, 0])
    points: list[Floats] = []
    count = int(random.integers(5, 10))
    for side in (1, -1):
        for _ in range(count):
            offset = [
                random.uniform(0.8, 1.6),
                random.uniform(-0.5, 0.5),
                random.uniform(-0.9, -0.3),
            ]
            root = 0.55 * lip + 0.45 * tip + np.array(offset) * (side, 1, 1)
            way = np.array([side, random.normal() * 0.3, random.uniform(-0.2, 0.4)])
            end = root + way * species.whiskers * random.uniform(0.6, 1.2)
            points += [root + thick, root - thick, end]
    colour = pick(random, (rgb(0.92, 0.92, 0.9), rgb(0.92, 0.92, 0.9), rgb(0.08, 0.08, 0.08)))
    return Part(
        np.array(points, dtype=np.float32),
        np.tile(colour, (len(points), 1)),
        np.arange(len(points), dtype=np.int32).reshape(-1, 3),
        Region.HAIR,
    )
