"""Hair and hats: shells round the skull."""

from typing import Final

import numpy as np

from .arrays import FloatArray, Floats, chance
from .chart import FaceChart
from .head import HeadModel
from .paint import any_colour, lay_over, waves
from .parts import Part, grid_triangles, stack_points
from .regions import Region
from .skin import PaintedHead

AROUND: Final = 144
DOWN: Final = 40
"""Points of a shell, round the head and from the crown down."""

HAIR_PROBABILITY: Final = 0.92
HAT_PROBABILITY: Final = 0.07
EQUATOR: Final = 0.5
"""Along a strand: 0 is the crown, 0.5 the widest line round the head, beyond it hair hangs."""

SKULL_HALF_WIDTH: Final = 9.4
SKULL_HALF_DEPTH: Final = 11.2
CROWN_TO_MIDDLE: Final = 12.5
SHELL_Z: Final = -0.2
HAIR_THICKNESS: Final = 1.06
EAR_HALF_WIDTH: Final = 7.9
EAR_TOP_Y: Final = 6.0


class Skull:
    """The ellipsoid that hair and hats grow from."""

    def __init__(self, points: FloatArray, brow_y: float, random: np.random.Generator) -> None:
        """Measure an identity's skull.

        Args:
            points: (N, 3) face and scalp.
            brow_y: height of the brows, which hair stays above.
            random: source of the shell's thickness.
        """
        top = float(points[:, 1].max())
        self.middle_y = top - CROWN_TO_MIDDLE
        self.half_width = SKULL_HALF_WIDTH * random.uniform(1.02, 1.22)
        self.half_height = CROWN_TO_MIDDLE * random.uniform(1.03, 1.18)
        self.half_depth = SKULL_HALF_DEPTH * random.uniform(1.02, 1.15)
        self._enclose(points[points[:, 1] > brow_y + 1])
        height = np.clip((brow_y - self.middle_y) / self.half_height, 0, 0.98)
        self.lowest_fringe = float(np.arccos(height) / np.pi)

    def _enclose(self, points: FloatArray) -> None:
        """Grow where a large forehead would stick out of the hair."""
        axes = (self.half_width, self.half_height, self.half_depth)
        centred = points - np.array([0, self.middle_y, SHELL_Z], dtype=np.float32)
        reach = float(np.linalg.norm(centred / np.array(axes, dtype=np.float32), axis=1).max())
        grow = max(1.0, reach * HAIR_THICKNESS)
        self.half_width, self.half_height, self.half_depth = (axis * grow for axis in axes)


def grow_hair(
    head: HeadModel,
    chart: FaceChart,
    points: FloatArray,
    paint: PaintedHead,
    random: np.random.Generator,
) -> list[Part]:
    """Hair, perhaps a hat, of one identity; the scalp is painted in place.

    Args:
        head: the head model.
        chart: its chart.
        points: (V, 3) the identity's neutral vertices.
        paint: its colours; the scalp's albedo and texture are changed.
        random: source of everything.
    """
    albedo, tone = paint.albedo, paint.hair_tone
    brow_y = float(points[head.landmarks[17:27], 1].max())
    bare = np.concatenate([points[head.parts["face"]], points[head.parts["scalp"]]])
    skull = Skull(bare, brow_y, random)
    parts: list[Part] = []
    has_hair = chance(random, HAIR_PROBABILITY)
    if has_hair or chance(random, 0.6):
        cover = 1.0 if has_hair else random.uniform(0.3, 0.95)
        _paint_scalp(head, albedo, tone, cover, random)
    if has_hair:
        parts.append(_hair_shell(skull, brow_y, tone, random))
        if chance(random, 0.12):
            parts.append(_bun(skull, tone, random))
    if chance(random, HAT_PROBABILITY):
        parts += _hat(skull, random)
    return parts


def _paint_scalp(
    head: HeadModel,
    albedo: FloatArray,
    tone: FloatArray,
    cover: float,
    random: np.random.Generator,
) -> None:
    """Hair painted on the skin, behind a plane from the top of the forehead to the nape."""
    vertices = np.concatenate([head.parts["face"], head.parts["scalp"]])
    points = head.vertices[vertices]
    height = points[:, 1] - 0.78 * points[:, 2] - random.uniform(2.5, 4.5)
    height = height + 0.3 * waves(points, random, 2)
    colours = albedo[vertices]
    share = cover / (1 + np.exp(np.clip(-2.5 * height, -30, 30)))
    share = np.where((np.abs(points[:, 0]) > EAR_HALF_WIDTH) & (points[:, 1] < EAR_TOP_Y), 0, share)
    lay_over(colours, tone * np.float32(0.8), share.astype(np.float32))
    albedo[vertices] = colours


