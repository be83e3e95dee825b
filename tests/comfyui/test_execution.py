"""Running prompts: order, cache, progress, cancelling, errors."""

import json

import pytest
import torch

from tests.support.comfyui import sample_pack
from tests.support.comfyui.execution import RunError, order_of
from tests.support.comfyui.fixtures import on_both_versions
from tests.support.comfyui.stand_in import NEWEST, OLDEST

PACK = sample_pack.__path__[0]


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def frames(**inputs):
    return node("SampleFrames", **{"count": 2, "value": 0.5, **inputs})


def show(origin, **inputs):
    return node("SampleShow", **{"pixels": origin, "title": "", **inputs})


@pytest.fixture
def sample(comfyui):
    """The stand-in with the sample pack."""
    comfyui.import_pack("sample", PACK)
    return comfyui


def told(run, node_id):
    """What SampleShow showed: title, id, nodes of the prompt, workflow, mean."""
    return json.loads(run.ui[node_id]["text"][0])


@on_both_versions
def test_nodes_run_after_what_they_need_whatever_their_order_in_the_prompt(sample):
    prompt = {"3": show(["2", 0]), "2": node("ImageScale", **SCALE, image=["1", 0]), "1": frames()}
    run = sample.run(prompt, workflow={"id": "w"}).check()
    assert run.executed == ["1", "2", "3"]
    assert run.outputs["2"][0].shape == (2, 8, 12, 3)
    assert told(run, "3") == ["", "3", ["1", "2", "3"], {"workflow": {"id": "w"}}, 0.5]


SCALE = {"upscale_method": "bilinear", "width": 12, "height": 8, "crop": "disabled"}


def test_what_nothing_needs_does_not_run(sample):
    run = sample.run({"1": frames(), "2": frames(count=3), "3": show(["1", 0])}).check()
    assert run.executed == ["1", "3"]


def test_only_what_changed_and_what_follows_runs_again(sample):
    prompt = {"1": frames(), "2": show(["1", 0]), "3": show(["1", 1])}
    assert sample.run(prompt).executed == ["1", "2", "3"]
    again = sample.run(prompt)
    assert (again.executed, sorted(again.cached)) == ([], ["1", "2", "3"])
    assert again.ui["2"] == sample.run(prompt).ui["2"]
    prompt["2"]["inputs"]["title"] = "new"
    assert sample.run(prompt).executed == ["2"]
    prompt["1"]["inputs"]["value"] = 0.25
    assert sample.run(prompt).executed == ["1", "2", "3"]


def test_what_a_prompt_did_not_use_is_forgotten(sample):
    one = {"1": frames(), "2": show(["1", 0])}
    other = {"1": frames(value=0.1), "2": show(["1", 0])}
    assert [len(sample.run(each).executed) for each in (one, other, one)] == [2, 2, 2]


def test_a_fingerprint_decides_whether_a_file_is_read_again(sample):
    prompt = {"1": node("SampleFile", file="a.txt"), "2": node("PreviewAny", source=["1", 0])}
    (sample.input / "a.txt").write_text("one")
    assert sample.run(prompt).ui["2"] == {"text": ["one"]}
    assert sample.run(prompt).executed == []
    (sample.input / "a.txt").write_text("two")
    run = sample.run(prompt)
    assert (run.executed, run.ui["2"]) == (["1", "2"], {"text": ["two"]})


def test_progress_and_previews_belong_to_the_node_that_tells_them(sample):
    prompt = {"1": frames(count=3), "2": frames(count=1), "3": show(["1", 0]), "4": show(["2", 0])}
    run = sample.run(prompt).check()
    assert [(one.value, one.total) for one in run.progress["1"]] == [(1, 3), (2, 3), (3, 3)]
    assert [(one.value, one.total) for one in run.progress["2"]] == [(1, 1)]
    kind, picture, longest = run.progress["1"][0].preview
    assert (kind, picture.size, longest) == ("JPEG", (6, 4), 512)
    assert "3" not in run.progress


@on_both_versions
def test_a_cancel_stops_the_node_and_the_next_prompt_runs(sample):
    prompt = {"1": frames(count=5), "2": show(["1", 0])}

    def cancel(node_id, progress):
        if progress.value == 2:
            sample.interrupt()

    run = sample.run(prompt, on_progress=cancel)
    assert (run.interrupted, run.executed, len(run.progress["1"])) == ("1", [], 2)
    with pytest.raises(RunError, match="interrupted in node 1"):
        run.check()
    assert sample.run(prompt).check().executed == ["1", "2"]


def test_a_failure_ends_the_prompt_and_names_the_node(sample):
    mistake = node("SampleMistake", value=["1", 0], mistake="raise")
    run = sample.run({"1": frames(), "2": mistake, "3": show(["2", 0])})
    assert run.executed == ["1"]
    assert (run.failure.node_id, str(run.failure.error)) == ("2", "This one fails.")
    with pytest.raises(RunError, match=r"SampleMistake \(node 2\) failed: This one fails"):
        run.check()


