"""liveportrait live: a portrait that follows a camera, the screen or a film while it is seen."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Final

from ..command_options import (
    FeedOptions,
    LiveOutputOptions,
    ModelOptions,
    OutputOptions,
    ReportOptions,
)
from ..config.arguments import from_arguments
from ..errors import MediaError, counted
from ..imaging.tensors import Pixels
from ..media.audio import decodable_track
from ..media.feeds import FeedFrame, camera_feed, film_feed, screen_feed
from ..media.video import VideoReader
from ..media.virtual_camera import VirtualCamera
from ..options import AnimateOptions
from ..sessions.live import LiveFrame, LiveSession
from ..sessions.live_options import LiveOptions
from ..sessions.loop import LiveLoop, LiveRate
from ..sessions.portrait import PortraitSession
from .inputs import frames_of, open_source
from .live_pace import Pace
from .live_page import Button, LivePage
from .outputs import Output, Writer
from .progress import ProgressBar
from .runtime import load

_LOG = logging.getLogger(__name__)
SAID_EVERY_S: Final = 5.0
CRF: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class _Driver:
    """Who drives."""

    feed: Iterator[FeedFrame]
    film: VideoReader | None = None


class SteadyWriter:
    """Writes pictures that come at uneven times as a video of an even rate.

    Convention:
        - a picture is shown from its time on, to the frame; the one before stays until then
        - time begins with the first picture, of a film with the film
    """

    def __init__(self, writer: Writer, fps: Fraction, start_s: float | None = None) -> None:
        """Nothing is written yet."""
        self._writer, self._fps, self._start_s = writer, fps, start_s
        self._last: Pixels | None = None
        self._num_written = 0

    def write(self, picture: Pixels, time_s: float) -> None:
        """Take the next picture, whose time does not go back."""
        if self._start_s is None:
            self._start_s = time_s
        due = int((time_s - self._start_s) * float(self._fps) + 0.5)
        while self._num_written < due:
            self._written(picture if self._last is None else self._last)
        if self._num_written == due:
            self._written(picture)
        self._last = picture

    def _written(self, picture: Pixels) -> None:
        self._writer.write(picture)
        self._num_written += 1


def run(args: argparse.Namespace) -> int:
    """Show the portrait until the film ends or somebody stops it, and say how live it was."""
    shown = from_arguments(LiveOutputOptions, args)
    if not (shown.page or shown.virtual_camera or args.output):
        raise MediaError(
            "Nothing shows the portrait; a page, OUT or a virtual camera is expected. Leave "
            "--no-page out, or give -o OUT."
        )
    report = from_arguments(ReportOptions, args)
    source = frames_of(open_source(args.source))
    driver = _driver(from_arguments(FeedOptions, args))
    with ExitStack() as opened:
        writer = _writer(args, driver, opened)
        camera = None
        if shown.virtual_camera is not None:
            camera = opened.enter_context(VirtualCamera(shown.virtual_camera))
        with ProgressBar("Reading", shown=report.progress) as bar:
            model = load(from_arguments(ModelOptions, args))
            options = from_arguments(AnimateOptions, args)
            portrait = PortraitSession(model, source, options, progress=bar)
        session = LiveSession(portrait, from_arguments(LiveOptions, args))
        loop = LiveLoop(session, driver.feed)
        page = None
        if shown.page:
            page = opened.enter_context(LivePage(shown.port, shown.page_px))
            page.buttons = _buttons(loop, page)
            _say(f"The portrait is shown at {page.url} Ctrl-C ends it.", report)
        reads_screen = from_arguments(FeedOptions, args).screen is not None
        pace = Pace(pastes=options.pastes, has_rate=reads_screen or args.output is not None)
        num_pictures = _shown(loop, page, camera, writer, report, pace)
    _report(args, loop.rate, num_pictures, report)
    return 0


def _driver(options: FeedOptions) -> _Driver:
    if options.screen is not None:
        return _Driver(feed=screen_feed(options.screen, options.fps))
    if options.film is None:
        return _Driver(feed=camera_feed(options.camera))
    film = open_source(options.film)
    if not isinstance(film, VideoReader):
        raise MediaError(
            f"{options.film} is a picture; a film that plays is expected. Give a video, or use "
            "'liveportrait animate'."
        )
    return _Driver(feed=film_feed(film, loops=options.loops), film=film)


def _writer(args: argparse.Namespace, driver: _Driver, opened: ExitStack) -> SteadyWriter | None:
    """What writes OUT, with the film's sound."""
    if args.output is None:
        return None
    options = from_arguments(FeedOptions, args)
    output = Output(path=args.output, one_frame=False)
    films = [] if options.film is None else [options.film]
    output.check(OutputOptions(), args.source, *films, pastes=True)
    film = None if options.loops else driver.film
    has_sound = film is not None and output.holds_sound and decodable_track(film.path) is not None
    writing: AbstractContextManager[Writer] = output.writer(
        options.fps,
        crf=CRF,
        audio_path=film.path if film is not None and has_sound else None,
        audio_start_s=Fraction(0),
    )
    start_s = 0.0 if driver.film is not None else None
    return SteadyWriter(opened.enter_context(writing), options.fps, start_s)


