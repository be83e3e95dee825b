"""The Timeline in a real browser: keys set, dragged, undone, played, and looked at."""

from __future__ import annotations

import pytest

from tests.comfyui_real.browser import HTML_NODES, NEW_GRAPH
from tests.comfyui_real.test_canvas import MINIMAP, ours
from tests.comfyui_real.test_editor import Editor, pictures, server

__all__ = ["pictures", "server"]

NODE = "app.graph._nodes.find((one) => one.type === 'LPS_Timeline')"
TEXT = (
    "length 2\n0.4 smile 0.7; yaw 8 linear\n1 jaw_open 0.5 ease\n1.6 smile 0; yaw 0; jaw_open 0\n"
)
BUILD = (
    NEW_GRAPH
    + """
    const model = add("LPS_LoadModel", 0);
    const photo = add("LoadImage", 0, { image: "lps_portrait.jpg" });
    photo.pos = [0, 240];
    const timeline = add("LPS_Timeline", 380, { timeline: argument });
    link(model, timeline, "model");
    link(photo, timeline, "source");
    const animate = add("LPS_AnimatePortrait", 1000);
    link(model, animate, "model");
    link(photo, animate, "source");
    link(timeline, animate, "driving");
    link(animate, add("PreviewImage", 1400), "images");
"""
)
FILES = """
    const motion = add("LPS_LoadMotion", 0, { motion_file: "nod (shipped)" });
    motion.pos = [0, 640];
    link(motion, timeline, "motion_1");
    const sound = add("LoadAudio", 0, { audio: "lps_speech.mp3" });
    sound.pos = [0, 900];
    link(sound, timeline, "audio");
"""
"""JavaScript, behind `BUILD`: files that lie beneath the keys."""
UNHEARD = f"""
    const timeline = {NODE};
    timeline.disconnectInput(timeline.inputs.findIndex((slot) => slot.name === "audio"));
"""
"""JavaScript, behind `FILES`: the sound is taken off."""
FILM = f"""
    const film = LiteGraph.createNode("LoadVideo");
    const parts = LiteGraph.createNode("GetVideoComponents");
    for (const node of [film, parts]) app.graph.add(node);
    film.widgets.find((one) => one.name === "file").value = "lps_person.mp4";
    film.connect(0, parts, 0);
    const timeline = {NODE};
    const from = parts.outputs.findIndex((slot) => slot.type === "AUDIO");
    parts.connect(from, timeline, timeline.inputs.findIndex((slot) => slot.name === "audio"));
"""
"""JavaScript: the sound of a film."""
BENEATH = f"""
    const add = (type, widgets) => {{
        const node = LiteGraph.createNode(type);
        node.pos = [0, 640];
        app.graph.add(node);
        for (const [name, value] of Object.entries(widgets)) {{
            node.widgets.find((one) => one.name === name).value = value;
        }}
        return node;
    }};
    const timeline = {NODE};
    const link = (from, name) =>
        from.connect(0, timeline, timeline.inputs.findIndex((slot) => slot.name === name));
    const idle = add("LPS_IdleMotion", {{ duration: 0.5 }});
    app.graph._nodes.find((one) => one.type === "LPS_LoadModel").connect(0, idle, 0);
    link(idle, "motion_1");
    const sound = add("LoadAudio", {{ audio: "lps_speech.mp3" }});
    sound.pos = [0, 960];
    link(sound, "audio");
"""


class Timeline(Editor):
    """The panel on the page."""

    @property
    def text(self):
        """What is saved and sent."""
        found = f"{NODE}.widgets.find((one) => one.name === 'timeline').value"
        return self.browser.evaluate(f"return {found}")

    @property
    def rows(self):
        """What the lanes are called, for those who hear it."""
        lanes = "document.querySelector('.lps-timeline canvas')"
        return self.browser.evaluate(f"return {lanes}.getAttribute('aria-description')").split(", ")

    def rows_begin(self, *names, timeout_s=60):
        """Wait until the first lanes are called so."""
        for _ in range(timeout_s):
            if self.rows[: len(names)] == [*names]:
                return
            self.browser.settle(1)
        raise AssertionError(f"the lanes are {self.rows}; the node says: {self.said}")

    def key(self, keys):
        """Press a key on the lanes."""
        self.browser.evaluate("document.querySelector('.lps-timeline canvas').focus()")
        self.browser.press(keys)

    def at(self, x, y):
        """A place on the page, of one on the lanes in their own pixels."""
        left, top, zoom = self.browser.evaluate(
            "const canvas = document.querySelector('.lps-timeline canvas');"
            "const box = canvas.getBoundingClientRect();"
            "return [box.left, box.top, box.width / canvas.clientWidth]"
        )
        return left + x * zoom, top + y * zoom


