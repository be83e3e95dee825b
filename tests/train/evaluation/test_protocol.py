"""Both protocols from end to end, on videos of one face."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import read_image
from liveportrait_core.model import load_model, save_model
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_compact_model, tiny_published_model
from tests.train.evaluation.conftest import WhereItWas
from tests.train.evaluation.made_up_files import write_metric_files
from train import evaluate
from train.data.rendered import RenderedSet
from train.evaluation import protocol, reenactment
from train.evaluation.layouts import VIDEOS, videos_of
from train.evaluation.measured_model import at_size
from train.evaluation.protocol import EvaluationSetup, self_reenactment
from train.evaluation.reenactment import EvaluatedModel, SampledVideo, track_portrait, track_video
from train.evaluation.rendered_measures import reconstructed_batches
from train.evaluation.rendered_protocol import is_rendered, rendered_reenactment
from train.metrics.feature_extractors import KeypointExtractor, load_extractors
from train.metrics.image import l1

SIZE_PX = 64


class Brighter(nn.Module):
    """Gives the source itself, some levels brighter: what must be measured is known."""

    def __init__(self, levels):
        super().__init__()
        self.levels = levels

    def forward(self, warped):
        return warped.face + self.levels / 255


@pytest.fixture(scope="module")
def shipped():
    return load_model()


def a_setup(shipped, model=None, *, framing="crop", size_px=SIZE_PX, **options):
    model = model or at_size(tiny_compact_model(), SIZE_PX)
    evaluated = EvaluatedModel.of(
        model, shipped, size_px=size_px, framing=framing, motion="relative"
    )
    extractors = load_extractors(None, KeypointExtractor(evaluated.landmarks))
    options = {"metric_files": None, "layout": VIDEOS, "log": lambda line: None} | options
    return EvaluationSetup(evaluated=evaluated, extractors=extractors, **options)


def one_video(videos, name):
    return {name: videos_of(videos, VIDEOS)[name]}


@pytest.mark.parametrize("framing", ["paste", "crop", "whole"])
def test_a_video_of_one_picture_is_met_but_for_what_the_model_adds(framing, shipped, videos):
    model = at_size(tiny_compact_model(), SIZE_PX)
    brighter = replace(model, decoder=Brighter(10))
    setup = a_setup(shipped, brighter, framing=framing)
    report = self_reenactment(setup, one_video(videos, "still.mp4"))
    found = report.results["l1"].value
    if framing == "paste":  # some of the frame lies outside of the face's crop
        assert 1 / 255 < found < 10 / 255
    else:
        assert found == pytest.approx(10 / 255, abs=0.004)
    assert report.facts["frames"] == 3
    assert report.results["jitter_px"].value == pytest.approx(0, abs=0.5)
    assert report.results["landmark_error_px"].value < 3


def test_bad_videos_are_named_counted_and_left_out(shipped, videos, caplog):
    report = self_reenactment(a_setup(shipped, max_frames=2), videos_of(videos, VIDEOS))
    assert [row["film"] for row in report.rows] == ["still.mp4", "wide.mp4"]
    assert [one["name"] for one in report.skipped] == ["broken.mp4", "grey.mp4"]
    assert "no video" in report.skipped[0]["reason"] or "not a video" in report.skipped[0]["reason"]
    assert "shows a face in 0 of 2 frames" in report.skipped[1]["reason"]
    assert report.facts["videos"] == report.facts["videos_and_images_skipped"] == 2
    assert "broken.mp4 is left out" in caplog.text
    with pytest.raises(MediaError, match="Of 1 video none can be used"):
        self_reenactment(a_setup(shipped), one_video(videos, "grey.mp4"))


def test_a_video_that_breaks_off_late_leaves_no_trace(shipped, videos, monkeypatch):
    pairs, asked = protocol._pairs, []

    def broken_off(evaluated, video, portrait, motion):
        for part in pairs(evaluated, video, portrait, motion):
            yield part
            if video.name == "wide.mp4":
                raise MediaError("cut off")
        asked.append(video.name)

    monkeypatch.setattr(protocol, "_pairs", broken_off)
    names = one_video(videos, "still.mp4") | one_video(videos, "wide.mp4")
    both = self_reenactment(a_setup(shipped, max_frames=2), names)
    monkeypatch.setattr(protocol, "_pairs", pairs)
    alone = self_reenactment(a_setup(shipped, max_frames=2), one_video(videos, "still.mp4"))
    assert asked == ["still.mp4"]
    assert both.values == alone.values
    assert both.skipped == [{"name": "wide.mp4", "reason": "cut off"}]


def test_measures_do_not_depend_on_the_chunk(shipped, videos, monkeypatch):
    whole = self_reenactment(a_setup(shipped, max_frames=3), one_video(videos, "wide.mp4"))
    monkeypatch.setattr(protocol, "CHUNK", 1)
    apart = self_reenactment(a_setup(shipped, max_frames=3), one_video(videos, "wide.mp4"))
    for key, value in whole.values.items():
        assert apart.values[key] == (None if value is None else pytest.approx(value, rel=1e-3))


def test_of_a_wide_video_the_square_about_the_face_is_taken(shipped, videos):
    setup = a_setup(shipped, framing="paste")
    video = track_video(
        setup.evaluated, "wide", SampledVideo(path=videos / "wide.mp4", max_frames=2)
    )
    frame = next(iter(SampledVideo(path=videos / "wide.mp4")))
    square = next(iter(video.squares))
    assert square.shape == (256, 256, 3)
    starts = [x for x in range(81) if np.array_equal(frame[:, x : x + 256], square)]
    assert len(starts) == 1
    face = video.track.faces[0]
    assert abs(face.centre[0] - 128) < 20 or starts[0] in (0, 80)


def test_a_published_model_is_read_by_the_shipped_one(shipped, videos):
    model = tiny_published_model()
    setup = a_setup(shipped, model, framing="paste", max_frames=2)
    report = self_reenactment(setup, one_video(videos, "still.mp4"))
    assert report.facts["keypoints_read_by"] == "the shipped compact model's M"
    assert report.results["psnr_db"].value > 0


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(at_size(tiny_compact_model(), SIZE_PX), path)
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory, model_file, videos, portraits):
    """What the command writes of both protocols with every file that a metric needs."""
    folder = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reenactment, "FaceTrackers", WhereItWas)
        tell(folder, model_file, videos, portraits)
    return folder


def tell(folder, model_file, videos, portraits):
    options = ["--model", str(model_file), "--self", str(videos), "--cross", str(videos)]
    options += ["--portraits", str(portraits), "--sources", "4", "--real", "5", "--max-frames", "2"]
    options += ["--every", "1", "--size", "64", "--framing", "crop"]
    options += ["--metric-files", str(write_metric_files(folder / "files"))]
    options += ["--real-statistics", str(folder / "real.npz")]
    options += ["--page", str(folder / "page.html"), "--json", str(folder / "told.json")]
    assert evaluate.main(options) == 0


def test_every_measure_is_ok_with_its_files(told):
    measures = json.loads((told / "told.json").read_text("utf-8"))
    status = {
        mode: {key: one["status"] for key, one in measures[mode]["measures"].items()}
        for mode in ("self", "cross")
    }
    too_small = "unavailable (needs images of 161 px or more at --size 64)"
    assert status["self"].pop("ms_ssim") == too_small
    follow = "unavailable (needs videos with three consecutive frames or more)"
    assert status["self"].pop("jitter_px") == status["cross"].pop("jitter_px") == follow
    assert set(status["self"]) >= {"psnr_db", "ssim", "lpips", "l1", "csim", "mae_deg"}
    assert set(status["cross"]) >= {"fid", "csim", "aed", "apd", "mae_deg"}
    assert set(status["self"].values()) == set(status["cross"].values()) == {"ok"}
    assert measures["self"]["mesh"].startswith("unavailable (needs mediapipe")


def test_cross_reenactment_counts_what_it_used(told):
    cross = json.loads((told / "told.json").read_text("utf-8"))["cross"]
    assert (cross["portraits"], cross["videos"]) == (2, 2)
    names = [one["name"] for one in cross["skipped"]]
    assert names == ["00002.png", "00003.png", "broken.mp4", "grey.mp4"]
    # 2 videos x 2 frames x 2 portraits against 5 pictures of FFHQ
    assert (cross["fid_pictures"], cross["fid_real_pictures"]) == (8, 5)
    assert cross["measures"]["csim"]["value"] == pytest.approx(1, abs=0.2)


def test_the_page_needs_no_other_file(told):
    page = (told / "page.html").read_text("ascii")
    assert page.count("data:image/jpeg;base64,") == 4  # two videos, twice
    assert "http" not in page.replace("https://", "http").split("<style>")[0]
    for text in ("Table 2, self-reenactment", "AniPortrait", "broken.mp4", "rows do not compare"):
        assert text in page


def test_statistics_of_the_real_pictures_are_kept(told):
    with np.load(told / "real.npz") as saved_frames:
        assert saved_frames["mu"].shape == (12,)
        assert saved_frames["sigma"].shape == (12, 12)


def test_without_files_the_tables_show_a_dash_and_say_why(model_file, videos, capsys):
    video = str(videos / "still.mp4")
    options = ["--model", str(model_file), "--self", video, "--framing", "whole", "--size", "64"]
    assert evaluate.main([*options, "--max-frames", "2"]) == 0
    out = capsys.readouterr().out
    (ours,) = [line.split() for line in out.splitlines() if line.startswith("ours")]
    assert ours[3] == ours[5] == ours[6] == "-"  # LPIPS, CSIM and MAE
    assert "LPIPS: unavailable (needs torchvision's AlexNet at" in out


def test_cross_without_portraits_is_one_sentence(model_file, videos, capsys):
    assert evaluate.main(["--model", str(model_file), "--cross", str(videos)]) == 2
    assert "--portraits FOLDER" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    model_file, videos, tmp_path, capsys
):
    options = ["--model", str(model_file), "--self", str(videos)]
    assert evaluate.main([*options, "--page", str(tmp_path / "none" / "page.html")]) == 2
    assert "folder that does not exist" in capsys.readouterr().err
    assert evaluate.main([*options, "--json", str(tmp_path)]) == 2
    assert "is a folder; a file is expected" in capsys.readouterr().err
    assert evaluate.main([*options, "--frames", str(model_file)]) == 2
    assert "is a file; a folder is expected" in capsys.readouterr().err


def test_a_stopped_evaluation_goes_on_and_tells_the_same(
    model_file, videos, tmp_path, monkeypatch, capsys
):
    options = ["--model", str(model_file), "--self", str(videos), "--framing", "crop"]
    options += ["--size", "64", "--max-frames", "2", "--out"]
    straight, stopped = (tmp_path / name for name in ("straight", "stopped"))
    assert evaluate.main([*options, str(straight)]) == 0
    measure, asked = protocol._self_video, []

    def stops(setup, name, *more):
        asked.append(name)
        if name == "wide.mp4" and len(asked) == 4:
            raise KeyboardInterrupt
        return measure(setup, name, *more)

    monkeypatch.setattr(protocol, "_self_video", stops)
    assert evaluate.main([*options, str(stopped)]) == 130
    assert evaluate.main([*options, str(stopped)]) == 0
    # videos that were left out may be whole by now; what was measured is not measured again
    every = ["broken.mp4", "grey.mp4", "still.mp4", "wide.mp4"]
    assert asked == [*every, "broken.mp4", "grey.mp4", "wide.mp4"]
    told = [json.loads((run / "measures.json").read_text("utf-8")) for run in (straight, stopped)]
    assert told[0]["self"] == told[1]["self"]
    assert told[0]["self"]["videos"] == 2
    pages = [(run / "page.html").read_text("ascii") for run in (straight, stopped)]
    assert pages[0] == pages[1]
    capsys.readouterr()
    assert evaluate.main([*options, str(stopped), "--motion", "absolute"]) == 2
    said = "holds results with motion relative; absolute is expected"
    assert said in capsys.readouterr().err


def test_a_video_that_breaks_the_work_unforeseen_is_left_out_by_name(shipped, videos, monkeypatch):
    def odd(evaluated, name, clip, least=2):
        raise ValueError("3 frames of 2 sizes")

    monkeypatch.setattr(protocol, "track_video", odd)
    with pytest.raises(MediaError, match="Of 1 video none can be used"):
        self_reenactment(a_setup(shipped), one_video(videos, "still.mp4"))


def test_rendered_heads_are_compared_with_the_renderers_truth(tmp_path, shipped):
    data = RenderedSet([write_rendered(tmp_path / "heads", identities=2)])
    assert is_rendered(tmp_path / "heads")
    assert not is_rendered(tmp_path)
    model = at_size(tiny_compact_model(), data.size_px)
    setup = a_setup(shipped, model, size_px=data.size_px)
    report = rendered_reenactment(setup, data)
    with torch.inference_mode():
        every = [one for pair in range(3) for one in reconstructed_batches(model, data, pair)]
    apart = [one.output.keypoints - one.pairs.driving.keypoints for one in every]
    expected = torch.cat(apart)[..., :2].norm(dim=-1).mean() * 128
    assert report.results["landmark_error_px"].value == pytest.approx(float(expected), rel=1e-4)
    pose = torch.cat([one.output.pose_deg - one.pairs.driving.pose_deg for one in every])
    assert report.results["pose_error_deg"].value == pytest.approx(float(pose.abs().mean()))
    light = torch.cat([l1(one.image, one.pairs.driving.image) for one in every])
    assert report.results["l1"].value == pytest.approx(float(light.mean()))
    assert report.results["jitter_px"].status.startswith("unavailable (needs videos")
    assert (report.facts["frames"], report.facts["identities"]) == (6, 2)


def test_inputs_are_left_alone(shipped, portraits):
    evaluated = a_setup(shipped).evaluated
    before = read_image(portraits / "00000.png").rgb
    portrait = track_portrait(evaluated, "one", portraits / "00000.png")
    saved_frames = portrait.squares.frames[0].copy()
    evaluated.view(list(portrait.squares), portrait.face)
    assert np.array_equal(portrait.squares.frames[0], saved_frames)
    assert np.array_equal(read_image(portraits / "00000.png").rgb, before)
