from liveportrait_core.media.images import read_image
from tests.train.curation.people import REASONS
from tests.train.curation.running import curated
from train.curation.report import rejections


def test_the_report_shows_clips_and_reasons(out):
    page = (out / "report.html").read_text(encoding="ascii")
    assert all(reason in page for reason in REASONS.values())
    assert page.count("data:image/jpeg;base64,") == 2  # of nobody.png and two.png
    sheet = read_image(out / "contact-sheet.jpg").rgb
    assert sheet.shape[1] == 6 * 160


def test_the_page_calls_things_by_their_names(out):
    page = (out / "report.html").read_text(encoding="ascii")
    assert all(name in page for name in ("video clips", "images", "seconds of video"))
    assert not any(name in page for name in ("films", "stills"))


def test_an_empty_folder_has_a_page_that_says_so(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "empty.jpg").write_bytes(b"")
    index = curated(tmp_path / "media", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="ascii")
    assert page[page.index("Kept") :].count("Nothing.") == 1
    assert rejections(index) == "\n  empty file                1        0.0 s"
    assert rejections({"rejected": {}}) == "nothing."
