"""What a result is written to: a picture, a video, or frames as files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..animation.animation import Animation
from ..animation.render import RenderedFrame
from ..command_options import OutputOptions
from ..constants import FRAME_NAME
from ..errors import MediaError
from ..imaging.composite import frame_mask, paste_mask
from ..imaging.tensors import Part, Pixels
from ..media.atomic import check_output
from ..media.frame_files import frame_writer, is_pattern
from ..media.images import ALPHA_SUFFIXES, IMAGE_SUFFIXES
from ..media.video import VideoWriter
from ..media.video_formats import WRITABLE_SUFFIXES, video_format

OPAQUE_LEVEL: Final = 255


class Writer(Protocol):
    """Takes the frames of a result in order."""

    def write(self, frame: NDArray[np.uint8], changed: Part | None = None) -> None:
        """Write the next frame, (H, W, 3), or (H, W, 4) with alpha (`VideoWriter.write`)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a result goes, and in which form."""

    path: Path
    one_frame: bool
    """Whether the result is one picture."""
    masked: bool = False
    """Whether alpha is where the face was pasted."""

    @property
    def is_series(self) -> bool:
        """Whether frames become numbered files."""
        return is_pattern(self.path) and (not self.one_frame or self.path.name == FRAME_NAME)

    @property
    def is_picture(self) -> bool:
        """Whether one picture is written."""
        is_image = self.path.suffix.lower() in IMAGE_SUFFIXES
        return self.one_frame and is_image and not self.is_series

    @property
    def keeps_alpha(self) -> bool:
        """Whether a source's own transparency is written."""
        return self.is_picture and not self.masked and self.path.suffix.lower() in ALPHA_SUFFIXES

    @property
    def holds_sound(self) -> bool:
        """Whether the file can hold sound."""
        if self.is_picture or self.is_series:
            return False
        return video_format(self.path, transparent=self.masked).audio_codec is not None

    def check(self, written: OutputOptions, *inputs: Path, pastes: bool) -> None:
        """Refuse what cannot be written, before any work is done.

        Args:
            written: What else was asked for.
            *inputs: Files that must not be overwritten.
            pastes: Whether whole frames come out.

        Raises:
            MediaError: The name or a pair of options does not fit.
        """
        if self.is_series:
            self._check_series(*inputs)
        else:
            check_output(self.path, *inputs, suffixes={*WRITABLE_SUFFIXES, *IMAGE_SUFFIXES})
            suffix = self.path.suffix.lower()
            if not self.is_picture and suffix not in WRITABLE_SUFFIXES:
                raise MediaError(
                    f"The output {self.path} is a picture, but the result has many frames. Name "
                    "it .mp4, or frames/%04d.png."
                )
        if self.masked:
            self._check_mask(written, pastes=pastes)
        if written.audio not in (None, "none") and not self.holds_sound:
            raise MediaError(
                f"--audio is {written.audio}, but {self.path} cannot hold sound; a video such as "
                ".mp4 is expected. Choose another name, or leave --audio out."
            )

    def writer(
        self, fps: Fraction, *, crf: int, audio_path: Path | None, audio_start_s: Fraction
    ) -> AbstractContextManager[Writer]:
        """The writer of a video or of a series."""
        if self.is_series:
            return frame_writer(self.path)
        return VideoWriter(
            self.path,
            fps,
            crf=crf,
            audio_path=audio_path,
            audio_start_s=audio_start_s,
            transparent=self.masked,
        )

    def _check_series(self, *inputs: Path) -> None:
        folder = self.path.parent
        check_output(self.path if folder.is_dir() else folder)
        names = re.compile(
            re.sub(r"%0?\d*d", r"\\d+", re.escape(self.path.name).replace("\\%", "%"))
        )
        for given in inputs:
            is_there = folder.is_dir() and given.parent.resolve() == folder.resolve()
            if is_there and names.fullmatch(given.name):
                raise MediaError(
                    f"The frames {self.path} would replace the input {given}. Choose another "
                    "folder."
                )

    def _check_mask(self, written: OutputOptions, *, pastes: bool) -> None:
        if not pastes or written.side_by_side:
            raise MediaError(
                "--mask is given, but no face is pasted into a frame of its own; whole frames are "
                "expected. Leave --mask out, or --no-paste-back, --already-cropped and "
                "--side-by-side."
            )
        if self.is_picture and self.path.suffix.lower() not in ALPHA_SUFFIXES:
            raise MediaError(
                f"--mask is given, but '{self.path.suffix}' cannot hold transparency; one of "
                f"{', '.join(sorted(ALPHA_SUFFIXES))} is expected. Name it .png."
            )
        if not self.is_picture and not self.is_series:
            video_format(self.path, transparent=True)


def with_masks(frames: Iterator[RenderedFrame], animation: Animation) -> Iterator[Pixels]:
    """Each frame with alpha where its face was pasted: (H, W, 4), for compositing."""
    mask = paste_mask(animation.model.preset.output_size_px).numpy()
    truncate = animation.options.driving.published
    for frame in frames:
        height, width = frame.picture.shape[:2]
        alpha = np.zeros((height, width), np.uint8)
        if frame.state != "missing":
            weight = frame_mask(frame.transform, mask, (height, width), truncate=truncate)
            alpha = np.rint(OPAQUE_LEVEL * weight).astype(np.uint8)
        yield np.dstack((frame.picture, alpha))
