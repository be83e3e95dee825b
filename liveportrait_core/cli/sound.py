"""Whose sound the result gets."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..errors import MediaError
from ..media.audio import decodable_track
from ..media.video import VideoReader
from .inputs import Speech

_LOG = logging.getLogger(__name__)
Role = Literal["driving", "source"]


def sound_of(
    audio: Literal["driving", "source", "none"] | None,
    inputs: Mapping[Role, object],
    paths: Mapping[Role, Path],
) -> VideoReader | Speech | None:
    """The video or speech whose sound the result gets, or None for a silent result.

    Args:
        audio: Whose sound was asked for; None takes the first that can be decoded.
        inputs: The opened inputs, the preferred one first.
        paths: Their files.

    Raises:
        MediaError: The one that was asked for has no sound, or none that can be decoded.
    """
    if audio == "none":
        return None
    if audio is not None:
        chosen = inputs[audio]
        if isinstance(chosen, Speech):
            return chosen
        if isinstance(chosen, VideoReader) and decodable_track(chosen.path) is not None:
            return chosen
        has_some = isinstance(chosen, VideoReader) and chosen.has_audio
        found = "sound that cannot be decoded" if has_some else "no sound"
        raise MediaError(
            f"--audio is {audio}, and {paths[audio]} has {found}; a video with sound is expected. "
            "Choose the other one, or none."
        )
    speech = inputs.get("driving")
    if isinstance(speech, Speech):
        return speech
    with_sound = [
        reader for reader in inputs.values() if isinstance(reader, VideoReader) and reader.has_audio
    ]
    for reader in with_sound:
        if decodable_track(reader.path) is not None:
            return reader
    if with_sound:
        _LOG.warning(
            "The sound of %s cannot be decoded; the result is silent. Convert it to AAC or WAV.",
            with_sound[0].path,
        )
    return None
