"""Pass 2: the source is streamed again, and every face is rendered and pasted back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from ..errors import about
from ..face.faces import FaceState
from ..imaging.composite import paste_back_pixels, paste_mask
from ..imaging.crop import CropTransform
from ..imaging.tensors import Pixels, pixels_from_tensor
from ..media.clips import Progress
from ..model import LivePortraitModel
from ..stages import extract_appearance, warp_decode
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


def render(animation: Animation, progress: Progress | None = None) -> Iterator[RenderedFrame]:
    """Pass 2 over a source: every frame with its new face, a chunk at a time.

    `for frame in render(prepare(model, source, driving)): writer.write(frame.picture)`

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
    for frame in renderer.of_video() if animation.is_video else renderer.of_image():
        yield frame
        if progress is not None:
            progress(frame.index + 1, len(animation))


def rendered_faces(
    model: LivePortraitModel, volumes: Tensor, keypoints: DrivenKeypoints, *, truncate: bool = False
) -> list[Pixels]:
    """Driven faces as 8-bit pictures: W and G.

    Args:
        model: The model.
        volumes: (B, ...) feature volumes.
        keypoints: B frames.
        truncate: Cut fractions of a level off, as published, instead of rounding.
    """
    pictures = warp_decode(
        model,
        volumes,
        keypoints.source_keypoints,
        keypoints.driving_keypoints,
        edge_held=keypoints.stitched,
    )
    return list(pixels_from_tensor(pictures, truncate=truncate))


class _Renderer:
    """Rendered faces, and frames with them."""

    def __init__(self, animation: Animation) -> None:
        self._animation = animation
        self._size = ChunkSize.for_device(animation.model.device, animation.options.chunk)
        self._mask = paste_mask(animation.model.preset.output_size_px).numpy()
        self._published = animation.options.driving.published
        background = animation.background_clip
        self._background = iter(background) if background is not None else None

    def of_image(self) -> Iterator[RenderedFrame]:
        """The frames of a source that is one image; F runs once."""
        model, keypoints = self._animation.model, self._animation.keypoints
        frame = next(iter(self._animation.source))
        crop = self._crop(0, frame)
        kept = self._animation.kept or Kept()
        volume = kept.get(
            self._animation.features_key,
            lambda: extract_appearance(model, face_tensor(model, [crop])),
        )

        def faces_of(part: Sequence[int]) -> list[Pixels]:
            some = keypoints[slice(part[0], part[-1] + 1)]
            return self._faces(volume.expand(len(part), *volume.shape[1:]), some)

        index = 0
        for faces in in_chunks(faces_of, range(len(keypoints)), self._size):
            for face in faces:
                yield self._framed(index, frame, crop, face)
                index += 1

    def of_video(self) -> Iterator[RenderedFrame]:
        """The frames of a source video; F runs on each that shows a face."""
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
                yield self._framed(index, frame, crops[index], faces.get(index))

    def _crop(self, index: int, frame: Pixels) -> Pixels:
        return crop_of(frame, self._animation.read.transforms[index], published=self._published)

    def _state(self, index: int) -> FaceState:
        """Whether the source shows its face."""
        return self._animation.read.state(index) if self._animation.is_video else "measured"

    def _faces(self, volumes: Tensor, keypoints: DrivenKeypoints) -> list[Pixels]:
        """W and G on a chunk."""
        return rendered_faces(self._animation.model, volumes, keypoints, truncate=self._published)

    def _framed(
        self, index: int, frame: Pixels, crop: Pixels, face: Pixels | None
    ) -> RenderedFrame:
        """A result; without a face the source's own picture."""
        pastes = self._animation.options.pastes
        transform = self._animation.read.transforms[index if self._animation.is_video else 0]
        source = frame if pastes else crop
        picture = source
        if pastes and self._background is not None:
            frame = picture = self._next_background(index, frame)
        if face is not None and pastes:
            picture = paste_back_pixels(
                frame,
                face,
                transform,
                self._mask,
                antialias=not self._published,
                truncate=self._published,
            )
        elif face is not None:
            picture = face
        return RenderedFrame(
            index=index,
            picture=picture,
            source=source,
            transform=transform,
            state=self._state(index),
        )

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
