"""S, R_eyes and R_lip: the three small networks that correct keypoints (Sec. 3.3)."""

from __future__ import annotations

from torch import Tensor, nn


class KeypointMlp(nn.Module):
    """Keypoints and conditions in one row -> offsets in one row.

    Keypoints are flattened point by point: x, y, z of the first, of the second, and so on.
    """

    def __init__(self, inputs: int, outputs: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, row: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        return self.layers(row)


def stitching_mlp(num_keypoints: int = 21, hidden: tuple[int, ...] = (128, 128, 64)) -> KeypointMlp:
    """S: source keypoints, driving keypoints -> offset of each, then the shift t_x, t_y."""
    return KeypointMlp(6 * num_keypoints, 3 * num_keypoints + 2, hidden)


def eyes_mlp(
    num_keypoints: int = 21, hidden: tuple[int, ...] = (256, 256, 128, 128, 64)
) -> KeypointMlp:
    """R_eyes: source keypoints, both eye openings, the target opening -> offset of each."""
    return KeypointMlp(3 * num_keypoints + 3, 3 * num_keypoints, hidden)


def lip_mlp(num_keypoints: int = 21, hidden: tuple[int, ...] = (128, 128, 64)) -> KeypointMlp:
    """R_lip: source keypoints, lip opening, the target opening -> offset of each."""
    return KeypointMlp(3 * num_keypoints + 2, 3 * num_keypoints, hidden)
