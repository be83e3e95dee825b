import pytest
import torch

from train.evaluation.accumulator import SetAccumulator, StoredFeatures, VideoAccumulator
from train.evaluation.measures import BY_KEY, MEASURES, measures_of
from train.evaluation.paper_tables import COLUMNS, SETS, TABLES, as_text, paper_rows, with_ours

HEADINGS = {key: measure.heading for key, measure in BY_KEY.items()}


@pytest.mark.parametrize("mode", ["self", "cross"])
def test_every_column_of_the_paper_is_a_measure(mode):
    assert set(COLUMNS[mode]) <= {measure.key for measure in measures_of(mode)}
    for figures in TABLES[mode].values():
        assert [len(row) for row in figures] == [len(COLUMNS[mode])] * len(SETS)


@pytest.mark.parametrize("mode", ["self", "cross"])
@pytest.mark.parametrize("layout", SETS)
def test_the_paper_is_best_in_all_but_one_column(mode, layout):
    # Sec. 4.2: "except for the FID on TalkingHead-1KH, where the FID of AniPortrait is lower"
    rows = dict(paper_rows(mode, layout))
    assert len(rows) == 8
    for place, key in enumerate(COLUMNS[mode]):
        best = max if BY_KEY[key].better == "up" else min
        winner = best(rows, key=lambda method: rows[method][place])
        excepted = (mode, layout, key) == ("cross", "talkinghead-1kh", "fid")
        assert winner == ("AniPortrait" if excepted else "LivePortrait")


def test_our_row_stands_beneath_the_papers():
    rows = with_ours("self", "vfhq", HEADINGS, {"psnr_db": 30.0, "l1": None})
    assert rows[0][1:3] == ["PSNR up", "SSIM up"]
    assert rows[-2][:2] == ["LivePortrait", "31.5616"]
    assert rows[-1] == ["ours", "30.0000", "-", "-", "-", "-", "-"]
    lines = as_text(rows).splitlines()
    assert len(lines) == 10
    assert len({len(line) for line in lines}) == 1


def test_the_measures_have_names_of_their_own():
    assert len(BY_KEY) == len(MEASURES)
    assert all(one.distance is not None for one in MEASURES if one.scope != "set")


def an_accumulator(*keys):
    return SetAccumulator("self", [BY_KEY[key] for key in keys])


def moving(*places):
    """Frames whose points all lie at one x, crop units, and a pose of as many degrees."""
    keypoints = torch.zeros(len(places), 21, 3)
    keypoints[:, :, 0] = torch.tensor(places)[:, None]
    pose = torch.tensor(places)[:, None].expand(-1, 3)
    return StoredFeatures({"motion": (keypoints, pose)})


def test_means_are_over_all_frames_of_all_videos():
    totals = an_accumulator("landmark_error_px", "pose_error_deg")
    first, second = VideoAccumulator(totals), VideoAccumulator(totals)
    first.add([0], moving(0.0), {"driving": moving(0.5)})
    second.add([0, 1], moving(0.0, 0.0), {"driving": moving(0.0, 0.25)})
    videos = [first.finish(), second.finish()]
    for video in videos:
        totals.add_video(video)
    # half of 128 pixels
    assert [video.means["landmark_error_px"] for video in videos] == pytest.approx([64, 16])
    assert totals.mean("landmark_error_px") == pytest.approx((64 + 0 + 32) / 3)
    assert totals.mean("pose_error_deg") == pytest.approx((0.5 + 0 + 0.25) / 3)


def test_a_video_that_breaks_off_does_not_count():
    totals = an_accumulator("landmark_error_px")
    VideoAccumulator(totals).add([0], moving(0.0), {"driving": moving(0.5)})
    assert totals.mean("landmark_error_px") is None


def test_jitter_needs_frames_that_follow_each_other():
    totals = an_accumulator("jitter_px")
    video = VideoAccumulator(totals)
    video.add([0, 1], moving(0.0, 0.1), {"driving": moving(0.0, 0.0)})
    video.add([2, 5, 6], moving(0.0, 9.0, 0.0), {"driving": moving(0.0, 0.0, 0.0)})
    # of 0 .1 0 alone: a second difference of .2 crop units, 25.6 pixels; 5 and 6 are two frames
    assert video.finish().means["jitter_px"] == pytest.approx(0.2 * 128)
    lonely = VideoAccumulator(an_accumulator("jitter_px"))
    lonely.add([0, 2, 4], moving(0.0, 1.0, 0.0), {"driving": moving(0.0, 0.0, 0.0)})
    assert lonely.finish().means["jitter_px"] is None
