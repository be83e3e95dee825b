"""The skin of a head from formulas: a skull, a nose, and slits for eyes and mouth.

Convention:
    - a point of the skin has an angle round the head (radians, 0 in front, positive to the
      person's left) and a height y; its distance from the axis follows from both
    - eyes and mouth are cuts in the grid of points: above and below a cut lies one copy each of
      its points, and the cut gapes as far as lids and lips are apart
"""

from dataclasses import dataclass
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
    return _Layout(rows, columns, cuts).skin()


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


class _Layout:
    """Numbers points row by row, then second copies, inner edges and the back."""

    def __init__(self, rows: Floats, columns: Floats, cuts: list[Cut]) -> None:
        self._rows, self._columns, self._cuts = rows, columns, cuts
        self._angle: list[float] = []
        self._height: list[float] = []
        self._side: list[float] = []
        self._base: list[int] = []
        self._step: list[tuple[float, float, float]] = []
        self._triangles: list[tuple[int, int, int]] = []
        self._face = np.array(
            [[self._add(k, y) for k in range(FACE_COLUMNS)] for y in rows], dtype=np.int64
        )
        self._upper = self._face.copy()
        """Numbers that triangles above a row use; below it they use those of `_face`."""

    def _add(
        self,
        column: int,
        y: float,
        base: int = -1,
        step: tuple[float, float, float] = (0.0, 0.0, 0.0),
        side: float = 0.0,
    ) -> int:
        number = len(self._angle)
        self._angle.append(float(self._columns[column]))
        self._height.append(float(y))
        middle = LID_CUT_Y if y > 0 else MOUTH_Y
        self._side.append(side or (1.0 if y >= middle else -1.0))
        self._base.append(number if base < 0 else base)
        self._step.append(step)
        return number

    def skin(self) -> Skin:
        """The whole grid."""
        edges: dict[str, Edges] = {}
        innermost: dict[str, Edges] = {}
        for cut in self._cuts:
            edges[cut.name], innermost[cut.name] = self._open(cut)
        for row in range(len(self._rows) - 1):
            below, above = self._upper[row], self._face[row + 1]
            self._strip(below, above)
        num_face, num_front = len(self._angle), len(self._triangles)
        self._join_back()
        triangles = np.array(self._triangles, dtype=np.int32)
        return Skin(
            angle=np.array(self._angle, np.float32),
            height=np.array(self._height, np.float32),
            side=np.array(self._side, np.float32),
            base=np.array(self._base, np.int64),
            step=np.array(self._step, np.float32),
            triangles=triangles,
            num_face=num_face,
            edges=edges,
            innermost=innermost,
            is_back=np.arange(len(triangles)) >= num_front,
        )

    def _open(self, cut: Cut) -> tuple[Edges, Edges]:
        """Second copies along a cut, and the inner edges on both sides."""
        y = float(self._rows[cut.row])
        lower = self._face[cut.row, cut.first : cut.last + 1].copy()
        upper = lower.copy()
        for k, column in enumerate(cut.inner, start=1):
            self._side[lower[k]] = -1.0
            upper[k] = self._add(column, y, side=1.0)
        self._upper[cut.row, cut.first : cut.last + 1] = upper
        outer_up, outer_down = upper, lower
        for away, back in EDGE_ROWS:
            inner_up = self._inner_row(cut, upper, y, away, back, 1.0)
            inner_down = self._inner_row(cut, lower, y, -away, back, -1.0)
            inner_down[[0, -1]] = inner_up[[0, -1]]  # corners are shared
            self._strip(inner_up, outer_up)
            self._strip(outer_down, inner_down)
            outer_up, outer_down = inner_up, inner_down
        return (upper, lower), (outer_up, outer_down)

    def _inner_row(
        self, cut: Cut, edge: IndexArray, y: float, away: float, back: float, side: float
    ) -> IndexArray:
        """Points behind an edge; straight behind it at the corners."""
        last = len(edge) - 1
        return np.array(
            [
                self._add(
                    cut.first + k, y, int(edge[k]), (0, 0 if k in (0, last) else away, back), side
                )
                for k in range(last + 1)
            ],
            dtype=np.int64,
        )

    def _strip(self, below: IndexArray, above: IndexArray) -> None:
        for k in range(len(below) - 1):
            a, b, c, d = (int(n) for n in (below[k], below[k + 1], above[k + 1], above[k]))
            self._triangles += [(a, b, c), (a, c, d)]

    def _join_back(self) -> None:
        """The back of the head, from the face's last column round to its first."""
        grid = np.empty((len(self._rows), BACK_COLUMNS + 2), dtype=np.int64)
        grid[:, 0], grid[:, -1] = self._face[:, -1], self._face[:, 0]
        for row, y in enumerate(self._rows):
            for k in range(BACK_COLUMNS):
                grid[row, k + 1] = self._add(FACE_COLUMNS + k, y)
        for row in range(len(self._rows) - 1):
            self._strip(grid[row], grid[row + 1])


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
