"""The seven networks against `nets.npz`: every case, and the inner steps that it keeps.

Tolerances are those of the goldens' README, section 3; statistics have the tolerance of the
values they summarise. Pictures are compared by their largest and by their mean difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from liveportrait_core import stages
from liveportrait_core.checkpoints.keymaps import (
    ENTRY_OF_NETWORK,
    FILE_OF_NETWORK,
    OURS_TO_PUBLISHED,
    RETARGETING_FILE,
    SPECTRAL,
)
from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.rotation import degrees_from_bins
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.networks.dense_motion import (
    candidate_flows,
    heatmap_difference,
    identity_grid,
    sample_each_candidate,
)
from liveportrait_core.networks.outputs import MotionHeads, Warped

from ..fill import checksum, published_shapes, published_state, uniform
from ..golden import Comparison, GoldenFolder, largest_difference, mean_difference
from .faces import read_face
from .weights import full_size_model, salt_of

Arrays = dict[str, np.ndarray]

FEATURES, FIELDS, KEYPOINTS, DEGREES, POSE_LOGITS, HEADS = 1e-3, 1e-4, 1e-5, 1e-3, 1e-3, 1e-4
PICTURE, PICTURE_MEAN = 1e-3, 1e-4
PIXELS, PIXELS_MEAN = 3.0, 0.1
EXACT = 0.0


@torch.no_grad()
def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Every array of `nets.npz`; nothing when the folder has none."""
    if not folder.has("nets.npz"):
        return
    yield from _Run(folder).all()


