"""Measures of what a face does."""

from __future__ import annotations

import torch
from torch import Tensor


def correlation(found: Tensor, truth: Tensor) -> float:
    """Pearson's r over all entries; nan when one side does not vary."""
    stacked = torch.stack((found.flatten(), truth.flatten())).double()
    return float(torch.corrcoef(stacked)[0, 1])
