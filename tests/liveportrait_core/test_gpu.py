"""Number types, offloading, too little memory and compiling, on each kind of device.

`make test-cuda` runs what needs a GPU.
"""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.animation.batching import ChunkSize, in_chunks
from liveportrait_core.engines.compiled import compiled
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    source_parts,
    stitch,
    transform_keypoints,
    warp_decode,
)
from tests.liveportrait_core.engines.test_onnx import small_published_model
from tests.support.gpu import EVERYWHERE, NEEDS_GPU
from tests.support.tiny import TINY_COMPACT, tiny_compact_model

SMALL = replace(TINY_COMPACT, face_size_px=128, output_size_px=128, detail_px=128, blocks=0)

SAME = 1e-3
"""Of a picture on a GPU from that on a CPU: sums in another order, and TF32 in cuDNN."""
LEAST_PSNR_DB = 35.0
"""Of tiny networks with random weights, whose numbers are larger than those of trained ones."""


def small_compact_model():
    return tiny_compact_model(SMALL)


MODELS = pytest.mark.parametrize("make", [small_compact_model, small_published_model])


def on_a_gpu(test):
    """What can only be seen on a GPU."""
    for mark in NEEDS_GPU:
        test = mark(test)
    return test


def frame_of(model, rows=1):
    """A picture of each of some faces, on the model's device; given on the CPU in float32."""
    size = model.preset.face_size_px
    face = torch.rand(rows, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        face = face.to(model.device)
        volume = extract_appearance(model, face)
        source = transform_keypoints(extract_motion(model, face))
        driving = source + 0.03
        if model.stitching is not None:
            driving = stitch(model, source, driving)
        parts = source_parts(model, volume, source)
        return warp_decode(model, volume, source, driving, parts=parts).float().cpu()


def psnr_db(picture, other):
    return float(-10 * torch.log10((picture - other).square().mean()))


@EVERYWHERE
@MODELS
def test_a_frame_is_the_same_on_every_device(make, device):
    assert_close(frame_of(make().to(device)), frame_of(make()), atol=SAME, rtol=0)


@on_a_gpu  # a processor takes minutes
@MODELS
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bits_give_nearly_the_same_picture(make, dtype):
    expected = frame_of(make())
    found = frame_of(make().to("cuda", dtype))
    assert bool(found.isfinite().all())
    assert psnr_db(found, expected) > LEAST_PSNR_DB


@EVERYWHERE
@MODELS
def test_an_offloaded_model_comes_back_as_it_was(make, device):
    model = make().to(device)
    expected = frame_of(model)
    model.to("cpu")
    assert model.device.type == "cpu"
    assert torch.equal(frame_of(model.to(device)), expected)


@on_a_gpu
def test_an_offloaded_model_leaves_no_memory_behind():
    model = small_compact_model()
    frame_of(model.to("cuda"))  # libraries keep what they need from the first time on
    model.to("cpu")
    before = torch.cuda.memory_allocated()
    frame_of(model.to("cuda"))
    model.to("cpu")
    assert torch.cuda.memory_allocated() <= before


@EVERYWHERE
def test_where_memory_runs_out_fewer_frames_are_drawn_at_a_time(device, caplog):
    model, most = small_compact_model().to(device), 2

    def work(rows):
        if len(rows) > most:
            raise torch.OutOfMemoryError("made up")
        return frame_of(model, len(rows))

    size = ChunkSize(8)
    pictures = torch.cat(list(in_chunks(work, range(3), size)))
    assert (len(pictures), size.num_frames) == (3, most)
    assert "Memory ran out; going on with 2 frames at a time." in caplog.text


@on_a_gpu
def test_a_gpu_that_is_full_takes_fewer_frames_and_then_says_so():
    whole = torch.cuda.get_device_properties(0).total_memory

    def work(rows):
        torch.empty(len(rows) * whole // 3, dtype=torch.uint8, device="cuda")
        return len(rows)

    size = ChunkSize(8)
    assert sum(in_chunks(work, range(8), size)) == 8
    assert size.num_frames <= 2

    def too_much(_rows):
        return torch.empty(2 * whole, dtype=torch.uint8, device="cuda")

    with pytest.raises(LivePortraitError, match="not enough memory for one frame"):
        list(in_chunks(too_much, range(3), ChunkSize(8)))
    assert bool(frame_of(small_compact_model().to("cuda")).isfinite().all())


@on_a_gpu
@MODELS
def test_compiled_with_cuda_graphs_it_draws_the_same(make, caplog):
    model = make().to("cuda")
    fast = compiled(model)
    for rows in (1, 4, 3, 1):  # replays of the same graphs do not write over each other
        assert_close(frame_of(fast, rows), frame_of(model, rows), atol=1e-4, rtol=0)
    first, second = frame_of(fast), frame_of(fast)
    assert torch.equal(first, second)
    assert "cannot be compiled" not in caplog.text


@on_a_gpu
def test_a_compiled_model_may_be_offloaded_between_two_frames():
    model = small_compact_model().to("cuda")
    fast = compiled(model)
    expected = frame_of(fast)
    fast.to("cpu")
    fast.to("cuda")
    assert_close(frame_of(fast), expected, atol=1e-5, rtol=0)


@on_a_gpu
def test_compiled_in_16_bits_it_draws_nearly_the_same():
    expected = frame_of(small_compact_model())
    found = frame_of(compiled(small_compact_model().to("cuda", torch.float16)))
    assert psnr_db(found, expected) > LEAST_PSNR_DB