@pytest.fixture(params=[False, True], ids=["canvas", "html"])
def opened(request, server, browser):
    """Opens a page with a graph of a photo and a timeline; gives a name for its pictures too."""

    def start(text=TEXT, build=BUILD, **settings):
        html = request.param
        version = browser.open(server.url, {HTML_NODES: html, MINIMAP: False, **settings})
        if html and version.startswith("1.27."):
            pytest.skip("this front end's HTML nodes are an early experiment")
        browser.evaluate(build, text)
        browser.settle(1)
        browser.fit()
        return Timeline(browser), f"{version}-{'html' if html else 'canvas'}-timeline"

    return start


def test_keys_are_set_dragged_and_undone(opened, browser, pictures):
    timeline, name = opened()
    start = timeline.seen()
    browser.screenshot(pictures / f"{name}-1-opened.png")
    timeline.key("End")
    timeline.key("Home")
    for _ in range(10):
        timeline.key("ArrowRight")
    smiling = timeline.seen(start)
    timeline.key("ArrowDown")
    timeline.key("]")
    browser.screenshot(pictures / f"{name}-2-chosen.png")
    assert "key 1 of 2: at 0.4 s, 0.7" in timeline.said
    timeline.key("Alt+ArrowRight")
    assert "\n0.44 smile 0.7\n" in timeline.text
    assert timeline.seen(smiling)
    timeline.press("Undo")
    assert timeline.text == TEXT
    timeline.press("Redo")
    assert "\n0.44 smile 0.7\n" in timeline.text
    assert not ours(browser.messages())


def test_what_the_pointer_does_is_in_the_text(opened, browser, pictures):
    timeline, name = opened("length 2\n0.4 smile 0.7\n")
    timeline.seen()
    width = browser.evaluate("return document.querySelector('.lps-timeline canvas').clientWidth")
    scale = (width - 104 - 12) / 2
    # ruler 20, group 18, lane 38 high with a margin of 6 and values from -1 to 1
    key = (104 + 0.4 * scale, 20 + 18 + 6 + 26 * 0.15)
    to = (104 + 1.2 * scale, key[1] + 13)
    browser.drag(timeline.at(*key), timeline.at(*to))
    assert timeline.text == "length 2\n1.2 smile -0.3\n"
    browser.screenshot(pictures / f"{name}-3-dragged.png")
    # the lane is open now, 104 high: a double click sets a key
    browser.evaluate(
        "const canvas = document.querySelector('.lps-timeline canvas');"
        "const [clientX, clientY] = argument;"
        "canvas.dispatchEvent(new MouseEvent('dblclick', { clientX, clientY, bubbles: true }));",
        list(timeline.at(104 + 0.4 * scale, 20 + 18 + 6)),
    )
    assert timeline.text == "length 2\n0.4 smile 1\n1.2 smile -0.3\n"
    timeline.key("Delete")
    assert timeline.text == "length 2\n1.2 smile -0.3\n"
    # scrubbing on the ruler changes no text
    browser.drag(timeline.at(200, 8), timeline.at(300, 8))
    assert timeline.text == "length 2\n1.2 smile -0.3\n"


def test_lanes_are_added_split_and_eased_by_their_inputs(opened, browser, pictures):
    timeline, name = opened("length 2\n")
    choose = (
        "const menu = document.querySelector('.lps [aria-label=\"' + argument[0] + '\"]');"
        "menu.value = argument[1]; menu.dispatchEvent(new Event('change'));"
    )
    browser.settle(1)
    timeline.key("End")
    browser.evaluate(choose, ["Add ...", "blink_left"])
    assert timeline.text == "length 2\n1.96 blink 0\n"
    browser.evaluate(choose, ["Value of the key", "0.5"])
    browser.settle(1)
    browser.evaluate(choose, ["How the control gets to this key", "ease-in"])
    assert timeline.text == "length 2\n1.96 blink 0.5 ease-in\n"
    browser.settle(1)
    browser.evaluate(choose, ["How the control gets to this key", "bezier"])
    assert timeline.text == "length 2\n1.96 blink 0.5 bezier 0.42 0 1 1\n"
    browser.settle(1)
    timeline.press("Left and right apart, or together")
    browser.settle(1)
    browser.screenshot(pictures / f"{name}-4-split.png")
    timeline.press("The end goes on with the beginning")
    assert timeline.text == "length 2\nloop\n1.96 blink 0.5 bezier 0.42 0 1 1\n"
    browser.settle(1)
    timeline.key("]")
    browser.evaluate(choose, ["Value of the key", "0.2"])
    assert timeline.text == (
        "length 2\nloop\n1.96 blink_left 0.2 bezier 0.42 0 1 1; blink_right 0.5 bezier 0.42 0 1 1\n"
    )
    timeline.press("Play")
    browser.settle(1.5)
    timeline.press("Play")
    assert not ours(browser.messages())


