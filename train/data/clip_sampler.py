"""Which clips and frames are drawn: videos and images mixed by weight (Sec. 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..engine.draw import Draw

Numbers = NDArray[np.integer]
Balance = Literal["clips", "files", "folders"]
"""What is drawn equally often."""


def people_of(files: Sequence[str], balance: Balance) -> list[str] | None:
    """Who is in each clip, as far as a balance tells: one person a file, or one a folder.

    Args:
        files: Names of the files that the clips are of, with their folders.
        balance: What is drawn equally often; None comes of "clips".
    """
    if balance == "clips":
        return None
    return [file if balance == "files" else str(PurePosixPath(file).parent) for file in files]


@dataclass(frozen=True, slots=True)
class Picks:
    """Pairs of frames, each of one clip."""

    clips: Numbers
    """(N,)."""
    source: Numbers
    """(N,) frame in the clip."""
    driving: Numbers
    """(N,) frame in the clip; of an image the source's."""


class ClipSampler:
    """Draws clips, each of its kind as often as any other, however many frames it has."""

    def __init__(
        self, lengths: Sequence[int], image_fraction: float, people: Sequence[str] | None = None
    ) -> None:
        """A sampler.

        Args:
            lengths: Frames of each clip; a clip of one frame is an image.
            image_fraction: Share of images among the drawn clips, where there are videos too.
            people: Who is in each clip: then each person of a kind is drawn as often as any other.
        """
        self._lengths = np.array(lengths, int)
        self._videos = np.flatnonzero(self._lengths > 1)
        self._images = np.flatnonzero(self._lengths == 1)
        self._image_fraction = image_fraction if len(self._videos) else 1.0
        self._of_people: dict[bool, list[Numbers]] | None = None
        if people is not None:
            names = np.array(people)
            self._of_people = {
                still: [kind[names[kind] == name] for name in np.unique(names[kind])]
                for still, kind in ((True, self._images), (False, self._videos))
            }

    @property
    def has_motion(self) -> bool:
        """Whether any clip has more than one frame."""
        return len(self._videos) > 0

    def pairs(self, draw: Draw, count: int, *, moving: bool = False) -> Picks:
        """Random pairs of different frames of a video, or of an image with itself.

        Convention:
            - a function of the draw alone

        Raises:
            ValueError: `moving`, but there are no videos.
        """
        clips = self._clips(draw, count, 0.0 if moving else self._image_fraction)
        lengths = self._lengths[clips]
        driving = draw.integers(count, 0, lengths)
        source = (driving + draw.integers(count, 1, np.maximum(lengths, 2))) % lengths
        return Picks(clips, source, driving)

    def frames(self, draw: Draw, count: int) -> tuple[Numbers, Numbers]:
        """Random clips and a frame of each, (count,) both."""
        clips = self._clips(draw, count, self._image_fraction)
        return clips, draw.integers(count, 0, self._lengths[clips])

    def first_pairs(self, count: int) -> Picks:
        """Of the first clips the first frame as source, the middle one as driving; videos first."""
        clips = np.concatenate((self._videos, self._images))[:count]
        middle = self._lengths[clips] // 2
        return Picks(clips, np.zeros_like(middle), middle)

    def after(self, clip: int) -> int:
        """The next clip of the same kind, to take the place of one that cannot be read."""
        kind = self._videos if self._lengths[clip] > 1 else self._images
        return int(kind[(int(np.searchsorted(kind, clip)) + 1) % len(kind)])

    def _clips(self, draw: Draw, count: int, image_fraction: float) -> Numbers:
        if image_fraction < 1 and not self.has_motion:
            raise ValueError("Moving pairs were asked for, but no clip has more than one frame.")
        still = draw.uniform(count).numpy() < (image_fraction if len(self._images) else 0.0)
        places = draw.uniform(count).numpy()
        kinds = [self._images if is_still else self._videos for is_still in still]
        if self._of_people is not None:
            people = zip(still.tolist(), draw.uniform(count).tolist(), strict=True)
            of_kind = [(self._of_people[is_still], place) for is_still, place in people]
            kinds = [groups[int(place * len(groups))] for groups, place in of_kind]
        chosen = [
            kind[int(float(place) * len(kind))] for kind, place in zip(kinds, places, strict=True)
        ]
        draw.notes.append(" ".join(["clips", *map(str, chosen)]))
        return np.array(chosen, int)
