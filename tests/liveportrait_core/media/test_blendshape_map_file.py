import json

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.media.blendshape_map_file import (
    MAP_FORMAT,
    load_blendshape_map,
    save_blendshape_map,
)
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES

SHIPPED = shipped_blendshape_map(COMPACT_SPACE)
HEADER = {
    "format": MAP_FORMAT,
    "version": "1",
    "space": COMPACT_SPACE,
    "producer": "",
    "shapes": json.dumps(ARKIT_SHAPES),
    "read_r": "{}",
}


def tensors(**changes):
    return {"expression": SHIPPED.expression, "reading": SHIPPED.reading, **changes}


def test_a_map_comes_back_as_it_was(tmp_path):
    save_blendshape_map(SHIPPED, tmp_path / "map.safetensors")
    read = load_blendshape_map(tmp_path / "map.safetensors")
    assert_close(read.expression, SHIPPED.expression, atol=0, rtol=0)
    assert_close(read.reading, SHIPPED.reading, atol=0, rtol=0)
    assert (read.space, read.producer) == (SHIPPED.space, SHIPPED.producer)
    assert read.read_r == pytest.approx(SHIPPED.read_r)


BAD_HEADERS = {
    "is a safetensors file of format": {"format": "other"},
    "of version '2'": {"version": "2"},
    "known are": {"space": "other"},
    "not ARKit's 52": {"shapes": '["jawOpen"]'},
    "is damaged": {"read_r": "[1]"},
}


@pytest.mark.parametrize("said", BAD_HEADERS)
def test_a_header_that_does_not_fit_is_refused(tmp_path, said):
    path = tmp_path / "map.safetensors"
    save_file(tensors(), path, metadata={**HEADER, **BAD_HEADERS[said]})
    with pytest.raises(MediaError, match=said):
        load_blendshape_map(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"expression": torch.zeros(51, 21, 3)},
        {"reading": torch.zeros(63, 52)},
        {"reading": torch.full((68, 52), torch.nan)},
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path, changes):
    save_file(tensors(**changes), tmp_path / "map.safetensors", metadata=HEADER)
    with pytest.raises(MediaError, match="is damaged"):
        load_blendshape_map(tmp_path / "map.safetensors")


def test_files_that_are_no_map_are_refused(tmp_path):
    save_file({"expression": SHIPPED.expression}, tmp_path / "part.safetensors", metadata=HEADER)
    (tmp_path / "text.safetensors").write_text("no map")
    (tmp_path / "empty.safetensors").write_text("")
    for name in ("part", "text", "empty", "missing"):
        with pytest.raises(MediaError):
            load_blendshape_map(tmp_path / f"{name}.safetensors")
    with pytest.raises(MediaError, match="ends in"):
        save_blendshape_map(SHIPPED, tmp_path / "map.npz")
