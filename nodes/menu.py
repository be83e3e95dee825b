"""Every node, in menu order; ids are frozen and only appended to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    animate,
    appearance,
    blendshapes,
    crop,
    expression,
    expression_editor,
    faces,
    failures,
    keypoints,
    live,
    load,
    motion,
    motion_files,
    motion_tools,
    options,
    paste_back,
    retarget,
    speech,
    stitch,
    timeline,
    warp_decode,
)

if TYPE_CHECKING:
    from comfy_api.latest import io

_NODES: tuple[type[io.ComfyNode], ...] = (
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
    *motion_tools.NODES,
    *blendshapes.NODES,
    *speech.NODES,
    *expression_editor.NODES,
    *timeline.NODES,
    *live.NODES,
)
NODES = tuple(failures.named(node) for node in _NODES)
