"""W, second half: the feature volume warped by the flow, flattened for the decoder."""

from __future__ import annotations

from torch import Tensor, nn

from .blocks import ConvNorm
from .dense_motion import DenseMotion, sample_volume
from .outputs import Warped


class Warping(nn.Module):
    """W, the warping module (Sec. 3.1)."""

    def __init__(
        self,
        dense_motion: DenseMotion | None = None,
        *,
        volume_channels: int = 32,
        volume_depth: int = 16,
        out_channels: int = 256,
    ) -> None:
        super().__init__()
        self.dense_motion = dense_motion or DenseMotion()
        self.project = ConvNorm(volume_channels * volume_depth, out_channels, negative_slope=0.01)
        self.mix = nn.Conv2d(out_channels, out_channels, 1)

    def forward(
        self, feature_volume: Tensor, source_keypoints: Tensor, driving_keypoints: Tensor
    ) -> Warped:
        """The source's features warped to the driving keypoints.

        Args:
            feature_volume: (B, 32, 16, 64, 64).
            source_keypoints: (B, 21, 3).
            driving_keypoints: (B, 21, 3).

        Returns:
            Features (B, 256, 64, 64), flow (B, 16, 64, 64, 3), occlusion (B, 1, 64, 64).
        """
        feature_volume = feature_volume.to(next(self.parameters()).dtype)
        field = self.dense_motion(feature_volume, source_keypoints, driving_keypoints)
        moved = sample_volume(feature_volume, field.flow)
        features = self.mix(self.project(moved.flatten(1, 2)))  # channel index c * 16 + depth
        return Warped(
            features=features * field.occlusion, flow=field.flow, occlusion=field.occlusion
        )
