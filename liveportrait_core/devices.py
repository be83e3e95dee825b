"""Devices and number types by name."""

from __future__ import annotations

from typing import Final

import torch

from .config.spec import OptionError

DTYPES: Final = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""Number types that the networks run in."""


def find_device(device: torch.device | str) -> torch.device:
    """A device that PyTorch can compute on; "auto" is the first of cuda, mps and cpu.

    `find_device("auto")`

    Raises:
        OptionError: There is no such device; a ValueError.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    # PyTorch has no error of its own for a device that is not there
    except (AssertionError, NotImplementedError, RuntimeError, TypeError) as error:
        usable = ", ".join(kind for kind, there in present.items() if there)
        raise OptionError(
            f"The device is {device}, and PyTorch {torch.__version__} finds {usable}. Choose one "
            "of these, or auto, or install a PyTorch for it."
        ) from error
    return found


def check_dtype(dtype: torch.dtype) -> None:
    """Refuse a number type that the networks do not run in.

    Raises:
        ValueError: It is none of `DTYPES`.
    """
    if dtype not in DTYPES:
        raise ValueError(
            f"The dtype is {dtype!r}; one of {', '.join(map(str, DTYPES))} is expected. Give the "
            "first where you are not sure."
        )
