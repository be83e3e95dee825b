"""A random person: shape, colours, hair, clothes, light and background."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .arrays import BoolArray, ByteArray, FloatArray, IntArray, chance
from .backgrounds import Photo, make_background
from .chart import FaceChart
from .hair import grow_hair
from .head import EYES, HeadModel
from .lighting import Lighting, make_lighting
from .outfit import Clothes, make_glasses, make_torso
from .parts import Part
from .rasterise import combine_modes
from .regions import Region
from .rotations import rotation_from_angles
from .skin import paint_head
from .warp import Warp

GLASSES_PROBABILITY: Final = 0.15
SHAPE_STRENGTHS: Final = (0.6, 1.0, 1.4)
VERGENCE_DEG: Final = (3.5, 1.5)
"""Mean and spread of how far each eye turns inwards; the face model's eyes look slightly apart."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything about a person that motion does not change.

    Vertices come in this order: head, then what follows the head, then the torso.
    """

    neutral: FloatArray
    """(V, 3) the head's vertices without expression."""
    eye_centres: dict[str, FloatArray]
    attached: FloatArray
    """(A, 3) points of hair, hat and glasses."""
    torso: FloatArray
    """(B, 3)."""
    triangles: IntArray
    regions: ByteArray
    """(T,) of each triangle."""
    one_sided: ByteArray
    """(T,)."""
    two_sided_vertices: ByteArray
    """(V + A + B,)."""
    albedo: FloatArray
    gloss: FloatArray
    lighting: Lighting
    background: FloatArray
    scale: float
    shift: FloatArray
    """(2,) in picture widths."""
    warp: Warp | None = None
    """Of a head that is not a person's: `neutral` moves first and is bent afterwards."""

    def bent(self, points: FloatArray) -> FloatArray:
        """The head's vertices (V, 3) in their final shape, from `neutral` after a movement."""
        return points if self.warp is None else self.warp.moved(points - self.neutral)


def make_identity(
    head: HeadModel, chart: FaceChart, photos: Sequence[Photo], random: np.random.Generator
) -> Identity:
    """Draw a person."""
    neutral, eye_centres = _shape(head, random)
    paint = paint_head(head, chart, random)
    albedo = paint.albedo
    attached = grow_hair(head, chart, neutral, albedo, paint.hair_tone, random)
    if chance(random, GLASSES_PROBABILITY):
        attached.append(make_glasses(eye_centres["eye_left"], eye_centres["eye_right"], random))
    clothes = Clothes(random)
    torso = make_torso(clothes, paint.skin_tone, random)
    covered = clothes.dress(head.vertices, albedo)
    parts = [*attached, torso]
    triangles, regions = _join(head, covered, parts)
    extra = np.concatenate([part.points for part in parts])
    gloss = [
        np.tile(np.array([part.gloss, 0], np.float32), (len(part.points), 1)) for part in parts
    ]
    num_head = len(head.vertices)
    return Identity(
        neutral=neutral,
        eye_centres=eye_centres,
        attached=np.concatenate([np.zeros((0, 3), np.float32), *(p.points for p in attached)]),
        torso=torso.points,
        triangles=triangles,
        regions=regions,
        one_sided=(np.arange(len(triangles)) < len(head.triangles)).astype(np.uint8),
        two_sided_vertices=(np.arange(num_head + len(extra)) >= num_head).astype(np.uint8),
        albedo=np.concatenate([albedo, *(part.albedo for part in parts)]),
        gloss=np.concatenate([paint.gloss, *gloss]),
        lighting=make_lighting(random),
        background=make_background(random, photos),
        scale=float(random.uniform(0.9, 1.1)),
        shift=(random.normal(size=2) * 0.02).astype(np.float32),
    )


def _shape(
    head: HeadModel, random: np.random.Generator
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Neutral vertices with both eyes looking straight ahead, and the eyes' centres."""
    weights = random.normal(size=len(head.identity_modes)) * random.choice(SHAPE_STRENGTHS)
    points = head.vertices.ravel().copy()
    combine_modes(weights.astype(np.float32), head.identity_modes, points)
    stretch = random.uniform((0.93, 0.93, 0.95), (1.07, 1.07, 1.05)).astype(np.float32)
    neutral = points.reshape(-1, 3) * stretch
    centres: dict[str, FloatArray] = {}
    vergence_deg = random.normal(*VERGENCE_DEG)
    for name in EYES:
        vertices = head.parts[name]
        moved = neutral[vertices].mean(axis=0) - head.vertices[vertices].mean(axis=0)
        centre = head.eye_centres[name] + moved
        inwards = -1 if centre[0] > 0 else 1
        turn = rotation_from_angles(0, inwards * vergence_deg, 0)
        neutral[vertices] = (neutral[vertices] - centre) @ turn.T + centre
        centres[name] = centre
    return neutral, centres


def _join(head: HeadModel, covered: BoolArray, parts: Sequence[Part]) -> tuple[IntArray, ByteArray]:
    """All triangles and their regions; those of the head with covered corners are torso."""
    dressed = covered[head.triangles].all(axis=1)
    triangles = [head.triangles]
    regions = [np.where(dressed, np.uint8(Region.TORSO), head.regions)]
    count = len(head.vertices)
    for part in parts:
        triangles.append(part.triangles + np.int32(count))
        regions.append(np.full(len(part.triangles), int(part.region), dtype=np.uint8))
        count += len(part.points)
    return np.concatenate(triangles), np.concatenate(regions)
