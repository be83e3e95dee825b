"""FID: the animated pictures of a set against the last pictures of FFHQ (App. A)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch

from liveportrait_core.animation.batching import ChunkSize, batched
from liveportrait_core.errors import LivePortraitError, MediaError
from liveportrait_core.imaging.tensors import Pixels, resize_pixels, tensor_from_pixels
from liveportrait_core.media.atomic import replacing
from liveportrait_core.media.images import read_image

from ..metrics.distribution import Gaussian, Moments, frechet_distance
from ..metrics.feature_extractors import FeatureExtractor, View
from .accumulator import SetAccumulator
from .report import Report, Result

CHUNK: Final = 8


@torch.inference_mode()
def add_fid(
    report: Report,
    totals: SetAccumulator,
    read: FeatureExtractor,
    pictures: Mapping[str, Path],
    *,
    size_px: int,
    statistics: Path | None = None,
) -> None:
    """Put the FID into a report, or the reason why it is unavailable.

    Args:
        report: Of cross-reenactment.
        totals: Holds the moments of the animated pictures.
        read: The Inception extractor.
        pictures: The real images by name.
        size_px: Side to which they are resized, as the animated ones are.
        statistics: Mean and covariance of the real pictures as `.npz` with `mu` and `sigma`, the
            form of pytorch-fid: read if the file exists, else computed and saved there.
    """
    try:
        if statistics is not None and statistics.is_file():
            real = load_statistics(statistics)
        else:
            real = _of_pictures(report, read, pictures, size_px)
            if statistics is not None:
                save_statistics(statistics, real)
        fake = totals.moments.gaussian()
        if fake.mean.shape != real.mean.shape:
            raise MediaError(
                f"The statistics hold {len(real.mean)} features; {len(fake.mean)}, as the "
                "Inception file gives, are expected. Name another file, or a new one."
            )
    except LivePortraitError as error:
        report.results["fid"] = Result(None, f"unavailable (needs other pictures: {error})")
        return
    report.facts["fid_real_pictures"] = real.count or "as in the statistics"
    report.facts["fid_pictures"] = fake.count
    report.results["fid"] = Result(frechet_distance(fake, real))


def load_statistics(path: Path) -> Gaussian:
    """A Gaussian from a `.npz` file with `mu` (D,) and `sigma` (D, D).

    Raises:
        MediaError: It is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            mean, covariance = (torch.from_numpy(arrays[name]).double() for name in ("mu", "sigma"))
            count = int(arrays["count"]) if "count" in arrays.files else 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(
            f"{path} holds no statistics of images ({error}); a .npz file with mu and sigma is "
            "expected. Name another, or one that does not exist yet."
        ) from error
    return Gaussian(mean, covariance, count)


def save_statistics(path: Path, gaussian: Gaussian) -> None:
    """Save a Gaussian as `load_statistics` reads it.

    Raises:
        MediaError: The file cannot be written.
    """
    with replacing(path) as part, part.open("wb") as file:
        np.savez(
            file,
            mu=gaussian.mean.numpy(),
            sigma=gaussian.covariance.numpy(),
            count=np.array(gaussian.count),
        )


def _of_pictures(
    report: Report, read: FeatureExtractor, pictures: Mapping[str, Path], size_px: int
) -> Gaussian:
    """The features of real pictures, whole; those that cannot be read are skipped."""
    moments = Moments()
    for batch in batched(pictures.items(), ChunkSize(CHUNK)):
        squares: list[Pixels] = []
        for name, path in batch:
            try:
                squares.append(resize_pixels(read_image(path).rgb, (size_px, size_px)))
            except LivePortraitError as error:
                report.skip(name, error)
        if squares:
            whole = torch.cat([tensor_from_pixels(square) for square in squares])
            moments.add(read(View(whole=whole, face=whole))[0])
    return moments.gaussian()
