import json

import pytest

from benchmarks.steps import main


def test_a_step_is_measured(capsys):
    assert main(["tiny", "--variants", "fused", "--steps", "1", "--one"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["seconds"] > 0
    assert found["mib"] > 100


def test_a_name_that_is_not_known_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["tiny", "--variants", "faster"])
    assert "faster is not known" in capsys.readouterr().err
