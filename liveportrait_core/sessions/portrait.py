"""A portrait that is kept ready: one frame of motion in, one picture out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from threading import RLock
from typing import Final

import numpy as np
import torch

from ..animation.crop_motion import face_tensor
from ..animation.crops import crop_of
from ..animation.drive import drive, name_idle
from ..animation.edit import edit_keypoints
from ..animation.first_pass import FirstPass, FoundFace
from ..animation.inputs import DrivenKeypoints, check_networks, check_space
from ..animation.kept import Kept
from ..animation.render import RenderedFrame, StillParts, rendered_faces
from ..errors import about, counted, indexes
from ..face.faces import FaceState
from ..imaging.composite import PasteGround, paste_back_pixels, paste_mask
from ..imaging.crop import CropTransform
from ..imaging.tensors import Pixels, resize_pixels
from ..media.clips import Progress, clip_of
from ..model import LivePortraitModel
from ..motion.reference import frame_of
from ..motion.types import Motion
from ..options import AnimateOptions, Edit
from ..pipeline import AnySource, check_types
from ..stages import extract_appearance
from ..warned import unheard

KEPT_FRAMES: Final = 4
"""Of a source clip, with their features."""
MOST_GROUND_PX: Final = 2**22
"""Pixels of a frame that a face may cover for what is below it to be kept, at 16 bytes each."""
_PER_FRAME: Final = ("animation.drive", "animation.limits")
"""Modules that warn of the frames of a clip, which here would be said of every frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One frame of the source, and what every face that is drawn into it needs."""

    frame: Pixels
    crop: Pixels
    transform: CropTransform
    state: FaceState
    still: StillParts
    ground: PasteGround | None
    """None where the face alone comes out, or where it would be too large to keep."""


class PortraitSession:
    """A source that is found, cropped and read once, and then moved frame by frame.

    `session = PortraitSession(load_model(), read_image("portrait.jpg").rgb)`, then
    `session.frame(frame_of(motion, 12)).picture` again and again

    Convention:
        - of a still a frame has the bits of `animate` with the same driver of one frame; what
          looks at neighbours in time (smoothing, fading of slow travel) has one frame to look at
        - of a source clip frame `source_index` is moved; the last few are kept, and going on from
          there is cheaper than going back
        - several threads may ask; one frame is made at a time
        - no gradients: everything runs in inference mode
    """

    def __init__(
        self,
        model: LivePortraitModel,
        source: AnySource,
        options: AnimateOptions | None = None,
        *,
        source_faces: FoundFace = None,
        progress: Progress | None = None,
        kept: Kept | None = None,
    ) -> None:
        """Pass 1 over the source.

        Args:
            model: The model; it may move to another device later.
            source: An image (H, W, 3) uint8, or a clip.
            options: How; those of the driver do not count, but for `driving`.
            source_faces: The face of the source, or how to find it; by default as the options say.
            progress: Called with the number of frames that were read, and of all.
            kept: What earlier calls found of this source.

        Raises:
            FaceNotFoundError: The source shows no face.
            CheckpointError: An option needs a network that the model lacks.
            TypeError: An argument is of another kind than these.
        """
        self.model = model
        self.options = options or AnimateOptions()
        check_types(model, self.options)
        check_networks(model, self.options.driving)
        name_idle(self.options.driving)
        clip, is_image = clip_of(source, "source"), isinstance(source, np.ndarray)
        self._kept = kept or Kept()
        first_pass = FirstPass(model, self.options, progress, self._kept)
        with torch.inference_mode(), about("source"):
            self._source = first_pass.source(clip, source_faces, is_image=is_image)
        self._published = self.options.driving.published
        self._mask = paste_mask(model.preset.output_size_px).numpy()
        self._shown: OrderedDict[int, _Shown] = OrderedDict()
        self._coming: Iterator[Pixels] = iter(())
        self._next_index = -1
        self._lock = RLock()

    def __len__(self) -> int:
        """Frames of the source: 1 of a still."""
        return len(self._source.read)

    @property
    def motion(self) -> Motion:
        """What the source does, of each of its frames."""
        return self._source.read.motion

    @property
    def fps(self) -> Fraction:
        """Frames per second of the source."""
        return self._source.clip.fps

    @property
    def is_video(self) -> bool:
        """Whether the source moves by itself."""
        return self._source.is_video

    def frame(
        self,
        driving: Motion | Edit,
        *,
        index: int = 0,
        source_index: int = 0,
        face_px: int | None = None,
    ) -> RenderedFrame:
        """The source moved by one frame of a driver.

        Args:
            driving: A motion, measured from its own neutral frame; or sliders.
            index: Which frame of the motion.
            source_index: Which frame of the source.
            face_px: None gives what `animate` does; a number the face's crop alone at this side,
                which spares the pasting.

        Returns:
            Its `index` is `source_index`.

        Raises:
            MotionSpaceError: The motion is of another keypoint space than the model's.
            ValueError: There is no such frame, or an option needs what the motion lacks.
            CheckpointError: An edit needs a network that the model lacks.
        """
        with torch.inference_mode():
            one = frame_of(driving, index) if isinstance(driving, Motion) else driving
            return self.rendered(
                self.keypoints(one, source_index=source_index),
                source_index=source_index,
                face_px=face_px,
            )

    def forget(self) -> None:
        """Give up features and pictures; the next frame makes them again."""
        with self._lock:
            self._shown.clear()

    def keypoints(self, driving: Motion | Edit, *, source_index: int = 0) -> DrivenKeypoints:
        """What one frame of a driver asks of the source: the first half of `frame`."""
        model, options = self.model, self.options.driving
        source = self._motion_of(source_index)
        if isinstance(driving, Edit):
            check_networks(model, driving)
            return edit_keypoints(model, source, driving, compat=options.compat)
        with about("driving"):
            check_space(model, driving)
        driving = driving.to(model.device)
        with unheard(*_PER_FRAME):
            keypoints = drive(model, source, driving, options, source_is_video=self.is_video)
        return keypoints[len(keypoints) - 1 :]

    def rendered(
        self, keypoints: DrivenKeypoints, *, source_index: int = 0, face_px: int | None = None
    ) -> RenderedFrame:
        """The picture of driven keypoints of one frame: the second half of `frame`."""
        with self._lock:
            shown = self._shown_of(source_index)
            picture = shown.frame if self.options.pastes and face_px is None else shown.crop
            if shown.state != "missing":
                volume, parts = shown.still.of(self.model, keypoints.source_keypoints)
                (face,) = rendered_faces(
                    self.model, volume, keypoints, truncate=self._published, parts=parts
                )
                picture = face if face_px or not self.options.pastes else self._pasted(shown, face)
        if face_px is not None:
            picture = resize_pixels(picture, (face_px, face_px))
        return RenderedFrame(
            index=source_index,
            picture=picture,
            source=shown.frame if self.options.pastes else shown.crop,
            transform=shown.transform,
            state=shown.state,
        )

    def _motion_of(self, source_index: int) -> Motion:
        """Of one frame, after the first where eyes are held as in that."""
        self._check_index(source_index)
        rows = [source_index]
        if self.is_video and self.options.driving.source_video_eyes:
            rows = [0, source_index]
        motion = self.motion if len(self) == 1 else self.motion[torch.tensor(rows)]
        return motion.to(self.model.device)

    def _check_index(self, source_index: int) -> None:
        if not 0 <= source_index < len(self):
            raise ValueError(
                f"Frame {source_index} of the source is asked for, which has "
                f"{counted(len(self), 'frame')}; {indexes(len(self))} is expected. Choose one of "
                "these."
            )

    def _shown_of(self, index: int) -> _Shown:
        """A frame of the source, kept or made."""
        self._check_index(index)
        if index not in self._shown:
            self._shown[index] = self._read(index)
        self._shown.move_to_end(index)
        while len(self._shown) > KEPT_FRAMES:
            self._shown.popitem(last=False)
        return self._shown[index]

    def _read(self, index: int) -> _Shown:
        frame, transform = self._picture(index), self._source.read.transforms[index]
        crop = crop_of(frame, transform, published=self._published)
        volume = self._kept.get(
            self._source.features_key,
            lambda: extract_appearance(self.model, face_tensor(self.model, [crop])),
        )
        size_px = self.model.preset.output_size_px
        drawn_px = (size_px * transform.source_px_per_crop_px) ** 2
        ground = None
        if self.options.pastes and drawn_px <= MOST_GROUND_PX:
            ground = PasteGround(
                frame,
                size_px,
                transform,
                self._mask,
                antialias=not self._published,
                truncate=self._published,
            )
        return _Shown(
            frame=frame,
            crop=crop,
            transform=transform,
            state=self._source.read.state(index) if self.is_video else "measured",
            still=StillParts(volume),
            ground=ground,
        )

    def _picture(self, index: int) -> Pixels:
        """A frame of the clip; going on is cheap, going back begins anew."""
        if not 0 <= self._next_index <= index:
            self._coming, self._next_index = iter(self._source.clip), 0
        frame = next(islice(self._coming, index - self._next_index, None), None)
        self._next_index = index + 1
        if frame is None:
            self._next_index = -1
            raise ValueError(
                f"The source ended before its frame {index}; {len(self)} frames were found in it "
                "before. Open it again."
            )
        return frame

    def _pasted(self, shown: _Shown, face: Pixels) -> Pixels:
        if shown.ground is not None:
            return shown.ground.with_face(face)
        return paste_back_pixels(
            shown.frame,
            face,
            shown.transform,
            self._mask,
            antialias=not self._published,
            truncate=self._published,
        )
