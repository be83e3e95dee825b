"""The help pages of the nodes: one for each, with the node's own inputs, and no dead name."""

import re

import pytest

from tests.support.comfyui.stand_in import comfyui
from tools.help_pages import DOCS, ENGLISH, LANGUAGES, refreshed, texts_in

__all__ = ["comfyui"]

BRAND = re.compile(r"^LivePortrait: | ?\(LivePortrait\)$")
NAMED_OTHERWISE = {
    *("appearance_feature_extractor", "motion_extractor", "warping_module", "spade_generator"),
    *("stitching_retargeting_module", "models/liveportrait", "animal", ""),
    *("input", "output", "[output]", "safetensors", "pkl", ".pkl", ".npy", ".npz", ".pt"),
}
"""Files, folders and endings."""
both_languages = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)


@pytest.fixture
def info(comfyui):
    """What /object_info has of our nodes, without files of a user."""
    comfyui.import_pack()
    return comfyui.object_info()


def names_in(language, info):
    """The names of our nodes in a language, without the brand."""
    return {BRAND.sub("", text["display_name"]) for text in texts_in(language, info).values()}


def parts(page):
    """The text above the first heading, and what stands under each."""
    first, *rest = re.split(r"^## (.+)\n\n", page, flags=re.MULTILINE)
    return first, dict(zip(rest[::2], rest[1::2], strict=True))


@both_languages
def test_the_tables_show_what_the_nodes_have(language, info):
    texts = texts_in(language, info)
    for name, entry in info.items():
        page = language.page(name).read_text("utf-8")
        assert page == refreshed(page, entry, texts[name], language), (
            "run python -m tools.help_pages"
        )


@both_languages
def test_every_node_has_a_page_and_every_page_a_node(language, info):
    pattern = "*.md" if language is ENGLISH else f"*/{language.code}.md"
    assert set(DOCS.glob(pattern)) == {language.page(name) for name in info}


@both_languages
def test_a_page_begins_with_what_the_node_does_and_ends_with_related_nodes(language, info):
    for name in info:
        first, under = parts(language.page(name).read_text("utf-8"))
        assert 30 < len(first) < 500
        tips, relatives = list(under.values())[-2:]
        assert 2 <= len(re.findall("^- ", tips, re.MULTILINE)) <= 7
        named = re.split(r", (?![^(]*\))|\u3001", relatives.strip())
        assert set(named) <= names_in(language, info), name


def test_english_pages_are_ascii():
    assert not [page for page in DOCS.glob("*.md") if not page.read_bytes().isascii()]


def words_of(entry):
    """What a tip may name of a node: inputs, outputs, options."""
    inputs = {**entry["input"].get("required", {}), **entry["input"].get("optional", {})}
    listed = [(rest[0] if rest else {}).get("options") or () for _, *rest in inputs.values()]
    return {*inputs, *entry["output_name"], *(word for choices in listed for word in choices)}


@both_languages
def test_what_a_tip_names_exists(language, info):
    known = NAMED_OTHERWISE.union(*map(words_of, info.values()))
    for name in info:
        _, under = parts(language.page(name).read_text("utf-8"))
        words = set(re.findall("`([^`]+)`", list(under.values())[-2]))
        unknown = {word.removesuffix(".safetensors") for word in words} - known
        assert not unknown, name
