"""Every node, in menu order; ids are frozen and only appended to."""

from __future__ import annotations

from typing import Any

from . import (
    animate,
    appearance,
    crop,
    expression,
    faces,
    keypoints,
    load,
    motion,
    motion_files,
    options,
    paste_back,
    retarget,
    stitch,
    warp_decode,
)

NODES: tuple[Any, ...] = (
    *load.NODES,
    *animate.NODES,
    *options.NODES,
    *faces.NODES,
    *crop.NODES,
    *appearance.NODES,
    *motion.NODES,
    *keypoints.NODES,
    *retarget.NODES,
    *stitch.NODES,
    *warp_decode.NODES,
    *paste_back.NODES,
    *expression.NODES,
    *motion_files.NODES,
)
