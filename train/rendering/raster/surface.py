"""Light on vertices and colour of pixels, compiled by numba.

Convention:
    - colours are linear light here: the square of what is painted, and of what is shown
    - what a vertex gets from the lights is interpolated; the skin's texture, its fine relief and
      the fibres of hair are looked up for each pixel
"""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

from enum import IntEnum
from typing import Final

import numpy as np
from numba import njit

from ..arrays import ByteArray, FloatArray, IntArray


class Kind(IntEnum):
    """How a surface takes light."""

    PLAIN = 0
    """Seen from outside only."""
    SKIN = 1
    """Light wraps round it, redder where it fades; has a texture."""
    CLOTH = 2
    """Seen from both sides."""
    HAIR = 3
    """Fibres: lit across, not along."""
    EYE = 4


LIT: Final = 8
"""Values a vertex gets: diffuse light (3), highlight (3), change of light with a tilt of the
normal sideways and upwards (2)."""

PLACE: Final = LIT + 3
VALUES: Final = PLACE + 3
"""Values of a vertex that pixels interpolate: those it gets, its albedo (3), its place (3)."""

_SKIN, _CLOTH, _HAIR = int(Kind.SKIN), int(Kind.CLOTH), int(Kind.HAIR)


@njit(cache=True, nogil=True, fastmath=True)
def light_vertices(
    normals: FloatArray,
    fibres: FloatArray,
    kinds: ByteArray,
    surfaces: FloatArray,
    up: FloatArray,
    lights: FloatArray,
    ambient: FloatArray,
    lit: FloatArray,
) -> None:
    """What each vertex gets from the lights; fills lit.

    Args:
        normals: (N, 3).
        fibres: (N, 3) direction of the hair, unit.
        kinds: (N,) of `Kind`.
        surfaces: (N, 4) strength of the wide and of the sharp highlight, share of the sky that
            is not hidden, share of the first light that is not in shadow.
        up: (3,) upwards along the face.
        lights: (L, 6): direction to the light (unit), colour times strength.
        ambient: (2, 3) light from above and from below.
        lit: (N, LIT) or wider, its first LIT columns changed.
    """
    for n in range(len(normals)):
        kind = kinds[n]
        x, y, z = normals[n, 0], normals[n, 1], normals[n, 2]
        if _CLOTH <= kind <= _HAIR and z < 0:
            x, y, z = -x, -y, -z
        # sideways along the surface, and upwards along it
        tx, ty, tz = up[1] * z - up[2] * y, up[2] * x - up[0] * z, up[0] * y - up[1] * x
        inverse = np.float32(1) / (np.sqrt(tx * tx + ty * ty + tz * tz) + np.float32(1e-3))
        tx, ty, tz = tx * inverse, ty * inverse, tz * inverse
        bx, by, bz = y * tz - z * ty, z * tx - x * tz, x * ty - y * tx
        sky = surfaces[n, 2]
        above = np.float32(0.5) + np.float32(0.5) * y
        tilt_side, tilt_up, total = np.float32(0), np.float32(0), np.float32(1e-3)
        for c in range(3):
            lit[n, c] = (ambient[1, c] + (ambient[0, c] - ambient[1, c]) * above) * sky
            lit[n, 3 + c] = 0
            total += lit[n, c]
        for k in range(len(lights)):
            lx, ly, lz = lights[k, 0], lights[k, 1], lights[k, 2]
            share = surfaces[n, 3] if k == 0 else np.float32(0.3) + np.float32(0.7) * sky
            facing, half = _facing((x, y, z), fibres[n], lights[k], kind == _HAIR)
            p4 = half * half * half * half
            p16 = p4 * p4 * p4 * p4
            shine = surfaces[n, 0] * p16 + surfaces[n, 1] * p16 * p16 * p16 * p16 * p16
            for c in range(3):
                wrap = np.float32(0.28 if c == 0 else 0.12) if kind == _SKIN else np.float32(0)
                diffuse = max((facing + wrap) / (np.float32(1) + wrap), np.float32(0))
                gain = lights[k, 3 + c] * share
                lit[n, c] += diffuse * gain
                lit[n, 3 + c] += shine * gain
                total += diffuse * gain
                if facing > -wrap:
                    tilt_side += (tx * lx + ty * ly + tz * lz) * gain
                    tilt_up += (bx * lx + by * ly + bz * lz) * gain
        lit[n, 6] = tilt_side / total
        lit[n, 7] = tilt_up / total


