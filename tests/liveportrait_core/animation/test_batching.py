import pytest
import torch

from liveportrait_core.animation.batching import ChunkSize, batched, in_chunks
from liveportrait_core.errors import LivePortraitError


def test_chunks_shrink_when_memory_runs_out(caplog):
    size = ChunkSize(8)

    def work(part):
        if len(part) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(part)

    assert [x for part in in_chunks(work, range(10), size) for x in part] == list(range(10))
    assert size.num_frames == 2
    assert "4 frames at a time" in caplog.text

    def never(part):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(LivePortraitError, match="compute on the processor"):
        list(in_chunks(never, range(3), size))


def test_batches_follow_a_size_that_shrinks():
    size = ChunkSize(4)
    batches = batched(range(9), size)
    assert next(batches) == [0, 1, 2, 3]
    size.halve()
    assert list(batches) == [[4, 5], [6, 7], [8]]
    with pytest.raises(ValueError, match="1 or more"):
        ChunkSize(0)
