"""The procedural face model: a head made from formulas alone, which blinks, smiles and turns.

It needs no download. It has the parts, landmarks and expression names of the face model that the
default weights were trained with, so everything behind it works with either.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray, Floats, IndexArray, IntArray
from .face_model import RawFaceModel
from .procedural_inside import (
    ear,
    edge_round,
    eyeball,
    gums,
    lash_cards,
    mouth_bag,
    teeth,
    tongue,
)
from .procedural_motion import EYE_MIDDLES, RestPose, expression_offsets, identity_modes, jaw_share
from .procedural_skin import Lids, Skin, lay_out_skin, shape_skin

MATERIALS: Final = (
    "M_BackHead",
    "M_EyeLashes",
    "M_Face",
    "M_GumsTongue",
    "M_ScleraLeft",
    "M_ScleraRight",
    "M_Teeth",
)
EAR_ROOT: Final = (7.3, 1.3, -0.4)

JAW_LINE: Final = (
    *((7.4, 3.7), (7.3, 1.5), (7.0, -0.5), (6.6, -2.4), (5.7, -4.4)),
    *((4.4, -6.0), (3.0, -6.9), (1.5, -7.3), (0.0, -7.6)),
)
BROW: Final = ((5.2, 5.4), (4.6, 6.0), (3.8, 6.25), (2.5, 6.2), (1.2, 5.9))
NOSE: Final = (
    *((0, 3.7), (0, 2.6), (0, 1.6), (0, 0.4)),
    *((-1.25, -1.1), (-0.6, -1.2), (0, -1.25), (0.6, -1.2), (1.25, -1.1)),
)
OUTER_LIP: Final = (
    *((-1.7, -2.8), (-0.75, -2.5), (0, -2.55), (0.75, -2.5), (1.7, -2.8)),
    *((1.75, -4.0), (1.0, -4.3), (0, -4.4), (-1.0, -4.3), (-1.75, -4.0)),
)
"""Places (x, y) of the landmarks that lie on no edge; x of the first two grows outwards."""


class _NamedPiece(NamedTuple):
    """A part of the mesh; its triangles count from its own first vertex."""

    name: str
    material: str
    points: FloatArray
    triangles: IntArray


def build_procedural_model() -> RawFaceModel:
    """The model; the same every time."""
    skin = lay_out_skin()
    neutral = shape_skin(skin, Lids(), Lids())
    round_ = edge_round(*skin.innermost["mouth"])
    outside, inside = _skin_pieces(skin, neutral), _inside_pieces(skin, neutral, round_)
    spans = _spans((*outside, *inside))
    number_of = np.arange(len(neutral))
    number_of[skin.num_face :] += spans["scalp"].start - skin.num_face
    parts = _parts(spans)
    lower = [spans[name] for name in ("lower_gums", "tongue", "lower_teeth")]
    lashes = [(spans[f"lashes_{eye}"], skin.edges[f"eye_{eye}"][0]) for eye in ("right", "left")]
    triangles, materials = _triangles(skin, number_of, outside, inside, spans)
    points = np.concatenate([piece.points.astype(np.float32) for piece in (*outside, *inside)])
    skin_of, share = _hanging(len(points), number_of, lashes, round_, parts["socket"])
    rest = _rest(points, skin, number_of, skin_of, share, parts, lower)

    def of_skin(offsets: FloatArray) -> FloatArray:
        """Offsets of all vertices (N, 3): each goes where its point of the skin goes."""
        return (offsets[skin_of] * share[:, None]).astype(np.float32)

    expressions = expression_offsets(rest, skin, of_skin)
    modes = identity_modes(points, [(parts[name], EYE_MIDDLES[name]) for name in EYE_MIDDLES])
    return RawFaceModel(
        vertices=points,
        triangles=triangles,
        materials=materials,
        material_names=MATERIALS,
        expressions=np.stack(list(expressions.values())).astype(np.float16),
        expression_names=tuple(expressions),
        identity_modes=np.stack(modes).astype(np.float16),
        landmarks=_landmarks(points, skin, number_of, parts["face"]),
        parts=parts,
    )


def _skin_pieces(skin: Skin, neutral: FloatArray) -> list[_NamedPiece]:
    """The face, its ears and the back of the head; the skin's triangles join two of them."""
    none = np.zeros((0, 3), np.int32)
    ears = [
        _NamedPiece(name, "M_Face", *ear(sign, np.array(EAR_ROOT) * (sign, 1, 1)))
        for name, sign in (("left_ear", 1), ("right_ear", -1))
    ]
    face = _NamedPiece("skin", "M_Face", neutral[: skin.num_face], none)
    return [face, *ears, _NamedPiece("scalp", "M_Face", neutral[skin.num_face :], none)]


def _inside_pieces(skin: Skin, neutral: FloatArray, round_: IndexArray) -> list[_NamedPiece]:
    """What lies in mouth and eyes, and the lashes."""
    return [
        _NamedPiece("socket", "M_BackHead", *mouth_bag(neutral[round_])),
        _NamedPiece("upper_gums", "M_GumsTongue", *gums(True)),
        _NamedPiece("lower_gums", "M_GumsTongue", *gums(False)),
        _NamedPiece("tongue", "M_GumsTongue", *tongue()),
        _NamedPiece("upper_teeth", "M_Teeth", *teeth(True)),
        _NamedPiece("lower_teeth", "M_Teeth", *teeth(False)),
        _NamedPiece("eye_left", "M_ScleraLeft", *eyeball(1)),
        _NamedPiece("eye_right", "M_ScleraRight", *eyeball(-1)),
        *(
            _NamedPiece(
                f"lashes_{eye}", "M_EyeLashes", *lash_cards(neutral[skin.edges[f"eye_{eye}"][0]])
            )
            for eye in ("right", "left")
        ),
    ]


