"""The table of model files."""

from __future__ import annotations

import pytest

from liveportrait_core.checkpoints.manifest import FILES, file_named, files_for
from liveportrait_core.checkpoints.model_folders import find_layout


def test_names_are_unique_and_every_file_has_a_licence():
    assert len({file.name for file in FILES}) == len(FILES)
    assert all(file.maker and file.licence and file.purpose for file in FILES)


def test_the_default_path_is_permissive():
    ours = file_named("default")
    assert ours.commercial
    assert ours.licence == "MIT"
    assert ours.url("package") is None


def test_insightface_models_are_not_for_commercial_use():
    files = [file for file in FILES if "buffalo_l" in file.name]
    assert len(files) == 2
    assert not any(file.commercial for file in files)


@pytest.mark.parametrize("subject", ["human", "animal"])
def test_required_files_are_those_that_the_loader_wants(subject, written_once):
    wanted = {f.found_in(written_once) for f in files_for(subject) if f.required}
    folder = "liveportrait" if subject == "human" else "liveportrait_animals"
    layout = find_layout(written_once / folder)
    assert {path.resolve() for path in wanted if path} == set(layout.files.values())
    assert None not in wanted


@pytest.mark.parametrize("subject", ["human", "animal"])
def test_the_inner_folder_that_the_loader_takes_is_found_too(subject, written_once):
    other = "animal" if subject == "human" else "human"
    inner = written_once / ("liveportrait" if subject == "human" else "liveportrait_animals")
    assert all(file.found_in(inner) for file in files_for(subject) if file.required)
    assert not any(f.found_in(inner) for f in files_for(other) if f.required)


def test_addresses_are_those_of_the_two_repositories():
    motion = file_named("animal/motion_extractor")
    assert motion.url("published") == (
        "https://huggingface.co/KwaiVGI/LivePortrait/resolve/main/"
        "liveportrait_animals/base_models_v1.1/motion_extractor.pth"
    )
    assert motion.url("comfyui") == (
        "https://huggingface.co/Kijai/LivePortrait_safetensors/resolve/main/"
        "animal/motion_extractor.safetensors"
    )


def test_an_unknown_file_names_the_known_ones():
    with pytest.raises(ValueError, match="Choose human or animal, or of the files: human/"):
        file_named("nothing")
