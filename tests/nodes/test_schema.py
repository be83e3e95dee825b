"""What the nodes promise: methods, names, words."""

import re
import sys
from copy import deepcopy

import pytest

from tests.nodes.signatures import signature_problems
from tests.support.comfyui.stand_in import NEWEST, VERSIONS
from tests.support.object_info import has_widget, inputs_of, options_of

pytestmark = pytest.mark.parametrize("suite", VERSIONS, indirect=True)

OWN = "LIVEPORTRAIT_"
THEIRS = {
    *("IMAGE", "MASK", "VIDEO", "AUDIO", "AUDIO_ENCODER_OUTPUT", "BOUNDING_BOX", "VHS_VIDEOINFO"),
    "FACE_LANDMARKS",
    *("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"),
}
"""Sockets of ComfyUI, and of Video Helper Suite."""
SUBMENUS = {"stages", "animate", "motion", "tools"}
MOST_WIDGETS = 6
FIRST = {"LPS_LoadModel", "LPS_AnimatePortrait", "LPS_AnimateVideo"}
"""A search for our name lists them before the others."""
SENTENCE = re.compile(r"[^\n]*\w[^\n]*\s[^\n]*\.")


@pytest.fixture
def schemas(suite):
    return {name: node.GET_SCHEMA() for name, node in suite.comfyui.nodes.items()}


@pytest.fixture
def info(suite):
    return suite.comfyui.object_info()


def all_inputs(info):
    return [(name, *pair) for name, entry in info.items() for pair in inputs_of(entry).items()]


def test_methods_take_what_the_schema_has(suite):
    assert len(suite.comfyui.nodes) == 34
    problems = [each for node in suite.comfyui.nodes.values() for each in signature_problems(node)]
    assert not problems


def test_every_input_is_explained_in_a_sentence(info):
    wrong = [
        (node, name)
        for node, name, spec in all_inputs(info)
        if not SENTENCE.fullmatch(options_of(spec).get("tooltip", ""))
    ]
    assert not wrong


def test_every_output_and_every_node_is_explained_in_a_sentence(info):
    for name, entry in info.items():
        assert SENTENCE.fullmatch(entry["description"]), name
        for expected in entry["output_tooltips"]:
            assert SENTENCE.fullmatch(expected or ""), name


def test_a_node_shows_few_widgets(suite, schemas):
    for name, schema in schemas.items():
        widgets = [one for one in schema.inputs if has_widget((one.get_io_type(), one.as_dict()))]
        shown = [one.id for one in widgets if not getattr(one, "advanced", None)]
        if suite.comfyui.version == NEWEST:
            assert len(shown) <= MOST_WIDGETS, (name, shown)
            assert shown == [one.id for one in widgets][: len(shown)], "shown ones come first"


def test_what_only_newer_versions_know_is_used_only_there(suite, schemas, info):
    is_new = suite.comfyui.version == NEWEST
    advanced = [name for *_, name, spec in all_inputs(info) if options_of(spec).get("advanced")]
    assert bool(advanced) == is_new
    aliases = [name for name, schema in schemas.items() if getattr(schema, "search_aliases", [])]
    assert bool(aliases) == is_new
    assert set(aliases) >= FIRST or not is_new


@pytest.mark.parametrize(
    ("typed", "node"),
    [
        *(
            (word, "LPS_AnimatePortrait")
            for word in ("lipsync", "talking head", "avatar", "puppet")
        ),
        *((word, "LPS_AnimateVideo") for word in ("talking head", "face animation", "mocap")),
        *((word, "LPS_Expression") for word in ("facial expression", "smile", "slider")),
        *((word, "LPS_Expression") for word in ("head rotation", "emotion", "wink")),
    ],
)
def test_a_node_is_found_by_what_people_type(schemas, typed, node):
    words = getattr(schemas[node], "search_aliases", None)
    assert words is None or typed in words


def test_names_are_ours_or_comfyuis(info):
    for name, entry in info.items():
        assert re.fullmatch(r"LPS_[A-Z][A-Za-z]+", name)
        brand = "LivePortrait: .+" if name in FIRST else r".+ \(LivePortrait\)"
        assert re.fullmatch(brand, entry["display_name"])
        assert entry["category"].split("/")[0] == "LivePortrait"
        assert entry["category"].split("/")[1] in SUBMENUS
        kinds = [kind for spec in inputs_of(entry).values() for kind in spec[0].split(",")]
        for kind in [*kinds, *entry["output"]]:
            assert kind in THEIRS or kind.startswith(OWN), (name, kind)


def test_ids_of_a_node_differ_also_between_inputs_and_outputs(schemas):
    for name, schema in schemas.items():
        ids = [one.id for one in (*schema.inputs, *schema.outputs)]
        assert len(set(ids)) == len(ids), name
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", one) for one in ids), name
        assert all(one.display_name for one in schema.outputs), name


def test_a_box_of_another_node_comes_over_a_wire_alone(info):
    # newer front ends have a widget for this type: it would send a box that was never drawn
    boxes = [spec for *_, spec in all_inputs(info) if spec[0] == "BOUNDING_BOX"]
    assert boxes
    assert not any(has_widget(spec) for spec in boxes)


def test_defaults_are_among_the_choices_and_within_the_bounds(info):
    for node, name, spec in all_inputs(info):
        options = options_of(spec)
        default = options.get("default")
        if "options" in options and default is not None:
            assert default in options["options"], (node, name)
        if "min" in options:
            assert options["min"] <= default <= options["max"], (node, name)


def test_modules_keep_nothing_from_one_run_to_the_next(suite):
    """Their names hold after work what they held before; nothing in them is a cache."""
    own = f"{suite.comfyui.pack.__name__}.nodes"
    modules = [module for name, module in sys.modules.items() if name.startswith(own)]
    assert len(modules) >= 19

    def held():
        return {
            (module.__name__, name): deepcopy(value)
            for module in modules
            for name, value in vars(module).items()
            if isinstance(value, dict | list | set | tuple | str | int | float | type(None))
            and not name.startswith("__")
        }

    before = held()
    suite.still_works()
    model = suite.model()
    suite("LPS_MotionInfo", motion=suite("LPS_Expression", model=model, smile=0.5))
    assert held() == before
    for module in modules:
        cached = [name for name, value in vars(module).items() if hasattr(value, "cache_info")]
        assert not cached, module.__name__
