from train.reports.html_page import Image, Section, Table, html_page, jpeg_address, write_html_page

MARKUP = "<b>&\"'"
ESCAPED = "&lt;b&gt;&amp;&#34;&#39;"


def test_every_value_of_a_page_is_escaped():
    image = Image(address=MARKUP, caption=MARKUP)
    table = Table(header=[MARKUP], rows=[[MARKUP, [MARKUP, image]]])
    page = html_page(MARKUP, [Section(heading=MARKUP, blocks=[table, image, MARKUP])])
    assert MARKUP not in page
    # title twice, heading, header, cell, line, two images with alt and src, caption, note
    assert page.count(ESCAPED) == 2 + 1 + 1 + 1 + 1 + 4 + 1 + 1


def test_numbers_stand_to_the_right_with_their_thousands_apart():
    page = html_page("t", [Section(blocks=[Table(rows=[["a", 12345, 1234.56, ["x", "y"]]])])])
    row = "<tr><td>a</td>" + '<td class="number">12,345</td><td class="number">1,234.6</td>'
    assert row + "<td>x<br>y</td></tr>" in page
    assert "<h2>" not in page


def test_a_page_is_written_as_ascii(tmp_path):
    write_html_page(tmp_path / "page.html", "Zo\xeb", [Section(blocks=["\u0141\xf3d\u017a"])])
    page = (tmp_path / "page.html").read_text(encoding="ascii")
    assert "Zo&#235;" in page
    assert "&#321;&#243;d&#378;" in page


def test_an_image_can_lie_in_the_page_itself():
    assert jpeg_address(b"\xff\xd8") == "data:image/jpeg;base64,/9g="
