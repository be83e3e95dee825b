"""Feature extractors: each turns images into features, which the measures compare.

One extractor serves every measure of its features and processes each image once. Where the user
did not bring an extractor's file, its measures report what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.errors import CheckpointError
from liveportrait_core.imaging.landmark_layouts import COMPACT_21
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.stages import extract_motion, transform_keypoints

from .face_similarity import aligned
from .inception import INPUT_PX, InceptionNetwork
from .lpips import LpipsNetwork
from .metric_files import METRIC_FILES, STATE_DICTS, open_network, open_state

Features = tuple[Tensor, ...]
"""(B, ...) each."""
FeatureExtractor = Callable[["View"], Features]
GAZE_PX: Final = 448
GAZE_BINS: Final = {90: (4.0, -180.0), 28: (3.0, -42.0)}
"""Bins of L2CS-Net (Gaze360, MPIIGaze): degrees a bin, and of the first one."""
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION: Final = (0.229, 0.224, 0.225)
SMIRK_PX: Final = 224
EXPRESSION_OUTPUTS: Final = ("expression_params", "eyelid_params", "jaw_params")
POSE_OUTPUT: Final = "pose_params"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Images as the extractors take them."""

    whole: Tensor
    """(B, 3, h, h) RGB in [0, 1]: what the paper compares."""
    face: Tensor
    """(B, 3, f, f): the face within, framed for the model of the keypoint extractor."""


class KeypointExtractor:
    """A compact model's M on the face: keypoints and pose, without further files."""

    def __init__(self, model: LivePortraitModel) -> None:
        """Takes the model's M.

        Args:
            model: A compact model whose face size is that of the views.
        """
        self._model = model

    def __call__(self, view: View) -> Features:
        """(B, K, 3) keypoints in crop units and (B, 3) pitch, yaw, roll in degrees."""
        motion = extract_motion(self._model, view.face.to(self._model.device))
        return transform_keypoints(motion).cpu(), motion.pose_deg.cpu()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractorSpec:
    """An extractor that needs files, and how it is made from them."""

    files: tuple[str, ...]
    """Of `METRIC_FILES`."""
    make: Callable[[list[Path], FeatureExtractor, torch.device], FeatureExtractor]


def load_extractors(
    folder: Path | None, motion: FeatureExtractor, *, device: torch.device | str = "cpu"
) -> dict[str, FeatureExtractor]:
    """Every extractor whose files exist.

    Args:
        folder: Holds files by the names of `METRIC_FILES`; None is no folder.
        motion: Extracts keypoints, a `KeypointExtractor`.
        device: Where LPIPS and FID's Inception run; `.onnx` files run on the CPU.

    Raises:
        CheckpointError: A file is there, but damaged or another network, or the folder is not.
    """
    if folder is not None and not folder.is_dir():
        raise CheckpointError(
            f"{folder} is no folder; one with networks for metrics is expected. Name it by "
            "--metric-files, or leave the option out."
        )
    extractors: dict[str, FeatureExtractor] = {
        "pixels": lambda view: (view.whole,),
        "motion": motion,
    }
    for name, needs in EXTRACTORS.items():
        paths = [METRIC_FILES[key].found_in(folder) for key in needs.files]
        found = [path for path in paths if path is not None]
        if len(found) == len(paths):
            extractors[name] = needs.make(found, motion, torch.device(device))
    return extractors


def missing_file(extractor: str, folder: Path | None) -> str | None:
    """What an extractor lacks, as a status; None where it lacks nothing."""
    needs = EXTRACTORS.get(extractor)
    lacking = [
        METRIC_FILES[key].needed_in(folder)
        for key in (needs.files if needs is not None else ())
        if METRIC_FILES[key].found_in(folder) is None
    ]
    return lacking[0] if lacking else None


def five_points(keypoints: Tensor) -> Tensor:
    """(B, 5, 2) eyes' centres, nose tip and lip corners of compact keypoints, crop units."""
    xy = keypoints[..., :2]
    eyes = [xy[:, list(eye)].mean(1) for eye in (COMPACT_21.left_eye, COMPACT_21.right_eye)]
    rest = [xy[:, point] for point in (C.NOSE_TIP, C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER)]
    return torch.stack((*eyes, *rest), 1)


def gaze_direction(yaw_deg: Tensor, pitch_deg: Tensor) -> Tensor:
    """(B, 3) unit vectors: x = -cos(pitch) sin(yaw), y = -sin(pitch), z = -cos(pitch) cos(yaw)."""
    yaw, pitch = torch.deg2rad(yaw_deg), torch.deg2rad(pitch_deg)
    flat = pitch.cos()
    return torch.stack((-flat * yaw.sin(), -pitch.sin(), -flat * yaw.cos()), 1)