def test_a_wrong_branch_is_left_out_and_the_others_run(sample):
    prompt = {"1": frames(), "2": show(["1", 0]), "3": frames(value=2.0), "4": show(["3", 0])}
    run = sample.run(prompt)
    assert run.executed == ["1", "2"]
    assert [(each.node_id, each.kind) for each in run.problems] == [("3", "value_bigger_than_max")]
    with pytest.raises(RunError, match=r"value: 2\.0 > 1\.0"):
        run.check()


@on_both_versions
def test_a_value_that_the_combo_lacks_is_refused_in_both_versions(sample):
    # ComfyUI 0.3.64 lets it through to the node; 0.33 refuses it as the stand-in always does.
    wrong = node("SampleMistake", value=["1", 0], mistake="unheard of")
    run = sample.run({"1": frames(), "2": wrong, "3": show(["2", 0])})
    assert [each.kind for each in run.problems] == ["value_not_in_list"]


def test_the_check_of_a_node_replaces_those_of_the_inputs_that_it_names(sample):
    sub = sample.input / "deep"
    sub.mkdir()
    (sub / "b.txt").write_text("inside")  # not offered by the combo, but there
    prompt = {"1": node("SampleFile", file="deep/b.txt"), "2": node("PreviewAny", source=["1", 0])}
    assert sample.run(prompt).check().ui["2"] == {"text": ["inside"]}
    prompt["1"]["inputs"]["file"] = "deep/c.txt"
    (problem,) = sample.run(prompt).problems
    assert (problem.kind, problem.details) == (
        "custom_validation_failed",
        "There is no deep/c.txt.",
    )


def test_inputs_that_the_node_does_not_have_are_refused(sample):
    run = sample.run({"1": frames(size=3), "2": show(["1", 0])})
    assert [(each.kind, each.details.split()[0]) for each in run.problems] == [
        ("unknown_input", "size")
    ]


@pytest.mark.parametrize(
    ("link", "message"), [(["9", 0], "there is no node 9"), (["1", 2], "has no output 2")]
)
def test_links_that_lead_nowhere_are_refused(sample, link, message):
    (problem,) = sample.run({"1": frames(), "2": show(link)}).problems
    assert message in problem.details


def test_nodes_that_need_each_other_are_refused():
    prompt = {"1": node("X", x=["2", 0]), "2": node("X", x=["1", 0])}
    with pytest.raises(ValueError, match="need each other"):
        order_of(prompt, ["1"])


@pytest.mark.parametrize("comfyui", [OLDEST, NEWEST], indirect=True)
def test_a_node_that_changes_its_input_is_found_out(sample):
    io = sample.io

    class Brighten(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            inputs, outputs = [io.Image.Input("image")], [io.Image.Output()]
            return io.Schema(node_id="Brighten", inputs=inputs, outputs=outputs)

        @classmethod
        def execute(cls, image):
            image[0, 0, 0, 0] += 0.5
            return io.NodeOutput(image)

    sample.add_nodes(Brighten)
    prompt = {"1": frames(), "2": node("Brighten", image=["1", 0]), "3": show(["2", 0])}
    run = sample.run(prompt)
    assert str(run.failure.error) == r"Brighten changed what it was given: image[0]."


def test_lists_are_taken_item_by_item(sample):
    io = sample.io

    class Two(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            outputs = [io.Float.Output(is_output_list=True)]
            return io.Schema(node_id="Two", outputs=outputs)

        @classmethod
        def execute(cls):
            return io.NodeOutput([0.25, 0.75])

    class Double(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            inputs = [io.Float.Input("x"), io.Float.Input("by", default=2.0)]
            return io.Schema(node_id="Double", inputs=inputs, outputs=[io.Float.Output()])

        @classmethod
        def execute(cls, x, by):
            return io.NodeOutput(x * by)

    sample.add_nodes(Two, Double)
    double = node("Double", x=["1", 0], by=2)
    run = sample.run({"1": node("Two"), "2": double, "3": node("PreviewAny", source=["2", 0])})
    assert run.check().outputs["2"] == ([0.5, 1.5],)
    assert run.ui["3"] == {"text": ["0.5", "1.5"]}


def test_nodes_run_in_inference_mode(sample):
    run = sample.run({"1": frames(), "2": show(["1", 0])}).check()
    assert run.outputs["1"][0].is_inference()
    assert not torch.is_inference_mode_enabled()


def test_what_is_shown_must_fit_into_json(sample):
    io = sample.io

    class Odd(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            return io.Schema(node_id="Odd", is_output_node=True)

        @classmethod
        def execute(cls):
            return io.NodeOutput(ui={"text": [object()]})

    sample.add_nodes(Odd)
    assert "not JSON serializable" in str(sample.run({"1": node("Odd")}).failure.error)
