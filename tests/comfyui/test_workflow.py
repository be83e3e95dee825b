"""From a workflow on the canvas to a prompt."""

import copy

import pytest

from tests.support.comfyui.fixtures import on_both_versions
from tests.support.comfyui.stand_in import NEWEST
from tests.support.comfyui.workflow import WorkflowError


def canvas(*nodes, links=()):
    """A workflow of nodes `(id, type, inputs, outputs, more)`, with the links put into the slots.

    Inputs are names; `(name, type)` where the type matters. Outputs are types.
    """
    listed = []
    for node_id, kind, inputs, outputs, *more in nodes:
        slots = [(slot, "*") if isinstance(slot, str) else slot for slot in inputs]
        listed.append(
            {
                "id": node_id,
                "type": kind,
                "mode": 0,
                "inputs": [{"name": name, "type": type_, "link": None} for name, type_ in slots],
                "outputs": [{"name": type_, "type": type_, "links": []} for type_ in outputs],
                **(more[0] if more else {}),
            }
        )
    by_id = {node["id"]: node for node in listed}
    for link, origin, output, target, slot, _ in links:
        by_id[origin]["outputs"][output]["links"].append(link)
        by_id[target]["inputs"][slot]["link"] = link
    return {"version": 0.4, "nodes": listed, "links": [list(link) for link in links]}


@pytest.fixture
def files(comfyui):
    """An input folder with a picture and a clip; never opened here."""
    for name in ("face.png", "clip.mp4", "voice.flac"):
        (comfyui.input / name).touch()
    return comfyui


def picture(**more):
    return (
        1,
        "LoadImage",
        [],
        ["IMAGE", "MASK"],
        {"widgets_values": ["face.png", "image"], **more},
    )


def shown(node_id=2, **more):
    return (node_id, "PreviewImage", [("images", "IMAGE")], [], {"widgets_values": [], **more})


ONE_LINK = [(10, 1, 0, 2, 0, "IMAGE")]


@on_both_versions
def test_the_button_of_an_upload_is_not_sent(files):
    prompt = files.prompt_of(canvas(picture(), shown(title="Look"), links=ONE_LINK))
    assert prompt["1"]["inputs"] == {"image": "face.png"}
    assert prompt["1"]["class_type"] == "LoadImage"
    assert prompt["2"]["inputs"] == {"images": ["1", 0]}
    assert prompt["2"]["_meta"] == {"title": "Look"}


@on_both_versions
def test_the_players_of_sound_and_text_are_not_sent(files):
    voice = (1, "LoadAudio", [], ["AUDIO"], {"widgets_values": ["voice.flac", None, None]})
    text = (2, "PreviewAny", ["source"], [], {"widgets_values": [None, None, False]})
    prompt = files.prompt_of(canvas(voice, text, links=[(10, 1, 0, 2, 0, "AUDIO")]))
    assert prompt["1"]["inputs"] == {"audio": "voice.flac"}
    assert prompt["2"]["inputs"] == {"source": ["1", 0]}


@on_both_versions
def test_what_follows_a_control_gets_its_own_value(files):
    number = (1, "PrimitiveInt", [], ["INT"], {"widgets_values": [41, "randomize"]})
    text = (2, "PreviewAny", ["source"], [])
    prompt = files.prompt_of(canvas(number, text, links=[(10, 1, 0, 2, 0, "INT")]))
    assert prompt["1"]["inputs"] == {"value": 41}