def _spans(pieces: Sequence[_NamedPiece]) -> dict[str, slice]:
    """The range of the vertices of each piece, one after the other."""
    ends = list(accumulate(len(piece.points) for piece in pieces))
    return {
        piece.name: slice(end - len(piece.points), end)
        for piece, end in zip(pieces, ends, strict=True)
    }


def _parts(spans: Mapping[str, slice]) -> dict[str, slice]:
    """The ranges of vertices that the renderer asks for."""
    return {
        "face": slice(0, spans["right_ear"].stop),
        "scalp": spans["scalp"],
        "socket": spans["socket"],
        "gums": slice(spans["upper_gums"].start, spans["tongue"].stop),
        "teeth": slice(spans["upper_teeth"].start, spans["lower_teeth"].stop),
        "eye_left": spans["eye_left"],
        "eye_right": spans["eye_right"],
    }


def _triangles(
    skin: Skin,
    number_of: IndexArray,
    outside: Sequence[_NamedPiece],
    inside: Sequence[_NamedPiece],
    spans: Mapping[str, slice],
) -> tuple[IntArray, NDArray[np.int16]]:
    """All triangles (F, 3) and their materials (F,); those of the skin come after `outside`."""

    def placed(piece: _NamedPiece) -> tuple[IntArray, str]:
        return piece.triangles + np.int32(spans[piece.name].start), piece.material

    of_skin = [
        (number_of[skin.triangles[skin.is_back == back]].astype(np.int32), material)
        for back, material in ((False, "M_Face"), (True, "M_BackHead"))
    ]
    groups = [*map(placed, outside), *of_skin, *map(placed, inside)]
    materials = [np.full(len(rows), MATERIALS.index(name), np.int16) for rows, name in groups]
    return np.concatenate([rows for rows, _ in groups]), np.concatenate(materials)


def _hanging(
    count: int,
    number_of: IndexArray,
    lashes: list[tuple[slice, IndexArray]],
    round_: IndexArray,
    socket: slice,
) -> tuple[IndexArray, Floats]:
    """The skin point each vertex belongs to, and how closely it follows."""
    skin_of, share = np.zeros(count, np.int64), np.zeros(count)
    skin_of[number_of] = np.arange(len(number_of))
    share[number_of] = 1
    for card, edge in lashes:
        corners = np.stack([edge[:-1], edge[1:], edge[1:], edge[:-1]], axis=1).ravel()
        skin_of[card], share[card] = corners, 1
    rings = (socket.stop - socket.start) // len(round_)
    skin_of[socket] = np.tile(round_, rings)
    share[socket] = np.repeat(np.linspace(1, 0, rings) ** 2, len(round_))
    return skin_of, share


def _rest(
    points: FloatArray,
    skin: Skin,
    number_of: IndexArray,
    skin_of: IndexArray,
    share: Floats,
    parts: dict[str, slice],
    lower: list[slice],
) -> RestPose:
    """What follows the jaw, and what lies below the mouth's cut."""
    base = skin.base
    on_skin = jaw_share(skin, points[number_of])[base]
    jaw = on_skin[skin_of] * share
    below = np.clip(-skin.side, 0, 1)[base][skin_of] * (share > 0)
    front = np.zeros(len(points), dtype=np.float32)
    front[number_of] = np.clip((points[number_of][base][:, 2] - 3) / 3, 0, 1)
    socket = parts["socket"]
    depth = 1 - share[socket]
    jaw[socket] += depth * np.clip((-3.4 - points[socket, 1]) / 1.5, 0, 1)
    front[socket] = share[socket] ** 2
    for piece in lower:
        jaw[piece] = 1
    places = points.copy()
    places[number_of] = points[number_of][base]
    return RestPose(places, jaw.astype(np.float32), below.astype(np.float32), front)


def _landmarks(points: FloatArray, skin: Skin, number_of: IndexArray, face: slice) -> IndexArray:
    """The 68 landmarks: on edges where there is one, elsewhere the nearest point in front."""
    seen = np.where(points[face, 2] > 0, 0, np.inf)

    def near(x: float, y: float) -> int:
        gaps = np.hypot(points[face, 0] - x, points[face, 1] - y) + seen
        inner = skin.base != np.arange(len(skin.base))
        gaps[number_of[inner & (np.arange(len(inner)) < skin.num_face)]] = np.inf
        return int(gaps.argmin())

    def on(edge: IndexArray, share: float) -> int:
        return int(number_of[edge[round(share * (len(edge) - 1))]])

    found = [near(-x, y) for x, y in JAW_LINE] + [near(x, y) for x, y in JAW_LINE[-2::-1]]
    found += [near(-x, y) for x, y in BROW] + [near(x, y) for x, y in BROW[::-1]]
    found += [near(x, y) for x, y in NOSE]
    for name in ("eye_right", "eye_left"):
        upper, lower = skin.edges[name]
        found += [on(upper, k / 3) for k in range(4)] + [on(lower, 2 / 3), on(lower, 1 / 3)]
    upper, lower = skin.edges["mouth"]
    outer = [near(x, y) for x, y in OUTER_LIP]
    found += [on(upper, 0), *outer[:5], on(upper, 1), *outer[5:]]
    found += [on(upper, share) for share in (0.04, 0.3, 0.5, 0.7, 0.96)]
    found += [on(lower, share) for share in (0.7, 0.5, 0.3)]
    return np.array(found, dtype=np.int64)