def _hair_shell(skull: Skull, brow_y: float, tone: FloatArray, random: np.random.Generator) -> Part:
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]  # pi / 2 is the front
    strand = np.linspace(0, 1, DOWN)[None] * _strand_length(skull, brow_y, angle, random)
    polar = np.clip(strand / EQUATOR, 0, 1) * np.pi / 2
    hang = np.clip((strand - EQUATOR) / EQUATOR, 0, 1)
    curl = 0.02 * np.sin(angle * random.integers(5, 40) + strand * random.uniform(0, 30))
    lumps = np.sin(angle * random.integers(2, 6) + random.uniform(0, 6))
    volume = 1 + curl * random.random() + random.uniform(0, 0.03) * lumps
    is_long = chance(random, 0.45)
    length = random.uniform(8, 26) if is_long else random.uniform(-3, 3)
    flare = 1 + hang * random.uniform(-0.15, 0.25)
    in_front = np.sin(angle) > 0
    x = skull.half_width * np.sin(polar) * np.cos(angle) * volume * flare
    z = skull.half_depth * np.sin(polar) * np.sin(angle) * volume * (1 - 0.25 * hang * in_front)
    drop = hang * max(skull.middle_y + length - (0 if is_long else 2), 0.5)
    y = skull.middle_y + skull.half_height * np.cos(polar) * volume - drop
    locks = random.integers(20, 60)
    stripes = 0.12 * np.sin(angle * locks + random.uniform(0, 6) + strand * random.uniform(-6, 6))
    stripes = stripes + 0.1 * np.sin(angle * locks * 2.3 + strand * 8)
    stripes = stripes + 0.06 * random.normal(size=(AROUND, 1))
    roots = 1 + random.normal() * 0.12 * (strand - 0.4)
    albedo = np.clip(tone * ((1 + stripes) * roots)[..., None], 0, 1)
    return Part(
        stack_points(x, y, z + SHELL_Z),
        albedo.reshape(-1, 3).astype(np.float32),
        grid_triangles(AROUND, DOWN),
        Region.HAIR,
        gloss=random.uniform(0, 0.12),
    )


def _strand_length(
    skull: Skull, brow_y: float, angle: Floats, random: np.random.Generator
) -> Floats:
    """Where strands end, by the angle round the head: short above the face, full at the sides.

    The fringe is held above the brows: hair over the eyes hides what is to be learned.
    """
    from_front = np.abs(np.angle(np.exp(1j * (angle - np.pi / 2))))
    face_half_angle = random.uniform(0.75, 1.25)
    part = random.normal() * 0.12 * np.sin(angle - np.pi / 2)
    ragged = random.uniform(0, 0.025) * np.sin(
        angle * random.integers(3, 30) + random.uniform(0, 6)
    )
    fringe = random.uniform(0.28, 0.45) + part + ragged
    clearance = random.uniform(0.1, 2.5) / (skull.half_height * np.pi)
    limit = skull.lowest_fringe - clearance - 0.02 * random.random() * (1 + np.sin(angle * 30))
    at_side = 1 / (1 + np.exp(-(from_front - face_half_angle) * 14))
    return np.minimum(fringe, limit) * (1 - at_side) + at_side


def _bun(skull: Skull, tone: FloatArray, random: np.random.Generator) -> Part:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    polar = np.linspace(0, np.pi, 12)[None]
    radius = random.uniform(2.5, 4.5)
    tilt = random.uniform(-0.2, 0.9)  # from the crown towards the back
    y = skull.middle_y + (skull.half_height + 0.5 * radius) * np.cos(tilt)
    z = -(skull.half_depth + 0.5 * radius) * np.sin(tilt)
    points = stack_points(
        radius * np.sin(polar) * np.cos(angle),
        y + radius * np.cos(polar) + 0 * angle,
        z + radius * np.sin(polar) * np.sin(angle),
    )
    shade = 1 + 0.15 * np.sin(angle * 9 + polar * 4)
    albedo = np.clip(tone * shade[..., None], 0, 1).reshape(-1, 3).astype(np.float32)
    return Part(points, albedo, grid_triangles(24, 12), Region.HAIR)


def _hat(skull: Skull, random: np.random.Generator) -> list[Part]:
    """A cap: a shell that ends above the brows, perhaps with a brim or a peak."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)[:, None]
    reach = np.linspace(0, 1, 20)[None]
    front = skull.lowest_fringe - random.uniform(0.03, 0.08)
    back = EQUATOR + random.uniform(-0.06, 0.02)
    end = front + (back - front) * (1 - np.sin(angle)) / 2
    polar = reach * end * np.pi
    size, height = random.uniform(1.07, 1.16), random.uniform(1.03, 1.3)
    dome = np.sin(polar) ** random.uniform(0.6, 1.0)
    x = skull.half_width * size * dome * np.cos(angle)
    z = skull.half_depth * size * dome * np.sin(angle)
    y = skull.middle_y + skull.half_height * height * np.cos(polar) + 0 * angle
    colour, second = any_colour(random, 0.9, 0.05, 0.95), any_colour(random, 0.9, 0.05, 0.95)
    knit = 1 + random.uniform(0, 0.12) * np.sin(angle * random.integers(20, 60) + 0 * reach)
    bands = np.sin(reach * random.uniform(3, 30) + 0 * angle) > random.uniform(0, 0.8)
    striped = bands & chance(random, 0.3)
    albedo = np.where(striped[..., None], second, colour) * knit[..., None]
    rim = np.stack([x[:, -1], y[:, -1], z[:, -1]], axis=-1)
    shell = Part(
        stack_points(x, y, z),
        np.clip(albedo, 0, 1).reshape(-1, 3).astype(np.float32),
        grid_triangles(72, 20),
        Region.HAIR,
    )
    if chance(random, 0.4):
        return [shell]
    width = random.uniform(2, 6)
    only_front = chance(random, 0.5)
    share = np.clip(np.sin(angle[:, 0]), 0, 1) ** 0.5 if only_front else np.ones(72)
    out = np.stack([np.cos(angle[:, 0]), np.full(72, 0.12), np.sin(angle[:, 0])], axis=-1)
    steps = np.linspace(0, 1, 4)[None, :, None]
    brim = rim[:, None] + steps * out[:, None] * (share * width)[:, None, None]
    tint = np.tile(np.clip(colour * random.uniform(0.5, 1.1), 0, 1), (72 * 4, 1))
    return [
        shell,
        Part(
            brim.reshape(-1, 3).astype(np.float32),
            tint.astype(np.float32),
            grid_triangles(72, 4),
            Region.HAIR,
        ),
    ]