class _Run:
    """One pass over the cases, keeping the features that later cases start from."""

    def __init__(self, folder: GoldenFolder) -> None:
        self.folder = folder
        self.golden = folder.arrays("nets.npz")
        self.about: dict[str, Any] = json.loads((folder.path / "nets.json").read_text())
        self.salt = salt_of(folder)
        self.model: LivePortraitModel = full_size_model(self.salt)
        self.volumes: dict[int, Tensor] = {}
        self.features: dict[int, Tensor] = {}

    def all(self) -> Iterator[Comparison]:
        yield from self.weights()
        yield from self.appearance()
        yield from self.motion()
        yield from self.warping()
        yield from self.decoder()
        yield from self.sigmas()
        yield from self.small_networks()
        yield from self.end_to_end()

    def near(self, quantity: str, key: str, ours: Any, tolerance: float) -> Iterator[Comparison]:
        """One array of the file, if this set has it."""
        if key in self.golden:
            error = largest_difference(ours, self.golden[key])
            yield Comparison(quantity, key, error, tolerance)

    def weights(self) -> Iterator[Comparison]:
        for network, crc in _wanted_checksums(self.about):
            prefix = "" if network in FILE_OF_NETWORK else "module."
            same = checksum(published_state(network, salt=self.salt), prefix) == crc
            yield Comparison("weights crc32", network, 0.0 if same else float("inf"), EXACT)
        if self.folder.has("checkpoint_layout.json"):
            layout = json.loads((self.folder.path / "checkpoint_layout.json").read_text())
            for network, shapes in published_shapes().items():
                same = _listed_shapes(layout, network) == shapes
                yield Comparison("keys and shapes", network, 0.0 if same else float("inf"), EXACT)

    def appearance(self) -> Iterator[Comparison]:
        faces = [read_face(self.folder, name) for name in self.about["F_images"]]
        for i, face in enumerate(faces):
            volume = stages.extract_appearance(self.model, face)
            self.volumes[i] = volume
            yield from self.near("F volume", f"F.{i}.sub", _volume_sub(volume), FEATURES)
            yield from self.near("F statistics", f"F.{i}.stats", _stats(volume), FEATURES)
            means = {
                "channel_mean": volume.mean((0, 2, 3, 4)),
                "depth_mean": volume.mean((0, 1, 3, 4)),
            }
            for name, value in means.items():
                yield from self.near("F statistics", f"F.{i}.{name}", value, FEATURES)
        pair = stages.extract_appearance(self.model, torch.cat(faces[1:3]))
        alone = torch.cat((self.volumes[1], self.volumes[2]))
        yield Comparison("F batch of 2", "F.1, F.2", largest_difference(pair, alone), FEATURES)
        made = uniform("in|F|random", (1, 3, 256, 256), self.salt)
        volume = stages.extract_appearance(self.model, _tensor(0.5 * made + 0.5))
        yield from self.near("F volume", "F.random.sub", _volume_sub(volume), FEATURES)
        yield from self.near("F statistics", "F.random.stats", _stats(volume), FEATURES)

    def motion(self) -> Iterator[Comparison]:
        faces = [read_face(self.folder, name) for name in self.about["M_images"]]
        for i, face in enumerate(faces):
            heads: MotionHeads = self.model.motion(face)
            for theirs, ours in _HEADS.items():
                tolerance = POSE_LOGITS if theirs in ("pitch", "yaw", "roll") else HEADS
                value = getattr(heads, ours)
                yield from self.near(f"M raw {theirs}", f"M.{i}.raw.{theirs}", value, tolerance)
            trunk = self.model.motion.get_submodule("trunk")
            yield from self.near("M features", f"M.{i}.features", trunk(face), FEATURES)
            yield from self.refined(i, face, heads)
        num = self.golden["M.batch_all.kp"].shape[0]
        heads = self.model.motion(torch.cat(faces[:num]))
        yield from self.near("M batch", "M.batch_all.kp", heads.canonical, HEADS)
        yield from self.near("M batch", "M.batch_all.exp", heads.expression, HEADS)

    def refined(self, i: int, face: Tensor, heads: MotionHeads) -> Iterator[Comparison]:
        case = f"M.{i}.refined"
        for angle in ("pitch", "yaw", "roll"):
            degrees = degrees_from_bins(getattr(heads, angle))[:, None]
            yield from self.near("M degrees", f"{case}.{angle}", degrees, DEGREES)
        motion = stages.extract_motion(self.model, face)
        assert motion.canonical is not None
        for name, value in (
            ("t", motion.translation),
            ("exp", motion.expression),
            ("scale", motion.scale),
            ("kp", motion.canonical),
        ):
            yield from self.near("M refined", f"{case}.{name}", value, HEADS)
        keypoints = transform_keypoints(motion)
        yield from self.near("M rotation", f"M.{i}.R", motion.rotation, KEYPOINTS)
        yield from self.near("M keypoints", f"M.{i}.x_s", keypoints, KEYPOINTS)
        yield from self.near("M keypoints", f"M.{i}.x_s_from_raw", keypoints, KEYPOINTS)

    def warping_input(self, i: int) -> Tensor:
        """The README's table of W's volumes."""
        if i == 1:
            return _tensor(1.5 * uniform("in|W|1|feature_3d", (1, 32, 16, 64, 64), self.salt))
        if i == 3:
            return torch.cat((self.volumes[2], self.volumes[3]))
        return self.volumes[1 if i == 2 else 0]

    def warping(self) -> Iterator[Comparison]:
        for i in range(5):
            case = f"W.{i}"
            volume = self.warping_input(i)
            source, driving = (
                _tensor(self.golden[f"{case}.{name}"]) for name in ("kp_source", "kp_driving")
            )
            with _Spy(self.model.warping, "dense_motion", "project") as seen:
                warped = stages.warp(self.model, volume, source, driving)
            if i in (0, 2):
                self.features[i] = warped.features
            mask = seen["dense_motion"].mask
            yield from self.warped(case, warped, mask)
            if i == 1:
                yield from self.dense_motion_steps(volume, source, driving, seen["project"])

    def warped(self, case: str, warped: Warped, mask: Tensor) -> Iterator[Comparison]:
        flow, out = warped.flow, warped.features
        for quantity, name, ours, tolerance in (
            ("W occlusion", "occlusion_map", warped.occlusion, FIELDS),
            ("W flow", "deformation_sub", flow[:, ::5, ::4, ::4], FIELDS),
            ("W statistics of flow", "deformation_stats", _stats(flow), FIELDS),
            ("W statistics of flow", "deformation_axis_mean", flow.mean((0, 1, 2, 3)), FIELDS),
            ("W mask", "mask_sub", mask[:, :, ::5, ::8, ::8], FIELDS),
            ("W mask", "mask_mean", mask.mean((0, 2, 3, 4)), FIELDS),
            ("W features", "out_sub", out[:, ::8, ::4, ::4], FEATURES),
            ("W statistics", "out_stats", _stats(out), FEATURES),
            ("W statistics", "out_channel_mean", out.mean((0, 2, 3)), FEATURES),
        ):
            yield from self.near(quantity, f"{case}.{name}", ours, tolerance)

    def dense_motion_steps(
        self, volume: Tensor, source: Tensor, driving: Tensor, projected: Tensor
    ) -> Iterator[Comparison]:
        """What W computes on the way, by the same functions that its forward calls."""
        net = self.model.warping.get_submodule("dense_motion")
        compressed = net.get_submodule("compress")(volume)
        flows = candidate_flows(identity_grid(volume), source, driving)
        moved = sample_each_candidate(compressed, flows)
        heat = heatmap_difference(source, driving, volume)[:, :, None]
        seen = torch.cat((heat, moved), 2).flatten(1, 2)
        hourglass = net.get_submodule("hourglass")(seen)
        for name, ours, tolerance in (
            ("compressed_sub", compressed[:, :, ::5, ::8, ::8], FEATURES),
            ("sparse_motion_sub", flows[:, :, ::5, ::16, ::16], FIELDS),
            ("deformed_sub", moved[:, :, :, ::5, ::16, ::16], FEATURES),
            ("heatmap_sub", heat[:, :, :, ::5, ::8, ::8], FIELDS),
            ("hourglass_out_sub", hourglass[:, ::4, ::5, ::8, ::8], FEATURES),
            ("third_sub", projected[:, ::8, ::8, ::8], FEATURES),
        ):
            yield from self.near(f"W {name[:-4]}", f"W.1.debug.{name}", ours, tolerance)

    def decoder(self) -> Iterator[Comparison]:
        made = uniform("in|G|1|feature", (1, 256, 64, 64), self.salt)
        inputs = {0: self.features[0], 1: _tensor(1.5 * made), 2: self.features[2]}
        for i, features in inputs.items():
            nowhere = features.new_zeros(())
            warped = Warped(features=features, flow=nowhere, occlusion=nowhere)
            with _Spy(self.model.decoder, "stem", "middle.0", "middle.5", "up.0", "up.1") as seen:
                picture = self.model.decoder(warped)
            yield from self.picture(f"G.{i}", "G", picture)
            if i == 1:
                for name, part, stride, channels in _DECODER_STEPS:
                    ours = seen[part][:, ::channels, ::stride, ::stride]
                    yield from self.near("G inner steps", f"G.1.debug.{name}", ours, FEATURES)

    def picture(self, case: str, of: str, picture: Tensor) -> Iterator[Comparison]:
        mean_std = torch.stack((picture.mean((0, 2, 3)), picture.std((0, 2, 3), correction=0)))
        for name, ours in (
            ("every8", picture[:, :, ::8, ::8]),
            ("every8_off3", picture[:, :, 3::8, 5::8]),
            ("block16_mean", F.avg_pool2d(picture, 16)),
        ):
            key = f"{case}.{name}"
            yield from self.near(f"{of} picture", key, ours, PICTURE)
            error = mean_difference(ours, self.golden[key])
            yield Comparison(f"{of} picture, mean", key, error, PICTURE_MEAN)
        yield from self.near(f"{of} statistics", f"{case}.stats", _stats(picture), PICTURE)
        yield from self.near(f"{of} statistics", f"{case}.channel_mean_std", mean_std, PICTURE)

    def sigmas(self) -> Iterator[Comparison]:
        """Published weight_orig over our folded weight, in sorted order of module names."""
        state = published_state("decoder", salt=self.salt)
        ours = self.model.decoder.state_dict()
        table = {theirs: name for name, theirs in OURS_TO_PUBLISHED["decoder"].items()}
        sigmas: list[float] = []
        for prefix in sorted(SPECTRAL):
            key = f"{prefix}weight_orig"
            original = state[key].double()
            sigmas.append(float(original.norm() / ours[table[key]].double().norm()))
        yield from self.near("G sigma", "G.sigma", np.array(sigmas), 1e-5)

    def small_networks(self) -> Iterator[Comparison]:
        model = self.model
        for theirs, net in (
            ("stitching", model.stitching),
            ("lip", model.lip),
            ("eye", model.eyes),
        ):
            assert net is not None
            row = _tensor(self.golden[f"S.{theirs}.in"])
            yield from self.near("S, R_lip, R_eyes", f"S.{theirs}.out", net(row), KEYPOINTS)
        for i in range(3):
            case = f"wrap.{i}"
            source, driving, eyes, lip = (
                _tensor(self.golden[f"{case}.{name}"])
                for name in ("x_s", "x_d", "eye_ratio", "lip_ratio")
            )
            for name, ours in (
                ("stitched", stages.stitch(model, source, driving)),
                ("eye_delta", stages.retarget_eyes(model, source, eyes)),
                ("lip_delta", stages.retarget_lip(model, source, lip)),
            ):
                yield from self.near(f"{name} keypoints", f"{case}.{name}", ours, KEYPOINTS)

    def end_to_end(self) -> Iterator[Comparison]:
        for i in range(len(self.about["E2E_images"])):
            case = f"E2E.{i}"
            source, driving = (
                _tensor(self.golden[f"{case}.{name}"]) for name in ("kp_source", "kp_driving")
            )
            warped = stages.warp(self.model, self.volumes[i], source, driving)
            picture = self.model.decoder(warped)
            yield from self.picture(case, "E2E", picture)
            yield from self.near("E2E occlusion", f"{case}.occlusion_map", warped.occlusion, FIELDS)
            pixels = pixels_from_tensor(picture, truncate=True)[0, ::4, ::4]
            key = f"{case}.uint8_every4"
            yield from self.near("E2E pixels", key, pixels, PIXELS)
            error = mean_difference(pixels, self.golden[key])
            yield Comparison("E2E pixels, mean", key, error, PIXELS_MEAN)


