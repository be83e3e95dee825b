"""The skin of procedural heads: a skull, a nose, and slits for eyes and mouth.

Convention:
    - a point of the skin has an angle round the head (radians, 0 in front, positive to the
      person's left) and a height y; its distance from the axis follows from both
    - eyes and mouth are cuts in the grid of points: above and below a cut lies one copy each of
      its points, and the cut gapes as far as lids and lips are apart
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import BoolArray, FloatArray, Floats, IndexArray, IntArray

FACE_HALF_TURN: Final = np.deg2rad(100.0)
FACE_COLUMNS: Final = 113
BACK_COLUMNS: Final = 41
DOME_FROM_Y: Final = 6.0
DOME_HEIGHT: Final = 8.3
DOME_ROWS: Final = 22
LOWEST_Y: Final = -17.0

# height, front, half width and back of the skull and neck, model units
PROFILE: Final = np.array(
    [
        (-17.0, 4.4, 5.6, 6.8),
        (-13.0, 3.8, 5.0, 6.2),
        (-10.6, 4.2, 4.8, 6.4),
        (-9.4, 6.4, 4.9, 7.0),
        (-8.6, 9.0, 4.8, 7.4),
        (-7.6, 10.2, 5.0, 7.9),
        (-6.2, 10.5, 5.5, 8.5),
        (-4.8, 10.6, 6.1, 9.0),
        (-3.4, 11.1, 6.6, 9.4),
        (-2.0, 11.2, 6.95, 9.7),
        (-0.5, 10.8, 7.2, 9.9),
        (1.5, 10.6, 7.35, 10.0),
        (3.6, 10.5, 7.35, 10.0),
        (6.0, 10.6, 7.3, 9.8),
        (7.0, 10.5, 7.25, 9.7),
    ]
)
ROUNDNESS: Final = 2.25
"""Exponent of the skull's outline seen from above: 2 is an ellipse, more is squarer."""
JAW_LOWEST_Y: Final = -8.4
JAW_RISE: Final = 3.4
"""How much higher the jaw's edge is at the sides than in front."""

EYE_X: Final = 3.1
EYE_Y: Final = 3.6
EYE_Z: Final = 7.86
BALL_RADIUS: Final = 1.6
LID_RADIUS: Final = 1.78
"""Of the sphere that the lids slide on."""
LID_CUT_Y: Final = 3.4
EYE_HALF_WIDTH: Final = 1.36
UPPER_LID: Final = 0.62
LOWER_LID: Final = 0.36
LID_REACH: Final = 0.9
MOUTH_Y: Final = -3.36
MOUTH_HALF_WIDTH: Final = 2.35
LIP_GAP: Final = 0.03
"""How far lids and lips stand from their cut at rest; within LID_REACH the skin gives way."""
EDGE_ROWS: Final = ((0.12, -0.28), (0.3, -0.75))
"""Skin that turns inwards behind a lid's or lip's edge: steps of each row away from the cut and
backwards."""

Edges = tuple[IndexArray, IndexArray]
"""Points above and below a cut, from the person's right to the left, corners included."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A slit of the grid."""

    name: str
    row: int
    first: int
    last: int
    """Columns of its corners."""

    @property
    def inner(self) -> range:
        """Columns between the corners, which have two copies."""
        return range(self.first + 1, self.last)


@dataclass(frozen=True, slots=True)
class Skin:
    """The grid of a head's skin, before it has a shape; face points first, then the back's."""

    angle: FloatArray
    """(N,)."""
    height: FloatArray
    """(N,) with all cuts shut."""
    side: FloatArray
    """(N,) 1 above a cut's line, -1 below it, for the cut that is near."""
    base: IndexArray
    """(N,) the point whose place a point of an inner edge is counted from; itself elsewhere."""
    step: FloatArray
    """(N, 3) from there."""
    triangles: IntArray
    num_face: int
    edges: dict[str, Edges]
    innermost: dict[str, Edges]
    """The last rows behind the edges."""
    is_back: BoolArray
    """(T,) triangles at the back of the head."""