def bins_to_degrees(logits: Tensor) -> Tensor:
    """(B,) expected angle of (B, 90) or (B, 28) bins, as L2CS-Net reads them.

    Raises:
        CheckpointError: Another number of bins.
    """
    bins = logits.shape[-1]
    if bins not in GAZE_BINS:
        raise CheckpointError(
            f"The L2CS file gives rows of {bins} numbers; yaw and pitch in 90 bins (Gaze360) or "
            "28 (MPIIGaze) are expected. Export it as docs/training.md says."
        )
    width, first = GAZE_BINS[bins]
    places = torch.arange(bins, dtype=torch.float32)
    return (logits.float().softmax(1) * places).sum(1) * width + first


def _resized(image: Tensor, size_px: int) -> Tensor:
    size = (size_px, size_px)
    return F.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=True)


def _lpips(paths: list[Path], motion: FeatureExtractor, device: torch.device) -> FeatureExtractor:
    del motion
    network = LpipsNetwork(*(open_state(path, device) for path in paths))
    return lambda view: network(view.whole.to(device))


def _inception(
    paths: list[Path], motion: FeatureExtractor, device: torch.device
) -> FeatureExtractor:
    del motion
    (path,) = paths
    if path.suffix in STATE_DICTS:
        network = InceptionNetwork(open_state(path, device))
        return lambda view: (network(view.whole.to(device)),)
    run = open_network(path, device, keywords={"return_features": True})

    def read(view: View) -> Features:
        levels = (view.whole * 255).round()
        if path.suffix == ".onnx":
            size = (INPUT_PX, INPUT_PX)
            levels = F.interpolate(levels, size=size, mode="bilinear", align_corners=False)
            found = run(levels / 127.5 - 1)
        else:
            found = run(levels.byte())
        return (next(iter(found.values())).flatten(1),)

    return read


def _arcface(paths: list[Path], motion: FeatureExtractor, device: torch.device) -> FeatureExtractor:
    run = open_network(paths[0], device)

    def read(view: View) -> Features:
        points = five_points(motion(view)[0])
        found = run(2 * aligned(view.face.cpu(), points) - 1)
        return (next(iter(found.values())).flatten(1),)

    return read


def _l2cs(paths: list[Path], motion: FeatureExtractor, device: torch.device) -> FeatureExtractor:
    del motion
    run = open_network(paths[0], device)

    def read(view: View) -> Features:
        mean, deviation = (
            view.face.new_tensor(row).view(3, 1, 1) for row in (IMAGENET_MEAN, IMAGENET_DEVIATION)
        )
        found = [*run((_resized(view.face, GAZE_PX) - mean) / deviation).values()]
        if len(found) < len(("yaw", "pitch")):
            raise CheckpointError(
                f"{paths[0]} has one output; the bins of yaw and pitch are expected. "
                "Export it as docs/training.md says."
            )
        # the order counts: exports are known to name yaw's output pitch
        return (gaze_direction(bins_to_degrees(found[0]), bins_to_degrees(found[1])),)

    return read


def _smirk(paths: list[Path], motion: FeatureExtractor, device: torch.device) -> FeatureExtractor:
    del motion
    run = open_network(paths[0], device)

    def read(view: View) -> Features:
        found = run(_resized(view.face, SMIRK_PX))
        missing = [name for name in (*EXPRESSION_OUTPUTS, POSE_OUTPUT) if name not in found]
        if missing:
            raise CheckpointError(
                f"{paths[0]} has no output {missing[0]}; SMIRK's encoder with its outputs by "
                "name is expected. Export it as docs/training.md says."
            )
        expression = torch.cat([found[name].flatten(1) for name in EXPRESSION_OUTPUTS], 1)
        return expression, found[POSE_OUTPUT].flatten(1)

    return read


EXTRACTORS: Final[Mapping[str, ExtractorSpec]] = {
    "lpips": ExtractorSpec(files=("alexnet", "lpips"), make=_lpips),
    "inception": ExtractorSpec(files=("inception",), make=_inception),
    "arcface": ExtractorSpec(files=("arcface",), make=_arcface),
    "l2cs": ExtractorSpec(files=("l2cs",), make=_l2cs),
    "smirk": ExtractorSpec(files=("smirk",), make=_smirk),
}
"""Extractors that need files."""