def _buttons(loop: LiveLoop, page: LivePage) -> Mapping[str, Button]:
    session = loop.session

    def pause(_: str) -> None:
        loop.is_paused = not loop.is_paused
        page.say(paused=loop.is_paused)

    def strength(text: str) -> None:
        session.set_strength(float(text))
        page.say(strength=session.options.strength)

    return {
        "neutral": lambda _: session.capture_neutral(),
        "reset": lambda _: session.reset(),
        "strength": strength,
        "pause": pause,
    }


def _shown(
    loop: LiveLoop,
    page: LivePage | None,
    camera: VirtualCamera | None,
    writer: SteadyWriter | None,
    report: ReportOptions,
    pace: Pace,
) -> int:
    """Draw until it ends; Ctrl-C is a usual end. Gives the number of pictures."""
    num_pictures, said_s = 0, time.monotonic()
    with suppress(KeyboardInterrupt):
        for made, frame in loop:
            _show(made, loop, page, camera)
            if writer is not None:
                writer.write(made.picture, frame.time_s)
            num_pictures += 1
            now_s = time.monotonic()
            if pace.is_slow(loop.rate, now_s):
                _LOG.warning(pace.text(loop.rate, now_s, max(made.picture.shape[:2])))
            if now_s - said_s >= SAID_EVERY_S:
                said_s = now_s
                _say(_rate_text(loop.rate), report)
    loop.stop.set()
    return num_pictures


def _show(
    made: LiveFrame, loop: LiveLoop, page: LivePage | None, camera: VirtualCamera | None
) -> None:
    if camera is not None:
        camera.show(made.picture)
    if page is not None:
        page.show(
            made.picture,
            made.state,
            loop.rate,
            strength=loop.session.options.strength,
            paused=loop.is_paused,
        )


def _report(
    args: argparse.Namespace, rate: LiveRate, num_pictures: int, report: ReportOptions
) -> None:
    if report.json:
        summary = {
            "source": str(args.source),
            "output": None if args.output is None else str(args.output),
            "pictures": num_pictures,
            **asdict(rate),
            "warnings": args.warnings.texts,
        }
        print(json.dumps(summary, indent=2))
        return
    where = "" if args.output is None else f"{args.output}: "
    print(f"{where}{counted(num_pictures, 'picture')}; {_rate_text(rate)}")


def _rate_text(rate: LiveRate) -> str:
    return (
        f"{rate.fps:.1f} pictures a second, {counted(rate.num_dropped, 'frame')} left out; from "
        f"frame to picture {rate.p50_ms:.0f} ms, 95 of 100 within {rate.p95_ms:.0f} ms"
    )


def _say(text: str, report: ReportOptions) -> None:
    """A line while it runs, which JSON on stdout must not be mixed with."""
    print(text, file=sys.stderr if report.json else sys.stdout, flush=True)
