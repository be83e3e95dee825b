import numpy as np
import pytest

from liveportrait_core.face.faces import FaceTrack
from tests.support.videos import square_faces
from tests.train.curation.people import SETTINGS, ground, person, walk
from train.curation.settings import CurationSettings
from train.curation.split import MAX_GAP, Limits, RejectedSpan, Segment, Splitter
from train.data.face_crops import DETECT_EVERY, framed

LONG = Limits(minimum=10, maximum=1000)


def found_in(frames, limits=LONG):
    faces = square_faces()
    splitter = Splitter(faces.finder, faces.network, limits)
    found = [entry for frame in frames for entry in splitter.update(frame)]
    return [*found, *splitter.close()]


def spans(found):
    return [(entry.numbers[0], entry.numbers[-1]) for entry in found if isinstance(entry, Segment)]


def test_a_video_of_one_person_is_one_segment():
    (segment,) = found_in(walk(40))
    assert segment.numbers == tuple(range(40))
    assert len(segment.faces) == 40


def test_segments_end_at_scene_cuts_also_between_shots_that_look_alike():
    night, day = walk(20), walk(20, light=60)
    assert spans(found_in([*night, *day])) == [(0, 19), (20, 39)]
    # 22 levels are less than the tracker takes for a cut
    later = [frame + np.uint8(22) * (frame < 130) for frame in walk(20)]
    still = [person(60, 50, 44)] * 20
    assert spans(found_in([*still, *later])) == [(0, 19), (20, 39)]


def test_frames_with_a_second_person_are_in_no_segment():
    both = [person(60, 50, 44, (130, 20, 40))] * 20
    found = found_in([*walk(50), *both, *walk(50)])
    first, second = (entry for entry in found if isinstance(entry, Segment))
    assert first.numbers[-1] < 50
    assert second.numbers[0] >= 70
    # what is lost besides lies between two looks
    assert first.numbers[-1] >= 50 - DETECT_EVERY - 1
    assert second.numbers[0] <= 70 + DETECT_EVERY
    (span,) = (entry for entry in found if isinstance(entry, RejectedSpan))
    assert span.reason == "several faces"
    assert span.picture is not None


def test_a_second_person_who_comes_at_the_very_end_is_seen():
    both = [person(60, 50, 44, (130, 20, 40))] * 3
    found = found_in([*walk(34), *both])
    assert spans(found) == [(0, 31)]  # the look at frame 32 saw one, the last look two


def test_a_short_gap_is_left_out_of_a_segment_and_a_long_one_ends_it():
    gone = [ground()]
    short = found_in([*walk(20), *gone * MAX_GAP, *walk(20)])
    assert spans(short) == [(0, 45)]
    assert len(short[0].numbers) < 46 - MAX_GAP + 1
    long = found_in([*walk(20), *gone * 40, *walk(40)])
    assert len(spans(long)) == 2
    assert [entry.reason for entry in long if isinstance(entry, RejectedSpan)] == ["no face"]


@pytest.mark.parametrize("count", [49, 50, 120])
def test_segments_are_shorter_than_the_longest_clip(count):
    limits = Limits.of(SETTINGS, 25.0)
    assert limits.maximum == 49  # under 2 s of 25 frames
    segments = spans(found_in(walk(count), limits))
    assert all(last - first + 1 <= 49 for first, last in segments)
    assert segments[0] == (0, min(count, 49) - 1)


def test_clips_of_video_last_less_than_30_s_and_images_one_frame():
    assert Limits.of(CurationSettings(), 25.0) == Limits(25, 749)
    assert Limits.of(CurationSettings(), 30000 / 1001) == Limits(30, 899)
    assert Limits.of(CurationSettings(), 0.0) == Limits(1, 1)


def test_a_face_that_crosses_the_picture_stays_in_the_crops_of_its_segments():
    frames = [person(4 + 2 * k, 50, 40) for k in range(70)]
    segments = [entry for entry in found_in(frames) if isinstance(entry, Segment)]
    assert len(segments) > 1
    for segment in segments:
        transform = framed(FaceTrack(0, segment.faces), SETTINGS.crop)
        for face in segment.faces:
            points = transform.to_crop(face.landmarks.points)
            assert points.min() >= 0
            assert points.max() <= SETTINGS.size_px - 1


def test_a_video_without_a_face_is_one_rejected_span():
    (span,) = found_in([ground()] * 30)
    assert (span.reason, span.first, span.frames) == ("no face", 0, 30)
