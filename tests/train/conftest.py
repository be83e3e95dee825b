"""What every test of training leaves behind as it was."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def denormal_numbers() -> Iterator[None]:
    """A training loop flushes denormal numbers to zero; other tests draw them."""
    yield
    torch.set_flush_denormal(False)
