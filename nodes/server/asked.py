"""What a request asks for, read from its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from ...liveportrait_core.errors import shortened

View = Literal["face", "picture", "before"]
MODEL_WIDGETS: Final = ("model_name", "precision", "face_finder")
LEAST_PX, MOST_PX = 64, 1024
LATEST_S: Final = 1e6
"""Of a preview; no film or sound is as long."""
MOST_MOTIONS: Final = 4
"""That can be connected to a timeline."""


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
    at_s: float
    """Which moment of a film."""


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
class AskedBeneath:
    """What is connected to a timeline."""

    run: str | None
    """Key that the node gave when it ran; it stands for what is not named otherwise."""
    audio: str | None
    """A file, as Load Audio names it."""
    motions: tuple[Mapping[str, str], ...] | None
    """Load Motion's widgets of each motion; None: they are not all of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTimeline:
    """What a text says, to be drawn."""

    text: str
    beneath: AskedBeneath


def timeline_of(body: object) -> AskedTimeline:
    """A timeline that is to be drawn.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    given = _mapping(body, "the JSON")
    return AskedTimeline(
        text=text_of(given.get("timeline"), "timeline"),
        beneath=beneath_of(given.get("beneath")),
    )


def beneath_of(value: object) -> AskedBeneath:
    """What a request says to be connected to a timeline: an object; None where nothing is.

    Raises:
        ValueError: It is not as the front end writes it.
    """
    given = {} if value is None else _mapping(value, "beneath")
    return AskedBeneath(
        run=_text_or_none(given.get("run"), "run"),
        audio=_text_or_none(given.get("audio"), "audio"),
        motions=_motions_of(given.get("motions")),
    )


def _motions_of(value: object) -> tuple[Mapping[str, str], ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MOST_MOTIONS:
        raise ValueError(_wrong("motions", value, f"a list of at most {MOST_MOTIONS}"))
    loaders = [_mapping(one, "motions") for one in cast("list[object]", value)]
    return tuple(
        {str(name): text_of(chosen, str(name)) for name, chosen in loader.items()}
        for loader in loaders
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
        widgets = tuple(text_of(named.get(name), name) for name in MODEL_WIDGETS)
    return AskedSource(
        file=_text_or_none(given.get("file"), "file"),
        model=cast("tuple[str, str, str] | None", widgets),
        seen=_text_or_none(given.get("seen"), "seen"),
        face_index=_whole(given.get("face_index", 0), "face_index", 0, 100),
        at_s=seconds_of(given.get("at_s", 0), "at_s"),
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
        sender=text_of(given.get("sender"), "sender"),
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


def text_of(value: object, name: str) -> str:
    """A text.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(_wrong(name, value, "a text"))
    return value


def _text_or_none(value: object, name: str) -> str | None:
    return None if value is None else text_of(value, name)


def _whole(value: object, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(_wrong(name, value, f"a whole number from {low} to {high}"))
    return value


def seconds_of(value: object, name: str) -> float:
    """A time.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST_S:
        return float(value)
    raise ValueError(_wrong(name, value, f"a number from 0 to {LATEST_S:g}"))


def _wrong(name: str, value: object, expected: str) -> str:
    return (
        f"In the request {name} is {shortened(repr(value))}; {expected} is expected. Reload the "
        "page: it may be of another version than the nodes."
    )