@njit(cache=True, nogil=True, fastmath=True)
def _facing(
    normal: tuple[float, float, float], fibre: FloatArray, light: FloatArray, is_hair: bool
) -> tuple[float, float]:
    """How directly a light falls on a vertex, and how close it is to the mirror's direction.

    Args:
        normal: Of the vertex, unit.
        fibre: (3,) direction of the hair, unit.
        light: (6,) see `light_vertices`.
        is_hair: Lit across the fibre, not along it.
    """
    x, y, z = normal
    lx, ly, lz = light[0], light[1], light[2]
    facing = x * lx + y * ly + z * lz
    length = np.sqrt(np.float32(2) + np.float32(2) * lz) + np.float32(1e-6)
    half = max((facing + z) / length, np.float32(0))
    if is_hair:
        along = fibre[0] * lx + fibre[1] * ly + fibre[2] * lz
        across = np.sqrt(max(np.float32(1) - along * along, np.float32(0)))
        facing = across * max(facing * np.float32(0.7) + np.float32(0.3), np.float32(0))
        off = (along + fibre[2]) / length
        half = np.sqrt(max(np.float32(1) - off * off, np.float32(0)))
        half *= np.float32(1) if z + lz > 0 else np.float32(0)
    return facing, half


@njit(cache=True, nogil=True, fastmath=True)
def _paint_skin(skin: FloatArray, value: FloatArray) -> np.float32:
    """Mix the skin's texture into an interpolated value; returns the relief's change of light.

    The highlight's part of value is changed too.
    """
    half, one, none = np.float32(0.5), np.float32(1), np.float32(0)
    share = value[PLACE + 2]
    left = min(max(value[PLACE] - half, none), np.float32(skin.shape[1] - 2))
    top = min(max(value[PLACE + 1] - half, none), np.float32(skin.shape[0] - 2))
    i, j = int(left), int(top)
    p, q = np.float32(left - i), np.float32(top - j)
    w00, w01, w10, w11 = (one - p) * (one - q), p * (one - q), (one - p) * q, p * q
    for k in range(3):
        texel = w00 * skin[j, i, k] + w01 * skin[j, i + 1, k]
        texel += w10 * skin[j + 1, i, k] + w11 * skin[j + 1, i + 1, k]
        value[LIT + k] += share * (texel - value[LIT + k])
    side = w00 * skin[j, i, 3] + w01 * skin[j, i + 1, 3]
    side += w10 * skin[j + 1, i, 3] + w11 * skin[j + 1, i + 1, 3]
    up = w00 * skin[j, i, 4] + w01 * skin[j, i + 1, 4]
    up += w10 * skin[j + 1, i, 4] + w11 * skin[j + 1, i + 1, 4]
    shine = w00 * skin[j, i, 5] + w01 * skin[j, i + 1, 5]
    shine += w10 * skin[j + 1, i, 5] + w11 * skin[j + 1, i + 1, 5]
    gain = one - share * (side * value[6] + up * value[7])
    gain = min(max(gain, np.float32(0.25)), np.float32(1.8))
    shine = (one + share * (shine - one)) * gain
    for k in range(3, 6):
        value[k] *= shine
    return gain


@njit(cache=True, nogil=True, fastmath=True)
def shade_pixels(
    points: FloatArray,
    triangles: IntArray,
    kinds: ByteArray,
    nearest: IntArray,
    values: FloatArray,
    skin: FloatArray,
    fibre: FloatArray,
    picture: FloatArray,
) -> None:
    """Colour of the pixels that triangles cover; other pixels keep what they hold.

    Args:
        points: (N, 3) as given to `rasterise`.
        triangles: (T, 3).
        kinds: (N,) of `Kind`; a triangle is of the kind of its first corner.
        nearest: (H, W) from `rasterise`.
        values: (N, VALUES) what `light_vertices` gives, albedo (3, linear), column and row in the
            texture of skin or fibres, and the texture's share.
        skin: (R, R, 6) linear colour, slope to the right and upwards, gloss.
        fibre: (Q, Q) share of light, about 1; repeats.
        picture: (H, W, 3), changed.
    """
    height, width = nearest.shape
    around = fibre.shape[0]
    half, one = np.float32(0.5), np.float32(1)
    value = np.empty(VALUES, dtype=np.float32)
    last, a, b, c = -1, 0, 0, 0
    ax = ay = bx = by = cx = cy = inverse = np.float32(0)
    for y in range(height):
        py = np.float32(y) + half
        for x in range(width):
            t = nearest[y, x]
            if t < 0:
                continue
            px = np.float32(x) + half
            if t != last:
                last = t
                a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                ax, ay = points[a, 0], points[a, 1]
                bx, by = points[b, 0], points[b, 1]
                cx, cy = points[c, 0], points[c, 1]
                inverse = one / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
            u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
            v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
            w = one - u - v
            for k in range(VALUES):
                value[k] = u * values[a, k] + v * values[b, k] + w * values[c, k]
            gain = one
            if kinds[a] == _SKIN and value[PLACE + 2] > 0:
                gain = _paint_skin(skin, value)
            elif kinds[a] == _HAIR:
                i, j = int(np.floor(value[PLACE])), int(np.floor(value[PLACE + 1]))
                gain += value[PLACE + 2] * (fibre[j % around, i % around] - one)
                for k in range(3, 6):
                    value[k] *= gain * gain
            for k in range(3):
                picture[y, x, k] = value[LIT + k] * value[k] * gain + value[3 + k]
