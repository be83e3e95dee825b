"""What goes wrong while a panel is open: a sentence on the node, its state kept, and on it goes."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.comfyui_real.browser import HTML_NODES, Browser
from tests.comfyui_real.conftest import WORKFLOW_PACK_FOLDER
from tests.comfyui_real.test_canvas import MINIMAP, ours
from tests.comfyui_real.test_editor import BUILD as EDITOR
from tests.comfyui_real.test_editor import Editor, pictures
from tests.comfyui_real.test_timeline import BUILD as TIMELINE
from tests.comfyui_real.test_timeline import TEXT, Timeline
from tests.comfyui_real.videos import DEMO

__all__ = ["pictures"]

GONE = "ComfyUI does not answer; previews go on when it is back."
CHOOSE = """
    const [type, name, value] = argument;
    const node = app.graph._nodes.find((one) => one.type === type);
    const widget = node.widgets.find((one) => one.name === name);
    widget.value = value;
    widget.callback?.(value);
    app.api.dispatchCustomEvent("graphChanged");
"""


FOCUSED = """
    const one = document.activeElement;
    if (!one?.closest(".lps")) return null;
    const label = one.getAttribute("aria-label") ?? one.closest("label")?.textContent;
    return (label || one.textContent || one.querySelector("img")?.alt || "").trim();