_HEADS = {
    "pitch": "pitch",
    "yaw": "yaw",
    "roll": "roll",
    "t": "translation",
    "exp": "expression",
    "scale": "scale",
    "kp": "canonical",
}
_DECODER_STEPS = (
    ("fc_sub", "stem", 8, 16),
    ("middle0_sub", "middle.0", 8, 16),
    ("middle5_sub", "middle.5", 8, 16),
    ("up0_sub", "up.0", 16, 16),
    ("up1_sub", "up.1", 32, 4),
)
"""Array, our module, stride of the plane, stride of the channels."""


class _Spy(dict[str, Any]):
    """The outputs of some submodules during one forward, by their names."""

    def __init__(self, net: nn.Module, *names: str) -> None:
        super().__init__()
        self._handles = [
            net.get_submodule(name).register_forward_hook(self._keeper(name)) for name in names
        ]

    def _keeper(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def keep(_net: nn.Module, _inputs: Any, output: Any) -> None:
            self[name] = output

        return keep

    def __enter__(self) -> _Spy:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()


def _wanted_checksums(about: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = {f"{stem}.pth": network for network, stem in FILE_OF_NETWORK.items()}
    names |= {entry: network for network, entry in ENTRY_OF_NETWORK.items()}
    for name, crc in about["weights_crc32"].items():
        yield names[name], crc


def _listed_shapes(layout: dict[str, Any], network: str) -> dict[str, tuple[int, ...]]:
    if network in FILE_OF_NETWORK:
        keys = layout[f"{FILE_OF_NETWORK[network]}.pth"]["keys"]
    else:
        keys = layout[f"{RETARGETING_FILE}.pth"]["top_level"][ENTRY_OF_NETWORK[network]]["keys"]
    return {key.removeprefix("module."): tuple(entry["shape"]) for key, entry in keys.items()}


def _volume_sub(volume: Tensor) -> Tensor:
    return volume[:, ::4, ::5, ::4, ::4]


def _stats(value: Tensor) -> list[float]:
    wide = value.double()
    return [float(x) for x in (wide.mean(), wide.std(correction=0), wide.min(), wide.max())]


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(array, np.float32))
