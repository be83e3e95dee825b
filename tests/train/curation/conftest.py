"""Folders of videos and images, and what came of them; tests change copies alone."""

import pytest

from liveportrait_core.media.images import write_image
from tests.support.videos import write_video
from tests.train.curation.people import person, walk, write_people
from tests.train.curation.running import curated


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    return write_people(tmp_path_factory.mktemp("media") / "people")


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    """Two short films, a still, and a file that is none: for what is done several times."""
    folder = tmp_path_factory.mktemp("media") / "few"
    for seed, name in enumerate(("a", "b")):
        write_video(folder / f"{name}.mp4", walk(10, seed))
    write_image(folder / "still.png", person(70, 50, 48, seed=2))
    (folder / "empty.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def few_out(tmp_path_factory, few):
    place = tmp_path_factory.mktemp("curated") / "few"
    curated(few, place)
    return place


@pytest.fixture(scope="session")
def out(tmp_path_factory, people):
    place = tmp_path_factory.mktemp("curated") / "out"
    curated(people, place)
    return place