def test_a_combo_with_a_control_keeps_two_values_more(files):
    io = files.io

    class Chooser(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            combo = io.Combo.Input("file", options=["a", "b"], control_after_generate=True)
            inputs = [combo, io.Int.Input("seed", max=9), io.Float.Input("last")]
            return io.Schema(node_id="Chooser", inputs=inputs, is_output_node=True)

        @classmethod
        def execute(cls, file, seed, last):
            return io.NodeOutput()

    files.add_nodes(Chooser)
    values = ["b", "increment-wrap", "", 7, "fixed", 0.5]  # an INT named seed has one by itself
    prompt = files.prompt_of(canvas((1, "Chooser", [], [], {"widgets_values": values})))
    assert prompt["1"]["inputs"] == {"file": "b", "seed": 7, "last": 0.5}


def test_values_that_an_older_workflow_lacks_are_the_defaults(files):
    video = (1, "LoadVideo", [], ["VIDEO"], {"widgets_values": ["clip.mp4", "image"]})
    saved = (2, "SaveVideo", [("video", "VIDEO")], [], {"widgets_values": ["clips/x"]})
    prompt = files.prompt_of(canvas(video, saved, links=[(10, 1, 0, 2, 0, "VIDEO")]))
    assert prompt["2"]["inputs"] == {
        "filename_prefix": "clips/x",
        "format": "auto",
        "codec": "auto",
        "video": ["1", 0],
    }


@pytest.mark.parametrize("comfyui", [NEWEST], indirect=True)
def test_a_workflow_of_the_oldest_version_fills_combos_that_bring_others(files):
    video = (1, "LoadVideo", [], ["VIDEO"], {"widgets_values": ["clip.mp4", "image"]})
    values = ["clips/x", "mp4", "h264"]
    saved = (2, "SaveVideo", [("video", "VIDEO")], [], {"widgets_values": values})
    prompt = files.prompt_of(canvas(video, saved, links=[(10, 1, 0, 2, 0, "VIDEO")]))
    assert prompt["2"]["inputs"] == {
        "filename_prefix": "clips/x",
        "format": "mp4",
        "format.codec": "h264",
        "format.codec.encoding": "auto",
        "codec": "auto",
        "video": ["1", 0],
    }


def test_a_link_wins_over_the_widget_that_it_replaced(files):
    number = (1, "PrimitiveFloat", [], ["FLOAT"], {"widgets_values": [24.0]})
    frames = (2, "LoadImage", [], ["IMAGE", "MASK"], {"widgets_values": ["face.png", "image"]})
    slots = [("images", "IMAGE"), ("fps", "FLOAT")]
    video = (3, "CreateVideo", slots, ["VIDEO"], {"widgets_values": [30]})
    saved = (4, "SaveVideo", [("video", "VIDEO")], [], {"widgets_values": ["x", "auto", "auto"]})
    links = [(10, 2, 0, 3, 0, "IMAGE"), (11, 1, 0, 3, 1, "FLOAT"), (12, 3, 0, 4, 0, "VIDEO")]
    workflow = canvas(number, frames, video, saved, links=links)
    workflow["nodes"][2]["inputs"][1]["widget"] = {"name": "fps"}
    prompt = files.prompt_of(workflow)
    assert prompt["3"]["inputs"] == {"fps": ["1", 0], "images": ["2", 0]}


def test_reroutes_are_looked_through_and_notes_left_out(files):
    route = (3, "Reroute", [("", "*")], ["IMAGE"])
    note = (4, "Note", [], [], {"widgets_values": ["Hello"]})
    page = (5, "MarkdownNote", [], [], {"widgets_values": ["# Hello"]})
    links = [(10, 1, 0, 3, 0, "IMAGE"), (11, 3, 0, 2, 0, "IMAGE")]
    prompt = files.prompt_of(canvas(picture(), shown(), route, note, page, links=links))
    assert sorted(prompt) == ["1", "2"]
    assert prompt["2"]["inputs"]["images"] == ["1", 0]


def test_a_primitive_puts_its_value_into_the_widget(files):
    primitive = (3, "PrimitiveNode", [], ["INT"], {"widgets_values": [5, "fixed"]})
    batch = (4, "RepeatImageBatch", [("image", "IMAGE"), "amount"], ["IMAGE"])
    links = [(10, 1, 0, 4, 0, "IMAGE"), (11, 3, 0, 4, 1, "INT"), (12, 4, 0, 2, 0, "IMAGE")]
    prompt = files.prompt_of(canvas(picture(), shown(), primitive, batch, links=links))
    assert prompt["4"]["inputs"] == {"amount": 5, "image": ["1", 0]}


def test_a_bypassed_node_passes_on_the_input_of_its_type(files):
    slots = [("amount", "INT"), ("image", "IMAGE")]
    batch = (3, "RepeatImageBatch", slots, ["IMAGE"], {"mode": 4, "widgets_values": [9]})
    links = [(10, 1, 0, 3, 1, "IMAGE"), (11, 3, 0, 2, 0, "IMAGE")]
    prompt = files.prompt_of(canvas(picture(), shown(), batch, links=links))
    assert sorted(prompt) == ["1", "2"]
    assert prompt["2"]["inputs"]["images"] == ["1", 0]


def test_a_muted_node_leaves_the_input_empty(files):
    frames = (3, "LoadImage", [], ["IMAGE", "MASK"], {"widgets_values": ["face.png", "image"]})
    workflow = canvas(picture(mode=2), shown(), frames, shown(4), links=ONE_LINK)
    with pytest.raises(WorkflowError, match=r"PreviewImage \(node 2\): required_input_missing"):
        files.prompt_of(workflow)


def test_an_optional_input_may_be_left_open(files):
    slots = [("images", "IMAGE"), ("audio", "AUDIO")]
    video = (2, "CreateVideo", slots, ["VIDEO"], {"widgets_values": [25]})
    saved = (3, "SaveVideo", [("video", "VIDEO")], [], {"widgets_values": ["x", "auto", "auto"]})
    links = [(10, 1, 0, 2, 0, "IMAGE"), (11, 2, 0, 3, 0, "VIDEO")]
    assert files.prompt_of(canvas(picture(), video, saved, links=links))["2"]["inputs"] == {
        "fps": 25,
        "images": ["1", 0],
    }


def broken(change):
    """The small workflow after one change."""
    workflow = copy.deepcopy(canvas(picture(), shown(), links=ONE_LINK))
    change(workflow, *workflow["nodes"])
    return workflow


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w, a, b: w.update(version=1), "version is 1, not 0.4"),
        (lambda w, a, b: a.update(type="LoadPicture"), "LoadPicture (node 1): missing_node_type"),
        (lambda w, a, b: a.update(id=2), "Two nodes have the same id"),
        (lambda w, a, b: b["inputs"][0].update(name="image"), "node 2): unknown_input: image"),
        (lambda w, a, b: b["inputs"][0].update(link=None), "link_mismatch: link 10, input 0"),
        (lambda w, a, b: w["links"][0].__setitem__(1, 2), "link_mismatch: link 10, output 0"),
        (lambda w, a, b: a["widgets_values"].append("more"), "1 of 3 widget values are left over"),
        (lambda w, a, b: a["outputs"].append({"links": []}), "unknown_output: it has 2 outputs"),
        (lambda w, a, b: b.update(mode=2), "prompt_no_outputs"),
        (lambda w, a, b: w.update(definitions={"subgraphs": [{}]}), "has subgraphs"),
    ],
)
def test_what_no_front_end_writes_is_refused(files, change, message):
    with pytest.raises(WorkflowError) as refused:
        files.prompt_of(broken(change))
    assert message in str(refused.value)


