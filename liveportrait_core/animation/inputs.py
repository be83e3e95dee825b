"""What a driver and a source bring into Algorithm 1, and the keypoints that come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..constants import ANIMAL_SPACE
from ..errors import MotionSpaceError, counted
from ..model import LivePortraitModel
from ..motion.reference import own_reference, reference_of_frames
from ..motion.transfer import shared_space
from ..motion.types import Motion
from ..options import DrivingOptions, Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenKeypoints:
    """What `warp_decode` needs of every frame.

    `drive(model, source, driving).driving_keypoints`
    """

    source_keypoints: Tensor
    """(N, K, 3) x_s; a view of one row where the source is an image."""
    driving_keypoints: Tensor
    """(N, K, 3) x_d, stitched and retargeted."""
    motion: Motion
    """The moved face before stitching and retargeting, N frames."""
    stitched: bool = False
    """Whether the rendered face is to fit into the source: the picture's edge stays."""

    def __len__(self) -> int:
        return len(self.driving_keypoints)

    def __getitem__(self, frames: slice) -> DrivenKeypoints:
        return replace(
            self,
            source_keypoints=self.source_keypoints[frames],
            driving_keypoints=self.driving_keypoints[frames],
            motion=self.motion[frames],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivingInputs:
    """Source and driver cut to the same length, and what kind each is."""

    source: Motion
    driving: Motion
    reference: Motion
    """The driver's neutral frame: B = 1, or that of its shot for each of N frames."""
    source_is_video: bool
    driving_is_video: bool

    @property
    def num_frames(self) -> int:
        """Of the result."""
        return max(len(self.source), len(self.driving))


def prepare_inputs(
    source: Motion,
    driving: Motion,
    options: DrivingOptions,
    *,
    reference: Motion | None = None,
    source_is_video: bool | None = None,
) -> DrivingInputs:
    """What `move` and the steps after it work on; see `drive` for the arguments.

    Raises:
        MotionSpaceError: The two are of different keypoint spaces.
        ValueError: No frames, or no such reference frame.
    """
    shared_space(source, driving)
    if not len(source) or not len(driving):
        raise ValueError(
            f"The source has {counted(len(source), 'frame')} and the driving motion "
            f"{len(driving)}; at least one of each is needed. Check that a face was found in both."
        )
    is_video = len(source) > 1 if source_is_video is None else source_is_video
    driving_is_video = len(driving) > 1
    if reference is None:
        # the published code knows no other neutral frame than the first
        reference = own_reference(
            replace(driving, reference_frame=0) if options.published else driving
        )
        is_lone_picture = not driving_is_video and driving.reference is None
        if options.published and options.region == "eyes" and not is_video and is_lone_picture:
            # and measures the eyes of an image against zeros
            reference = replace(reference, expression=torch.zeros_like(reference.expression))
    if is_video and driving_is_video:
        frames = min(len(source), len(driving))
        source, driving = source[:frames], driving[:frames]
    reference = reference_of_frames(driving, reference)
    return DrivingInputs(
        source=source if is_video else source[:1],
        driving=driving,
        reference=reference,
        source_is_video=is_video,
        driving_is_video=driving_is_video,
    )


def check_networks(model: LivePortraitModel, options: DrivingOptions | Edit) -> None:
    """Refuse a model without a network that is needed, before anything else is done.

    Published animals ignore openings: theirs are looked for when they are used.

    Raises:
        CheckpointError: One is missing.
    """
    opens = model.preset.space != ANIMAL_SPACE
    wanted = {
        "stitching": options.stitch,
        "eyes": opens and options.eyes_open is not None,
        "lip": opens and options.lip_open is not None,
    }
    for name in (name for name, is_wanted in wanted.items() if is_wanted):
        model.present(name)


def check_space(model: LivePortraitModel, motion: Motion, name: str = "driving motion") -> None:
    """Refuse a motion that is not of the model's keypoint space, before anything else is done.

    Args:
        model: The model.
        motion: The motion.
        name: What it is, for the message.

    Raises:
        MotionSpaceError: It is of another.
    """
    if motion.space != model.preset.space:
        made = f" (made by {motion.producer})" if motion.producer else ""
        raise MotionSpaceError(
            f"The {name} is of the keypoint space {motion.space!r}{made}; the "
            f"{model.preset.name} model takes {model.preset.space!r}. Extract the motion from "
            "its video with this model, or choose the model that it was made with."
        )
