"""What `--dry-run` tells of stage 1."""

from dataclasses import replace

import pytest

from liveportrait_core.networks.build import build
from liveportrait_core.preset import COMPACT
from train import compact, stage1


def told(main, options, run, capsys):
    with pytest.raises(SystemExit) as left:
        main([f"run={run}", "steps=5", *options, "--dry-run"])
    assert left.value.code == 0
    assert not run.exists()
    return capsys.readouterr().out


def test_a_dry_run_of_the_compact_networks_counts_what_learns(tmp_path, capsys):
    shown = told(
        compact.main,
        ["data=heads", "detail_px=128", "blocks=0", "depth_probes=0", "mouth_px=0", "eyes_px=0"],
        tmp_path / "run",
        capsys,
    )
    networks = build(replace(COMPACT, detail_px=128, blocks=0))
    learning = ("appearance", "motion", "warping", "decoder")
    count = sum(p.numel() for name in learning for p in networks[name].parameters())
    assert f"average of {count / 1e6:.1f} M parameters" in shown
    assert "of 4 pairs" in shown
    assert "of 24 frames" in shown


def test_a_dry_run_of_the_published_networks_counts_all_parts_of_the_batch(tmp_path, capsys):
    options = ["preset=tiny", "clips=films", "batch=1", "clip_px=256", "weights.gradient_penalty=1"]
    whole = told(stage1.main, [*options, "total_batch=4"], tmp_path / "run", capsys)
    part = told(stage1.main, [*options, "total_batch=0"], tmp_path / "run", capsys)
    figures = [float(text.split(" TFLOP")[0].split()[-1]) for text in (whole, part)]
    assert figures[0] == pytest.approx(4 * figures[1], rel=0.5)  # shown with two decimals
    assert figures[0] > figures[1] > 0
    assert "1 x 4 x 1, 2 x 2 x 1, 4 x 1 x 1 (processes x parts x batch)" in whole
    assert "pictures of a part: (1, 3, 128, 128) in, (1, 3, 256, 256) out" in whole


def test_a_dry_run_says_which_files_and_folders_are_missing(tmp_path, capsys):
    (tmp_path / "there").mkdir()
    options = [f"data={tmp_path / 'there'},nowhere", "clips=https://server/clips", "batch=0"]
    shown = told(compact.main, [*options, "motion_batch=1"], tmp_path / "run", capsys)
    assert [line for line in shown.splitlines() if "missing" in line] == ["missing: nowhere (data)"]
    shown = told(compact.main, ["data=drawn", "motion_batch=0"], tmp_path / "run", capsys)
    assert "all files and folders that options name are there" in shown