def test_a_wrong_text_is_a_sentence_and_stays(opened, browser, pictures):
    timeline, name = opened("0 smlie 1\n")
    browser.settle(2)
    assert timeline.said == "Line 1, 'smlie': a control is expected. Did you mean 'smile'?"
    assert timeline.text == "0 smlie 1\n"
    timeline.press("The timeline as text")
    browser.screenshot(pictures / f"{name}-5-wrong.png")
    browser.evaluate(
        "const area = document.querySelector('.lps-text');"
        "area.value = '0.4 smile 1'; area.dispatchEvent(new Event('change'));"
    )
    assert timeline.text == "0.4 smile 1"
    timeline.seen()


def test_files_beneath_are_shown_at_once_and_cut(opened, browser, pictures):
    text = "# hello\nlength 4\n0.5 play 1  # nods\n\n1 jaw_open 0.6\n"
    timeline, name = opened(text, build=BUILD + FILES)
    timeline.rows_begin("Sound", "Motion 1", "Jaw", "Open")
    before = timeline.seen()
    timeline.key("Home")
    timeline.key("ArrowDown")
    assert timeline.said == "Motion 1: at 0.5 s"
    timeline.key("Alt+ArrowRight")
    assert timeline.text == text.replace("0.5 play 1", "0.56 play 1")
    set_number = (
        "const input = document.querySelector('.lps-segment [aria-label=\"' + argument[0] + '\"]');"
        "input.value = argument[1]; input.dispatchEvent(new Event('change'));"
    )
    browser.settle(1)
    browser.evaluate(
        set_number, ["Second of the motion where the part ends; empty: at its end", "1"]
    )
    browser.settle(1)
    browser.evaluate(set_number, ["How many times as fast as the motion", "0.5"])
    cut = text.replace("0.5 play 1", "0.56 play 1 to 1 speed 0.5")
    assert timeline.text == cut
    browser.screenshot(pictures / f"{name}-8-files.png")
    # its end, ruler 20, sound 30, row 20 high
    width = browser.evaluate("return document.querySelector('.lps-timeline canvas').clientWidth")
    scale = (width - 104 - 12) / 4
    browser.settle(1)
    end = 104 + 2.56 * scale - 2
    browser.drag(timeline.at(end, 60), timeline.at(end - 0.52 * scale, 60))
    assert timeline.text == text.replace("0.5 play 1", "0.56 play 1 to 0.74 speed 0.5")
    timeline.press("Undo")
    assert timeline.text == cut
    timeline.key("End")
    timeline.seen(before)
    for script, first in ((UNHEARD, "Motion 1"), (FILM, "Sound")):
        browser.evaluate(script)
        timeline.rows_begin(first)
    assert not ours(browser.messages())


def test_it_is_saved_sent_and_run(opened, browser, pictures):
    """Motions that other nodes make are heard of when they are linked, and shown after a run."""
    text = "length 0.6\n0.2 play 1 blend 0.1\n0.1 jaw_open 0.6\n"
    timeline, name = opened(text)
    assert timeline.says("The timeline plays motion 1 and has 0 motions beneath it")
    browser.evaluate(BENEATH)
    browser.fit()
    timeline.seen()
    refused = len(browser.messages())
    sent = next(node for node in browser.prompt().values() if node["class_type"] == "LPS_Timeline")
    assert sent["inputs"]["timeline"] == text
    assert browser.run()["kind"] == "execution_success"
    timeline.rows_begin("Sound", "Motion 1", "Jaw", "Open")
    browser.screenshot(pictures / f"{name}-6-run.png")
    before = timeline.seen()
    timeline.key("End")
    assert timeline.seen(before)
    saved = browser.workflow()
    browser.evaluate("return app.loadGraphData(argument)", saved)
    browser.settle(2)
    assert timeline.text == text
    assert not ours(browser.messages()[refused:])


def test_it_speaks_chinese_and_is_light(opened, browser, pictures):
    timeline, name = opened(**{"Comfy.Locale": "zh", "Comfy.ColorPalette": "light"})
    timeline.seen()
    browser.screenshot(pictures / f"{name}-7-chinese-light.png")
    assert "\u65f6\u95f4\u7ebf" in browser.evaluate(
        "return document.querySelector('.lps').getAttribute('aria-label')"
    )
