"""liveportrait live on films, and the page that shows it."""

import json
import urllib.error
import urllib.request
from fractions import Fraction
from threading import Thread

import numpy as np
import pytest

from liveportrait_core.cli import live as command
from liveportrait_core.cli import live_page
from liveportrait_core.cli.live import SteadyWriter
from liveportrait_core.cli.live_page import LivePage
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.media.video import VideoReader
from liveportrait_core.sessions.loop import LiveRate

RATE = LiveRate(fps=8.0, p50_ms=90.0, p95_ms=120.0, num_dropped=3)
PICTURE = np.full((40, 80, 3), 200, np.uint8)


@pytest.fixture
def live(liveportrait, model_file, files):
    """`liveportrait live` with the tiny model, a portrait that is a crop, and no page."""

    def run(*arguments, page=False):
        crops = ("--already-cropped", "--driving-already-cropped")
        shown = () if page else ("--no-page",)
        source = files / "portrait.png"
        return liveportrait("live", source, *arguments, *crops, *shown, "--model", model_file)

    return run


@pytest.mark.usefixtures("_square_faces")
def test_a_film_is_played_into_a_file(live, files, out):
    ran = live("--film", files / "clip.mp4", "-o", out / "made.mp4", "--fps", 25, "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert 1 <= said["pictures"] <= 3
    assert said["pictures"] + said["num_dropped"] == 3
    made = list(VideoReader(out / "made.mp4"))
    assert 1 <= len(made) <= 3
    assert made[0].shape == (128, 128, 3)


def test_ctrl_c_ends_it_and_the_file_is_whole(live, files, out, monkeypatch):
    def feed(clip, **_):
        yield from command_feed(clip)
        raise KeyboardInterrupt

    command_feed = command.film_feed
    monkeypatch.setattr(command, "film_feed", feed)
    ran = live("--film", files / "clip.mp4", "-o", out / "made.mp4")
    assert ran.code == 0, ran.err
    assert "pictures a second" in ran.out
    assert list(VideoReader(out / "made.mp4"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--film", "portrait.png", "-o", "x.mp4"],
            "portrait.png is a picture; a film that plays is expected",
        ),
        (["--film", "clip.mp4"], "Nothing shows the portrait"),
        (["--film", "clip.mp4", "--screen", "0,0,64,64", "-o", "x.mp4"], "one driver is expected"),
        (["--film", "clip.mp4", "--virtual-camera", "/dev/none"], "no video device"),
        (["--film", "clip.mp4", "-o", "x.txt"], "x.txt"),
        (["--film", "clip.mp4", "-o", "clip.mp4"], "clip.mp4 would replace the input"),
        (["--film", "missing.mp4", "-o", "x.mp4"], "missing.mp4"),
        (["-o", "x.mp4", "--camera", "63"], "Camera 63 cannot be opened"),
        (["--film", "clip.mp4", "-o", "x.mp4", "--strength", "3"], "0 to 2"),
    ],
)
def test_bad_input_is_one_sentence(live, files, out, monkeypatch, arguments, said):
    monkeypatch.chdir(files)
    ran = live(*arguments)
    assert ran.code == 2
    assert said in ran.err
    assert not (files / "x.mp4").exists()


def test_pictures_at_uneven_times_become_an_even_film():
    written = []

    class Writer:
        def write(self, frame):
            written.append(int(frame[0, 0, 0]))

    steady = SteadyWriter(Writer(), Fraction(10))
    for number, time_s in enumerate((7.0, 7.08, 7.12, 7.5, 7.6)):
        steady.write(np.full((2, 2, 3), number, np.uint8), time_s)
    assert written == [0, 1, 2, 2, 2, 3, 4]
    written.clear()
    late = SteadyWriter(Writer(), Fraction(10), start_s=0.0)
    late.write(np.full((2, 2, 3), 5, np.uint8), 0.3)
    assert written == [5] * 4


@pytest.fixture
def pressed():
    return []


@pytest.fixture
def page(pressed):
    def strength(text):
        if float(text) > 2:
            raise ValueError("strength is 9; a number from 0 to 2 is expected.")
        pressed.append(("strength", text))

    buttons = {"neutral": lambda text: pressed.append(("neutral", text)), "strength": strength}
    with LivePage(0, 64) as shown:
        shown.buttons = buttons
        yield shown


def ask(page, path, *, data=None, **headers):
    request = urllib.request.Request(page.url + path, data=data, headers=headers)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - ours
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_the_page_shows_the_newest_picture(page):
    assert b"<title>Live portrait</title>" in ask(page, "")[1]
    answers = []
    waiting = Thread(target=lambda: answers.append(ask(page, "picture?after=0")))
    waiting.start()
    while not page.is_watched:
        pass
    page.show(PICTURE, "following", RATE, strength=1.0, paused=False)
    waiting.join(10)
    status, content, headers = answers[0]
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert content[:2] == b"\xff\xd8"
    state = json.loads(headers["X-State"])
    assert state == {
        **{"state": "following", "strength": 1.0, "paused": False, "number": 1},
        **{"fps": 8.0, "p50_ms": 90.0, "p95_ms": 120.0, "num_dropped": 3},
    }
    page.say(paused=True)
    status, content, headers = ask(page, "picture?after=1")
    assert (status, content) == (204, b"")
    assert json.loads(headers["X-State"])["paused"]


def test_nothing_is_encoded_while_nobody_looks(page, monkeypatch):
    monkeypatch.setattr(live_page, "jpeg_of", None)
    page.show(PICTURE, "following", RATE, strength=1.0, paused=False)


def test_buttons_work_from_the_page_alone(page, pressed):
    own = {"X-Live-Portrait": "1"}
    assert ask(page, "neutral", data=b"", **own)[0] == 200
    assert ask(page, "strength", data=b"1.5", **own)[0] == 200
    status, said, _ = ask(page, "strength", data=b"9", **own)
    assert (status, said) == (400, b"strength is 9; a number from 0 to 2 is expected.")
    assert ask(page, "erase", data=b"", **own)[0] == 404
    assert ask(page, "neutral", data=b"")[0] == 403  # as a form of another site sends it
    assert ask(page, "neutral", data=b"", Host="elsewhere.example", **own)[0] == 403
    assert ask(page, "picture?after=0", Host="elsewhere.example")[0] == 403
    assert ask(page, "strength", data=b"1" * 200, **own)[0] == 403
    assert ask(page, "etc/passwd")[0] == 404
    assert pressed == [("neutral", ""), ("strength", "1.5")]


def test_a_port_that_is_taken_is_named(page):
    port = int(page.url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(LivePortraitError, match=rf"port {port} .*--port"):
        LivePage(port, 64)
