"""Drawn people: large eyes, flat colours, outlines; bent from the same head as all others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, chance
from ..camera.backgrounds import Photo
from ..camera.lighting import Lighting
from ..camera.photograph import PLAIN
from ..head.head_model import EYES, HeadModel
from ..head.warp import Bend, Warp, Zone, blend, make_warp
from ..people.identity import Identity, make_identity
from ..raster.surface import Kind
from ..raster.vertices import add_weighted
from ..skin.face_chart import FaceChart
from .cartoon_paint import paint_cartoon

CARTOON_PROBABILITY: Final = 0.08
OUTLINE_PROBABILITY: Final = 0.65
FLAT_HAIR: Final = 0.35
"""Share of the fibres that is left of drawn hair."""
EYEBALL_SCALE: Final = 0.92
"""Eyeballs against the hole between their lids: a cornea that looks aside must not pierce them."""
NECK_Y: Final = -12.5
"""Below this the shoulders begin, which stay as they are."""
NOSE_TIP, MOUTH, CHIN = 30, 62, 8
LID_PAIRS: Final = {"eye_right": ((37, 38), (41, 40)), "eye_left": ((43, 44), (47, 46))}
"""Landmarks of the upper and the lower lid."""
LID_GAINS: Final = (0.7, 1.6)

Curve = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportions:
    """How a drawn head differs from a person's; scales against it."""

    eye: float
    """Size of the eyeballs and width of the eyes."""
    eye_height: float
    """Height between the lids."""
    lower_face: float
    """Height from the eyes to the chin."""
    skull: float
    """Width of the head above the eyes, and height above the brows."""
    narrow: float
    """How much narrower the chin is, a share."""
    nose: tuple[float, float, float]
    mouth: float
    """Its width."""


def make_character(
    head: HeadModel, chart: FaceChart, photos: Sequence[Photo], random: np.random.Generator
) -> Identity:
    """A person; a drawn one with CARTOON_PROBABILITY."""
    if chance(random, CARTOON_PROBABILITY):
        return make_cartoon(head, chart, photos, random)
    return make_identity(head, chart, photos, random)


def make_cartoon(
    head: HeadModel, chart: FaceChart, photos: Sequence[Photo], random: np.random.Generator
) -> Identity:
    """A person as an illustrator draws them: with ink outlines, or as a solid figure."""
    proportions = draw_proportions(random)
    paint = paint_cartoon(head, chart, random)
    person = make_identity(head, chart, photos, random, paint, lash_length=0)
    bend = bend_to_cartoon(proportions, person.neutral[head.landmarks], person.eye_centres)
    ball = np.eye(3, dtype=np.float32) * np.float32(EYEBALL_SCALE * proportions.eye)
    eyes = [(head.parts[name], person.eye_centres[name], ball) for name in EYES]
    warp = shut_lids(make_warp(person.neutral, bend, eyes), head, person)
    inked = chance(random, OUTLINE_PROBABILITY)
    lighting = person.lighting
    places = person.places.copy()
    places[person.kinds == Kind.HAIR, 2] *= np.float32(FLAT_HAIR)
    dimmer = np.array([1, 1, 1, *[0.55 if inked else 0.85] * 3], np.float32)
    return replace(
        person,
        warp=warp,
        attached=bend(person.attached) if len(person.attached) else person.attached,
        places=places,
        lighting=Lighting(
            lighting.lights * dimmer, 0.0, lighting.ambient * np.float32(1.6 if inked else 1.25)
        ),
        photograph=replace(
            PLAIN,
            exposure=person.photograph.exposure,
            saturation=person.photograph.saturation * 1.15,
            jpeg_quality=person.photograph.jpeg_quality,
            soft=max(person.photograph.soft, 0.6),
        ),
        scale=person.scale * float(random.uniform(0.86, 0.94)),
        shift=person.shift + np.array([0, 0.035], np.float32),
        ink=float(random.uniform(0.6, 1)) if inked else 0.0,
    )


def shut_lids(warp: Warp, head: HeadModel, person: Identity) -> Warp:
    """The warp with lids that move as far as it takes to shut, by a gain on their movement.

    The face model's blink suits its mean face; what it leaves open in others grows with the eyes.
    """
    blink = np.zeros(len(head.expression_names), dtype=np.float32)
    blink[[head.expression_index(name) for name in ("eyeBlink_L", "eyeBlink_R")]] = 1
    offsets, movement = head.expressions, np.zeros_like(person.neutral)
    add_weighted(blink, offsets.starts, offsets.indices, offsets.offsets, movement)
    shut = warp.moved(movement)
    jacobian = warp.jacobian.copy()
    for name in EYES:
        upper, lower = (head.landmarks[list(side)] for side in LID_PAIRS[name])
        before = (warp.points[upper] - warp.points[lower])[:, 1]
        after = (shut[upper] - shut[lower])[:, 1]
        gain = float((before / np.maximum(before - after, 0.1)).max())
        share = near_eye(person.neutral - person.eye_centres[name])
        jacobian[:, 1] *= (1 + (np.clip(gain, *LID_GAINS) - 1) * share)[:, None].astype(np.float32)
    for name in EYES:
        jacobian[head.parts[name]] = warp.jacobian[head.parts[name]]
    return Warp(warp.points, jacobian)


def draw_proportions(random: np.random.Generator) -> Proportions:
    """A random drawn head."""
    eye = random.uniform(1.3, 1.7)
    nose = random.uniform(1.1, 1.3) if chance(random, 0.15) else random.uniform(0.4, 0.85)
    return Proportions(
        eye=eye,
        eye_height=eye * random.uniform(1.35, 2.0),
        lower_face=random.uniform(0.68, 0.9),
        skull=random.uniform(1.0, 1.14),
        narrow=random.uniform(0, 0.25) if chance(random, 0.75) else random.uniform(-0.15, 0),
        nose=(nose * random.uniform(0.85, 1.15), nose, nose * random.uniform(0.8, 1.1)),
        mouth=random.uniform(0.7, 1.2),
    )


