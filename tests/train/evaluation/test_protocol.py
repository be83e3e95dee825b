"""Both protocols from end to end, on films of one face."""

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
from train.data.rendered import RenderedSet
from train.evaluation import command as evaluate
from train.evaluation import protocol, reenactment
from train.evaluation.layouts import FILMS, films_of
from train.evaluation.measured_model import at_size
from train.evaluation.protocol import Setting, self_reenactment
from train.evaluation.reenactment import Sampled, Stage, open_film, open_portrait
from train.evaluation.rendered_measures import outcomes
from train.evaluation.rendered_protocol import is_rendered, rendered_reenactment
from train.metrics.feature_extractors import MotionReader, open_readers
from train.metrics.image import l1

SIZE_PX = 64


class Brighter(nn.Module):
    """Paints the source itself, some levels brighter: what must be measured is known."""

    def __init__(self, levels):
        super().__init__()
        self.levels = levels

    def forward(self, warped):
        return warped.face + self.levels / 255


@pytest.fixture(scope="module")
def shipped():
    return load_model()


def a_setting(shipped, model=None, *, framing="crop", size_px=SIZE_PX, **options):
    model = model or at_size(tiny_compact_model(), SIZE_PX)
    stage = Stage.of(model, shipped, size_px=size_px, framing=framing, motion="relative")
    readers = open_readers(None, MotionReader(stage.landmarks))
    options = {"metric_files": None, "layout": FILMS, "say": lambda line: None} | options
    return Setting(stage=stage, readers=readers, **options)


def one_film(films, name):
    return {name: films_of(films, FILMS)[name]}


@pytest.mark.parametrize("framing", ["paste", "crop", "whole"])
def test_a_film_of_one_picture_is_met_but_for_what_the_model_adds(framing, shipped, films):
    model = at_size(tiny_compact_model(), SIZE_PX)
    brighter = replace(model, decoder=Brighter(10))
    setting = a_setting(shipped, brighter, framing=framing)
    report = self_reenactment(setting, one_film(films, "still.mp4"))
    found = report.results["l1"].value
    if framing == "paste":  # some of the frame lies outside of the face's crop
        assert 1 / 255 < found < 10 / 255
    else:
        assert found == pytest.approx(10 / 255, abs=0.004)
    assert report.facts["frames"] == 3
    assert report.results["jitter_px"].value == pytest.approx(0, abs=0.5)
    assert report.results["landmark_error_px"].value < 3


def test_bad_films_are_named_counted_and_left_out(shipped, films, caplog):
    report = self_reenactment(a_setting(shipped, most=2), films_of(films, FILMS))
    assert [row["film"] for row in report.rows] == ["still.mp4", "wide.mp4"]
    assert [one["name"] for one in report.skipped] == ["broken.mp4", "grey.mp4"]
    assert "no video" in report.skipped[0]["reason"] or "not a video" in report.skipped[0]["reason"]
    assert "shows a face in 0 of 2 frames" in report.skipped[1]["reason"]
    assert report.facts["films"] == report.facts["films_and_pictures_skipped"] == 2
    assert "broken.mp4 is left out" in caplog.text
    with pytest.raises(MediaError, match="None of 1 films can be used"):
        self_reenactment(a_setting(shipped), one_film(films, "grey.mp4"))


def test_a_film_that_breaks_off_late_leaves_no_trace(shipped, films, monkeypatch):
    pairs, asked = protocol._pairs, []

    def broken_off(stage, film, portrait, motion):
        for part in pairs(stage, film, portrait, motion):
            yield part
            if film.name == "wide.mp4":
                raise MediaError("cut off")
        asked.append(film.name)

    monkeypatch.setattr(protocol, "_pairs", broken_off)
    names = one_film(films, "still.mp4") | one_film(films, "wide.mp4")
    both = self_reenactment(a_setting(shipped, most=2), names)
    monkeypatch.setattr(protocol, "_pairs", pairs)
    alone = self_reenactment(a_setting(shipped, most=2), one_film(films, "still.mp4"))
    assert asked == ["still.mp4"]
    assert both.values == alone.values
    assert both.skipped == [{"name": "wide.mp4", "reason": "cut off"}]


