"""The steps of drawing that are worth a GPU, as one set of functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..arrays import ByteArray, FloatArray, IntArray
from .rasterise import interpolate, rasterise, seen_from
from .surface import light_vertices, shade_pixels
from .vertices import vertex_normals


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernels:
    """Functions over arrays in the CPU's memory; see those of `NUMBA` for what they do."""

    vertex_normals: Callable[[FloatArray, IntArray, FloatArray], None]
    light_vertices: Callable[
        [
            FloatArray,
            FloatArray,
            ByteArray,
            FloatArray,
            FloatArray,
            FloatArray,
            FloatArray,
            FloatArray,
        ],
        None,
    ]
    rasterise: Callable[[FloatArray, IntArray, ByteArray, FloatArray, IntArray], None]
    interpolate: Callable[[FloatArray, IntArray, IntArray, FloatArray, FloatArray], None]
    shade_pixels: Callable[
        [
            FloatArray,
            IntArray,
            ByteArray,
            IntArray,
            FloatArray,
            FloatArray,
            FloatArray,
            FloatArray,
        ],
        None,
    ]
    seen_from: Callable[[FloatArray, ByteArray, FloatArray, ByteArray, float, ByteArray], None]


NUMBA: Final = Kernels(
    vertex_normals=vertex_normals,
    light_vertices=light_vertices,
    rasterise=rasterise,
    interpolate=interpolate,
    shade_pixels=shade_pixels,
    seen_from=seen_from,
)
"""One thread of the CPU; the same to the bit on every machine."""
