"""Pass 2: the source is streamed again, and every face is rendered and pasted back."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..background import done_behind
from ..errors import about
from ..face.faces import FaceState
from ..imaging.composite import PasteGround, paste_mask
from ..imaging.crop import CropTransform
from ..imaging.tensors import Part, Pixels, pixels_from_tensor
from ..media.clips import Progress
from ..model import LivePortraitModel
from ..networks.compact.source import CompactSource
from ..stages import extract_appearance, source_parts, warp_decode
from .animation import Animation
from .batching import ChunkSize, batched, in_chunks
from .crop_motion import face_tensor
from .crops import crop_of
from .inputs import DrivenKeypoints
from .kept import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFrame:
    """One frame of the result.

    `frame = next(render(animation))`, then `frame.picture`, `frame.state`
    """

    index: int
    """From 0."""
    picture: Pixels
    """What comes out: the frame with its new face, or the face alone."""
    source: Pixels
    """What went in: the source's frame, or its crop; `published` limits its size."""
    transform: CropTransform
    """Where the face lies in the source's frame."""
    state: FaceState
    """`missing`: the source shows no face here, and the picture is the source's."""
    changed: Part | None = None
    """The part outside of which all pictures of a still are alike, for `VideoWriter.write`; None
    where there is none such."""


def render(animation: Animation, progress: Progress | None = None) -> Generator[RenderedFrame]:
    """Pass 2 over a source: every frame with its new face, a chunk at a time.

    `for frame in render(prepare(model, source, driving)): writer.write(frame.picture)`

    Convention:
        - networks compute in the caller's thread; the faces of a chunk are pasted in another one
          while the next chunk is computed, and a video is decoded ahead in a third (`StreamedClip`)
        - closing the generator (`contextlib.closing`) ends these threads at once

    Args:
        animation: What `prepare` gives.
        progress: Called with the number of rendered frames and of all.

    Yields:
        The frames in order.

    Raises:
        LivePortraitError: The device has not enough memory for one frame.
        ValueError: A frame of the background clip is missing, or of another size.
    """
    renderer = _Renderer(animation)
    faces = renderer.of_video() if animation.is_video else renderer.of_image()
    with closing(done_behind(renderer.framed, faces, renderer.num_ahead)) as frames:
        for frame in frames:
            yield frame
            if progress is not None:
                progress(frame.index + 1, len(animation))


def rendered_faces(
    model: LivePortraitModel,
    volumes: Tensor,
    keypoints: DrivenKeypoints,
    *,
    truncate: bool = False,
    parts: CompactSource | None = None,
) -> list[Pixels]:
    """Driven faces as 8-bit pictures: W and G.

    Args:
        model: The model.
        volumes: (B, ...) feature volumes.
        keypoints: B frames.
        truncate: Cut fractions of a level off, as published, instead of rounding.
        parts: As in `warp_decode`.
    """
    pictures = warp_decode(
        model,
        volumes,
        keypoints.source_keypoints,
        keypoints.driving_keypoints,
        edge_held=keypoints.stitched,
        parts=parts,
    )
    return list(pixels_from_tensor(pictures, truncate=truncate))


class StillParts:
    """A still's feature volume, and its `source_parts`, made anew only where they must be.

    `still = StillParts(volume)`, then `rendered_faces(model, *still.of(model, keypoints), ...)`
    """

    def __init__(self, volume: Tensor) -> None:
        """Nothing is made yet.

        Args:
            volume: (1, ...) the feature volume.
        """
        self._volume = volume
        self._made: tuple[Tensor, torch.dtype, CompactSource | None] | None = None

    def of(
        self, model: LivePortraitModel, source_keypoints: Tensor
    ) -> tuple[Tensor, CompactSource | None]:
        """The volume of each of (B, K, 3) source keypoints, on the model's device, and the parts.

        The parts are of one row where all keypoints are the same, as those of a still are; else
        there are none.
        """
        self._volume = self._volume.to(model.device)
        volumes = self._volume.expand(len(source_keypoints), *self._volume.shape[1:])
        first = source_keypoints[:1]
        if not bool((source_keypoints == first).all()):
            return volumes, None
        made = self._made
        fits = made is not None and made[0].device == first.device and made[1] == model.dtype
        if made is None or not fits or not torch.equal(made[0], first):
            made = first, model.dtype, source_parts(model, self._volume, first)
            self._made = made
        return volumes, made[2]


@dataclass(frozen=True, slots=True)
class _Face:
    """A frame that is rendered and not pasted yet."""

    index: int
    frame: Pixels
    crop: Pixels
    face: Pixels | None
    """None where the source shows none."""


