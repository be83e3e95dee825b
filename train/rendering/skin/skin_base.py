"""The base of a painted skin, compiled by numba: one pass over the map."""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

import numpy as np
from numba import njit

from ..arrays import FloatArray, IntArray


@njit(cache=True, nogil=True, fastmath=True)
def paint_skin_base(
    tone: FloatArray,
    noise: FloatArray,
    shifts: IntArray,
    layers: FloatArray,
    chosen: IntArray,
    tints: FloatArray,
    skin: FloatArray,
    height: FloatArray,
) -> None:
    """Colour and height of bare skin: a tone, changed by noise and by layers; fills both maps.

    Args:
        tone: (3,).
        noise: (N, R, R) maps that repeat at their edges.
        shifts: (N, 2) rows and columns by which each is moved.
        layers: (..., R, R) maps that stay where they are.
        chosen: (L,) which of them count.
        tints: (N + L, 4) what one unit of each adds to 1, the factor of the tone, and to the
            height.
        skin: (R, R, 3), changed.
        height: (R, R), changed.
    """
    size = len(height)
    count = len(noise)
    for y in range(size):
        for x in range(size):
            red = green = blue = np.float32(1)
            rise = np.float32(0)
            for k in range(count):
                row, column = y + shifts[k, 0], x + shifts[k, 1]
                row -= size if row >= size else 0
                column -= size if column >= size else 0
                value = noise[k, row, column]
                red += tints[k, 0] * value
                green += tints[k, 1] * value
                blue += tints[k, 2] * value
                rise += tints[k, 3] * value
            for k in range(len(chosen)):
                value = layers[chosen[k], y, x]
                if value != 0:
                    red += tints[count + k, 0] * value
                    green += tints[count + k, 1] * value
                    blue += tints[count + k, 2] * value
                    rise += tints[count + k, 3] * value
            skin[y, x, 0] = tone[0] * red
            skin[y, x, 1] = tone[1] * green
            skin[y, x, 2] = tone[2] * blue
            height[y, x] = rise


@njit(cache=True, nogil=True, fastmath=True)
def finish_texture(
    skin: FloatArray, height: FloatArray, gloss: FloatArray, slope: float, texture: FloatArray
) -> None:
    """Linear colour, slopes and gloss of a painted map; fills texture.

    Args:
        skin: (R, R, 3) as painted.
        height: (R, R).
        gloss: (R, R).
        slope: slope for a height of 1 from one texel to the next.
        texture: (R, R, 6), changed.
    """
    size = len(height)
    half = np.float32(0.5 * slope)
    none, one = np.float32(0), np.float32(1)
    for y in range(size):
        above, below = max(y - 1, 0), min(y + 1, size - 1)
        for x in range(size):
            before, after = max(x - 1, 0), min(x + 1, size - 1)
            for c in range(3):
                value = min(max(skin[y, x, c], none), one)
                texture[y, x, c] = value * value
            texture[y, x, 3] = (height[y, after] - height[y, before]) * half
            texture[y, x, 4] = (height[above, x] - height[below, x]) * half
            texture[y, x, 5] = gloss[y, x]