def test_measures_do_not_depend_on_the_chunk(shipped, films, monkeypatch):
    whole = self_reenactment(a_setting(shipped, most=3), one_film(films, "wide.mp4"))
    monkeypatch.setattr(protocol, "CHUNK", 1)
    apart = self_reenactment(a_setting(shipped, most=3), one_film(films, "wide.mp4"))
    for key, value in whole.values.items():
        assert apart.values[key] == (None if value is None else pytest.approx(value, rel=1e-3))


def test_of_a_wide_film_the_square_about_the_face_is_taken(shipped, films):
    setting = a_setting(shipped, framing="paste")
    film = open_film(setting.stage, "wide", Sampled(path=films / "wide.mp4", most=2))
    frame = next(iter(Sampled(path=films / "wide.mp4")))
    square = next(iter(film.squares))
    assert square.shape == (256, 256, 3)
    starts = [x for x in range(81) if np.array_equal(frame[:, x : x + 256], square)]
    assert len(starts) == 1
    face = film.track.faces[0]
    assert abs(face.centre[0] - 128) < 20 or starts[0] in (0, 80)


def test_a_published_model_is_read_by_the_shipped_one(shipped, films):
    model = tiny_published_model()
    setting = a_setting(shipped, model, framing="paste", most=2)
    report = self_reenactment(setting, one_film(films, "still.mp4"))
    assert report.facts["keypoints_read_by"] == "the shipped compact model's M"
    assert report.results["psnr_db"].value > 0


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(at_size(tiny_compact_model(), SIZE_PX), path)
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory, model_file, films, portraits):
    """What the command writes of both protocols with every file that a metric needs."""
    folder = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reenactment, "FaceTrackers", WhereItWas)
        tell(folder, model_file, films, portraits)
    return folder


def tell(folder, model_file, films, portraits):
    options = ["--model", str(model_file), "--self", str(films), "--cross", str(films)]
    options += ["--portraits", str(portraits), "--sources", "4", "--real", "5", "--most", "2"]
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
    too_small = "unavailable (needs pictures of 161 px or more at --size 64)"
    assert status["self"].pop("ms_ssim") == too_small
    follow = "unavailable (needs films with three frames or more that follow each other)"
    assert status["self"].pop("jitter_px") == status["cross"].pop("jitter_px") == follow
    assert set(status["self"]) >= {"psnr_db", "ssim", "lpips", "l1", "csim", "mae_deg"}
    assert set(status["cross"]) >= {"fid", "csim", "aed", "apd", "mae_deg"}
    assert set(status["self"].values()) == set(status["cross"].values()) == {"ok"}
    assert measures["self"]["mesh"].startswith("unavailable (needs mediapipe")


def test_cross_reenactment_counts_what_it_used(told):
    cross = json.loads((told / "told.json").read_text("utf-8"))["cross"]
    assert (cross["portraits"], cross["films"]) == (2, 2)
    names = [one["name"] for one in cross["skipped"]]
    assert names == ["00002.png", "00003.png", "broken.mp4", "grey.mp4"]
    # 2 films x 2 frames x 2 portraits against 5 pictures of FFHQ
    assert (cross["fid_pictures"], cross["fid_real_pictures"]) == (8, 5)
    assert cross["measures"]["csim"]["value"] == pytest.approx(1, abs=0.2)


def test_the_page_needs_no_other_file(told):
    page = (told / "page.html").read_text("ascii")
    assert page.count("data:image/jpeg;base64,") == 4  # two films, twice
    assert "http" not in page.replace("https://", "http").split("<style>")[0]
    for text in ("Table 2, self-reenactment", "AniPortrait", "broken.mp4", "rows do not compare"):
        assert text in page


def test_statistics_of_the_real_pictures_are_kept(told):
    with np.load(told / "real.npz") as kept:
        assert kept["mu"].shape == (12,)
        assert kept["sigma"].shape == (12, 12)


def test_without_files_the_tables_show_a_dash_and_say_why(model_file, films, capsys):
    film = str(films / "still.mp4")
    options = ["--model", str(model_file), "--self", film, "--framing", "whole", "--size", "64"]
    assert evaluate.main([*options, "--most", "2"]) == 0
    out = capsys.readouterr().out
    (ours,) = [line.split() for line in out.splitlines() if line.startswith("ours")]
    assert ours[3] == ours[5] == ours[6] == "-"  # LPIPS, CSIM and MAE
    assert "LPIPS: unavailable (needs torchvision's AlexNet at" in out


