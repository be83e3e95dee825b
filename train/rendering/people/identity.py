"""A random person: shape, colours, hair, clothes, light and background."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..arrays import BoolArray, ByteArray, FloatArray, Floats, IntArray, chance
from ..camera.backgrounds import Photo, make_background
from ..camera.lighting import Lighting, make_lighting
from ..camera.photograph import Photograph, take_photograph
from ..head.head_model import EYES, HeadModel
from ..head.warp import Warp
from ..parts import Part
from ..raster.surface import Kind
from ..raster.vertices import combine_modes
from ..regions import Region
from ..rotations import rotation_from_angles
from ..skin.face_chart import FaceChart
from ..skin.head_paint import PaintedHead, paint_head
from ..skin.lashes import BoundPoints, grow_lashes
from .garments import draw_outfit, dress, outfit_parts, tuck_in
from .glasses import make_glasses
from .hair import grow_hair
from .jewellery import make_earrings

GLASSES_PROBABILITY: Final = 0.15
LASH_COLOUR: Final = 0.09
CAMERA_DISTANCES: Final = (42.0, 190.0)
"""Nearest and farthest, model units: from an arm's length to a long lens."""
SCALES: Final = (0.72, 1.1)
"""Of heads over that in a driver's crop; a source is framed wider (`Preset.source_framing`)."""
LOWERED: Final = 0.3
"""How much lower a head lies, picture widths, for each unit of scale below 1, as in those crops."""
SHAPE_STRENGTHS: Final = (0.6, 1.0, 1.4)
VERGENCE_DEG: Final = (3.5, 1.5)
"""Mean and spread of how far each eye turns inwards; the face model's eyes look slightly apart."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything about a person that motion does not change.

    Vertices come in this order: head, what hangs on its skin, what follows the head, the torso,
    what is before the face.
    """

    neutral: FloatArray
    """(V, 3) the head's vertices without expression."""
    eye_centres: dict[str, FloatArray]
    bound: BoundPoints
    """Lashes: B points that hang on the head's vertices."""
    attached: FloatArray
    """(A, 3) points of hair, hat and glasses."""
    torso: FloatArray
    """(D, 3)."""
    occluder: FloatArray
    """(O, 3) points of a thing before the face, which stands still in the picture; often none."""
    restless: float
    """How far the occluder moves from frame to frame, model units."""
    triangles: IntArray
    regions: ByteArray
    """(T,) of each triangle."""
    one_sided: ByteArray
    """(T,)."""
    kinds: ByteArray
    """(V + B + A + D + O,) of `Kind`."""
    albedo: FloatArray
    """Linear, as all that follows."""
    gloss: FloatArray
    sky_visibility: FloatArray
    places: FloatArray
    """(N, 3) place of each vertex in the texture, see `surface.shade_pixels`."""
    following: IntArray
    """(N,) the next vertex along a hair; itself where there is none."""
    texture: FloatArray
    lighting: Lighting
    background: FloatArray
    """(b, b, 3) linear."""
    scale: float
    shift: FloatArray
    """(2,) in picture widths."""
    camera_distance: float
    """Model units from the middle of the head."""
    photograph: Photograph
    warp: Warp | None = None
    """Of a head that is not a person's: `neutral` moves first and is bent afterwards."""
    ink: float = 0.0
    """Darkness of drawn outlines; 0 for none."""

    def bent(self, points: FloatArray) -> FloatArray:
        """The head's vertices (V, 3) in their final shape, from `neutral` after a movement."""
        return points if self.warp is None else self.warp.moved(points - self.neutral)

    def region_map(self, nearest: IntArray) -> ByteArray:
        """Region of each pixel from the triangle it shows, -1 for none."""
        table = np.append(self.regions, np.uint8(Region.BACKGROUND))  # -1 picks the last
        return table[nearest]


