"""Names and tooltips of the nodes in English and in Chinese."""

import json
import re

import pytest

from tests.support.comfyui.stand_in import comfyui, on_both_versions
from tools.locales import ENGLISH, FILE, LOCALES, texts_of

__all__ = ["comfyui"]

CHINESE = json.loads((LOCALES / "zh" / FILE).read_text("utf-8"))
CATEGORIES = json.loads((LOCALES / "zh" / "main.json").read_text("utf-8"))["nodeCategories"]
BRAND = "LivePortrait"
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def info(comfyui):
    """What /object_info has of our nodes."""
    comfyui.import_pack()
    return comfyui.object_info()


def flat(texts, path=()):
    """Each text with the place where it stands."""
    if isinstance(texts, str):
        return {path: texts}
    return {
        place: text
        for key, inner in texts.items()
        for place, text in flat(inner, (*path, key)).items()
    }


def words_of(entry):
    """The options of each combo that are words, not files."""
    inputs = {**entry["input"].get("required", {}), **entry["input"].get("optional", {})}
    for name, (kind, *rest) in inputs.items():
        choices = kind if isinstance(kind, list) else (rest[0] if rest else {}).get("options")
        if isinstance(choices, list):
            yield name, choices


@on_both_versions
def test_the_english_texts_are_those_of_the_nodes(info):
    assert json.loads(ENGLISH.read_text("utf-8")) == texts_of(info), "run python -m tools.locales"


def test_chinese_has_every_text_that_english_has(info):
    assert flat(CHINESE).keys() == flat(texts_of(info)).keys()


def test_chinese_texts_are_in_chinese():
    missing = [place for place, text in flat(CHINESE).items() if not HAN.search(text)]
    assert not missing


def test_chinese_names_of_a_node_differ_from_each_other():
    for name, node in CHINESE.items():
        names = [entry["name"] for entry in node["inputs"].values()]
        assert len(set(names)) == len(names), name


def test_chinese_tooltips_have_the_same_numbers(info):
    chinese = flat(CHINESE)
    for place, text in flat(texts_of(info)).items():
        lost = set(NUMBER.findall(text)) - set(NUMBER.findall(chinese[place]))
        assert not lost, place


def test_chinese_tooltips_explain_the_options_that_english_ones_explain(info):
    # the words in a combo stay English: no front end translates them
    for name, entry in info.items():
        for widget, choices in words_of(entry):
            english = texts_of(info)[name]["inputs"][widget]["tooltip"]
            chinese = CHINESE[name]["inputs"][widget]["tooltip"]
            named = {word for word in choices if re.search(rf"\b{re.escape(word)}\b", english)}
            assert not {word for word in named if word not in chinese}, (name, widget)


def test_no_text_has_a_character_that_a_front_end_reads_as_a_command(info):
    # vue-i18n: a linked message, a placeholder, a plural
    for texts in (CHINESE, texts_of(info)):
        assert not [text for text in flat(texts).values() if re.search("[@{}|]", text)]


def test_chinese_knows_the_categories_of_the_nodes(info):
    parts = {part for entry in info.values() for part in entry["category"].split("/")}
    assert set(CATEGORIES) == parts - {BRAND}
    assert all(HAN.search(text) for text in CATEGORIES.values())
