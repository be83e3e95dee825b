"""Animals, made of the same face model as people, so that all expressions and keypoints hold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, IndexArray, chance, pick
from ..camera.backgrounds import Photo
from ..head.head_model import EYES, HeadModel
from ..head.warp import Bend, Zone, blend, make_warp
from ..parts import Part, join_parts
from ..people.identity import Identity, join_triangles, make_identity, surface_of
from ..regions import Region
from ..skin.face_chart import FaceChart
from ..skin.lashes import no_lashes
from .animal_paint import paint_animal
from .fur_colour import FurColours
from .fur_geometry import animal_parts, tufts_on, vary_shade
from .species import SPECIES, Species

CLOTHES_PROBABILITY: Final = 0.12
TORSO_TUFTS: Final = 900
HUMAN_EAR_X: Final = 7.1
HUMAN_EAR_Y: Final = -5.0
HUMAN_EAR_Z: Final = 5.0
"""Beyond these (sideways, upwards, backwards) lie people's ears; most animals' are elsewhere."""
PAD_MARKS: Final = (50, 52)
"""Landmarks of the upper lip above which the pads are that whiskers grow from."""


def is_animal(seed: int, number: int, share: float) -> bool:
    """Whether an identity is an animal; drawn apart, so that people stay who they are."""
    return np.random.default_rng([seed, number, 1]).random() < share


def make_animal(
    head: HeadModel, chart: FaceChart, photos: Sequence[Photo], random: np.random.Generator
) -> Identity:
    """Draw an animal: a person's skull, light and place, with another shape and fur."""
    person = make_identity(head, chart, photos, random)
    species = vary(pick(random, SPECIES), random)
    warp = make_warp(
        person.neutral,
        bend_to(species, person.neutral[head.landmarks], person.eye_centres),
        [_eyeball(species, head.parts[name], person.eye_centres[name]) for name in EYES],
    )
    fur = FurColours(species, random)
    paint = paint_animal(head, chart, species, fur, random)
    attached = animal_parts(head, species, fur, warp.points, random)
    torso = _torso(person, fur, species, random)
    parts, bare, bound = [*attached, torso], np.zeros(len(head.vertices), np.bool_), no_lashes()
    triangles, regions = join_triangles(head, bare, bound, parts)
    return replace(
        person,
        warp=warp,
        bound=bound,
        attached=np.concatenate([part.points for part in attached]),
        torso=torso.points,
        triangles=triangles,
        regions=regions,
        one_sided=(np.arange(len(triangles)) < len(head.triangles)).astype(np.uint8),
        **surface_of(head, chart, paint, bare, bound, parts),
        texture=paint.texture,
        scale=person.scale * species.size,
        shift=person.shift + np.array([0, 0.03], np.float32),
    )


def vary(species: Species, random: np.random.Generator) -> Species:
    """One animal of a kind."""

    def near(value: float, spread: float) -> float:
        return float(value + random.normal() * spread)

    wide, high = species.eye_scale
    return replace(
        species,
        width=near(species.width, 0.03),
        forehead=near(species.forehead, 0.05),
        cheeks=near(species.cheeks, 0.04),
        eye_scale=(near(wide, 0.08), near(high, 0.12)),
        eye_apart=near(species.eye_apart, 0.15),
        eye_slant_deg=near(species.eye_slant_deg, 3),
        nose_forward=near(species.nose_forward, 0.4),
        nose_up=near(species.nose_up, 0.25),
        mouth_forward=near(species.mouth_forward, 0.4),
        mouth_up=near(species.mouth_up, 0.2),
        mouth_scale=(near(species.mouth_scale[0], 0.07), *species.mouth_scale[1:]),
        chin_up=near(species.chin_up, 0.3),
        ear_apart=near(species.ear_apart, 0.3),
        iris_deg=near(species.iris_deg, 3),
        fur_length=species.fur_length * random.uniform(0.7, 1.5),
        whiskers=species.whiskers * chance(random, 0.8) * random.uniform(0.7, 1.2),
        size=species.size * random.uniform(0.9, 1.15),
    )