class _Renderer:
    """Rendered faces, and frames with them."""

    def __init__(self, animation: Animation) -> None:
        self._animation = animation
        self._size = ChunkSize.for_device(animation.model.device, animation.options.chunk)
        self._mask = paste_mask(animation.model.preset.output_size_px).numpy()
        self._published = animation.options.driving.published
        background = animation.background_clip
        self._background = iter(background) if background is not None else None
        self._ground: PasteGround | None = None

    @property
    def num_ahead(self) -> int:
        """Frames that are rendered before the first is pasted: a chunk."""
        return self._size.num_frames

    def of_image(self) -> Iterator[_Face]:
        """The faces of a source that is one image; F runs once."""
        model, keypoints = self._animation.model, self._animation.keypoints
        frame = next(iter(self._animation.source))
        crop = self._crop(0, frame)
        kept = self._animation.kept or Kept()
        volume = kept.get(
            self._animation.features_key,
            lambda: extract_appearance(model, face_tensor(model, [crop])),
        )

        still = StillParts(volume)

        def faces_of(part: Sequence[int]) -> list[Pixels]:
            some = keypoints[slice(part[0], part[-1] + 1)]
            volumes, parts = still.of(model, some.source_keypoints)
            return self._faces(volumes, some, parts)

        index = 0
        for faces in in_chunks(faces_of, range(len(keypoints)), self._size):
            for face in faces:
                yield _Face(index, frame, crop, face)
                index += 1

    def of_video(self) -> Iterator[_Face]:
        """The faces of a source video; F runs on each frame that shows one."""
        model, keypoints = self._animation.model, self._animation.keypoints
        numbered = zip(range(len(keypoints)), self._animation.source, strict=False)
        for batch in batched(numbered, self._size):
            crops = {index: self._crop(index, frame) for index, frame in batch}
            present = [index for index, _ in batch if self._state(index) != "missing"]

            def faces_of(part: Sequence[int], crops: dict[int, Pixels] = crops) -> list[Pixels]:
                faces = face_tensor(model, [crops[index] for index in part])
                rows = keypoints[slice(part[0], part[-1] + 1)]
                keep = [index - part[0] for index in part]
                some = replace(
                    rows,
                    source_keypoints=rows.source_keypoints[keep],
                    driving_keypoints=rows.driving_keypoints[keep],
                )
                return self._faces(extract_appearance(model, faces), some)

            parts = in_chunks(faces_of, present, self._size)
            rendered = [face for faces in parts for face in faces]
            faces = dict(zip(present, rendered, strict=True))
            for index, frame in batch:
                yield _Face(index, frame, crops[index], faces.get(index))

    def _crop(self, index: int, frame: Pixels) -> Pixels:
        return crop_of(frame, self._animation.read.transforms[index], published=self._published)

    def _state(self, index: int) -> FaceState:
        """Whether the source shows its face."""
        return self._animation.read.state(index) if self._animation.is_video else "measured"

    def _faces(
        self, volumes: Tensor, keypoints: DrivenKeypoints, parts: CompactSource | None = None
    ) -> list[Pixels]:
        """W and G on a chunk."""
        return rendered_faces(
            self._animation.model, volumes, keypoints, truncate=self._published, parts=parts
        )

    def framed(self, made: _Face) -> RenderedFrame:
        """A result; without a face the source's own picture. Called in the order of the frames."""
        index, frame, crop, face = made.index, made.frame, made.crop, made.face
        pastes = self._animation.options.pastes
        transform = self._animation.read.transforms[index if self._animation.is_video else 0]
        source = frame if pastes else crop
        picture, changed = source, None
        if pastes and self._background is not None:
            frame = picture = self._next_background(index, frame)
        if face is not None and pastes:
            ground = self._ground_of(frame, transform)
            picture = ground.with_face(face)
            changed = ground.part if ground is self._ground else None
        elif face is not None:
            picture = face
        return RenderedFrame(
            index=index,
            picture=picture,
            source=source,
            transform=transform,
            state=self._state(index),
            changed=changed,
        )

    def _ground_of(self, frame: Pixels, transform: CropTransform) -> PasteGround:
        """What a face is pasted into; made once where that is always the same still."""
        if self._ground is not None:
            return self._ground
        ground = PasteGround(
            frame,
            len(self._mask),
            transform,
            self._mask,
            antialias=not self._published,
            truncate=self._published,
        )
        if not self._animation.is_video and self._background is None:
            self._ground = ground
        return ground

    def _next_background(self, index: int, frame: Pixels) -> Pixels:
        assert self._background is not None
        background = next(self._background, None)
        if background is None or background.shape != frame.shape:
            came = "missing"
            if background is not None:
                came = f"of {background.shape[1]}x{background.shape[0]} pixels"
            with about("background_clip"):
                raise ValueError(
                    f"Frame {index} of the background clip is {came}; {frame.shape[1]}x"
                    f"{frame.shape[0]} is expected, as the source has. Give frames that were made "
                    "from the same source."
                )
        return background
