"""A made-up face model: ICT-FaceKit's vertex ranges and names, filled with smooth surfaces.

It looks like a mask with a cap, two eyeballs and a plate of teeth; enough for everything that does
not depend on what a face looks like.
"""

import numpy as np

from train.rendering.head.face_model import RawFaceModel

MATERIALS = (
    "M_BackHead",
    "M_EyeLashes",
    "M_Face",
    "M_GumsTongue",
    "M_ScleraLeft",
    "M_ScleraRight",
    "M_Teeth",
)
PAIRED = [
    "browDown",
    "browInnerUp",
    "browOuterUp",
    "cheekPuff",
    "cheekSquint",
    "eyeBlink",
    "eyeLookDown",
    "eyeLookIn",
    "eyeLookOut",
    "eyeLookUp",
    "eyeSquint",
    "eyeWide",
    "mouthDimple",
    "mouthFrown",
    "mouthLowerDown",
    "mouthPress",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
]
SINGLE = [
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthFunnel",
    "mouthLeft",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
]
NAMES = tuple(sorted([name + side for name in PAIRED for side in ("_L", "_R")] + SINGLE))

EYE_CENTRE = np.array([3.1, 3.6, 7.9])
LID_Y = 3.9


def _grid(rows: int, columns: int) -> np.ndarray:
    """Triangles of a grid, counter-clockwise where rows go up and columns to the right."""
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    first = np.stack([a, a + 1, a + columns + 1], axis=1)
    return np.concatenate([first, np.stack([a, a + columns + 1, a + columns], axis=1)])


def _dome(
    rows: int, columns: int, centre, radii, half_turn: float, facing: float = 1.0, whole=False
):
    """A piece of an ellipsoid that faces +z, or -z where facing is -1; or all of it."""
    up = np.linspace(-half_turn, half_turn, rows)[:, None]
    sideways = np.pi if whole else half_turn
    round_ = np.linspace(-sideways, sideways, columns)[None]
    x = np.cos(up) * np.sin(round_) * facing
    y = np.sin(up) + 0 * round_
    z = np.cos(up) * np.cos(round_) * facing
    return np.stack([x, y, z], axis=-1).reshape(-1, 3) * radii + centre


def _pieces():
    """(points, triangles, material) of each range, in the order of the ranges."""
    eyes = [EYE_CENTRE, EYE_CENTRE * (-1, 1, 1)]
    nothing = np.zeros((0, 3), dtype=np.int64)

    def eye(centre, material):
        white = _dome(35, 22, centre, 1.5, 1.55, whole=True)
        iris = _dome(40, 20, centre, 1.4, 1.55, whole=True)
        return [(white, _grid(35, 22), material), (iris, nothing, None)]

    return [
        (_dome(97, 97, (0, 0, 0), (9, 13, 10), 1.5), _grid(97, 97), "M_Face"),
        (_dome(613, 3, (0, 2, -1), (9, 12, 10), 1.5, -1), _grid(613, 3), "M_BackHead"),
        (_dome(62, 33, (0, -3, 4), (3, 2, 1), 1.2, -1), _grid(62, 33), "M_BackHead"),
        (np.zeros((768, 3)), nothing, None),
        (_dome(229, 13, (0, -3, 5), (2.5, 1, 1), 1.2), _grid(229, 13), "M_GumsTongue"),
        (_dome(1103, 4, (0, -3, 6), (2.5, 1, 2), 1.2), _grid(1103, 4), "M_Teeth"),
        *eye(eyes[0], "M_ScleraLeft"),
        *eye(eyes[1], "M_ScleraRight"),
        (_dome(4, 4, (3.1, LID_Y, 9), 0.5, 1), _grid(4, 4), "M_EyeLashes"),
    ]


def _landmark_targets() -> np.ndarray:
    """68 points (x, y) laid out as Multi-PIE's, on a face 18 wide and 26 high."""

    def arc(centre, radii, degrees):
        angle = np.deg2rad(np.asarray(degrees, dtype=float))
        return np.stack([np.cos(angle) * radii[0], np.sin(angle) * radii[1]], axis=1) + centre

    def line(start, stop, count):
        return np.linspace(start, stop, count)

    around_eye = [180, 120, 60, 0, 300, 240]
    return np.concatenate(
        [
            arc((0, 2), (7, 9.5), np.linspace(180, 360, 17)),
            line((-5.5, 5.2), (-1.2, 5.8), 5),
            line((1.2, 5.8), (5.5, 5.2), 5),
            line((0, 3.7), (0, 0.4), 4),
            line((-1.2, -1.1), (1.2, -1.1), 5),
            arc((-3.1, 3.5), (1.3, 0.5), around_eye),
            arc((3.1, 3.5), (1.3, 0.5), around_eye),
            arc((0, -3.4), (2.5, 1), [180, 150, 120, 90, 60, 30, 0, 330, 300, 270, 240, 210]),
            arc((0, -3.4), (2.2, 0.2), [180, 135, 90, 45, 0, 315, 270, 225]),
        ]
    )


def _expressions(points: np.ndarray) -> np.ndarray:
    """Smooth bumps: lids fall in a blink, all below the lips falls with the jaw."""
    x, y, z = points.T
    shapes = np.zeros((len(NAMES), len(points), 3))
    for row, name in enumerate(NAMES):
        side = {"_L": x > 0, "_R": x < 0}.get(name[-2:], np.ones(len(x), dtype=bool))
        if name.startswith("eyeBlink"):
            bump = np.exp(-((np.abs(x) - 3.1) ** 2 / 4 + (y - LID_Y) ** 2 / 0.5)) * (z < 9.6)
            shapes[row, :, 1] = -0.8 * side * bump
        elif name == "jawOpen":
            shapes[row, :, 1] = -2.5 / (1 + np.exp(4 * (y + 3.4))) * (y > -12)
        else:
            height = {"b": 5.5, "e": 3.5, "c": 0, "n": 0}.get(name[0], -3.4)
            bump = np.exp(-((y - height) ** 2) / 4 - (np.abs(x) - 2) ** 2 / 8)
            shapes[row, :, row % 3] = 0.4 * side * bump
    return shapes


def made_up_model() -> RawFaceModel:
    """The model, the same every time."""
    pieces = _pieces()
    starts = np.cumsum([0, *(len(points) for points, _, _ in pieces)])
    points = np.concatenate([points for points, _, _ in pieces])
    drawn = [
        (triangles + start, material)
        for (_, triangles, material), start in zip(pieces, starts, strict=False)
        if material is not None
    ]
    targets = _landmark_targets()
    face = points[:9409]
    landmarks = [int(np.linalg.norm(face[:, :2] - target, axis=1).argmin()) for target in targets]
    modes = np.stack([np.roll(np.sin(points * 0.2 * k), k, axis=1) * 0.3 for k in (1, 2, 3)])
    return RawFaceModel(
        vertices=points.astype(np.float32),
        triangles=np.concatenate([triangles for triangles, _ in drawn]).astype(np.int32),
        materials=np.concatenate(
            [np.full(len(triangles), MATERIALS.index(name), np.int16) for triangles, name in drawn]
        ),
        material_names=MATERIALS,
        expressions=_expressions(points).astype(np.float16),
        expression_names=NAMES,
        identity_modes=modes.astype(np.float16),
        landmarks=np.array(landmarks),
    )
