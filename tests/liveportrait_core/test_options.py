import pytest

from liveportrait_core.config.fields import spec_of
from liveportrait_core.options import AnimateOptions, Framing


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda: Framing(scale=0), "above 0"),
        (lambda: Framing(vy_ratio=float("nan")), "vy_ratio"),
        (lambda: AnimateOptions(reference=-1), "reference is -1; auto or a whole number from 0 up"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        options()


@pytest.mark.parametrize(("text", "value"), [("auto", None), ("0", 0), ("12", 12)])
def test_a_reference_is_a_frame_or_auto(text, value):
    assert spec_of(AnimateOptions, "reference").from_text(text) == value


@pytest.mark.parametrize("text", ["first", "-1", "1.5"])
def test_another_reference_is_refused(text):
    with pytest.raises(ValueError, match="auto or a whole number from 0 up is expected"):
        spec_of(AnimateOptions, "reference").from_text(text)


def test_an_unknown_way_to_go_on_is_refused():
    with pytest.raises(ValueError, match="when_shorter is 'rewind'; one of stop, hold"):
        AnimateOptions(when_shorter="rewind")
