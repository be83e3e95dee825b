"""Windows about mouths: those with green teeth are left out, and how windows are changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.motion.regions import COMPACT_MIRROR
from liveportrait_core.networks.compact.mouth import MouthView
from liveportrait_core.networks.compact.tone import luminance_of

from ..engine.draw import Draw
from .augment import MIRRORED_SHARE
from .part_windows import PartWindows, WindowKind, lights, tints

MouthWindows = PartWindows[MouthView]
LEAST_OPEN_PX = 40
"""Pixels of an inner mouth whose colour counts."""


def have_green_teeth(windows: MouthWindows) -> Tensor:
    """(B,) whether the bright half of a true inner mouth has more green than red.

    Teeth never have, but for colours that were changed: where skin becomes neutral, they become
    green or blue, and a portrait's teeth should not.

    Args:
        windows: In numbers.
    """
    truth, inside = windows.truth, windows.inside
    size = inside.sum((1, 2, 3), keepdim=True)
    luminance = luminance_of(truth)
    mean = (luminance * inside).sum((1, 2, 3), keepdim=True) / size.clamp(min=1)
    red, green, _ = (truth * inside * (luminance >= mean)).sum((2, 3)).unbind(1)
    return (green > red) & (size[:, 0, 0, 0] >= LEAST_OPEN_PX)


MOUTH_WINDOWS: Final = WindowKind(
    name="mouth", view=MouthView, left_out=have_green_teeth, reason="have green teeth"
)


def changed_mouths(windows: MouthWindows, draw: Draw) -> MouthWindows:
    """Windows mirrored by halves, in another light, and with mouths of G in wrong colours.

    Convention:
        - the light changes all that a window shows alike; the wrong colour is in G's picture alone
    """
    windows = windows.to(torch.device("cpu"))
    count = len(windows)
    windows = mirrored(windows, draw.uniform(count) < MIRRORED_SHARE)
    view = windows.view
    gain, tint = lights(draw, count), tints(draw, count)
    soft = F.avg_pool2d(windows.inside, 5, 1, 2)
    picture = (view.picture + soft * tint[..., None, None]).clamp(0, 1)
    lit = gain[..., None, None]
    return replace(
        windows,
        view=replace(
            view,
            picture=(picture * lit).clamp(0, 1),
            source=(view.source * lit).clamp(0, 1),
            skin=(view.skin * gain).clamp(0, 1),
        ),
        truth=(windows.truth * lit).clamp(0, 1),
    )


def mirrored(windows: MouthWindows, rows: Tensor) -> MouthWindows:
    """Windows that are mirrored where `rows` (B,) is true; left stays the image's left."""

    def picture(x: Tensor) -> Tensor:
        return torch.where(rows[:, None, None, None], x.flip(-1), x)

    def points(x: Tensor) -> Tensor:
        swapped = x[:, list(COMPACT_MIRROR)] * x.new_tensor((-1.0, 1.0, 1.0))
        return torch.where(rows[:, None, None], swapped, x)

    view = windows.view
    return replace(
        windows,
        view=replace(
            view,
            picture=picture(view.picture),
            source=picture(view.source),
            driving_points=points(view.driving_points),
            source_points=points(view.source_points),
        ),
        truth=picture(windows.truth),
        inside=picture(windows.inside),
    )