def make_identity(
    head: HeadModel,
    chart: FaceChart,
    photos: Sequence[Photo],
    random: np.random.Generator,
    paint: PaintedHead | None = None,
    lash_length: float | None = None,
) -> Identity:
    """Draw a person.

    Args:
        head: the face model.
        chart: what is where on its face.
        photos: pictures to stand in front of.
        random: source of everything.
        paint: the head's colours, changed where hair grows; None draws a person's.
        lash_length: 1 for the face model's own, 0 for none; None draws one.
    """
    neutral, eye_centres = _shape(head, random)
    if paint is None:
        paint = paint_head(head, chart, random)
    if lash_length is None:
        lash_length = _lash_length(random)
    bound = grow_lashes(chart.lash_quads, lash_length, random)
    attached = grow_hair(head, chart, neutral, paint, random)
    if chance(random, GLASSES_PROBABILITY):
        attached.append(make_glasses(eye_centres["eye_left"], eye_centres["eye_right"], random))
    attached += make_earrings(head, neutral, random)
    outfit = draw_outfit(random)
    covered = dress(outfit, head.vertices, paint.albedo)
    tuck_in(neutral, covered)
    torso = outfit_parts(outfit, paint.skin_tone, random)
    parts = [*attached, *torso]
    triangles, regions = join_triangles(head, covered, bound, parts)
    surface = surface_of(head, chart, paint, covered, bound, parts)
    return Identity(
        neutral=neutral,
        eye_centres=eye_centres,
        bound=bound,
        attached=np.concatenate([np.zeros((0, 3), np.float32), *(p.points for p in attached)]),
        torso=np.concatenate([part.points for part in torso]),
        occluder=np.zeros((0, 3), np.float32),
        restless=0.0,
        triangles=triangles,
        regions=regions,
        one_sided=(np.arange(len(triangles)) < len(head.triangles)).astype(np.uint8),
        **surface,
        texture=paint.texture,
        lighting=make_lighting(random),
        background=np.square(make_background(random, photos)),
        **_place(random),
        camera_distance=float(np.exp(random.uniform(*np.log(CAMERA_DISTANCES)))),
        photograph=take_photograph(random),
    )


def _place(random: np.random.Generator) -> dict[str, Any]:
    """The fields `scale` and `shift` of an `Identity`."""
    scale = float(random.uniform(*SCALES))
    lowered = np.array((0, LOWERED * (1 - scale)))
    return {"scale": scale, "shift": (random.normal(size=2) * 0.02 + lowered).astype(np.float32)}


def _lash_length(random: np.random.Generator) -> float:
    return float(random.choice([0.6, 1.0, random.uniform(1, 1.6)]))


def surface_of(
    head: HeadModel,
    chart: FaceChart,
    paint: PaintedHead,
    covered: BoolArray,
    bound: BoundPoints,
    parts: Sequence[Part],
) -> dict[str, Any]:
    """How all vertices take light: the fields of `Identity` from kinds to following."""
    num_head, num_bound = len(head.vertices), len(bound.weights)
    kinds = np.full(num_head + num_bound, Kind.PLAIN, dtype=np.uint8)
    for name in ("face", "scalp"):
        kinds[head.parts[name]] = Kind.SKIN
    for name in EYES:
        kinds[head.parts[name]] = Kind.EYE
    kinds[:num_head][covered] = Kind.PLAIN
    places = np.zeros((num_head + num_bound, 3), dtype=np.float32)
    skin = np.concatenate([head.parts["face"], head.parts["scalp"]])
    places[skin] = chart.places[skin]
    places[:num_head][covered, 2] = 0
    albedo = [paint.albedo, np.tile(np.float32(LASH_COLOUR), (num_bound, 3))]
    gloss = [paint.gloss, np.zeros((num_bound, 2), np.float32)]
    sky_visibility = [chart.sky_visibility, np.ones(num_bound, np.float32)]
    count = num_head + num_bound
    all_kinds, all_places = [kinds], [places]
    following: list[IntArray] = [np.arange(count, dtype=np.int32)]
    for part in parts:
        size = len(part.points)
        all_kinds.append(np.full(size, int(part.kind), dtype=np.uint8))
        albedo.append(part.albedo)
        gloss.append(np.tile(np.array([part.gloss, 0], np.float32), (size, 1)))
        sky_visibility.append(
            np.ones(size, np.float32) if part.sky_visibility is None else part.sky_visibility
        )
        all_places.append(np.zeros((size, 3), np.float32) if part.places is None else part.places)
        steps = np.arange(size, dtype=np.int32) if part.following is None else part.following
        following.append(steps + np.int32(count))
        count += size
    return {
        "kinds": np.concatenate(all_kinds),
        "albedo": _joined(albedo) ** 2,
        "gloss": _joined(gloss),
        "sky_visibility": _joined(sky_visibility),
        "places": _joined(all_places),
        "following": np.concatenate(following).astype(np.int32),
    }


def _joined(arrays: Sequence[Floats]) -> FloatArray:
    return np.ascontiguousarray(np.concatenate(arrays), dtype=np.float32)


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


def join_triangles(
    head: HeadModel, covered: BoolArray, bound: BoundPoints, parts: Sequence[Part]
) -> tuple[IntArray, ByteArray]:
    """All triangles and their regions; those of the head with covered corners are torso."""
    dressed = covered[head.triangles].all(axis=1)
    count = len(head.vertices)
    triangles = [head.triangles, bound.triangles + np.int32(count)]
    regions = [
        np.where(dressed, np.uint8(Region.TORSO), head.regions),
        np.full(len(bound.triangles), int(Region.SKIN), dtype=np.uint8),
    ]
    count += len(bound.weights)
    for part in parts:
        triangles.append(part.triangles + np.int32(count))
        regions.append(np.full(len(part.triangles), int(part.region), dtype=np.uint8))
        count += len(part.points)
    return np.concatenate(triangles), np.concatenate(regions)
