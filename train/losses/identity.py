"""L_faceid of Eq. 4."""

from __future__ import annotations

from torch import Tensor

from ..metrics.face_similarity import cosine


def identity_distance(generated: Tensor, true: Tensor) -> Tensor:
    """L_faceid of each pair: 1 - cos of the embeddings of the generated and of the true face.

    Args:
        generated: (B, C) of a recognition network.
        true: (B, C).

    Returns:
        (B,) from 0, the same, to 2.
    """
    return 1 - cosine(generated, true)
