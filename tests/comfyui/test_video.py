"""VIDEO values and the core nodes that make and take them, on real files."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.comfyui.fixtures import on_both_versions
from tests.support.comfyui.stand_in import NEWEST, OLDEST

FPS, HERTZ, COUNT = 10, 16000, 20
new = pytest.mark.parametrize("comfyui", [NEWEST], indirect=True)


def levels(count=COUNT):
    """Gray frames (count, 32, 48, 3), each a hundredth brighter than the one before."""
    return torch.linspace(0.2, 0.2 + 0.01 * (count - 1), count)[:, None, None, None].expand(
        -1, 32, 48, 3
    )


def tone(seconds=COUNT / FPS):
    """A sine in both channels."""
    times = torch.arange(int(seconds * HERTZ)) / HERTZ
    wave = 0.5 * torch.sin(2 * np.pi * 440 * times)
    return {"waveform": wave.expand(1, 2, -1), "sample_rate": HERTZ}


@pytest.fixture
def types(comfyui):
    """`comfy_api.latest`."""
    return comfyui.latest


@pytest.fixture
def clip(comfyui, types):
    """A file of two seconds with sound, in the input folder."""
    parts = types.Types.VideoComponents(
        images=levels(), audio=tone(), frame_rate=Fraction(FPS), metadata=None
    )
    path = comfyui.input / "clip.mp4"
    types.InputImpl.VideoFromComponents(parts).save_to(str(path))
    return path


def mean_levels(images):
    return images.float().mean((1, 2, 3))


@on_both_versions
def test_a_file_gives_back_its_frames_and_its_sound(types, clip):
    video = types.InputImpl.VideoFromFile(str(clip))
    assert video.get_stream_source() == str(clip)
    assert video.get_dimensions() == (48, 32)
    assert video.get_duration() == pytest.approx(COUNT / FPS, abs=0.1)
    parts = video.get_components()
    assert parts.frame_rate == FPS
    torch.testing.assert_close(mean_levels(parts.images), mean_levels(levels()), atol=0.02, rtol=0)
    assert parts.audio["sample_rate"] == HERTZ
    assert parts.audio["waveform"].shape[:2] == (1, 2)
    assert parts.audio["waveform"].shape[2] == pytest.approx(COUNT / FPS * HERTZ, rel=0.06)


@on_both_versions
def test_a_file_may_be_bytes(types, clip):
    video = types.InputImpl.VideoFromFile(BytesIO(clip.read_bytes()))
    assert video.get_dimensions() == (48, 32)
    assert len(video.get_components().images) == COUNT
    assert video.get_stream_source().read(12)[4:8] == b"ftyp"  # at its start again


@on_both_versions
def test_saving_a_file_copies_its_streams_and_adds_metadata(types, clip, tmp_path):
    target = tmp_path / "copy.mp4"
    video = types.InputImpl.VideoFromFile(str(clip))
    video.save_to(str(target), metadata={"workflow": {"nodes": []}})
    with av.open(str(target)) as saved, av.open(str(clip)) as source:
        assert saved.metadata["workflow"] == '{"nodes": []}'
        sizes = [[packet.size for packet in each.demux(video=0)] for each in (saved, source)]
        assert sizes[0] == sizes[1]
        assert len(saved.streams.audio) == 1


@pytest.mark.parametrize("comfyui", [OLDEST], indirect=True)
def test_the_oldest_version_cannot_stream_frames_that_are_in_memory(types, comfyui):
    parts = types.Types.VideoComponents(images=levels(), frame_rate=Fraction(FPS))
    with pytest.raises(ValueError, match="format"):
        types.InputImpl.VideoFromComponents(parts).get_stream_source()
    with pytest.raises(TypeError, match="start_time"):
        types.InputImpl.VideoFromFile("x.mp4", start_time=1)
    with pytest.raises(TypeError, match="crf"):
        types.InputImpl.VideoFromFile("x.mp4").save_to("y.mp4", crf=3)
    assert not hasattr(types.Input.Video, "get_active_trim_window")
    assert not hasattr(types.Input.Video, "get_frame_rate")


@new
def test_the_newest_version_streams_frames_that_are_in_memory(types, comfyui):
    parts = types.Types.VideoComponents(images=levels(), frame_rate=Fraction(FPS))
    source = types.InputImpl.VideoFromComponents(parts).get_stream_source()
    assert len(types.InputImpl.VideoFromFile(source).get_components().images) == COUNT


@new
def test_a_trim_is_in_the_components_but_not_in_the_stream_source(types, clip):
    whole = types.InputImpl.VideoFromFile(str(clip))
    part = whole.as_trimmed(0.5, 1.0)
    assert part.get_active_trim_window() == (0.5, 1.0)
    assert part.get_duration() == pytest.approx(1.0)
    assert part.get_stream_source() == str(clip)
    parts = part.get_components()
    expected = mean_levels(levels())[5:15]  # 0.5 s to 1.5 s at 10 frames a second
    torch.testing.assert_close(mean_levels(parts.images), expected, atol=0.02, rtol=0)
    assert parts.audio["waveform"].shape[2] == HERTZ
    assert part.as_trimmed(0.2, 0.3).get_active_trim_window() == (0.7, 0.3)
    assert whole.as_trimmed(1.5, 1.0) is None
    assert whole.as_trimmed(1.5, 1.0, strict_duration=False).get_duration() < 0.7
    assert whole.get_frame_rate() == FPS


@new
def test_saving_a_trimmed_file_writes_the_part(types, clip, tmp_path):
    part = types.InputImpl.VideoFromFile(str(clip)).as_trimmed(1.0, 0.5)
    part.save_to(str(tmp_path / "part.mp4"))
    saved = types.InputImpl.VideoFromFile(str(tmp_path / "part.mp4")).get_components()
    torch.testing.assert_close(
        mean_levels(saved.images), mean_levels(levels())[10:15], atol=0.03, rtol=0
    )


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


@on_both_versions
def test_a_clip_goes_through_the_core_nodes_and_comes_out_with_its_sound(comfyui, types, clip):
    choice = {"format": "auto", "codec": "auto"}
    prompt = {
        "1": node("LoadVideo", file=clip.name),
        "2": node("GetVideoComponents", video=["1", 0]),
        "3": node("ImageFromBatch", image=["2", 0], batch_index=4, length=10),
        "4": node("CreateVideo", images=["3", 0], audio=["2", 1], fps=["2", 2]),
        "5": node("SaveVideo", video=["4", 0], filename_prefix="clips/cut", **choice),
    }
    run = comfyui.run(prompt, workflow={"nodes": []}).check()
    shown = {"filename": "cut_00001_.mp4", "subfolder": "clips", "type": "output"}
    assert run.ui["5"] == {"images": [shown], "animated": [True]}
    saved = types.InputImpl.VideoFromFile(str(comfyui.output / "clips/cut_00001_.mp4"))
    parts = saved.get_components()
    torch.testing.assert_close(
        mean_levels(parts.images), mean_levels(levels())[4:14], atol=0.03, rtol=0
    )
    assert parts.frame_rate == FPS
    assert parts.audio["waveform"].shape[2] == pytest.approx(HERTZ, rel=0.1)  # one second
    assert set(parts.metadata) >= {"workflow", "prompt"}
    assert comfyui.run(prompt, workflow={"nodes": []}).executed == []


@on_both_versions
def test_a_picture_has_a_mask_where_it_is_transparent(comfyui):
    pixels = np.full((4, 6, 4), 255, np.uint8)
    pixels[:, :3, 3] = 51  # a fifth
    Image.fromarray(pixels).save(comfyui.input / "half.png")
    prompt = {
        "1": node("LoadImage", image="half.png"),
        "2": node("SaveImage", images=["1", 0], filename_prefix="x"),
        "3": node("PreviewImage", images=["1", 0]),
    }
    run = comfyui.run(prompt, workflow={"id": 1}).check()
    image, mask = run.outputs["1"]
    assert image.shape == (1, 4, 6, 3)
    assert mask[0, 0].tolist() == pytest.approx([0.8] * 3 + [0.0] * 3)
    with Image.open(comfyui.output / "x_00001_.png") as saved:
        assert saved.size == (6, 4)
        assert saved.text["workflow"] == '{"id": 1}'
    (shown,) = run.ui["3"]["images"]
    assert (comfyui.temp / shown["filename"]).exists()


def test_a_file_of_sound_is_read(comfyui, clip):
    prompt = {"1": node("LoadAudio", audio=clip.name), "2": node("PreviewAny", source=["1", 0])}
    (sound,) = comfyui.run(prompt).check().outputs["1"]
    assert sound["sample_rate"] == HERTZ
    loudest = sound["waveform"][0, :, HERTZ // 2 : HERTZ].abs().amax(1)
    torch.testing.assert_close(loudest, torch.full((2,), 0.5), atol=0.05, rtol=0)


@pytest.mark.parametrize("kind", ["LoadImage", "LoadVideo", "LoadAudio"])
def test_a_missing_file_is_told_before_anything_runs(comfyui, kind):
    name = {"LoadImage": "image", "LoadVideo": "file", "LoadAudio": "audio"}[kind]
    prompt = {"1": node(kind, **{name: "gone"}), "2": node("PreviewAny", source=["1", 0])}
    (problem,) = comfyui.run(prompt).problems
    assert problem.kind == "custom_validation_failed"
    assert problem.details.startswith("Invalid")


@pytest.mark.parametrize(
    ("crop", "width", "height", "size"),
    [
        ("disabled", 12, 4, (4, 12)),
        ("center", 4, 4, (4, 4)),
        ("disabled", 0, 8, (8, 12)),  # the width follows: 6 * 8 / 4
    ],
)
def test_a_picture_is_scaled(comfyui, crop, width, height, size):
    scale = comfyui.nodes["ImageScale"]()
    ramp = torch.arange(6.0).expand(1, 4, 6)[..., None].expand(-1, -1, -1, 3) / 5
    (scaled,) = scale.upscale(ramp, "nearest-exact", width, height, crop)
    assert scaled.shape[1:3] == size
    if crop == "center":
        assert scaled[0, 0, :, 0].tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8])
