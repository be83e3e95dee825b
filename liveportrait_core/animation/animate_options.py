"""How a source is framed, driven and painted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from ..media.clips import Framing
from ..model import LivePortraitModel
from .batching import ChunkSize
from .driving_options import DrivingOptions

WhenShorter = Literal["stop", "hold", "loop", "bounce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimateOptions:
    """How a source is framed, driven and painted."""

    driving: DrivingOptions = field(default_factory=DrivingOptions)
    source_framing: Framing = field(default_factory=Framing)
    driving_framing: Framing = field(default_factory=Framing)
    paste_back: bool = True
    """Put the painted face back into its frame; otherwise the crops come out. Frames that are
    crops already are not pasted into."""
    reference: int | None = None
    """Which driving frame counts as neutral, from 0; None takes the motion's own, as a rule the
    first."""
    chunk: int | None = None
    """Frames that are painted at a time; None takes what suits the device."""
    when_shorter: WhenShorter = "stop"
    """What a driver does that ends before the frames it is painted into: stop there, hold its
    last frame, loop, or bounce back and forth."""

    def __post_init__(self) -> None:
        if self.reference is not None and self.reference < 0:
            raise ValueError(
                f"The reference is frame {self.reference}; a number from 0 was expected. "
                "0 is the first driving frame."
            )
        if self.when_shorter not in get_args(WhenShorter):
            raise ValueError(
                f"when_shorter is {self.when_shorter!r}; choose one of "
                f"{', '.join(get_args(WhenShorter))}."
            )

    def chunk_size(self, model: LivePortraitModel) -> ChunkSize:
        """Frames at a time, for a model where it is."""
        if self.chunk is None:
            return ChunkSize.for_device(model.device)
        return ChunkSize(self.chunk)

    @property
    def pastes(self) -> bool:
        """True when whole frames come out."""
        return self.paste_back and not self.source_framing.already_cropped
