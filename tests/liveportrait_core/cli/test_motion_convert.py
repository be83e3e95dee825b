import json
from fractions import Fraction

import pytest
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.assets.shipped_motions import shipped_motion
from liveportrait_core.cli.main import main
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.media.blendshape_file import load_blendshapes, save_blendshapes
from liveportrait_core.media.blendshape_map_file import save_blendshape_map
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes


@pytest.fixture
def take(tmp_path):
    weights = torch.zeros(120, len(ARKIT_SHAPES))
    weights[:, ARKIT_SHAPES.index("jawOpen")] = torch.linspace(0, 0.8, 120)
    path = tmp_path / "take.csv"
    save_blendshapes(
        Blendshapes(weights=weights, head_deg=torch.ones(120, 3), fps=Fraction(60)), path
    )
    return path


def test_face_capture_becomes_a_driver_of_the_default_model(tmp_path, take, capsys):
    out = tmp_path / "out.safetensors"
    assert main(["motion", "convert", str(take), str(out), "--fps", "30"]) == 0
    motion = load_motion(out)
    assert (motion.space, motion.fps, len(motion)) == (COMPACT_SPACE, 30, 60)
    assert motion.absent == {"scale", "translation"}
    assert "60 frames" in capsys.readouterr().out


def test_face_capture_becomes_a_published_template(tmp_path, take):
    out = tmp_path / "out.pkl"
    assert main(["motion", "convert", str(take), str(out), "--to", HUMAN_SPACE]) == 0
    assert load_motion(out).space == HUMAN_SPACE


def test_a_motion_becomes_face_capture_and_says_what_is_lost(tmp_path, capsys):
    out = tmp_path / "out.csv"
    motion = str(shipped_motion("surprise"))
    assert main(["motion", "convert", motion, str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == len(load_blendshapes(out)) == 75
    assert "jawOpen" in told["known"]
    assert "% of the expression's movement is lost" in told["losses"][0]
    assert load_blendshapes(out).shape("jawOpen").max() > 0.1
    assert load_blendshapes(out).fps == 25


def test_face_capture_names_the_way_where_a_motion_is_expected(tmp_path, take, capsys):
    for command in (["info", str(take)], ["change", str(take), "-o", str(tmp_path / "a.pkl")]):
        assert main(["motion", *command]) == 2
        assert "motion convert" in capsys.readouterr().err
    assert main(["animate", str(take), str(take), "-o", str(tmp_path / "a.mp4")]) == 2
    assert "motion convert" in capsys.readouterr().err


def test_shapes_of_parts_that_a_motion_lacks_are_named(tmp_path, take, capsys):
    rows = [line.split(",") for line in take.read_text().splitlines()]
    jaw = rows[0].index("JawOpen")
    take.write_text("\n".join(f"{row[0]},{row[jaw]}" for row in rows))
    lips, out = tmp_path / "lips.safetensors", tmp_path / "out.csv"
    assert main(["motion", "convert", str(take), str(lips)]) == 0
    assert main(["motion", "convert", str(lips), str(out)]) == 0
    said = capsys.readouterr().out
    assert "Not known, written as 0: eyeBlinkLeft, " in said


def test_a_motion_of_one_space_becomes_one_of_another(tmp_path, capsys):
    out = tmp_path / "out.pkl"
    motion = str(shipped_motion("nod"))
    assert main(["motion", "convert", motion, str(out), "--to", HUMAN_SPACE]) == 0
    said = capsys.readouterr().out
    assert f"from {COMPACT_SPACE} to {HUMAN_SPACE}" in said
    made, was = load_motion(out), load_motion(shipped_motion("nod"))
    assert made.space == HUMAN_SPACE
    assert torch.allclose(made.pose_deg, was.pose_deg, atol=1e-3)


def test_one_s_own_map_is_used_for_its_space(tmp_path, take):
    shape_map = shipped_blendshape_map(HUMAN_SPACE)
    doubled = shape_map.expression * 2
    own = tmp_path / "own.safetensors"
    save_blendshape_map(
        type(shape_map)(space=HUMAN_SPACE, expression=doubled, reading=shape_map.reading), own
    )
    outs = [tmp_path / "with.pkl", tmp_path / "without.pkl"]
    for out, more in zip(outs, (["--map", str(own)], []), strict=True):
        assert main(["motion", "convert", str(take), str(out), "--to", HUMAN_SPACE, *more]) == 0
    with_own, without = (load_motion(out).expression for out in outs)
    assert (with_own[-1] - with_own[0]).norm() > 1.9 * (without[-1] - without[0]).norm()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["take.csv", "out.csv", "--to", HUMAN_SPACE], "no keypoint space"),
        (["take.csv", "out.pkl"], "lps-compact-21"),
        (["none.csv", "out.safetensors"], "No file of face capture"),
        (["take.csv", "take.csv"], "would replace the input"),
        (["take.csv", "out.mp4"], ".safetensors"),
        (["take.csv", "out.safetensors", "--map", "none.safetensors"], "No blendshape map"),
        (["take.csv", "out.safetensors", "--layout", "ditto"], "layout is given"),
        (["take.csv", "out.safetensors", "--space", HUMAN_SPACE], "--space is given"),
        (["own.safetensors", "out.safetensors", "--level"], "--level is given"),
        (["own.safetensors", "out.pkl", "--capture-fps", "30"], "--capture-fps is given"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence(tmp_path, take, capsys, arguments, said):
    (tmp_path / "own.safetensors").write_bytes(shipped_motion("nod").read_bytes())
    files = [str(take.parent / name) if "." in name else name for name in arguments]
    assert main(["motion", "convert", *files]) in {1, 2}
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (tmp_path / "out.safetensors").exists()