def test_cross_without_portraits_is_one_sentence(model_file, films, capsys):
    assert evaluate.main(["--model", str(model_file), "--cross", str(films)]) == 2
    assert "--portraits FOLDER" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    model_file, films, tmp_path, capsys
):
    options = ["--model", str(model_file), "--self", str(films)]
    assert evaluate.main([*options, "--page", str(tmp_path / "none" / "page.html")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_stopped_evaluation_goes_on_and_tells_the_same(
    model_file, films, tmp_path, monkeypatch, capsys
):
    options = ["--model", str(model_file), "--self", str(films), "--framing", "crop"]
    options += ["--size", "64", "--most", "2", "--out"]
    straight, stopped = (tmp_path / name for name in ("straight", "stopped"))
    assert evaluate.main([*options, str(straight)]) == 0
    measure, asked = protocol._self_film, []

    def stops(setting, name, *more):
        asked.append(name)
        if name == "wide.mp4" and len(asked) == 4:
            raise KeyboardInterrupt
        return measure(setting, name, *more)

    monkeypatch.setattr(protocol, "_self_film", stops)
    with pytest.raises(KeyboardInterrupt):
        evaluate.main([*options, str(stopped)])
    assert evaluate.main([*options, str(stopped)]) == 0
    # films that were left out may be whole by now; what was measured is not measured again
    every = ["broken.mp4", "grey.mp4", "still.mp4", "wide.mp4"]
    assert asked == [*every, "broken.mp4", "grey.mp4", "wide.mp4"]
    told = [json.loads((run / "measures.json").read_text("utf-8")) for run in (straight, stopped)]
    assert told[0]["self"] == told[1]["self"]
    assert told[0]["self"]["films"] == 2
    pages = [(run / "page.html").read_text("ascii") for run in (straight, stopped)]
    assert pages[0] == pages[1]
    capsys.readouterr()
    assert evaluate.main([*options, str(stopped), "--motion", "absolute"]) == 2
    said = "holds results with motion relative, and absolute was asked for"
    assert said in capsys.readouterr().err


def test_a_film_that_breaks_the_work_unforeseen_is_left_out_by_name(shipped, films, monkeypatch):
    def odd(stage, name, clip, least=2):
        raise ValueError("3 frames of 2 sizes")

    monkeypatch.setattr(protocol, "open_film", odd)
    with pytest.raises(MediaError, match="None of 1 films can be used"):
        self_reenactment(a_setting(shipped), one_film(films, "still.mp4"))


def test_rendered_heads_are_compared_with_the_renderers_truth(tmp_path, shipped):
    data = RenderedSet([write_rendered(tmp_path / "heads", identities=2)])
    assert is_rendered(tmp_path / "heads")
    assert not is_rendered(tmp_path)
    model = at_size(tiny_compact_model(), data.size_px)
    setting = a_setting(shipped, model, size_px=data.size_px)
    report = rendered_reenactment(setting, data)
    with torch.inference_mode():
        every = [one for pair in range(3) for one in outcomes(model, data, pair)]
    apart = [one.output.keypoints - one.pairs.driving.keypoints for one in every]
    wanted = torch.cat(apart)[..., :2].norm(dim=-1).mean() * 128
    assert report.results["landmark_error_px"].value == pytest.approx(float(wanted), rel=1e-4)
    pose = torch.cat([one.output.pose_deg - one.pairs.driving.pose_deg for one in every])
    assert report.results["pose_error_deg"].value == pytest.approx(float(pose.abs().mean()))
    light = torch.cat([l1(one.image, one.pairs.driving.image) for one in every])
    assert report.results["l1"].value == pytest.approx(float(light.mean()))
    assert report.results["jitter_px"].status.startswith("unavailable (needs films")
    assert (report.facts["frames"], report.facts["identities"]) == (6, 2)


def test_inputs_are_left_alone(shipped, portraits):
    stage = a_setting(shipped).stage
    before = read_image(portraits / "00000.png").rgb
    portrait = open_portrait(stage, "one", portraits / "00000.png")
    kept = portrait.squares.frames[0].copy()
    stage.view(list(portrait.squares), portrait.face)
    assert np.array_equal(portrait.squares.frames[0], kept)
    assert np.array_equal(read_image(portraits / "00000.png").rgb, before)
