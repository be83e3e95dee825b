"""What the options say about a clip's face."""

from __future__ import annotations

import argparse

from ..animation.readers import FaceChoice, Role
from ..options import Framing


def face_choice(
    args: argparse.Namespace, role: Role = "source", *, is_still: bool = False
) -> FaceChoice:
    """The options of a source, or those of a driver, which begin with `--driving-`."""
    prefix = "driving_" if role == "driver" else ""
    return FaceChoice(
        role=role,
        box=getattr(args, f"{prefix}box"),
        already_cropped=bool(getattr(args, f"{prefix}already_cropped")),
        face_index=getattr(args, f"{prefix}face_index"),
        is_still=is_still,
    )


def framing(args: argparse.Namespace, role: Role = "source") -> Framing:
    """The crop options, likewise; a driver whose face is marked is there to be cropped."""
    prefix = "driving_" if role == "driver" else ""
    already_cropped = getattr(args, f"{prefix}already_cropped")
    if already_cropped is None and getattr(args, f"{prefix}box") is not None:
        already_cropped = False
    return Framing(
        scale=getattr(args, f"{prefix}crop_scale"),
        vx_ratio=getattr(args, f"{prefix}crop_vx"),
        vy_ratio=getattr(args, f"{prefix}crop_vy"),
        rotate=not args.no_rotate,
        already_cropped=already_cropped,
    )