def lay_out_skin() -> Skin:
    """Number the points and join them by triangles."""
    rows, columns = _row_heights(), _column_angles()
    cuts = [
        _cut("eye_right", rows, columns, LID_CUT_Y, -EYE_X, EYE_HALF_WIDTH),
        _cut("eye_left", rows, columns, LID_CUT_Y, EYE_X, EYE_HALF_WIDTH),
        _cut("mouth", rows, columns, MOUTH_Y, 0.0, MOUTH_HALF_WIDTH),
    ]
    return _skin_of(rows, columns, cuts)


def _row_heights() -> Floats:
    """Dense at eyes, nose and mouth."""
    grid = np.linspace(LOWEST_Y, DOME_FROM_Y, 4001)
    dense = np.exp(-(((grid - LID_CUT_Y) / 1.3) ** 2)) * 2.2
    dense += np.exp(-(((grid - MOUTH_Y) / 1.8) ** 2)) * 2.2 + np.exp(-(((grid + 8.8) / 1.2) ** 2))
    dense += np.exp(-(((grid + 0.6) / 1.2) ** 2)) * 1.2
    density = 1.6 + dense - np.clip(-11 - grid, 0, 1)
    total = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
    below = np.interp(np.arange(0, total[-1], 1.0), total, grid)
    for height in (LID_CUT_Y, MOUTH_Y):
        below[np.abs(below - height).argmin()] = height
    turn = np.linspace(0, np.pi / 2, DOME_ROWS)
    return np.concatenate(
        [below[below < DOME_FROM_Y - 0.2], DOME_FROM_Y + DOME_HEIGHT * np.sin(turn)]
    )


