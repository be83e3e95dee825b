"""What a training command says when it does not train."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest


def refused(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], options: Sequence[str]
) -> str:
    """The few sentences of a command that ends with code 2, however it ends."""
    capsys.readouterr()
    try:
        code = main(list(options))
    except SystemExit as leaving:
        code = leaving.code
    assert code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said