def bend_to(species: Species, marks: FloatArray, eyes: dict[str, FloatArray]) -> Bend:
    """From a person's head to an animal's.

    Args:
        species: what to become.
        marks: (68, 3) landmarks of the person.
        eyes: centres of the eyeballs.
    """
    brow_y = float(marks[17:27, 1].max())
    has_side_ears = species.ear == "none"

    def whole(points: FloatArray) -> FloatArray:
        x, y, z = points.T
        wide = np.abs(x)
        if not has_side_ears:
            beside = _smooth_step(HUMAN_EAR_Z - z) * _smooth_step(y - HUMAN_EAR_Y)
            wide = wide - 0.9 * beside * np.maximum(wide - HUMAN_EAR_X, 0)
        cheeks = species.cheeks * np.exp(-(((y + 2.5) / 4.5) ** 2)) * np.clip((y + 10) / 3, 0, 1)
        above = np.maximum(y - brow_y + 1, 0)
        top = (1 - species.forehead) * above * above / (above + 2)
        width = 1 + (species.width - 1) * np.clip((y + 10) / 4, 0, 1)
        return np.stack([np.sign(x) * wide * (width + cheeks), y - top, z], axis=1)

    blended = blend(
        whole, _face_zones(species, marks), [_eye_zone(species, eye) for eye in eyes.values()]
    )
    pads = [marks[k] + np.array([0, 0.6, 0], np.float32) for k in PAD_MARKS]

    def with_pads(points: FloatArray) -> FloatArray:
        bent = blended(points)
        for pad in pads:
            away = (points - pad) / np.array([1.1, 1.1, 3.0], np.float32)
            bent[:, 2] += np.float32(species.pads) * np.exp(-(away**2).sum(axis=1))
        return bent

    return with_pads


def _face_zones(species: Species, marks: FloatArray) -> list[Zone]:
    """Nose, mouth, jaw and brow of a person with landmarks (68, 3)."""
    lip, chin = marks[62], marks[8]
    nose = Zone(
        centre=marks[30] - np.array([0, 0.4, 1.6], np.float32),
        radii=(2.7, 3.6, 6.0),
        flat=0.35,
        shift=(0, species.nose_up, species.nose_forward),
        scale=species.nose_scale,
    )
    mouth = Zone(
        centre=lip - np.array([0, 0, 2.5], np.float32),
        radii=(6.0, 4.6, 9.5),
        flat=0.4,
        shift=(0, species.mouth_up, species.mouth_forward),
        scale=species.mouth_scale,
    )
    jaw = Zone(
        centre=chin - np.array([0, 0, 1.0], np.float32),
        radii=(5.0, 3.6, 6.0),
        flat=0.2,
        shift=(0, species.chin_up, 0.55 * species.mouth_forward),
        scale=(species.chin_scale, species.chin_scale, species.chin_scale),
    )
    brow = Zone(
        centre=marks[27] + np.array([0, 2, -1], np.float32),
        radii=(5.5, 3.0, 5.0),
        flat=0.2,
        scale=(1, 1, 0.35 if species.ear != "none" else 1.2),
    )
    return [nose, mouth, jaw, brow]


def _smooth_step(x: Floats) -> Floats:
    """From 0 below to 1 above, about two model units wide."""
    return 1 / (1 + np.exp(np.clip(-2 * x, -30, 30)))


def _eyeball(
    species: Species, vertices: IndexArray, centre: FloatArray
) -> tuple[IndexArray, FloatArray, FloatArray]:
    zone, wide = _eye_zone(species, centre), species.eye_scale[0]
    assert zone.turn is not None
    return vertices, centre, zone.turn * np.float32(wide)


def _eye_zone(species: Species, centre: FloatArray) -> Zone:
    side = 1.0 if centre[0] > 0 else -1.0
    roll, yaw = np.deg2rad([side * species.eye_slant_deg, side * species.eye_outwards_deg])
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    wide, high = species.eye_scale
    return Zone(
        centre=centre,
        radii=(3.0, 3.4, 5.0),
        flat=0.62,
        shift=(side * species.eye_apart, 0, 0),
        scale=(wide, high, wide),
        turn=(np.array(about_y) @ np.array(about_z)).astype(np.float32),
    )


def _torso(
    person: Identity, fur: FurColours, species: Species, random: np.random.Generator
) -> Part:
    """The person's torso in fur, or dressed."""
    start = len(person.albedo) - len(person.torso)
    triangles = person.triangles[person.triangles.min(axis=1) >= start] - np.int32(start)
    if chance(random, CLOTHES_PROBABILITY):
        return Part(person.torso, np.sqrt(person.albedo[start:]), triangles, Region.TORSO)
    colours = vary_shade(fur.at(person.torso), 0.1, random)
    torso = Part(person.torso, colours, triangles, Region.TORSO)
    return join_parts(
        [torso, replace(tufts_on(torso, species, TORSO_TUFTS, random), following=None)]
    )
