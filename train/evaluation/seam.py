"""How much a picture changes outside the face once its turned head is pasted back."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.animation.animation import Animation
from liveportrait_core.animation.edit import edit_keypoints
from liveportrait_core.animation.face_trackers import ClipTracker
from liveportrait_core.animation.read import read_clip
from liveportrait_core.animation.render import render
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.imaging.composite import frame_mask, paste_mask
from liveportrait_core.imaging.crop import CropTransform
from liveportrait_core.imaging.landmark_layouts import COMPACT_21, Landmarks
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.clips import Frames
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.options import AnimateOptions, Edit, Framing

from ..data.heads import HEAD_REGIONS
from ..data.rendered import RenderedSet
from ..data.rendered_shards import FRAMES

TURNS = (Sliders(yaw_deg=15.0), Sliders(yaw_deg=-15.0))
SURROUNDINGS = 0.25
"""Border that is put around a rendered picture, in sides: the usual crop reaches beyond it."""
SILHOUETTE = 0.04
"""So near to the head, in sides of the picture, its turned outline may come to lie."""

Mask = NDArray[np.bool_]


def edited(
    model: LivePortraitModel,
    frame: Pixels,
    faces: ClipTracker | FaceTrack,
    edits: tuple[Sliders, ...],
) -> tuple[list[Pixels], CropTransform]:
    """A picture under some edits, stitched and pasted back as `liveportrait edit` does.

    Returns:
        A picture for each edit, and where the crop lies.

    Raises:
        FaceNotFoundError: The picture shows no face.
        CheckpointError: The model has no S.
    """
    clip = Frames((frame,))
    read = read_clip(model, clip, faces, Framing(), "source")
    pictures: list[Pixels] = []
    for edit in edits:
        animation = Animation(
            model=model,
            source=clip,
            is_video=False,
            read=read,
            keypoints=edit_keypoints(model, read.motion, Edit(sliders=edit)),
            driving=read.motion,
            options=AnimateOptions(),
        )
        pictures.append(next(render(animation)).picture)
    return pictures, read.transforms[0]


@torch.inference_mode()
def seam_measures(model: LivePortraitModel, data: RenderedSet) -> dict[str, float]:
    """Mean absolute change outside the face, levels of 255, the head turned by +-15 degrees.

    Convention:
        - of each identity the frame that faces the camera most
        - the picture stands in a border that repeats its edge, as the usual crop reaches beyond
          it; the border itself is not counted
        - crop, stitching, rendering and paste-back are those of `liveportrait edit`; the crop is
          framed by the true keypoints, so that no face finder has a part in it

    Args:
        model: As it is loaded, with S.
        data: A rendered set of any size.

    Returns:
        `seam_error_255`: where the paste mask fades, that is inside the crop and outside of the
        mask's solid part, whatever is there: shoulders, hair, background. Pixels further out are
        copied and do not count.
        `outside_error_255`: in the whole crop, wherever the source shows neither head nor hair
        within `SILHOUETTE` (the turned outline may rightly come to lie there).
    """
    seams: list[float] = []
    outsides: list[float] = []
    for identity in range(len(data)):
        frame, tracker, head = _rendered_frame(data, identity)
        pictures, transform = edited(model, frame, tracker, TURNS)
        real = np.zeros(frame.shape[:2], bool)
        border = (len(frame) - data.size_px) // 2
        real[border : border + data.size_px, border : border + data.size_px] = True
        fade, inside = mask_parts(transform, model.preset.output_size_px, frame.shape[:2])
        for picture in pictures:
            change = np.abs(picture.astype(np.float32) - frame).mean(2)
            seams += _mean(change, fade & real)
            outsides += _mean(change, inside & real & ~head)
    return {
        "seam_error_255": float(np.mean(seams)) if seams else float("nan"),
        "outside_error_255": float(np.mean(outsides)) if outsides else float("nan"),
    }


def mask_parts(
    transform: CropTransform, output_px: int, size: tuple[int, ...]
) -> tuple[Mask, Mask]:
    """Where in a frame the paste mask fades, and where the crop lies, (H, W) each."""
    shape = (size[0], size[1])
    weight = frame_mask(transform, paste_mask(output_px).numpy(), shape)
    whole = frame_mask(transform, np.ones((output_px, output_px), np.float32), shape)
    return (weight > 0) & (weight < 1), whole >= 1


def _rendered_frame(data: RenderedSet, identity: int) -> tuple[Pixels, FaceTrack, Mask]:
    """An identity's most frontal frame in its border, its known face, and where its head is."""
    chosen = np.full(FRAMES, identity)
    yaw = data.frames(chosen, np.arange(FRAMES)).pose_deg[:, 1].abs()
    frames = np.array([int(yaw.argmin())])
    one = np.array([identity])
    shown = data.frames(one, frames)
    levels = (shown.image[0] * 255).round().byte().permute(1, 2, 0).numpy()
    border = round(SURROUNDINGS * data.size_px)
    frame = np.pad(levels, ((border, border), (border, border), (0, 0)), mode="edge")
    points = (shown.keypoints[0, :, :2].double().numpy() + 1) / 2 * data.size_px - 0.5 + border
    face = face_from_landmarks(Landmarks(points, COMPACT_21.name), 1.0)
    # an identity's pair k has its frame k + 1 as the source, whose regions come with it
    truth = data.pairs(one, (frames - 1) % FRAMES).truth
    assert truth is not None
    regions = (truth.source_regions[0, 0] >= HEAD_REGIONS).numpy().astype(np.uint8)
    size = (data.size_px, data.size_px)
    head = cv2.resize(regions, size, interpolation=cv2.INTER_NEAREST)
    reach = 2 * round(SILHOUETTE * data.size_px) + 1
    near = cv2.dilate(head, np.ones((reach, reach), np.uint8))
    outer = np.pad(near, border)
    return frame, FaceTrack(0, (face,)), outer > 0


def _mean(change: NDArray[np.float32], where: Mask) -> list[float]:
    """The mean change, or nothing where there is no such pixel."""
    return [float(change[where].mean())] if where.any() else []
