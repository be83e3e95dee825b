"""What a golden check reports, and how arrays are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Comparison:
    """One array against its golden."""

    quantity: str
    """What is compared, shared by all cases: the runner groups by it ("execute x_d")."""
    case: str
    """Which case of the folder ("17")."""
    error: float
    """Largest absolute difference (or mean difference where the quantity says so)."""
    tolerance: float

    @property
    def passed(self) -> bool:
        """True when the error is a number within the tolerance."""
        return bool(self.error <= self.tolerance)


@dataclass(frozen=True, slots=True)
class GoldenFolder:
    """A folder of goldens and the folder of the pictures they were made from."""

    path: Path
    images: Path

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Every array of one `.npz`."""
        with np.load(self.path / name) as file:
            return dict(file)

    def has(self, name: str) -> bool:
        """True when the folder has this file; a smaller set may leave some out."""
        return (self.path / name).is_file()


def largest_difference(ours: ArrayLike, golden: ArrayLike) -> float:
    """Largest absolute difference; infinite when the shapes differ or ours is not finite."""
    a, b = np.asarray(ours, np.float64), np.asarray(golden, np.float64)
    if a.shape != b.shape or not np.isfinite(a).all():
        return float("inf")
    return float(np.abs(a - b).max(initial=0.0))


def mean_difference(ours: ArrayLike, golden: ArrayLike) -> float:
    """Mean absolute difference; infinite when the shapes differ or ours is not finite."""
    a, b = np.asarray(ours, np.float64), np.asarray(golden, np.float64)
    if a.shape != b.shape or not np.isfinite(a).all():
        return float("inf")
    return float(np.abs(a - b).mean())
