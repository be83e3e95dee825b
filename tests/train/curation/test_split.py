import numpy as np
import pytest

from liveportrait_core.face.faces import FaceTrack
from tests.support.videos import square_faces
from tests.train.curation.people import SETTINGS, ground, person, walk
from train.curation.settings import CurationSettings
from train.curation.split import LONGEST_GAP, Limits, Piece, Splitter, Stretch
from train.data.face_crops import DETECT_EVERY, framed

LONG = Limits(least=10, most=1000)


def found_in(frames, limits=LONG):
    faces = square_faces()
    splitter = Splitter(faces.finder, faces.network, limits)
    found = [entry for frame in frames for entry in splitter.update(frame)]
    return [*found, *splitter.close()]


def spans(found):
    return [(entry.numbers[0], entry.numbers[-1]) for entry in found if isinstance(entry, Piece)]


def test_a_film_of_one_person_is_one_piece():
    (piece,) = found_in(walk(40))
    assert piece.numbers == tuple(range(40))
    assert len(piece.faces) == 40


def test_pieces_end_at_scene_cuts_also_between_shots_that_look_alike():
    night, day = walk(20), walk(20, light=60)
    assert spans(found_in([*night, *day])) == [(0, 19), (20, 39)]
    # 22 levels are less than the tracker takes for a cut
    later = [frame + np.uint8(22) * (frame < 130) for frame in walk(20)]
    still = [person(60, 50, 44)] * 20
    assert spans(found_in([*still, *later])) == [(0, 19), (20, 39)]


def test_frames_with_a_second_person_are_in_no_piece():
    both = [person(60, 50, 44, (130, 20, 40))] * 20
    found = found_in([*walk(50), *both, *walk(50)])
    first, second = (entry for entry in found if isinstance(entry, Piece))
    assert first.numbers[-1] < 50
    assert second.numbers[0] >= 70
    # what is lost besides lies between two looks
    assert first.numbers[-1] >= 50 - DETECT_EVERY - 1
    assert second.numbers[0] <= 70 + DETECT_EVERY
    (stretch,) = (entry for entry in found if isinstance(entry, Stretch))
    assert stretch.reason == "several faces"
    assert stretch.picture is not None


def test_a_second_person_who_comes_at_the_very_end_is_seen():
    both = [person(60, 50, 44, (130, 20, 40))] * 3
    found = found_in([*walk(34), *both])
    assert spans(found) == [(0, 31)]  # the look at frame 32 saw one, the last look two


def test_a_short_gap_is_left_out_of_a_piece_and_a_long_one_ends_it():
    gone = [ground()]
    short = found_in([*walk(20), *gone * LONGEST_GAP, *walk(20)])
    assert spans(short) == [(0, 45)]
    assert len(short[0].numbers) < 46 - LONGEST_GAP + 1
    long = found_in([*walk(20), *gone * 40, *walk(40)])
    assert len(spans(long)) == 2
    assert [entry.reason for entry in long if isinstance(entry, Stretch)] == ["no face"]


@pytest.mark.parametrize("count", [49, 50, 120])
def test_pieces_are_shorter_than_the_longest_clip(count):
    limits = Limits.of(SETTINGS, 25.0)
    assert limits.most == 49  # under 2 s of 25 frames
    pieces = spans(found_in(walk(count), limits))
    assert all(last - first + 1 <= 49 for first, last in pieces)
    assert pieces[0] == (0, min(count, 49) - 1)


def test_clips_of_film_last_less_than_30_s_and_stills_one_frame():
    assert Limits.of(CurationSettings(), 25.0) == Limits(25, 749)
    assert Limits.of(CurationSettings(), 30000 / 1001) == Limits(30, 899)
    assert Limits.of(CurationSettings(), 0.0) == Limits(1, 1)


def test_a_face_that_crosses_the_picture_stays_in_the_crops_of_its_pieces():
    frames = [person(4 + 2 * k, 50, 40) for k in range(70)]
    pieces = [entry for entry in found_in(frames) if isinstance(entry, Piece)]
    assert len(pieces) > 1
    for piece in pieces:
        transform = framed(FaceTrack(0, piece.faces), SETTINGS.crop)
        for face in piece.faces:
            points = transform.to_crop(face.landmarks.points)
            assert points.min() >= 0
            assert points.max() <= SETTINGS.size_px - 1


def test_a_film_without_a_face_is_one_stretch():
    (stretch,) = found_in([ground()] * 30)
    assert (stretch.reason, stretch.first, stretch.frames) == ("no face", 0, 30)
