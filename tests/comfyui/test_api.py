"""What the stand-in's API takes and refuses."""

import dataclasses
import inspect

import pytest
import torch

from tests.support.comfyui.calls import call, execute
from tests.support.comfyui.fixtures import on_both_versions
from tests.support.comfyui.signatures import signature_problems
from tests.support.comfyui.stand_in import NEWEST, OLDEST


def a_node(io, *, inputs=(), outputs=(), give=lambda cls, **_: None, **schema):
    """A node class with this schema, which gives what `give` does."""

    class ANode(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            schema.setdefault("node_id", "ANode")
            return io.Schema(inputs=list(inputs), outputs=list(outputs), **schema)

        @classmethod
        def execute(cls, **values):
            return give(cls, **values)

    return ANode


def test_the_oldest_version_refuses_what_came_later(comfyui):
    io = comfyui.io
    for keyword in ("search_aliases", "essentials_category", "has_intermediate_output"):
        with pytest.raises(TypeError, match=keyword):
            io.Schema(node_id="X", **{keyword: None})
    for kind in (io.Int, io.Float, io.String, io.Boolean, io.Combo, io.Image, io.Custom("X")):
        with pytest.raises(TypeError, match="advanced"):
            kind.Input("x", advanced=True)
    with pytest.raises(TypeError, match="extra_dict"):
        io.Float.Input("x", extra_dict={})
    assert not hasattr(io, "BoundingBox")
    assert not hasattr(io, "DynamicCombo")


@pytest.mark.parametrize("comfyui", [NEWEST], indirect=True)
def test_the_newest_version_takes_what_came_later(comfyui):
    io = comfyui.io
    schema = io.Schema(
        node_id="X",
        search_aliases=["y"],
        essentials_category="Basics",
        has_intermediate_output=True,
        inputs=[io.Int.Input("x", advanced=True), io.BoundingBox.Input("box", optional=True)],
    )
    node = type("N", (io.ComfyNode,), {"define_schema": classmethod(lambda cls: schema)})
    told = schema.told(node)
    assert told["input"]["required"]["x"][1]["advanced"] is True
    assert told["search_aliases"] == ["y"]
    assert told["has_intermediate_output"] is True


@on_both_versions
def test_a_filter_by_signature_keeps_what_the_version_has(comfyui):
    io = comfyui.io
    is_new = comfyui.version != OLDEST
    assert ("advanced" in inspect.signature(io.Int.Input.__init__).parameters) is is_new
    assert ("search_aliases" in {f.name for f in dataclasses.fields(io.Schema)}) is is_new


@on_both_versions
def test_a_wrong_keyword_is_an_error_in_every_version(comfyui):
    io = comfyui.io
    with pytest.raises(TypeError, match="minimum"):
        io.Float.Input("x", minimum=0)
    with pytest.raises(TypeError, match="default"):
        io.Image.Input("x", default=1)
    with pytest.raises(TypeError, match="id"):
        io.Image.Input(tooltip="no id")
    with pytest.raises(TypeError, match="name"):
        io.Schema(node_id="X", name="X")


def test_inputs_and_outputs_need_ids_of_their_own(comfyui):
    io = comfyui.io
    twice = a_node(io, inputs=[io.Image.Input("x"), io.Mask.Input("x")])
    with pytest.raises(ValueError, match=r"Input ids must be unique, but \['x'\]"):
        twice.GET_SCHEMA()
    shared = a_node(io, inputs=[io.Image.Input("x")], outputs=[io.Image.Output("x")])
    with pytest.raises(ValueError, match="between inputs and outputs"):
        shared.GET_SCHEMA()


@pytest.mark.parametrize("comfyui", [NEWEST], indirect=True)
def test_in_the_newest_version_an_output_may_have_the_id_of_an_input(comfyui):
    io = comfyui.io
    node = a_node(io, inputs=[io.Image.Input("x")], outputs=[io.Image.Output("x")])
    assert node.GET_SCHEMA().outputs[0].id == "x"


@pytest.mark.parametrize(
    ("comfyui", "label"), [(OLDEST, "IMAGE"), (NEWEST, "picture")], indirect=["comfyui"]
)
def test_an_output_without_a_display_name_shows_its_type_or_its_id(comfyui, label):
    node = a_node(comfyui.io, outputs=[comfyui.io.Image.Output("picture")])
    assert node.GET_NODE_INFO_V1()["output_name"] == [label]


def test_a_node_that_inherits_from_a_registered_node_is_refused(comfyui):
    io = comfyui.io
    base = a_node(io, outputs=[io.Image.Output()])
    base.GET_SCHEMA()
    with pytest.raises(TypeError, match="inherits from another node"):
        type("Derived", (base,), {}).GET_SCHEMA()


def test_a_node_without_execute_is_refused(comfyui):
    schema = comfyui.io.Schema(node_id="X")
    members = {"define_schema": classmethod(lambda cls: schema)}
    node = type("N", (comfyui.io.ComfyNode,), members)
    with pytest.raises(Exception, match="No execute function was defined for node class N"):
        node.GET_SCHEMA()


def test_methods_of_nodes_must_be_classmethods(comfyui):
    node = a_node(comfyui.io)
    node.execute = lambda cls: None
    with pytest.raises(TypeError, match="must be a classmethod"):
        node.GET_SCHEMA()


def test_the_schema_is_made_anew_for_each_use(comfyui):
    names = ["one"]
    io = comfyui.io

    class Listing(io.ComfyNode):
        @classmethod
        def define_schema(cls):
            return io.Schema(node_id="L", inputs=[io.Combo.Input("file", options=list(names))])

        @classmethod
        def execute(cls, file):
            return io.NodeOutput()

    assert Listing.INPUT_TYPES()["required"]["file"][1]["options"] == ["one"]
    names.append("two")
    assert Listing.INPUT_TYPES()["required"]["file"][1]["options"] == ["one", "two"]


@pytest.mark.parametrize("given", [(), (1,), (1, 2, 3)])
def test_a_node_must_give_as_many_outputs_as_it_declares(comfyui, given):
    io = comfyui.io
    outputs = [io.Int.Output("a"), io.Int.Output("b")]
    node = a_node(io, outputs=outputs, give=lambda cls: io.NodeOutput(*given))
    with pytest.raises(TypeError, match=f"gave {len(given)} outputs, its schema has 2"):
        execute(node, {})


def test_a_node_may_give_a_tuple_but_no_list_and_no_dict(comfyui):
    io = comfyui.io
    outputs = [io.Int.Output("a")]
    assert execute(a_node(io, outputs=outputs, give=lambda cls: (3,)), {})[0] == (3,)
    for wrong in ([3], {"result": (3,)}, 3):
        node = a_node(io, outputs=outputs, give=lambda cls, wrong=wrong: wrong)
        with pytest.raises(TypeError, match="Invalid return type"):
            execute(node, {})


def test_nodes_keep_nothing_from_one_call_to_the_next(comfyui):
    def keep(cls):
        cls.kept = 1

    node = a_node(comfyui.io, give=keep)
    with pytest.raises(AttributeError, match="'kept' on locked class 'ANodeClone'"):
        execute(node, {})
    assert not hasattr(node, "kept")


def test_hidden_values_are_those_that_the_schema_asks_for(comfyui):
    io, seen = comfyui.io, []
    values = {"UNIQUE_ID": "7", "PROMPT": {"7": {}}, "EXTRA_PNGINFO": None}

    def look(cls):
        seen.append((cls.hidden.unique_id, cls.hidden.prompt, cls.hidden.no_such_thing))

    execute(a_node(io, give=look), {}, values)
    execute(a_node(io, give=look, hidden=[io.Hidden.unique_id]), {}, values)
    execute(a_node(io, give=look, is_output_node=True), {}, values)
    assert seen == [(None, None, None), ("7", None, None), (None, {"7": {}}, None)]


def test_a_coroutine_is_awaited(comfyui):
    io = comfyui.io

    async def later(cls):
        return io.NodeOutput(5)

    node = a_node(io, outputs=[io.Int.Output("a")])
    node.execute = classmethod(later)
    assert execute(node, {})[0] == (5,)
    assert call(node, "execute", {}).args == (5,)


@on_both_versions
def test_a_union_takes_the_widget_of_the_input_that_it_is_made_of(comfyui):
    io = comfyui.io
    amount = io.Float.Input("amount", default=2.0, min=0, optional=True, tooltip="How much.")
    union = io.MultiType.Input(amount, [io.Int, io.Custom("CURVE_X")])
    assert (union.id, union.optional) == ("amount", True)
    assert union.get_io_type() == "FLOAT,INT,CURVE_X"
    told = union.as_dict()
    assert (told["widgetType"], told["default"], told["tooltip"]) == ("FLOAT", 2.0, "How much.")
    assert io.MultiType.Input("x", [io.Image, io.Mask]).get_io_type() == "IMAGE,MASK"


def test_a_name_that_the_stand_in_lacks_says_where_to_add_it(comfyui):
    with pytest.raises(AttributeError, match=r"io\.Voxel is not in the stand-in for ComfyUI 0\.3"):
        _ = comfyui.io.Voxel


@pytest.mark.parametrize(
    ("comfyui", "is_exception"), [(OLDEST, True), (NEWEST, False)], indirect=["comfyui"]
)
def test_a_cancel_is_an_exception_only_in_the_oldest_version(comfyui, is_exception):
    cancelled = comfyui.model_management.InterruptProcessingException
    assert issubclass(cancelled, Exception) is is_exception


def test_networks_are_moved_through_their_patchers(comfyui):
    mm = comfyui.model_management
    net = torch.nn.Linear(3, 2)
    patcher = mm.ModelPatcher(net, load_device=torch.device("cpu"), offload_device="cpu")
    mm.load_models_gpu([patcher], memory_required=5)
    assert patcher.model_size() == (3 * 2 + 2) * 4  # float32
    assert [(load.models, load.memory_required) for load in mm.stand_in_loads] == [((patcher,), 5)]
    with pytest.raises(TypeError, match="takes patchers, not Linear"):
        mm.load_models_gpu([net])


@pytest.mark.parametrize(
    ("execute", "problems"),
    [
        (lambda cls, image, mask=None: None, []),
        (lambda cls, **inputs: None, []),
        (lambda cls, image, mask: None, ["has no default for the optional input mask"]),
        (lambda cls, image: None, ["does not take the input mask"]),
        (lambda cls, picture, image, mask=None: None, ["takes picture, which is no input"]),
    ],
)
def test_execute_must_take_what_the_schema_gives(comfyui, execute, problems):
    io = comfyui.io
    node = a_node(io, inputs=[io.Image.Input("image"), io.Mask.Input("mask", optional=True)])
    execute.__name__ = "execute"
    node.execute = classmethod(execute)
    assert signature_problems(node) == [f"ANode.execute {each}" for each in problems]


def test_a_fingerprint_must_take_all_inputs_and_a_check_only_inputs(comfyui):
    io = comfyui.io
    node = a_node(io, inputs=[io.Image.Input("image"), io.String.Input("file")])

    def fingerprint_inputs(cls, file):
        return file

    def validate_inputs(cls, file, input_types, folder):
        return True

    node.fingerprint_inputs = classmethod(fingerprint_inputs)
    node.validate_inputs = classmethod(validate_inputs)
    assert signature_problems(node) == [
        "ANode.fingerprint_inputs does not take the input image",
        "ANode.validate_inputs takes folder, which is no input",
    ]
