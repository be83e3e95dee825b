"""What Live Portrait keeps from one run to the next."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...liveportrait_core.imaging.tensors import Pixels
    from ...liveportrait_core.options import AnimateOptions
    from ...liveportrait_core.sessions.live import LiveFrame, LiveSession
    from ...liveportrait_core.sessions.loop import RateMeter

MOST_KEPT: Final = 4
"""Live nodes of a model whose sessions are kept."""


@dataclass(slots=True, kw_only=True)
class Running:
    """The live session of one node."""

    source: object
    """As it came: ComfyUI gives the same object as long as nothing changed."""
    options: AnimateOptions
    session: LiveSession
    meter: RateMeter
    neutral: int
    again: int
    time_s: float = 0.0
    """Of the next frame, where the frame rate is known."""

    def frame(self, picture: Pixels, step_s: float | None) -> LiveFrame:
        """The portrait as the next frame moves it, timed.

        Args:
            picture: (H, W, 3) uint8.
            step_s: To the frame after it; None goes by the clock.
        """
        start_s = time.monotonic()
        made = self.session.frame(picture, start_s if step_s is None else self.time_s)
        self.meter.add(start_s, time.monotonic())
        self.time_s += step_s or 0.0
        return made


class LiveRuns:
    """The live sessions of a model's nodes, the least recently run given up first."""

    def __init__(self) -> None:
        """None is there."""
        self._of_nodes: OrderedDict[str, Running] = OrderedDict()

    def __len__(self) -> int:
        return len(self._of_nodes)

    def get(self, node_id: str) -> Running | None:
        """That of a node."""
        return self._of_nodes.get(node_id)

    def put(self, node_id: str, running: Running) -> None:
        """Keep one, as the most recent."""
        self._of_nodes[node_id] = running
        self._of_nodes.move_to_end(node_id)
        while len(self._of_nodes) > MOST_KEPT:
            self._of_nodes.popitem(last=False)

    def forget_features(self) -> None:
        """Give up what takes the model's device; the next run makes it again."""
        for running in self._of_nodes.values():
            running.session.portrait.forget()

    def clear(self) -> None:
        """Give up all of them."""
        self._of_nodes.clear()
