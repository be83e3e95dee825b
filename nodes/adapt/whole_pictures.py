"""Images that are whole pictures where face crops are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ...liveportrait_core.errors import FaceNotFoundError
from .. import library
from .images import pixels_of

if TYPE_CHECKING:
    from ...liveportrait_core.model import LivePortraitModel
    from ..sockets import LoadedModel


def are_whole_pictures(net: LivePortraitModel, model: LoadedModel, images: Tensor) -> bool:
    """Whether the first, middle or last image that shows a face shows much more than that.

    Args:
        net: The model's networks, on their device.
        model: The model.
        images: A checked batch.
    """
    find = library.face_trackers.FaceTrackers(net, model.face_models).tracker("driver")
    assert find is not None
    for index in dict.fromkeys((0, len(images) // 2, len(images) - 1)):
        frame = pixels_of(images[index])
        try:
            return library.crops.is_whole_picture(net, frame, find([frame]))
        except FaceNotFoundError:
            continue
    return False
