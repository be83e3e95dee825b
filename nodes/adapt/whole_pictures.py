"""Images that are whole pictures where face crops are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...liveportrait_core.errors import FaceNotFoundError
from .. import library, runtime

if TYPE_CHECKING:
    from ...liveportrait_core.model import LivePortraitModel
    from ..sockets import LoadedModel
    from .clips import AnyClip


def are_whole_pictures(net: LivePortraitModel, model: LoadedModel, clip: AnyClip) -> bool:
    """Whether the first frame with a face shows much more than that.

    Of a long clip without one only few frames are looked at: 0, 1, 2, 4, 8 and so on.

    Args:
        net: The model's networks, on their device.
        model: The model.
        clip: The frames.
    """
    find = library.face_trackers.FaceTrackers(net, model.face_models).tracker("driver")
    assert find is not None
    for index, frame in enumerate(clip):
        if index & (index - 1):
            continue
        runtime.check_cancelled()
        try:
            return library.crops.is_whole_picture(net, frame, find([frame]))
        except FaceNotFoundError:
            continue
    return False