def _column_angles() -> Floats:
    """The face's columns, dense in front, then those of the back, all round."""
    half = np.linspace(0, 1, FACE_COLUMNS // 2 + 1)
    front = (0.5 * half + 0.5 * half**3) * FACE_HALF_TURN
    back = np.linspace(FACE_HALF_TURN, 2 * np.pi - FACE_HALF_TURN, BACK_COLUMNS + 2)[1:-1]
    return np.concatenate([-front[:0:-1], front, back])


def _cut(name: str, rows: Floats, columns: Floats, y: float, x: float, half_width: float) -> Cut:
    across = _bare_skull(columns[:FACE_COLUMNS], np.full(FACE_COLUMNS, y))[:, 0]
    row = int(np.abs(rows - y).argmin())
    first, last = (int(np.abs(across - (x + s * half_width)).argmin()) for s in (-1, 1))
    return Cut(name, row, first, last)


@dataclass(frozen=True, slots=True)
class _Points:
    """Points of the grid with consecutive numbers."""

    number: IndexArray
    column: IndexArray
    height: Floats
    side: Floats
    base: IndexArray
    step: Floats
    """(N, 3)."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a cut adds to the grid: second copies along it, and the inner edges on both sides."""

    points: tuple[_Points, ...]
    triangles: IndexArray
    edges: Edges
    innermost: Edges


def _plain_points(first: int, column: IndexArray, height: Floats) -> _Points:
    """Points of the skin's outside, numbered from `first` on."""
    number = first + np.arange(len(column))
    middle = np.where(height > 0, LID_CUT_Y, MOUTH_Y)
    side = np.where(height >= middle, 1.0, -1.0)
    return _Points(number, column, height, side, number, np.zeros((len(column), 3)))


def _skin_of(rows: Floats, columns: Floats, cuts: list[Cut]) -> Skin:
    """The whole grid: the face row by row, what its cuts add, and the back."""
    face = _face_points(rows, cuts)
    below_row = face.number.reshape(len(rows), FACE_COLUMNS)
    above_row = below_row.copy()  # what triangles above a row use; those below it: `below_row`
    openings: dict[str, _Opening] = {}
    first = len(face.number)
    for cut in cuts:
        lower = below_row[cut.row, cut.first : cut.last + 1]
        opening = openings[cut.name] = _opening(cut, float(rows[cut.row]), lower, first)
        above_row[cut.row, cut.first : cut.last + 1] = opening.edges[0]
        first = int(opening.points[-1].number[-1]) + 1
    back, back_grid = _back_points(rows, below_row, first)
    pieces = [face, *(part for opening in openings.values() for part in opening.points), back]
    front = [opening.triangles for opening in openings.values()]
    front += [_strip(above_row[row], below_row[row + 1]) for row in range(len(rows) - 1)]
    behind = [_strip(back_grid[row], back_grid[row + 1]) for row in range(len(rows) - 1)]
    triangles = np.concatenate([*front, *behind]).astype(np.int32)
    return Skin(
        angle=columns[np.concatenate([part.column for part in pieces])].astype(np.float32),
        height=np.concatenate([part.height for part in pieces]).astype(np.float32),
        side=np.concatenate([part.side for part in pieces]).astype(np.float32),
        base=np.concatenate([part.base for part in pieces]).astype(np.int64),
        step=np.concatenate([part.step for part in pieces]).astype(np.float32),
        triangles=triangles,
        num_face=first,
        edges={name: opening.edges for name, opening in openings.items()},
        innermost={name: opening.innermost for name, opening in openings.items()},
        is_back=np.arange(len(triangles)) >= sum(map(len, front)),
    )


def _face_points(rows: Floats, cuts: list[Cut]) -> _Points:
    """The face's points; those along a cut, but for its corners, belong to what is below it."""
    column = np.tile(np.arange(FACE_COLUMNS), len(rows))
    points = _plain_points(0, column, np.repeat(rows, FACE_COLUMNS))
    side = points.side.reshape(len(rows), FACE_COLUMNS).copy()
    for cut in cuts:
        side[cut.row, cut.inner.start : cut.inner.stop] = -1.0
    return replace(points, side=side.ravel())


def _opening(cut: Cut, y: float, lower: IndexArray, first: int) -> _Opening:
    """What a cut at a height adds: `lower` are the points along it, `first` is the next number."""
    copies = _plain_points(first, np.array(cut.inner), np.full(len(cut.inner), y))
    points = [replace(copies, side=np.ones(len(cut.inner)))]
    upper = np.concatenate([lower[:1], copies.number, lower[-1:]])
    outer_up, outer_down = upper, lower
    triangles: list[IndexArray] = []
    for away, back in EDGE_ROWS:
        for edge, side in ((upper, 1.0), (lower, -1.0)):
            start = int(points[-1].number[-1]) + 1
            points.append(_inner_row(cut, edge, y, (0.0, side * away, back), start))
        inner_up, inner_down = (row.number for row in points[-2:])
        inner_down = np.concatenate([inner_up[:1], inner_down[1:-1], inner_up[-1:]])  # corners
        triangles += [_strip(inner_up, outer_up), _strip(outer_down, inner_down)]
        outer_up, outer_down = inner_up, inner_down
    return _Opening(
        tuple(points), np.concatenate(triangles), (upper, lower), (outer_up, outer_down)
    )


def _inner_row(
    cut: Cut, edge: IndexArray, y: float, step: tuple[float, float, float], first: int
) -> _Points:
    """Points behind an edge; straight behind it at the corners."""
    count = len(edge)
    steps = np.tile(step, (count, 1))
    steps[[0, -1], 1] = 0.0
    return _Points(
        number=first + np.arange(count),
        column=cut.first + np.arange(count),
        height=np.full(count, y),
        side=np.full(count, np.sign(step[1])),
        base=edge,
        step=steps,
    )


def _back_points(rows: Floats, face: IndexArray, first: int) -> tuple[_Points, IndexArray]:
    """The back's points from number `first` on, and the grid of it between the face's edges."""
    column = np.tile(FACE_COLUMNS + np.arange(BACK_COLUMNS), len(rows))
    points = _plain_points(first, column, np.repeat(rows, BACK_COLUMNS))
    numbers = points.number.reshape(len(rows), BACK_COLUMNS)
    return points, np.concatenate([face[:, -1:], numbers, face[:, :1]], axis=1)


def _strip(below: IndexArray, above: IndexArray) -> IndexArray:
    """Triangles (2 (n - 1), 3) between two rows of n points, two a step."""
    a, b, c, d = below[:-1], below[1:], above[1:], above[:-1]
    return np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Lids:
    """How far both lids of an eye stand from their cut, in shares of their places at rest."""

    upper: float = 1.0
    lower: float = 1.0


def shape_skin(skin: Skin, right: Lids, left: Lids) -> FloatArray:
    """Points of the skin (N, 3) with lids as given; the person's right eye has negative x."""
    y = skin.height.astype(np.float64)
    for lids, sign in ((right, -1), (left, 1)):
        y = y + _lid_shift(skin, lids, sign)
    lip = np.clip(1 - (_across(skin) / MOUTH_HALF_WIDTH) ** 2, 0, 1)
    near = np.exp(-np.abs(skin.height - MOUTH_Y) / LID_REACH)
    y = y + skin.side * LIP_GAP * lip * near * (skin.height < 0)
    points = _with_features(skin, y)
    follows = skin.base != np.arange(len(skin.base))
    points[follows] = points[skin.base[follows]] + skin.step[follows]
    return points.astype(np.float32)


def _across(skin: Skin) -> Floats:
    return _bare_skull(skin.angle, skin.height)[:, 0]


def _lid_shift(skin: Skin, lids: Lids, sign: int) -> Floats:
    t = (_across(skin) * sign - EYE_X) / EYE_HALF_WIDTH
    arch = np.clip(1 - np.abs(t) ** 2.2, 0, 1) ** 0.8
    reach = np.exp(-np.abs(skin.height - LID_CUT_Y) / LID_REACH)
    above = UPPER_LID * lids.upper * (1 + 0.15 * -t)
    below = -LOWER_LID * lids.lower
    shift = np.where(skin.side > 0, above, below)
    return shift * arch * reach * (skin.height > 0)


def _with_features(skin: Skin, y: Floats) -> Floats:
    """Skull, then nose, sockets, lids, lips and chin."""
    points = _bare_skull(skin.angle, y)
    x, z = points[:, 0], points[:, 2]
    front = np.clip((z - 2) / 4, 0, 1)
    z += front * _nose(x, y)
    rise = np.exp(-(((np.abs(x) - 3.2) / 2.4) ** 2 + ((y - 5.9) / 1.0) ** 2))
    z += front * 0.35 * rise  # the ridge under the brows
    z += front * 0.5 * np.exp(-((x / 1.9) ** 2 + ((y + 7.0) / 1.2) ** 2))  # chin
    z += front * 0.45 * np.exp(-(((np.abs(x) - 4.4) / 1.7) ** 2 + ((y + 0.2) / 1.7) ** 2))  # cheeks
    z += front * _lips(x, y, skin.side)
    for sign in (-1, 1):
        _lay_lids(points, sign)
    return points


def _bare_skull(angle: Floats, y: Floats) -> Floats:
    angle, y = np.asarray(angle, np.float64), np.asarray(y, np.float64)
    front, wide, back = (_along_profile(y, k) for k in (1, 2, 3))
    risen = y + JAW_RISE * (1 - np.cos(np.clip(np.abs(angle), 0, np.pi / 2))) * _jaw(y)
    dome = np.sqrt(np.clip(1 - (np.maximum(y - DOME_FROM_Y, 0) / DOME_HEIGHT) ** 2, 0, 1))
    sin, cos = np.abs(np.sin(angle)), np.abs(np.cos(angle))
    deep = np.where(np.cos(angle) > 0, front, back)
    radius = ((sin / wide) ** ROUNDNESS + (cos / deep) ** ROUNDNESS) ** (-1 / ROUNDNESS) * dome
    return np.stack([radius * np.sin(angle), risen, radius * np.cos(angle)], axis=1)


def _jaw(y: Floats) -> Floats:
    """Where the jaw's edge is raised at the sides: most at the chin, nothing at nose and neck."""
    return np.where(
        y > JAW_LOWEST_Y, np.clip((y + 0.5) / -7.9, 0, 1), np.clip((y + 16) / 7.6, 0, 1)
    )


def _along_profile(y: Floats, column: int) -> Floats:
    """A smooth line through the profile's points (Catmull-Rom)."""
    knots, values = PROFILE[:, 0], PROFILE[:, column]
    slopes = np.gradient(values, knots)
    y = np.clip(y, knots[0], knots[-1])
    k = np.clip(np.searchsorted(knots, y, side="right") - 1, 0, len(knots) - 2)
    width = knots[k + 1] - knots[k]
    t = (y - knots[k]) / width
    start = values[k] * (2 * t**3 - 3 * t**2 + 1) + slopes[k] * width * (t**3 - 2 * t**2 + t)
    end = values[k + 1] * (3 * t**2 - 2 * t**3) + slopes[k + 1] * width * (t**3 - t**2)
    return start + end


def _nose(x: Floats, y: Floats) -> Floats:
    """How far the nose stands out."""
    ridge = np.interp(y, (-1.7, -1.15, -0.7, 0.3, 2.0, 3.7, 5.0), (0, 0.3, 1.5, 2.4, 1.4, 0.4, 0))
    thin = np.interp(y, (-1.2, 0.3, 1.2, 2.4, 4.0), (1.0, 1.0, 0.8, 0.7, 0.85))
    wings = np.interp(y, (-1.5, -1.0, -0.4, 0.8), (0, 1.0, 1.05, 0))
    side = np.exp(-(((np.abs(x) - 1.15) / 0.42) ** 2))
    return ridge * np.exp(-((x / thin) ** 2)) + wings * side


def _lips(x: Floats, y: Floats, side: Floats) -> Floats:
    """Fullness of the lips, and the groove between them."""
    taper = np.clip(1 - (x / (MOUTH_HALF_WIDTH + 0.25)) ** 2, 0, 1)
    off = (y - MOUTH_Y) * np.sign(side)
    fullness = np.where(side > 0, 0.42, 0.5)
    middle = np.where(side > 0, 0.4, 0.5)
    bulge = np.exp(-(((off - middle) / 0.42) ** 2)) * np.where(y < 0, 1, 0)
    dip = 0.18 * np.exp(-((off / 0.18) ** 2)) * (y < 0)
    philtrum = 0.12 * np.exp(-((x / 0.3) ** 2 + ((y + 2.1) / 0.5) ** 2))
    return fullness * bulge * taper - dip * taper**0.3 - philtrum


def _lay_lids(points: Floats, sign: int) -> None:
    """Lids lie on a sphere round the eyeball, the skin about them in a hollow; in place."""
    dx, dy = points[:, 0] - sign * EYE_X, points[:, 1] - EYE_Y
    away = np.hypot(dx, 1.1 * dy)
    ball = EYE_Z + np.sqrt(np.clip(LID_RADIUS**2 - dx**2 - dy**2, 0.35, None))
    share = np.clip((2.2 - away) / 1.1, 0, 1)
    share = share * share * (3 - 2 * share) * (points[:, 2] > 0)
    hollow = 0.55 * np.exp(-((away / 2.0) ** 2)) * (points[:, 2] > 0)
    z = points[:, 2] - hollow
    points[:, 2] = z + (ball - z) * share
