"""Stages that overlap give what they give one after another, and end together."""

import threading
from contextlib import closing, contextmanager

import pytest

from liveportrait_core import pipeline
from liveportrait_core.animation import render as rendering
from liveportrait_core.animation.render import render
from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.composite import PasteGround
from liveportrait_core.media import streamed, video_writer
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoReader, VideoWriter
from liveportrait_core.networks.compact.decoder import CompactDecoder
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.pipeline import prepare
from tests.support.squares import PLAIN, square_tracker
from tests.support.videos import frame, moving_video

pytestmark = pytest.mark.usefixtures("_no_gradients")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overlap")
    moving_video(folder / "driver.mp4", num_frames=4)
    moving_video(folder / "source.mp4", num_frames=5, seed=3)
    write_image(folder / "still.png", frame((70, 50, 44), seed=2))
    return folder


def film(model, files, source, path):
    """A whole animation from file to file."""
    is_still = source.endswith(".png")
    animation = prepare(
        model,
        read_image(files / source).rgb if is_still else VideoReader(files / source),
        VideoReader(files / "driver.mp4"),
        PLAIN,
        source_faces=square_tracker(),
        driving_faces=square_tracker("driver"),
    )
    with closing(render(animation)) as frames, VideoWriter(path, animation.fps) as writer:
        for made in frames:
            writer.write(made.picture)
    return path.read_bytes()


class AtOnce:
    """`Behind` without its thread."""

    def __init__(self, work, most):
        self.put = work

    def finish(self):
        pass

    stop = finish


@contextmanager
def one_after_another():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "streamed", lambda clip, num_ahead: clip)
        patch.setattr(
            rendering, "done_behind", lambda work, items, most: (work(item) for item in items)
        )
        patch.setattr(video_writer, "Behind", AtOnce)
        yield


@pytest.mark.parametrize(
    ("source", "held"), [("still.png", 0), ("source.mp4", 0), ("source.mp4", 2**29)]
)
def test_the_film_has_the_bits_of_stages_one_after_another(
    model, files, tmp_path, monkeypatch, source, held
):
    with one_after_another():
        expected = film(model, files, source, tmp_path / "expected.mp4")
    monkeypatch.setattr(streamed.StreamedClip.__init__, "__defaults__", (held,))
    assert film(model, files, source, tmp_path / "film.mp4") == expected


def test_what_fits_is_decoded_once(model, files, tmp_path, monkeypatch):
    passes = []
    decoded = VideoReader.__iter__

    def noted(self):
        passes.append(self.path.name)
        return decoded(self)

    monkeypatch.setattr(VideoReader, "__iter__", noted)
    film(model, files, "source.mp4", tmp_path / "film.mp4")
    assert sorted(passes) == ["driver.mp4", "source.mp4"]
    monkeypatch.setattr(streamed.StreamedClip.__init__, "__defaults__", (0,))
    film(model, files, "source.mp4", tmp_path / "film.mp4")
    assert passes[2:].count("driver.mp4") == 2
    assert passes[2:].count("source.mp4") == 3


PLACES = {
    "decoding": (VideoReader, "_upright_rgb"),
    "reading": (CompactMotionExtractor, "forward"),
    "drawing": (CompactDecoder, "forward"),
    "pasting": (PasteGround, "with_face"),
    "encoding": (video_writer._VideoTrack, "write"),
}


@pytest.mark.parametrize(
    ("stage", "error"),
    [*((stage, MediaError) for stage in PLACES), ("pasting", KeyboardInterrupt)],
)
def test_an_error_or_a_cancel_in_any_stage_ends_all_of_them(
    model, files, tmp_path, monkeypatch, stage, error
):
    owner, name = PLACES[stage]
    work, calls = getattr(owner, name), []

    def failing(self, *args):
        calls.append(name)
        if len(calls) == 2:
            raise error("in the middle")
        return work(self, *args)

    monkeypatch.setattr(owner, name, failing)
    with pytest.raises(error):
        film(model, files, "source.mp4", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []
    names = [one.name for one in threading.enumerate()]
    assert not [name for name in names if name.startswith("liveportrait")]