def test_a_link_between_sockets_that_do_not_meet_is_refused(files):
    mask = [(10, 1, 1, 2, 0, "MASK")]
    with pytest.raises(WorkflowError, match=r"received_type\(MASK\) mismatch input_type\(IMAGE\)"):
        files.prompt_of(canvas(picture(), shown(), links=mask))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["bilinear", -1, 8, "disabled"], "value_smaller_than_min: width: -1 < 0"),
        (["bilinear", 8, 99999, "disabled"], "value_bigger_than_max: height: 99999 > 16384"),
        (["sharp", 8, 8, "disabled"], "value_not_in_list: upscale_method: ['sharp'] not in"),
        (["bilinear", "wide", 8, "disabled"], "invalid_input_type: width, wide"),
    ],
)
def test_values_that_the_server_would_refuse_are_refused(files, values, message):
    scale = (3, "ImageScale", [("image", "IMAGE")], ["IMAGE"], {"widgets_values": values})
    links = [(10, 1, 0, 3, 0, "IMAGE"), (11, 3, 0, 2, 0, "IMAGE")]
    with pytest.raises(WorkflowError) as refused:
        files.prompt_of(canvas(picture(), shown(), scale, links=links))
    assert message in str(refused.value)


def test_all_problems_are_told_at_once(files):
    values = ["sharp", -1, 8, "disabled"]
    scale = (3, "ImageScale", [("image", "IMAGE")], ["IMAGE"], {"widgets_values": values})
    links = [(10, 1, 1, 3, 0, "MASK"), (11, 3, 0, 2, 0, "IMAGE")]
    with pytest.raises(WorkflowError) as refused:
        files.prompt_of(canvas(picture(), shown(), scale, links=links))
    assert len(str(refused.value).splitlines()) == 3
