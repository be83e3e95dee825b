"""The command `python -m train.evaluate_finder`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from liveportrait_core.animation.compact_landmarks import landmark_network
from liveportrait_core.command_options import ModelOptions
from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.face.detector import FaceFinder, HaarFaceFinder
from liveportrait_core.face.network_finder import (
    NETWORK_FILE,
    FinderChain,
    NetworkFaceFinder,
    load_finder_network,
)
from liveportrait_core.media.atomic import check_output, make_folder, write_whole
from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import load_model

from .faceless import drawn_pictures
from .finder_measures import Measurer, false_faces, pictures_in, read_marks, speed, summary


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderOptions:
    """Which finder is measured, on what, and where the measures go."""

    places: tuple[Path, ...] = option(
        (), "images, videos, folders and lists of them", positional=True, metavar="PLACE"
    )
    without: tuple[Path, ...] = option((), "images without a face")
    root: Path | None = option(
        None,
        "what the names in lists (.txt, one image a line) begin at",
        unset="the list's own folder",
        metavar="FOLDER",
    )
    drawn: int = option(0, "drawn pictures without a face to look at, too", minimum=0)
    speed: Path | None = option(None, "a video to follow a face through, at 720p", metavar="CLIP")
    marks: Path | None = option(
        None, "JSON: true places of eyes, nose and mouth", unset="the finder's landmarks"
    )
    every: int = option(10, "take every N-th frame", minimum=1)
    weights: Path | None = option(None, "a finder's file", unset="the one that ships")
    landmarks: ModelOptions = shared(
        ModelOptions,
        hidden=("device", "dtype"),
        about={"model": {"help": "the model whose M finds landmarks"}},
    )
    cascade: bool = option(False, "use OpenCV's cascade, too, as liveportrait does")
    sheets: Path | None = option(None, "folder for images of what was found", metavar="FOLDER")
    json: Path | None = option(None, "write the measures here, too", metavar="FILE")

    def __post_init__(self) -> None:
        check_options(self)


def run(arguments: Sequence[str], command: str, description: str | None) -> str:
    """Measure what arguments name; the measures as JSON."""
    logging.basicConfig(level=logging.WARNING)
    parser = option_parser(FinderOptions, prog=command, description=description, group="measures")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return _measured(from_arguments(FinderOptions, chosen))


def _measured(options: FinderOptions) -> str:
    """The measures as JSON, written too where the options ask for it.

    Raises:
        LivePortraitError: Nothing is named, or something is missing.
    """
    if not (options.places or options.without or options.drawn or options.speed):
        raise LivePortraitError(
            "Nothing is named to measure on. Name images, videos or folders, or --without "
            "FOLDER, or --drawn N, or --speed CLIP."
        )
    if options.json:
        check_output(options.json)
    if options.sheets:
        make_folder(options.sheets)
    measures = _measures(options)
    if options.json:
        write_whole(options.json, (json.dumps(measures, indent=2) + "\n").encode())
    return json.dumps(_without_rows(measures), indent=2)


def _measures(options: FinderOptions) -> dict[str, object]:
    """All measures that the options name."""
    network = landmark_network(load_model(options.landmarks.model))
    weights = options.weights or NETWORK_FILE
    ours = NetworkFaceFinder(network, finder_network=load_finder_network(weights))
    finder: FaceFinder = ours
    if options.cascade:
        finder = FinderChain((ours, HaarFaceFinder(network, verifier=ours)), verifier=ours)
    marks = read_marks(options.marks) if options.marks else {}
    measures: dict[str, object] = {"opencv": cv2.__version__, "weights": weights.name}
    for place in [*options.places, *options.without]:
        measurer = Measurer(finder, marks)
        rows = measurer.rows(pictures_in(place, options.every, options.root))
        measures[str(place)] = (false_faces if place in options.without else summary)(rows)
        if options.sheets:
            write_image(options.sheets / f"{place.stem}.png", measurer.sheet())
    if options.drawn:
        measurer = Measurer(finder, {})
        measures["drawn"] = false_faces(measurer.rows(drawn_pictures(options.drawn)))
        if options.sheets:
            write_image(options.sheets / "drawn.png", measurer.sheet())
    if options.speed:
        measures["speed"] = speed(finder, network, VideoReader(options.speed))
    return measures


def _without_rows(measures: Mapping[str, object]) -> dict[str, object]:
    return {
        name: {key: part for key, part in value.items() if key != "rows"}
        if isinstance(value, dict)
        else value
        for name, value in measures.items()
    }
