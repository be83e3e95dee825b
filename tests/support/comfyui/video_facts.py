"""What VIDEO values do, as data; runs in the stand-in and inside the real ComfyUI."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

FPS, COUNT, HERTZ = 10, 20, 16000


def facts(folder: str) -> dict[str, Any]:
    """Of two seconds of frames with a tone: in memory, as a file, and parts of the file."""
    import torch  # noqa: PLC0415
    from comfy_api import latest  # noqa: PLC0415

    levels = torch.linspace(0.2, 0.39, COUNT)[:, None, None, None].expand(-1, 32, 48, 3)
    wave = torch.sin(torch.arange(2 * HERTZ) * (440 * 2 * math.pi / HERTZ)) / 2
    sound = {"waveform": wave.expand(1, 2, -1), "sample_rate": HERTZ}
    parts = latest.Types.VideoComponents(images=levels, frame_rate=Fraction(FPS), audio=sound)
    video = latest.InputImpl.VideoFromComponents(parts)
    told: dict[str, Any] = {"in memory": about(video), "stream source": source_of(video)}
    path = f"{folder}/facts.mp4"
    video.save_to(path)
    file = latest.InputImpl.VideoFromFile(path)
    told["file"] = about(file)
    file.save_to(f"{folder}/copy.mp4", metadata={"workflow": {"nodes": []}})
    copy = latest.InputImpl.VideoFromFile(f"{folder}/copy.mp4")
    told["copy"] = about(copy)
    told["metadata"] = copy.get_components().metadata.get("workflow")
    if not hasattr(file, "as_trimmed"):
        return told
    for name, window in {"first": (0.0, 1.0), "middle": (0.5, 1.0), "end": (1.5, 0)}.items():
        part = file.as_trimmed(*window)
        told[name] = [part.get_active_trim_window(), about(part), about(part.as_trimmed(0.2, 0.2))]
    told["too much"] = file.as_trimmed(1.5, 1.0) is None
    told["rate"] = str(file.get_frame_rate())
    return told


def about(video: Any) -> dict[str, Any]:
    """Sizes, times and levels of a video, as exact as a lossy codec leaves them."""
    parts = video.get_components()
    sound = parts.audio and [list(parts.audio["waveform"].shape), parts.audio["sample_rate"]]
    return {
        "size": list(video.get_dimensions()),
        "seconds": round(video.get_duration(), 2),
        "frames": list(parts.images.shape),
        "rate": str(parts.frame_rate),
        "sound": sound,
        "levels": [round(float(frame.mean()), 1) for frame in parts.images],
    }


def source_of(video: Any) -> str:
    """What comes of asking for a stream of a video in memory."""
    try:
        return type(video.get_stream_source()).__name__
    except ValueError as error:
        return type(error).__name__
