"""Tests that run on a CPU as they are, and once more on a GPU where there is one."""

from __future__ import annotations

import pytest
import torch

NEEDS_GPU = (
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
)
GPU = pytest.param("cuda", marks=NEEDS_GPU)
"""A parameter beside "cpu"."""
EVERYWHERE = pytest.mark.parametrize("device", ["cpu", GPU])