def bend_to_cartoon(
    proportions: Proportions, marks: FloatArray, eyes: dict[str, FloatArray]
) -> Bend:
    """From a person's head to a drawn one.

    Heights and widths run along curves of one variable that only rise, so that nothing folds.

    Args:
        proportions: what to become.
        marks: (68, 3) landmarks of the person.
        eyes: centres of the eyeballs.
    """
    centres = np.stack([eyes[name] for name in EYES])
    eye_x, eye_y, eye_z = float(np.abs(centres[:, 0]).mean()), *map(float, centres[:, 1:].mean(0))
    lift_front, lift_sides = _height_curves(proportions, eye_y, float(marks[CHIN, 1]))
    spread = _width_curve(proportions, eye_x)
    chin_y, nose_y = float(marks[CHIN, 1]), float(marks[NOSE_TIP, 1])

    def whole(points: FloatArray) -> FloatArray:
        x, y, z = points.T
        wide = np.abs(x)
        front = _fade(wide, eye_x + 2.2, 8.2) * _fade(eye_z - z, 1.5, 7.0)
        at_eyes = _fade(np.abs(y - eye_y - 0.3), 1.5, 5.0)
        below = np.clip((nose_y - y) / (nose_y - chin_y), 0, 1) * _fade(-y, -chin_y, -NECK_Y)
        above = 1 - _fade(y - eye_y, -1, 5)
        width = (1 - proportions.narrow * below) * (1 + (proportions.skull - 1) * above)
        out = wide + front * at_eyes * (spread(wide) - wide)
        up = front * lift_front(y) + (1 - front) * lift_sides(y)
        near = near_eye(np.stack([wide - eye_x, y - eye_y], axis=1))
        # half of what the eyes grow by goes into the head
        forward = (proportions.eye - 1) * (np.clip(z - eye_z, -2.5, 1.9) - 0.8)
        bent = np.stack([np.sign(x) * out * width, up, z + near * forward], axis=1)
        return bent.astype(np.float32)

    nose = Zone(
        centre=marks[NOSE_TIP] - np.array([0, 0.2, 1.4], np.float32),
        radii=(2.6, 3.0, 5.0),
        flat=0.3,
        scale=proportions.nose,
    )
    mouth = Zone(
        centre=marks[MOUTH] - np.array([0, 0, 2.0], np.float32),
        radii=(5.5, 3.4, 8.0),
        flat=0.4,
        scale=(proportions.mouth, 1, 1),
    )
    return blend(whole, [nose, mouth], [])


def near_eye(away: Floats) -> Floats:
    """1 at an eye and its lids, 0 from the brow on, (N,), for points (N, 2 or more) about it."""
    return _fade(np.hypot(away[:, 0], 0.8 * away[:, 1]), 1.9, 3.4)


def _height_curves(proportions: Proportions, eye_y: float, chin_y: float) -> tuple[Curve, Curve]:
    """New heights in the middle of the face, and at its sides and back, where no eyes are."""
    grown = proportions.eye_height
    around = 1 + 0.25 * (proportions.eye - 1)
    chin = (
        NECK_Y + 0.75 * (chin_y - NECK_Y) + 0.25 * (eye_y - chin_y) * (1 - proportions.lower_face)
    )
    low = chin + proportions.lower_face * (eye_y - 2 - chin_y)
    steps = [(2 - 0.9, around), (0.9 + 1.0, grown), (2.6 - 1.0, around), (8.5, proportions.skull)]
    knots = [(NECK_Y - 10, NECK_Y - 10), (NECK_Y, NECK_Y), (chin_y, chin), (eye_y - 2, low)]
    for length, slope in steps:
        knots.append((knots[-1][0] + length, knots[-1][1] + length * slope))
    top = (knots[-1][0] + 10, knots[-1][1] + 10)
    sides = [*knots[:3], knots[-2], knots[-1]]
    return _smooth_curve([*knots, top]), _smooth_curve([*sides, top])


def _width_curve(proportions: Proportions, eye_x: float) -> Curve:
    """New distances from the middle at the height of the eyes."""
    inner, outer = eye_x - 1.5, eye_x + 1.6
    middle = eye_x + 0.35 * (proportions.eye - 1)
    knots = [(-inner, -(middle - 1.5 * proportions.eye)), (inner, middle - 1.5 * proportions.eye)]
    knots += [(outer, middle + 1.6 * proportions.eye)]
    end = max(9.0, knots[-1][1] + 0.4 * (9.0 - outer))
    knots += [(9.0, end), (20.0, end + 11)]
    return _smooth_curve(knots, 0.4)


def _smooth_curve(knots: Sequence[tuple[float, float]], width: float = 0.8) -> Curve:
    """Through knots, corners rounded over a width; rises where the knots rise."""
    old, new = (np.array(side, dtype=np.float64) for side in zip(*knots, strict=True))
    step = 0.02
    places = np.arange(old[0], old[-1], step)
    window = np.hanning(round(2 * width / step) + 3)
    padded = np.pad(np.interp(places, old, new), len(window) // 2, "reflect", reflect_type="odd")
    rounded = np.convolve(padded, window / window.sum(), "valid")[: len(places)]
    return lambda values: np.interp(values, places, rounded).astype(np.float32)


def _fade(distance: Floats, full: float, none: float) -> Floats:
    """1 up to a distance, 0 from another on, smooth between them."""
    share = np.clip((none - distance) / (none - full), 0, 1)
    return share * share * (3 - 2 * share)
