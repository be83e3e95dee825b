"""Draw the frames of an identity and their dense labels with torch, on a CPU or a GPU.

It gives what `Scene.draw` and `dense_labels` give, within rounding; numba is faster on a CPU.
"""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ..arrays import FloatArray
from ..head.head_model import HeadModel
from ..motion_sampler import HeadMotion
from ..noise import make_noise
from ..people.identity import Identity
from ..raster import torch_kernels as kernels
from ..raster.occlusion import light_axes
from ..raster.rasterise import EMPTY_DEPTH
from ..regions import Region
from ..rotations import crop_to_model, rotation_from_angles
from .labels import LABEL_SHRINK, SAME_SURFACE, DenseLabels
from .scene import (
    EYE_SIDES,
    FIBRES_PX,
    HALF_VIEW,
    LIP_GAP_LIT,
    MOUTH_DARKEST,
    NECK_FOLLOWS_Y,
    NECK_STILL_Y,
    PIVOT,
    SHUT_EYE_BACK,
    SHUT_EYE_DARK,
    SUPERSAMPLING,
    Frame,
    Scene,
)

MOST_FLOW: Final = 60000.0
"""Flow is stored in half floats."""


def find_device(name: str) -> torch.device:
    """A device that torch can draw on, by name.

    Raises:
        ValueError: there is no such device.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    kind = None if device is None else device.type
    there = kind == "cpu" or (kind == "cuda" and torch.cuda.is_available())
    if device is None or not there:
        usable = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise ValueError(
            f"PyTorch {torch.__version__} sees no device {name}. "
            f"Choose one of {usable}, or name none to draw with numba."
        )
    return device


class _Mesh:
    """An identity on the device."""

    def __init__(self, identity: Identity, device: torch.device) -> None:
        def tensor(array: npt.NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        self.identity = identity
        self.neutral = tensor(identity.neutral)
        self.eye_centres = {name: tensor(at) for name, at in identity.eye_centres.items()}
        self.warp = None
        if identity.warp is not None:
            self.warp = (tensor(identity.warp.points), tensor(identity.warp.jacobian))
        self.bound_vertices = tensor(identity.bound.vertices)
        self.bound_weights = tensor(identity.bound.weights)
        self.attached, self.torso = tensor(identity.attached), tensor(identity.torso)
        self.occluder = tensor(identity.occluder)
        self.triangles = tensor(identity.triangles).long()
        self.one_sided = tensor(identity.one_sided).bool()
        self.following = tensor(identity.following).long()
        self.kinds = tensor(identity.kinds)
        self.gloss, self.openness = tensor(identity.gloss), tensor(identity.openness)
        self.albedo, self.places = tensor(identity.albedo), tensor(identity.places)
        self.texture = tensor(identity.texture)
        self.lights = tensor(identity.lighting.lights)
        self.ambient = tensor(identity.lighting.ambient)
        self.light_axes = tensor(light_axes(identity.lighting.lights[0, :3]))
        table = np.append(identity.regions, np.uint8(Region.BACKGROUND))  # -1 picks the last
        self.regions = tensor(table)


class TorchScene(Scene):
    """Draws all frames of an identity at once."""

    def __init__(self, head: HeadModel, size_px: int, device: torch.device) -> None:
        """Bring what all identities share to the device.

        Args:
            head: the face model.
            size_px: width and height of the pictures.
            device: where to draw.
        """
        super().__init__(head, size_px)
        self._device = device
        offsets = head.expressions
        lengths = torch.from_numpy(np.diff(offsets.starts)).long()
        self._row_shapes = torch.arange(len(lengths)).repeat_interleave(lengths).to(device)
        self._row_vertices = self._tensor(offsets.indices).long()
        self._row_offsets = self._tensor(offsets.offsets)
        self._fibre = self._tensor(make_noise(FIBRES_PX).fibres)

    def _tensor(self, array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def draw(self, identity: Identity, motion: HeadMotion) -> Frame:
        """Pose, light, project and rasterise one frame."""
        return self.render(identity, [motion])[0][0]

    @torch.no_grad()
    def render(
        self, identity: Identity, motions: Sequence[HeadMotion]
    ) -> tuple[list[Frame], list[DenseLabels]]:
        """All frames, and the labels of each with its flow into the next (the last's: the first).

        Args:
            identity: who is drawn.
            motions: what they do in each frame.
        """
        mesh = _Mesh(identity, self._device)
        weights = np.stack([self._with_lids(motion) for motion in motions])
        deformed = self._deform_all(mesh, weights, motions)
        points = self._pose_all(mesh, deformed, motions)
        values = self._light_all(mesh, points, motions)
        values[..., :6] *= self._shadow(points, deformed, weights)[..., None]
        projected, magnifications = self._project_all(mesh, points, motions)
        wide = self.size_px * SUPERSAMPLING
        screen = _to_pixels(projected, wide)
        depth, nearest = kernels.rasterise(screen, mesh.triangles, mesh.one_sided, wide)
        linear = self._shade(mesh, screen, nearest, values).cpu().numpy()
        arrays = [array.cpu().numpy() for array in (projected, depth, nearest.int())]
        images = [
            self.develop(identity, picture, far, near, motion)
            for picture, far, near, motion in zip(linear, *arrays[1:], motions, strict=True)
        ]
        frames = [
            Frame(image, places, far, near, magnification, identity.camera_distance)
            for image, places, far, near, magnification in zip(
                images, *arrays, magnifications, strict=True
            )
        ]
        return frames, self._labels(mesh, projected, depth, nearest)

    def _deform_all(
        self, mesh: _Mesh, weights: FloatArray, motions: Sequence[HeadMotion]
    ) -> Tensor:
        """Neutral vertices with each frame's expression and gaze, (F, V, 3)."""
        used = self._tensor(np.any(weights != 0, axis=0))[self._row_shapes]
        rows = self._tensor(weights)[:, self._row_shapes[used], None] * self._row_offsets[used]
        points = mesh.neutral.repeat(len(motions), 1, 1)
        points.index_add_(1, self._row_vertices[used], rows)
        gazes = [(float(motion.gaze_deg[0]), float(motion.gaze_deg[1])) for motion in motions]
        turned = [crop_to_model(rotation_from_angles(pitch, yaw, 0)) for pitch, yaw in gazes]
        turns = self._tensor(np.stack(turned))
        for name, centre in mesh.eye_centres.items():
            vertices = self._tensor(self.head.parts[name])
            blink = weights[:, self.head.expression_index("eyeBlink" + EYE_SIDES[name])]
            back = points.new_zeros((len(motions), 1, 3))
            back[:, 0, 2] = self._tensor(-SHUT_EYE_BACK * np.minimum(blink, 1))
            points[:, vertices] = (mesh.neutral[vertices] - centre) @ turns.mT + centre + back
        if mesh.warp is None:
            return points
        bent, jacobian = mesh.warp
        return bent + torch.einsum("nij,fnj->fni", jacobian, points - mesh.neutral)

    def _pose_all(self, mesh: _Mesh, deformed: Tensor, motions: Sequence[HeadMotion]) -> Tensor:
        """All points, (F, N, 3): the head and what follows it turned, torso and occluder not."""
        count = len(motions)
        torso_turns = [rotation_from_angles(0, motion.torso_yaw_deg, 0) for motion in motions]
        steps = [motion.occluder_shift * mesh.identity.restless for motion in motions]
        bound = torch.einsum("bk,fbkc->fbc", mesh.bound_weights, deformed[:, mesh.bound_vertices])
        attached = mesh.attached.expand(count, -1, -1)
        turning = torch.cat([deformed, bound, attached], dim=1)
        pivot = self._tensor(PIVOT)
        local = turning - pivot
        share = (turning[..., 1:2] - NECK_STILL_Y) / (NECK_FOLLOWS_Y - NECK_STILL_Y)
        turned = local @ self._head_turns(motions).mT - local
        still = [
            mesh.torso @ self._tensor(np.stack(torso_turns)).mT,
            mesh.occluder + self._tensor(np.stack(steps).astype(np.float32))[:, None],
        ]
        return torch.cat([turning + share.clamp(0, 1) * turned, *still], dim=1)

    def _head_turns(self, motions: Sequence[HeadMotion]) -> Tensor:
        """(F, 3, 3) columns are points, model axes."""
        turns = [
            crop_to_model(rotation_from_angles(*(float(a) for a in motion.pose_deg)))
            for motion in motions
        ]
        return self._tensor(np.stack(turns))

    def _light_all(self, mesh: _Mesh, points: Tensor, motions: Sequence[HeadMotion]) -> Tensor:
        """What pixels interpolate, (F, N, VALUES)."""
        normals = kernels.vertex_normals(points, mesh.triangles)
        fibres = points[:, mesh.following] - points
        fibres = fibres / (fibres.norm(dim=2, keepdim=True) + 1e-6)
        share = torch.ones_like(points[..., :1])
        hardness = mesh.identity.lighting.hardness
        if hardness > 0:
            lit_share = kernels.key_light_share(points, mesh.triangles, mesh.light_axes)
            share = 1 + hardness * (lit_share[..., None] - 1)
        fixed = torch.cat([mesh.gloss, mesh.openness[:, None]], dim=1)
        surfaces = torch.cat([fixed.expand(len(points), -1, -1), share], dim=2)
        up = self._head_turns(motions)[:, :, 1]
        lit = kernels.light_vertices(
            normals, fibres, mesh.kinds, surfaces, up, mesh.lights, mesh.ambient
        )
        own = torch.cat([mesh.albedo, mesh.places], dim=1)
        return torch.cat([lit, own.expand(len(points), -1, -1)], dim=2)

    def _shadow(self, points: Tensor, deformed: Tensor, weights: FloatArray) -> Tensor:
        """Share of light on each vertex, (F, N), where lips and lids nearly cover it."""
        share = torch.ones_like(points[..., 0])
        upper, lower = (deformed[:, vertex] for vertex in self._lip_pair)
        gap = ((upper - lower).norm(dim=1, keepdim=True) / LIP_GAP_LIT).clamp(max=1)
        share[:, self._tensor(self._mouth)] = MOUTH_DARKEST + (1 - MOUTH_DARKEST) * gap
        for name, side in EYE_SIDES.items():
            shut = weights[:, self.head.expression_index("eyeBlink" + side)]
            dark = 0.85 * np.clip((shut - SHUT_EYE_DARK) / (1 - SHUT_EYE_DARK), 0, 1)
            vertices = self._tensor(self.head.parts[name])
            share[:, vertices] = self._tensor((1 - dark).astype(np.float32))[:, None]
        return share

    def _project_all(
        self, mesh: _Mesh, points: Tensor, motions: Sequence[HeadMotion]
    ) -> tuple[Tensor, list[float]]:
        """Perspective projection to crop units (F, N, 3), and each frame's magnification."""
        identity = mesh.identity
        zoom = np.array([motion.zoom for motion in motions])
        magnification = identity.scale * zoom / HALF_VIEW
        distance = identity.camera_distance - points[..., 2:]
        enlarge = (magnification * identity.camera_distance).astype(np.float32)
        near = self._tensor(enlarge)[:, None, None] / distance
        shift = np.stack([2 * (identity.shift + motion.shift) for motion in motions])
        steps = self._tensor(shift.astype(np.float32))[:, None]
        flat = points[..., :2] * points.new_tensor([1, -1]) * near
        first = points.shape[1] - len(mesh.occluder)
        before = flat[:, first:] / self._tensor(zoom.astype(np.float32))[:, None, None]
        before = before + self._tensor((2 * identity.shift).astype(np.float32))
        flat = torch.cat([flat[:, :first] + steps, before], dim=1)
        return torch.cat([flat, distance], dim=2), [float(m) for m in magnification]

    def _shade(self, mesh: _Mesh, screen: Tensor, nearest: Tensor, values: Tensor) -> Tensor:
        """Linear light of the pictures, (F, S, S, 3)."""
        wide = nearest.shape[1]
        canvas = self._tensor(cv2.resize(mesh.identity.background, (wide, wide)))
        canvas = canvas.expand(len(nearest), -1, -1, -1).clone()
        found, covered = kernels.interpolate(screen, mesh.triangles, nearest, values)
        kinds = mesh.kinds[mesh.triangles[nearest[covered], 0]]
        canvas[covered] = kernels.shade_pixels(found, kinds, mesh.texture, self._fibre)
        small = functional.avg_pool2d(canvas.permute(0, 3, 1, 2), SUPERSAMPLING)
        return small.permute(0, 2, 3, 1).contiguous()

    def _labels(
        self, mesh: _Mesh, projected: Tensor, depth: Tensor, nearest: Tensor
    ) -> list[DenseLabels]:
        """Labels of all frames; each flows into the next, the last into the first."""
        wide = depth.shape[1]
        size = wide // (SUPERSAMPLING * LABEL_SHRINK)
        screen = _to_pixels(projected, size)
        _, shown = kernels.rasterise(screen, mesh.triangles, mesh.one_sided, size)
        centres = (
            torch.arange(size, dtype=torch.float32, device=depth.device) + 0.5
        ) / size * 2 - 1
        target = torch.full((*shown.shape, 3), EMPTY_DEPTH, device=depth.device)
        target[..., 0], target[..., 1] = centres, centres[:, None]
        found, covered = kernels.interpolate(
            screen, mesh.triangles, shown, projected.roll(-1, dims=0)
        )
        target[covered] = found
        regions, wide_regions = mesh.regions[shown], mesh.regions[nearest]
        pixels = torch.cat([(target[..., :2] + 1) * (wide / 2), target[..., 2:]], dim=3)
        seen = kernels.seen_from(
            pixels, regions, depth.roll(-1, dims=0), wide_regions.roll(-1, dims=0), SAME_SURFACE
        )
        flow = target[..., :2].clamp(-MOST_FLOW, MOST_FLOW).half()
        arrays = [array.cpu().numpy() for array in (flow, seen, regions)]
        return [
            DenseLabels(*of_frame) for of_frame in zip(arrays[0], arrays[1], arrays[2], strict=True)
        ]


def _to_pixels(points: Tensor, size_px: int) -> Tensor:
    """Crop units (F, N, 3) to pixels of a picture of the given size; z stays."""
    return torch.cat([(points[..., :2] + 1) * (size_px / 2), points[..., 2:]], dim=2)
