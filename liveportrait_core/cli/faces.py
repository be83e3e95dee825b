"""liveportrait faces: which faces a picture or video shows, with their numbers and boxes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch

from ..animation.face_marks import edges_of, marks_of
from ..animation.face_trackers import FaceTrackers
from ..animation.frame_numbers import frame_ranges
from ..command_options import (
    ModelOptions,
    OutputOptions,
    PartOptions,
    ReportOptions,
    ShowOptions,
)
from ..config.arguments import from_arguments
from ..errors import counted
from ..face.faces import Faces, FaceTrack
from ..imaging.tensors import Pixels
from ..media.clips import Clip, CountedClip, clip_of
from ..media.images import write_image
from ..options import AnimateOptions
from ..viz.drawing import draw_faces
from .inputs import Picture, frames_of, open_source
from .outputs import Output
from .progress import ProgressBar
from .runtime import load


def run(args: argparse.Namespace) -> int:
    """Find the faces, say where they are, and draw them."""
    opened = open_source(args.clip, from_arguments(PartOptions, args).source)
    written = from_arguments(OutputOptions, args)
    output = None
    if args.output is not None:
        output = Output(path=args.output, one_frame=isinstance(opened, Picture))
        output.check(written, args.clip, pastes=True)
    clip = clip_of(frames_of(opened), "clip")
    faces = _found(clip, args)
    if output is not None:
        _write(output, clip, faces, args, written.crf)
    rows = [_row(track) for track in faces.tracks]
    if from_arguments(ReportOptions, args).json:
        summary = {
            "clip": str(args.clip),
            "output": None if output is None else str(output.path),
            "frames": faces.num_frames,
            "width": faces.width,
            "height": faces.height,
            "faces": rows,
            "warnings": args.warnings.texts,
        }
        print(json.dumps(summary, indent=2))
        return 0
    for row, track in zip(rows, faces.tracks, strict=True):
        print(_line(row, track))
    if output is not None:
        print(f"{output.path}: {counted(faces.num_frames, 'frame')}")
    return 0


def _found(clip: Clip, args: argparse.Namespace) -> Faces:
    """The faces of a clip, numbered as `--face-index` counts them."""
    options = from_arguments(AnimateOptions, args)
    shown = from_arguments(ReportOptions, args).progress
    with torch.inference_mode(), ProgressBar("Reading", shown=shown) as bar:
        model = load(from_arguments(ModelOptions, args))
        trackers = FaceTrackers(model, options.face_models)
        counted_clip = CountedClip(clip, bar)
        find = from_arguments(ShowOptions, args).find
        faces = trackers.find_all(counted_clip, face=options.source_face, options=find)
    return replace(faces, source_crop=model.preset.source_framing)


def _write(output: Output, clip: Clip, faces: Faces, args: argparse.Namespace, crf: int) -> None:
    """The frames with their faces drawn."""
    pictures = _drawn(clip, faces, from_arguments(ShowOptions, args))
    if output.is_picture:
        write_image(output.path, next(pictures))
        return
    shown = from_arguments(ReportOptions, args).progress
    writer = output.writer(faces.fps, crf=crf, audio_path=None, audio_start_s=Fraction(0))
    with writer as opened, ProgressBar("Drawing", shown=shown) as bar:
        for done, picture in enumerate(pictures, 1):
            opened.write(picture)
            bar(done, faces.num_frames)


def _drawn(clip: Clip, faces: Faces, show: ShowOptions) -> Iterator[Pixels]:
    edges = edges_of(faces) if show.crop else {}
    for index, frame in enumerate(clip):
        yield draw_faces(frame, marks_of(faces, index, edges), points=show.landmarks)


def _row(track: FaceTrack) -> dict[str, Any]:
    """A face as plain values; its box is that of the first frame that shows it."""
    measured = [index for index, face in enumerate(track.faces) if face.state == "measured"]
    first = track.faces[measured[0]]
    return {
        "face_index": track.face_id,
        "box": [round(value) for value in first.box],
        "first_frame": measured[0],
        "measured_frames": len(measured),
        "score": round(first.score, 3),
    }


def _line(row: dict[str, Any], track: FaceTrack) -> str:
    """A face as the other commands take it; a box marks a face in the first frame alone."""
    unseen = track.unmeasured
    box = ",".join(str(value) for value in row["box"])
    marked = f" or --box={box}" if row["first_frame"] == 0 else f", at {box}"
    lost = f"; not seen in {frame_ranges(unseen)}" if unseen else ""
    return f"face {row['face_index']}: --face-index {row['face_index']}{marked}{lost}"
