"""The functions of `Kernels` by NVIDIA's warp, on a GPU or on the CPU."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import warp as wp

from liveportrait_core.config.spec import OptionError

from ..arrays import ByteArray, FloatArray, IntArray
from . import warp_kernels as kernels
from .kernels import Kernels

Array = npt.NDArray[Any]
_EMPTY: Final = 2**64 - 1
"""Of a z-buffer; see `warp_kernels`."""


@dataclass(frozen=True, slots=True)
class _Device:
    """Where kernels run: arrays go there, results come back."""

    device: Any

    def there(self, array: Array, kind: Any) -> Any:
        """A copy of an array on the device."""
        return wp.array(np.ascontiguousarray(array), dtype=kind, device=self.device)

    def launch(self, kernel: Any, shape: int | tuple[int, ...], inputs: list[Any]) -> None:
        """Run a kernel, one thread for each place of a shape."""
        wp.launch(kernel, shape, inputs, device=self.device)

    def function(self, kernel: Any, kinds: tuple[Any, ...], like: int) -> Callable[..., None]:
        """A kernel as a function of arrays that changes the last of them.

        Args:
            kernel: What runs.
            kinds: Type of each array's entries; None for a number that is no array.
            like: Number of the argument whose shape the threads have.
        """

        def run(*arguments: Any) -> None:
            pairs = zip(arguments, kinds, strict=True)
            inputs = [each if kind is None else self.there(each, kind) for each, kind in pairs]
            self.launch(kernel, inputs[like].shape, inputs)
            arguments[-1][:] = inputs[-1].numpy()

        return run

    def vertex_normals(self, points: FloatArray, triangles: IntArray, normals: FloatArray) -> None:
        """See `vertices.vertex_normals`."""
        total = wp.zeros(len(points), dtype=wp.vec3, device=self.device)
        mesh = [self.there(points, wp.vec3), self.there(triangles, wp.vec3i)]
        self.launch(kernels.add_face_normals, len(triangles), [*mesh, total])
        self.launch(kernels.make_unit, len(points), [total])
        normals[:] = total.numpy()

    def rasterise(
        self,
        points: FloatArray,
        triangles: IntArray,
        one_sided: ByteArray,
        depth: FloatArray,
        nearest: IntArray,
    ) -> None:
        """See `rasterise.rasterise`."""
        buffer = wp.full(depth.shape, _EMPTY, dtype=wp.uint64, device=self.device)
        mesh = [self.there(points, wp.vec3), self.there(triangles, wp.vec3i)]
        self.launch(
            kernels.rasterise, len(triangles), [*mesh, self.there(one_sided, wp.uint8), buffer]
        )
        found = [wp.empty(depth.shape, dtype=kind, device=self.device) for kind in (float, int)]
        self.launch(kernels.unpack, depth.shape, [buffer, *found])
        depth[:], nearest[:] = (array.numpy() for array in found)


def warp_kernels(name: str) -> Kernels:
    """The kernels on a device by its name: cpu, cuda, cuda:1.

    Raises:
        OptionError: warp sees no such device.
    """
    wp.config.log_level = wp.LOG_ERROR  # a missing driver is no news on a CPU
    try:
        on = _Device(wp.get_device(name))
    except ValueError:
        usable = ", ".join(["cpu", *(str(device) for device in wp.get_cuda_devices())])
        raise OptionError(
            f"device is '{name}'; one of {usable} is expected, which is what warp "
            f"{wp.__version__} sees here. Leave it out to draw with numba."
        ) from None
    mesh, vector, byte = (wp.vec3, wp.vec3i), wp.vec3, wp.uint8
    lit = (vector, vector, byte, wp.vec4, vector, float, vector, float)
    return Kernels(
        vertex_normals=on.vertex_normals,
        light_vertices=on.function(kernels.light_vertices, lit, like=0),
        rasterise=on.rasterise,
        interpolate=on.function(kernels.interpolate, (*mesh, int, float, float), like=2),
        shade_pixels=on.function(
            kernels.shade_pixels, (*mesh, byte, int, float, float, float, vector), like=3
        ),
        seen_from=on.function(kernels.seen_from, (vector, byte, float, byte, None, byte), like=0),
    )
