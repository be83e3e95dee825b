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
        compact.main, ["data=heads", "detail_px=128", "blocks=0"], tmp_path / "run", capsys
    )
    networks = build(replace(COMPACT, detail_px=128, blocks=0))
    learning = ("appearance", "motion", "warping", "decoder")
    count = sum(p.numel() for name in learning for p in networks[name].parameters())
    assert f"average of {count / 1e6:.1f} M parameters" in shown
    assert "of 4 pairs" in shown
    assert "of 24 frames" in shown


def test_a_dry_run_of_the_published_networks_counts_all_parts_of_the_batch(tmp_path, capsys):
    options = ["preset=tiny", "clips=films", "batch=1", "clip_px=256"]
    whole = told(stage1.main, [*options, "total_batch=4"], tmp_path / "run", capsys)
    part = told(stage1.main, [*options, "total_batch=0"], tmp_path / "run", capsys)
    figures = [float(text.split(" TFLOP")[0].split()[-1]) for text in (whole, part)]
    assert figures[0] == pytest.approx(4 * figures[1], rel=0.5)  # shown with two decimals
    assert figures[0] > figures[1] > 0
