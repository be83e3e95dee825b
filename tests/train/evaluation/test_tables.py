import pytest
import torch

from train.evaluation.accumulator import FilmTally, KnownPictures, Tally
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


def a_tally(*keys):
    return Tally("self", [BY_KEY[key] for key in keys])


def moving(*places):
    """Frames whose points all lie at one x, crop units, and a pose of as many degrees."""
    keypoints = torch.zeros(len(places), 21, 3)
    keypoints[:, :, 0] = torch.tensor(places)[:, None]
    pose = torch.tensor(places)[:, None].expand(-1, 3)
    return KnownPictures({"motion": (keypoints, pose)})


def test_means_are_over_all_frames_of_all_films():
    tally = a_tally("landmark_error_px", "pose_error_deg")
    first, second = FilmTally(tally), FilmTally(tally)
    first.add([0], moving(0.0), {"driving": moving(0.5)})
    second.add([0, 1], moving(0.0, 0.0), {"driving": moving(0.0, 0.25)})
    films = [first.finish(), second.finish()]
    for film in films:
        tally.count(film)
    # half of 128 pixels
    assert [film.means["landmark_error_px"] for film in films] == pytest.approx([64, 16])
    assert tally.mean("landmark_error_px") == pytest.approx((64 + 0 + 32) / 3)
    assert tally.mean("pose_error_deg") == pytest.approx((0.5 + 0 + 0.25) / 3)


def test_a_film_that_breaks_off_does_not_count():
    tally = a_tally("landmark_error_px")
    FilmTally(tally).add([0], moving(0.0), {"driving": moving(0.5)})
    assert tally.mean("landmark_error_px") is None


def test_trembling_needs_frames_that_follow_each_other():
    tally = a_tally("jitter_px")
    film = FilmTally(tally)
    film.add([0, 1], moving(0.0, 0.1), {"driving": moving(0.0, 0.0)})
    film.add([2, 5, 6], moving(0.0, 9.0, 0.0), {"driving": moving(0.0, 0.0, 0.0)})
    # of 0 .1 0 alone: a second difference of .2 crop units, 25.6 pixels; 5 and 6 are two frames
    assert film.finish().means["jitter_px"] == pytest.approx(0.2 * 128)
    lonely = FilmTally(a_tally("jitter_px"))
    lonely.add([0, 2, 4], moving(0.0, 1.0, 0.0), {"driving": moving(0.0, 0.0, 0.0)})
    assert lonely.finish().means["jitter_px"] is None