"""
"""JavaScript: what a screen reader calls the focused element of a panel; null outside of it."""


@pytest.fixture(scope="module")
def server(new_server, tmp_path_factory):
    """A server of our own, which is stopped and started; with a picture of three and of nobody."""
    made = new_server()
    made.add_pack(WORKFLOW_PACK_FOLDER, copy=True)
    folder = tmp_path_factory.mktemp("three")
    with Image.open(DEMO / "group.jpg") as two, Image.open(DEMO / "portrait.jpg") as one:
        three = Image.new("RGB", (1440, 480))
        three.paste(two, (0, 0))
        three.paste(one.crop((104, 0, 344, 240)).resize((480, 480)), (960, 0))
    three.save(folder / "three.png")
    Image.new("RGB", (512, 512), (90, 120, 90)).save(folder / "nobody.png")
    for name in ("three.png", "nobody.png"):
        made.add_input(folder / name)
    return made.start()


@pytest.fixture(params=[False, True], ids=["canvas", "html"])
def opened(request, server, browser):
    """Opens a page with a graph; gives a name for its pictures too."""

    def start(build, argument, panel=Editor, browser=browser):
        html = request.param
        version = browser.open(server.url, {HTML_NODES: html, MINIMAP: False})
        if html and version.startswith("1.27."):
            pytest.skip("this front end's HTML nodes are an early experiment")
        browser.evaluate(build, argument)
        browser.settle(1)
        browser.fit()
        return panel(browser), f"{version}-{'html' if html else 'canvas'}-wrong"

    return start


def unexpected(messages):
    """Errors of ours, but for requests that a stopped server did not answer."""
    return [one for one in ours(messages) if "ERR_CONNECTION" not in one["text"]]


@pytest.mark.parametrize(
    ("build", "argument", "panel"),
    [(EDITOR, "lps_portrait.jpg", Editor), (TIMELINE, TEXT, Timeline)],
    ids=["editor", "timeline"],
)
def test_a_server_that_restarts_is_said_and_all_goes_on(
    opened, server, browser, pictures, build, argument, panel
):
    open_panel, name = opened(build, argument, panel)
    before = open_panel.seen()
    server.stop()
    try:
        assert open_panel.says(GONE)
        if panel is Editor:
            open_panel.drag((0.2, 0.2), (0.3, 0.2))
            kept = open_panel.values
            assert "yaw_deg" in kept
        else:
            browser.evaluate(
                "const area = document.querySelector('.lps-text');"
                "area.value = '0 yaw 12'; area.dispatchEvent(new Event('change'));"
            )
            kept = open_panel.text
        assert open_panel.says(GONE)
        browser.screenshot(pictures / f"{name}-restart-{panel.__name__}.png")
    finally:
        server.start(port=server.port)
    assert open_panel.no_longer_says(GONE)
    open_panel.seen(before)
    assert (open_panel.values if panel is Editor else open_panel.text) == kept
    assert not unexpected(browser.messages())


def test_two_browsers_on_one_graph_do_not_disturb_each_other(opened, server, browser):
    one, _ = opened(EDITOR, "lps_portrait.jpg")
    rest = one.seen()
    with Browser() as second:
        other, _ = opened(EDITOR, "lps_portrait.jpg", browser=second)
        assert other.seen() == rest
        sides = [(one, browser, 1), (other, second, -1)]
        starts = [panel.place(0.5, 0.2) for panel, *_ in sides]
        for (_, page, _), start in zip(sides, starts, strict=True):
            page.mouse(start, "down")
        for step in range(1, 5):
            for (_, page, side), (x, y) in zip(sides, starts, strict=True):
                page.mouse((x + side * 12 * step, y))
        for _, page, _ in sides:
            page.mouse("up")
        turned = [panel.seen(rest) for panel, *_ in sides]
        assert turned[0] != turned[1]
        assert one.values["yaw_deg"] < 0 < other.values["yaw_deg"]
        # each shows what it shows alone
        for panel, page, _ in sides:
            value = panel.values["yaw_deg"]
            page.evaluate(CHOOSE, ["LPS_ExpressionEditor", "yaw_deg", 0])
            panel.seen(turned[0 if panel is one else 1])
            page.evaluate(CHOOSE, ["LPS_ExpressionEditor", "yaw_deg", value])
            page.settle(2)
            assert panel.seen() == turned[0 if panel is one else 1]
        assert not ours(second.messages())
    assert not ours(browser.messages())


def test_a_source_that_is_swapped_while_dragging_is_taken_over(opened, browser, pictures):
    editor, name = opened(EDITOR, "lps_portrait.jpg")
    before = editor.seen()
    x, y = editor.place(0.2, 0.2)
    browser.mouse((x, y), "down", (x + 10, y))
    browser.evaluate(CHOOSE, ["LoadImage", "image", "nobody.png"])
    assert editor.says("No face")
    browser.mouse((x + 30, y))
    kept = editor.values
    assert kept["yaw_deg"] < 0
    browser.screenshot(pictures / f"{name}-nobody.png")
    browser.evaluate(CHOOSE, ["LoadImage", "image", "lps_group.jpg"])
    browser.mouse((x + 40, y), "up")
    assert editor.no_longer_says("No face")
    swapped = editor.seen(before)
    assert editor.values["yaw_deg"] < kept["yaw_deg"]
    browser.evaluate(CHOOSE, ["LoadImage", "image", "lps_portrait.jpg"])
    editor.seen(swapped)
    # by hand, as a user drops another photo on the loader
    shown = editor.seen()
    browser.drop(DEMO / "group.jpg", "Load Image")
    editor.seen(shown)
    assert not unexpected_but_missing(browser.messages())


def unexpected_but_missing(messages):
    """Errors of ours but for the refusals that the tests ask for."""
    return [one for one in ours(messages) if "422" not in one["text"]]


def test_a_model_that_is_swapped_is_taken_over_or_said(opened, browser):
    editor, _ = opened(EDITOR, "lps_portrait.jpg")
    before = editor.seen()
    editor.drag((0.2, 0.2), (0.3, 0.2))
    turned = editor.seen(before)
    kept = editor.values
    browser.evaluate(CHOOSE, ["LPS_LoadModel", "model_name", "human"])
    assert editor.says("The published human model lacks")
    assert editor.values == kept
    browser.evaluate(CHOOSE, ["LPS_LoadModel", "model_name", "default"])
    assert editor.no_longer_says("lacks")
    assert editor.seen() == turned
    assert editor.values == kept


def test_one_of_three_is_chosen_and_stays_where_the_source_has_fewer(opened, browser, pictures):
    editor, name = opened(EDITOR, "three.png")
    first = editor.seen()
    faces = "return document.querySelectorAll('.lps-faces button').length"

    def offered(count):
        for _ in range(60):
            if browser.evaluate(faces) == count:
                return True
            browser.settle(1)
        raise AssertionError(f"{browser.evaluate(faces)} faces are offered; {editor.said}")

    assert offered(3)
    browser.click(".lps-faces button:nth-child(3)")
    editor.seen(first)
    assert editor.values == {"face_index": 2}
    browser.screenshot(pictures / f"{name}-three.png")
    browser.evaluate(CHOOSE, ["LoadImage", "image", "lps_group.jpg"])
    assert editor.says("The face index is 2")
    assert offered(2)
    browser.evaluate(CHOOSE, ["LoadImage", "image", "lps_portrait.jpg"])
    assert offered(1)
    assert editor.values == {"face_index": 2}
    browser.click(".lps-faces button")
    assert editor.no_longer_says("face index")
    assert editor.values == {}
    editor.seen()


def test_a_key_outside_of_the_clip_is_said_and_can_be_moved_back(opened, browser, pictures):
    timeline, name = opened(TIMELINE, "length 2\n1.6 smile 0.7\n", Timeline)
    timeline.seen()
    set_length = (
        "const length = document.querySelector('.lps input[type=number]');"
        "length.value = argument; length.dispatchEvent(new Event('change'));"
    )
    browser.evaluate(set_length, "1")
    assert timeline.says("A key stands at 1.6 s and the timeline is 1 s long")
    assert timeline.text == "length 1\n1.6 smile 0.7\n"
    browser.screenshot(pictures / f"{name}-outside.png")
    timeline.key("ArrowDown")
    timeline.key("]")
    for _ in range(2):
        timeline.key("Alt+Shift+ArrowLeft")
    assert timeline.text == "length 1\n0.8 smile 0.7\n"
    assert timeline.no_longer_says("A key stands")
    timeline.seen()


def test_a_text_that_was_wrong_from_the_beginning_is_shown(opened, browser):
    timeline, _ = opened(TIMELINE, "length 1\n2 smile 1\n", Timeline)
    assert timeline.says("A key stands at 2 s")
    assert browser.evaluate("return document.querySelector('.lps-text').checkVisibility()")
    browser.evaluate(
        "const area = document.querySelector('.lps-text');"
        "area.value = '# mended\\nlength 3\\n2 smile 1'; area.dispatchEvent(new Event('change'));"
    )
    timeline.seen()
    assert timeline.text == "# mended\nlength 3\n2 smile 1"


def walk_by_tab(browser):
    """Names of all that Tab comes to in a panel, from its first button."""
    browser.evaluate("document.querySelector('.lps button:not(:disabled)').focus()")
    names = []
    while (name := browser.evaluate(FOCUSED)) is not None and len(names) < 60:
        names.append(name)
        browser.press("Tab")
    return names


def test_the_keyboard_alone_changes_a_face(opened, browser):
    editor, _ = opened(EDITOR, "lps_portrait.jpg")
    before = editor.seen()
    names = walk_by_tab(browser)
    assert all(names)
    face = next(index for index, name in enumerate(names) if name.startswith("Face that is being"))
    browser.evaluate("document.querySelector('.lps button:not(:disabled)').focus()")
    for _ in range(face):
        browser.press("Tab")
    for _ in range(4):
        browser.press("ArrowLeft")
    assert editor.values == {"yaw_deg": 4}
    turned = editor.seen(before)
    for _ in range(names.index("Eyes") - face):
        browser.press("Tab")
    browser.press("ArrowRight")
    browser.press("Tab")
    for _ in range(3):
        browser.press("ArrowRight")
    assert editor.values.keys() == {"yaw_deg", "brow_left", "brow_right"}
    editor.seen(turned)
    browser.press("Delete")
    assert editor.values == {"yaw_deg": 4}
    browser.press("Control+z")
    assert editor.values.keys() == {"yaw_deg", "brow_left", "brow_right"}
    assert not ours(browser.messages())


def test_the_keyboard_alone_makes_a_timeline(opened, browser):
    timeline, _ = opened(TIMELINE, "length 2\n# at first\n0.4 smile 0.7\n", Timeline)
    timeline.seen()
    names = walk_by_tab(browser)
    assert all(names)
    assert names[0] == "Play"
    lanes = next(index for index, name in enumerate(names) if name.startswith("Lanes of keys"))
    browser.evaluate("document.querySelector('.lps button').focus()")
    for _ in range(lanes):
        browser.press("Tab")
    for keys in ("ArrowDown", "]", "Alt+ArrowRight", "Alt+ArrowUp"):
        browser.press(keys)
    assert timeline.said == "Smile key 1 of 1: at 0.44 s, 0.75"
    assert timeline.text == "length 2\n# at first\n0.44 smile 0.75\n"
    browser.settle(2)
    for keys in ("End", "Enter"):
        browser.press(keys)
    assert timeline.text == "length 2\n# at first\n0.44 smile 0.75\n1.96 smile 0.75\n"
    browser.press("Control+z")
    assert timeline.text == "length 2\n# at first\n0.44 smile 0.75\n"
    assert not ours(browser.messages())
