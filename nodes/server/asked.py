"""What a request asks for, read from its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

View = Literal["face", "picture", "before"]
MODEL_WIDGETS: Final = ("model_name", "precision", "face_finder")
LEAST_PX, MOST_PX = 64, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSource:
    """Whose face: a file with a model, or what a node saw when it last ran."""

    file: str | None
    """As Load Image and Load Video name it."""
    model: tuple[str, str, str] | None
    """Load Model's widgets."""
    seen: str | None
    """Key that the node gave when it ran; it stands for what is not named otherwise."""
    face_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPreview:
    """One picture of a changed face."""

    sender: str
    """Node and browser; of each the newest request counts."""
    source: AskedSource
    like: AskedSource | None
    """A photo that the node adds the expression of."""
    values: Mapping[str, object]
    """The node's widgets by their names."""
    view: View
    side_px: int
    """Longer side of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTimeline:
    """What a text says, to be drawn."""

    text: str
    beneath: str | None
    """Key that the node gave when it ran."""


def timeline_of(body: object) -> AskedTimeline:
    """A timeline that is to be drawn.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    given = _mapping(body, "the JSON")
    return AskedTimeline(
        text=_text(given.get("timeline"), "timeline"),
        beneath=_text_or_none(given.get("beneath"), "beneath"),
    )


def source_of(body: object, name: str = "the JSON") -> AskedSource:
    """The source of a request, or what it calls so.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    given = _mapping(body, name)
    model = given.get("model")
    widgets = None
    if model is not None:
        named = _mapping(model, "model")
        widgets = tuple(_text(named.get(name), name) for name in MODEL_WIDGETS)
    return AskedSource(
        file=_text_or_none(given.get("file"), "file"),
        model=cast("tuple[str, str, str] | None", widgets),
        seen=_text_or_none(given.get("seen"), "seen"),
        face_index=_whole(given.get("face_index", 0), "face_index", 0, 100),
    )


def preview_of(body: object) -> AskedPreview:
    """A preview that is asked for.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    given = _mapping(body, "the JSON")
    view = given.get("view", "face")
    if view not in get_args(View):
        raise ValueError(_wrong("view", view, f"one of {', '.join(get_args(View))}"))
    return AskedPreview(
        sender=_text(given.get("sender"), "sender"),
        source=source_of(given.get("source"), "source"),
        like=None if given.get("like") is None else source_of(given["like"], "like"),
        values=values_of(body),
        view=cast(View, view),
        side_px=_whole(given.get("side_px", 512), "side_px", LEAST_PX, MOST_PX),
    )


def seed_of(body: object) -> int:
    """The number that something random is drawn with.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    return _whole(_mapping(body, "the JSON").get("seed"), "seed", 0, 2**31)


def values_of(body: object) -> Mapping[str, object]:
    """The editor's widgets by their names.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    return _mapping(_mapping(body, "the JSON").get("values"), "values")


def named_values_of(body: object) -> tuple[str, Mapping[str, object]] | None:
    """The same, and before them the name that they are to have; None where there is no name.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    name = _text_or_none(_mapping(body, "the JSON").get("name"), "name")
    return None if name is None else (name, values_of(body))


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(_wrong(name, value, "an object of JSON"))
    return cast("Mapping[str, object]", value)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(_wrong(name, value, "a text"))
    return value


def _text_or_none(value: object, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _whole(value: object, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(_wrong(name, value, f"a whole number from {low} to {high}"))
    return value


def _wrong(name: str, value: object, expected: str) -> str:
    return (
        f"In the request {name} is {value!r}; {expected} is expected. Reload the page: it may be "
        "of another version than the nodes."
    )
