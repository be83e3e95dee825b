from liveportrait_core.media.images import read_image
from tests.train.curation.people import (
    REASONS,
)


def test_the_report_shows_clips_and_reasons(out):
    page = (out / "report.html").read_text(encoding="ascii")
    assert all(reason in page for reason in REASONS.values())
    assert page.count("data:image/jpeg;base64,") == 2  # of nobody.png and two.png
    sheet = read_image(out / "contact-sheet.jpg").rgb
    assert sheet.shape[1] == 6 * 160
