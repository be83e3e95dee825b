"""A motion as a picture of curves over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from torch import Tensor

from ..imaging.tensors import Pixels
from ..motion.types import Channel, Motion
from .chart import FULL_SIZE, Chart, Curve, Panel, Span, draw_chart
from .drawing import MARK_COLOURS, Colour

BLUE, ORANGE, GREEN, PINK, YELLOW = MARK_COLOURS[:5]
INTERPOLATED_COLOUR: Final[Colour] = (240, 190, 90)
MISSING_COLOUR: Final[Colour] = (235, 80, 80)
KEPT: Final = "absent: the source keeps its own"
UNMEASURED: Final = "not measured"


def plot_motion(motion: Motion, *, size: tuple[int, int] = FULL_SIZE) -> Pixels:
    """A motion as curves over time.

    Convention:
        - frames that were not measured are shaded: interpolated ones yellow, missing ones red
        - a channel that the motion does not tell has an empty panel that says so
        - "expression" is how far the keypoints' expression lies from that of the reference
          frame, the mean over the keypoints
        - left and right are the image's

    Args:
        motion: One frame or more.
        size: Height and width, pixels; 720 x 1280 is usual.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: A motion without frames, or a size in which nothing could be read.
    """
    return draw_chart(motion_chart(motion), size)


def motion_chart(motion: Motion) -> Chart:
    """What `plot_motion` draws: the curves, their texts and the shaded frames.

    Raises:
        ValueError: A motion without frames.
    """
    if not len(motion):
        raise ValueError(
            "The motion has no frame, so there is nothing to plot. Give one with a frame at least."
        )
    motion = motion.to("cpu").map_tensors(lambda tensor: tensor.detach().double())
    spans, key = _gaps(motion)
    reference = min(max(motion.reference_frame, 0), len(motion) - 1)
    return Chart(
        title=_title(motion),
        subtitle=_subtitle(motion),
        panels=_panels(motion, reference),
        num_frames=len(motion),
        fps=motion.fps,
        spans=spans,
        key=key,
        mark=(reference, f"reference, frame {reference}"),
    )


def _title(motion: Motion) -> str:
    frames = len(motion)
    plural = "" if frames == 1 else "s"
    seconds = float(frames / motion.fps)
    return f"{frames:,} frame{plural}, {seconds:.2f} s at {_rate(motion.fps)} frames/s"


def _subtitle(motion: Motion) -> str:
    parts = [f"space {motion.space}"]
    if motion.producer:
        parts.append(f"made by {motion.producer}")
    if motion.absolute:
        parts.append(f"absolute: {', '.join(sorted(motion.absolute))}")
    return "  |  ".join(parts)


def _rate(fps: Fraction) -> str:
    return str(fps) if fps.denominator == 1 else f"{float(fps):.5g} ({fps})"


def _panels(motion: Motion, reference: int) -> list[Panel]:
    travel = (motion.expression - motion.expression[reference]).norm(dim=-1).mean(1)
    eyes, lip = motion.eyes_open, motion.lip_open
    openings: list[Curve] = []
    if eyes is not None:
        openings += _curves({"left eye": eyes[:, 0], "right eye": eyes[:, 1]}, (BLUE, ORANGE))
    if lip is not None:
        openings += _curves({"lip": lip[:, 0]}, (PINK,))
    turns = {"pitch": motion.pitch_deg, "yaw": motion.yaw_deg, "roll": motion.roll_deg}
    place = {"x": motion.translation[:, 0], "y": motion.translation[:, 1]}
    return [
        Panel(
            title="Head pose, degrees",
            curves=_told(motion, "pose", _curves(turns, (BLUE, ORANGE, PINK))),
            note=KEPT,
            height=1.6,
            least_span=4.0,
        ),
        Panel(
            title="Opening, height / width",
            curves=openings,
            note=UNMEASURED,
            height=1.2,
            least_span=0.2,
            from_zero=True,
        ),
        Panel(
            title="Expression, mean travel of the keypoints from the reference, crop units",
            curves=_told(motion, "expression", _curves({"travel": travel}, (GREEN,))),
            note=KEPT,
            least_span=0.01,
            from_zero=True,
        ),
        Panel(
            title="Translation, crop units",
            curves=_told(motion, "translation", _curves(place, (BLUE, ORANGE))),
            note=KEPT,
            least_span=0.04,
        ),
        Panel(
            title="Scale",
            curves=_told(motion, "scale", _curves({"scale": motion.scale[:, 0]}, (YELLOW,))),
            note=KEPT,
            least_span=0.04,
        ),
    ]


def _curves(values: dict[str, Tensor], colours: Sequence[Colour]) -> list[Curve]:
    return [
        Curve(name=name, values=value.numpy(), colour=colour)
        for (name, value), colour in zip(values.items(), colours, strict=True)
    ]


def _told(motion: Motion, channel: Channel, curves: list[Curve]) -> list[Curve]:
    return [] if channel in motion.absent else curves


def _gaps(motion: Motion) -> tuple[list[Span], list[tuple[Colour, str]]]:
    """Shaded frames, and what their colours mean."""
    validity = motion.validity
    if validity is None:
        return [], []
    kinds: dict[str, Colour] = {"missing": MISSING_COLOUR, "interpolated": INTERPOLATED_COLOUR}
    states = ["" if worth >= 1 else "missing" if worth <= 0 else "interpolated"
              for worth in validity.tolist()]  # fmt: skip
    spans = [
        Span(first=first, last=last, colour=kinds[state])
        for state, first, last in _runs(states)
        if state
    ]
    counts = {kind: states.count(kind) for kind in ("interpolated", "missing")}
    key = [(kinds[kind], f"{count:,} {kind}") for kind, count in counts.items() if count]
    return spans, key


def _runs(states: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each run of equal entries, its first and its last index."""
    first = 0
    for k in range(1, len(states) + 1):
        if k == len(states) or states[k] != states[first]:
            yield states[first], first, k - 1
            first = k
