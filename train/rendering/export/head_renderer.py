"""All frames and labels of one identity."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..animals.animal import is_animal, make_animal
from ..camera.backgrounds import Photo, bundled_photos
from ..cartoon.cartoon import make_character
from ..frames.labels import (
    DenseLabels,
    canonical_keypoints,
    dense_labels,
    head_rotation,
    openings,
    posed_keypoints,
)
from ..frames.scene import Frame, Scene
from ..head.head_model import HeadModel
from ..motion_sampler import HeadMotion, MotionSampler
from ..people.identity import Identity
from ..people.occluders import with_occluder
from ..raster.kernels import NUMBA, Kernels
from ..skin.face_chart import FaceChart, chart_face

Arrays = dict[str, npt.NDArray[Any]]


class HeadRenderer:
    """Renders identities of one face model at one size."""

    def __init__(
        self,
        head: HeadModel,
        size_px: int,
        animals: float = 0.0,
        kernels: Kernels = NUMBA,
    ) -> None:
        """Prepare what all identities share.

        Args:
            head: the face model.
            size_px: width and height of the pictures.
            animals: share of the identities that are animals.
            kernels: what draws.
        """
        self._animals = animals
        self._head = head
        self._chart: FaceChart = chart_face(head)
        self._photos: list[Photo] = bundled_photos()
        self._scene = Scene(head, size_px, kernels)
        self._sampler = MotionSampler(head.expression_names)

    def render_identity(self, seed: int, number: int) -> Arrays:
        """All frames and labels of one identity.

        Returns:
            image (3, S, S, 3) uint8 RGB; keypoints (3, 21, 3), canonical (21, 3) crop units;
            rotation (3, 3, 3), rows are points; pose_deg (3, 3) pitch, yaw, roll with
            rotation = (Rz Ry Rx)^T; gaze_deg (3, 2) pitch, yaw of the eyes in the head, turning
            likewise; eyes_open (3, 2) and lip_open (3, 1) as `openings` measures them;
            flow (3, S/2, S/2, 2) float16, where the point at each pixel of frame k is in frame
            (k + 1) % 3, crop units; visible (3, S/2, S/2) whether it is seen there;
            regions (3, S/2, S/2) uint8, values of `Region`; depth (3, S/2, S/2) float16, z of
            what is seen, as that of keypoints, 0 in the background.
        """
        identity, motions = self._cast(seed, number)
        frames, dense = self._draw(identity, motions)
        keypoints = np.stack([posed_keypoints(self._head, frame) for frame in frames])
        eyes_open, lip_open = openings(keypoints)
        return {
            "image": np.stack([frame.image for frame in frames]),
            "keypoints": keypoints,
            "canonical": canonical_keypoints(self._head, identity),
            "rotation": np.stack([head_rotation(motion) for motion in motions]),
            "pose_deg": np.stack([motion.pose_deg for motion in motions]),
            "gaze_deg": np.stack([motion.gaze_deg for motion in motions]),
            "eyes_open": eyes_open,
            "lip_open": lip_open,
            "flow": np.stack([labels.flow for labels in dense]),
            "visible": np.stack([labels.visible for labels in dense]),
            "regions": np.stack([labels.regions for labels in dense]),
            "depth": np.stack([labels.depth for labels in dense]),
        }

    def poses_deg(self, seed: int, number: int) -> npt.NDArray[np.float32]:
        """(3, 3) `pose_deg` of `render_identity`, and nothing drawn."""
        _, motions = self._cast(seed, number)
        return np.stack([motion.pose_deg for motion in motions])

    def _cast(self, seed: int, number: int) -> tuple[Identity, list[HeadMotion]]:
        """An identity and what it does in its frames."""
        random = np.random.default_rng([seed, number])
        make = make_animal if is_animal(seed, number, self._animals) else make_character
        identity = make(self._head, self._chart, self._photos, random)
        identity = with_occluder(identity, self._chart.chin_y, random)
        first, second = self._sampler.draw(random), self._sampler.draw(random)
        return identity, [first, second, self._sampler.draw_same_pose(second, random)]

    def _draw(
        self, identity: Identity, motions: list[HeadMotion]
    ) -> tuple[list[Frame], list[DenseLabels]]:
        frames = [self._scene.draw(identity, motion) for motion in motions]
        following = [*frames[1:], frames[0]]
        pairs = zip(frames, following, strict=True)
        kernels = self._scene.kernels
        return frames, [dense_labels(identity, frame, after, kernels) for frame, after in pairs]
