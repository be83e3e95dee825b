"""Which kernels draw: numba's on the CPU, or warp's on a device."""

from liveportrait_core.config.spec import OptionError

from .kernels import NUMBA, Kernels


def kernels_on(device: str | None) -> Kernels:
    """The kernels for a device by its name; numba's where none is named.

    Raises:
        OptionError: There is no such device, or warp is missing.
    """
    if device is None:
        return NUMBA
    try:
        from .warp_device import warp_kernels  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as error:
        raise OptionError(
            f"device is '{device}', which needs warp, and {error.name} is missing. Install the "
            "extra gpu-render (pip install warp-lang), or leave the device out to draw with numba."
        ) from error
    return warp_kernels(device)
