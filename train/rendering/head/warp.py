"""Bend a face into another shape without losing its expressions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import FloatArray, IndexArray

STEP: Final = 1e-2
"""Model units between the two points that a derivative is taken from."""

Bend = Callable[[FloatArray], FloatArray]
"""Where points (N, 3) of the old shape are in the new one, (N, 3)."""


@dataclass(frozen=True, slots=True)
class Warp:
    """The new shape of a head's vertices, and how their movements turn and stretch with it.

    A vertex at p that moves by d goes from W(p) to W(p) + J(p) d: a lid that shuts the old eye
    shuts the new one, and the jaw of a long muzzle falls as one piece.
    """

    points: FloatArray
    """(V, 3) W(p)."""
    jacobian: FloatArray
    """(V, 3, 3) J(p), columns are the derivatives along x, y and z."""

    def moved(self, movement: FloatArray) -> FloatArray:
        """The new shape after a movement (V, 3) of the old one."""
        return self.points + np.einsum("nij,nj->ni", self.jacobian, movement)


def make_warp(
    neutral: FloatArray, bend: Bend, rigid: Sequence[tuple[IndexArray, FloatArray, FloatArray]]
) -> Warp:
    """Bend a shape and take the derivatives.

    Args:
        neutral: (V, 3) the old shape.
        bend: where its points go.
        rigid: vertices that are bent as one about a centre (3,), which goes where the bend says,
            with a linear map (3, 3), columns are points: an eyeball stays round.
    """
    steps = np.eye(3, dtype=np.float32) * np.float32(STEP)
    points = bend(neutral)
    derivatives = [(bend(neutral + step) - points) / np.float32(STEP) for step in steps]
    jacobian = np.stack(derivatives, axis=-1).astype(np.float32)
    for vertices, centre, linear in rigid:
        points[vertices] = bend(centre[None]) + (neutral[vertices] - centre) @ linear.T
        jacobian[vertices] = linear
    return Warp(points, jacobian)


@dataclass(frozen=True, slots=True)
class Zone:
    """A place that is moved, stretched and turned as one; between places the bend is smooth."""

    centre: FloatArray
    radii: tuple[float, float, float]
    """Where the zone ends, along x, y and z."""
    flat: float
    """Share of the radii within which everything follows fully."""
    shift: tuple[float, float, float] = (0, 0, 0)
    scale: tuple[float, float, float] = (1, 1, 1)
    turn: FloatArray | None = None
    """(3, 3), columns are points."""

    def weight(self, points: FloatArray) -> FloatArray:
        """How much each point follows, 0 to 1, (N, 1)."""
        away = (points - self.centre) / np.array(self.radii, np.float32)
        distance = np.sqrt(np.einsum("nk,nk->n", away, away))
        share = np.clip((1 - distance) / (1 - self.flat), 0, 1)
        return (share * share * (3 - 2 * share)).astype(np.float32)[:, None]

    def carried(self, points: FloatArray, anchor: FloatArray) -> FloatArray:
        """Where points go if the zone's centre goes to anchor plus the zone's own shift."""
        local = (points - self.centre) * np.array(self.scale, np.float32)
        if self.turn is not None:
            local = local @ self.turn.T
        return (anchor + np.array(self.shift, np.float32) + local).astype(np.float32)


def blend(whole: Bend, soft: Sequence[Zone], firm: Sequence[Zone]) -> Bend:
    """One bend of the whole head with zones in it.

    Args:
        whole: what happens away from all zones.
        soft: zones that share the points between them.
        firm: zones that have their points for themselves, wherever the others put their centres.
    """

    def with_soft(points: FloatArray) -> FloatArray:
        base = whole(points)
        total = np.zeros((len(points), 1), dtype=np.float32)
        change = np.zeros_like(base)
        for zone in soft:
            weight = zone.weight(points)
            total += weight
            change += weight * (zone.carried(points, whole(zone.centre[None])) - base)
        return (base + change / np.maximum(total, 1)).astype(np.float32)

    anchors = [with_soft(zone.centre[None]) for zone in firm]

    def with_all(points: FloatArray) -> FloatArray:
        bent = with_soft(points)
        for zone, anchor in zip(firm, anchors, strict=True):
            weight = zone.weight(points)
            bent += weight * (zone.carried(points, anchor) - bent)
        return bent

    return with_all
