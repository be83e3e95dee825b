"""Names of array types, and small choices made at random."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating[Any]]
"""Any precision; results are stored as a FloatArray."""
IntArray = npt.NDArray[np.int32]
IndexArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

Choice = TypeVar("Choice")


def chance(random: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return random.random() < probability


def pick(random: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """One of the choices, all equally likely."""
    return choices[int(random.integers(len(choices)))]
