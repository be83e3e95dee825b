"""What a request asks for, read from its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from ...liveportrait_core.constants import MAX_FACE_INDEX
from .fields import Field, Fields, number, object_of, objects, one_of, read_object, text, whole

View = Literal["face", "picture", "before"]
LEAST_PX, MOST_PX = 64, 1024
LATEST_S: Final = 1e6
"""Of a preview; no film or sound is as long."""
MOST_MOTIONS: Final = 4
"""That can be connected to a timeline."""
MODEL_WIDGETS: Final = ("model_name", "precision", "face_finder")
MOTION_WIDGETS: Final = ("motion_file", "space", "layout", "normalisation")
TIME: Final = number(0, LATEST_S)


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

    timeline: str
    beneath: AskedBeneath


NOTHING: Final = AskedBeneath(run=None, audio=None, motions=None)


def _model(given: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(given[name] for name in MODEL_WIDGETS)


def _chosen(given: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in given.items() if value is not None}


def _source(given: Mapping[str, object]) -> AskedSource:
    return AskedSource(
        file=cast("str | None", given["file"]),
        model=cast("tuple[str, str, str] | None", given["model"]),
        seen=cast("str | None", given["seen"]),
        face_index=cast(int, given["face_index"]),
        at_s=cast(float, given["at_s"]),
    )


def _beneath(given: Mapping[str, object]) -> AskedBeneath:
    return AskedBeneath(
        run=cast("str | None", given["run"]),
        audio=cast("str | None", given["audio"]),
        motions=cast("tuple[Mapping[str, str], ...] | None", given["motions"]),
    )


_SOURCE: Final[Fields] = MappingProxyType(
    {
        "file": Field(text, None),
        "model": Field(object_of({name: Field(text) for name in MODEL_WIDGETS}, _model), None),
        "seen": Field(text, None),
        "face_index": Field(whole(0, MAX_FACE_INDEX), 0),
        "at_s": Field(TIME, 0.0),
    }
)
_MOTION: Final = object_of({name: Field(text, None) for name in MOTION_WIDGETS}, _chosen)
_BENEATH: Final[Fields] = MappingProxyType(
    {
        "run": Field(text, None),
        "audio": Field(text, None),
        "motions": Field(objects(_MOTION, MOST_MOTIONS), None),
    }
)
BENEATH: Final = object_of(_BENEATH, _beneath)
"""Reads what is connected to a timeline."""
SOURCE: Final = object_of(_SOURCE, _source)
"""Reads whose face a preview shows."""
_PREVIEW: Final[Fields] = MappingProxyType(
    {
        "sender": Field(text),
        "source": Field(SOURCE),
        "like": Field(SOURCE, None),
        "view": Field(one_of(get_args(View)), "face"),
        "side_px": Field(whole(LEAST_PX, MOST_PX), 512),
    }
)
_TIMELINE: Final[Fields] = MappingProxyType(
    {"timeline": Field(text), "beneath": Field(BENEATH, None)}
)
_SEED: Final[Fields] = MappingProxyType({"seed": Field(whole(0, 2**31))})

# all of these raise a ValueError where the request is not as the front end writes it


def timeline_of(body: object) -> AskedTimeline:
    """A timeline that is to be drawn."""
    asked = read_object(body, "", _TIMELINE)
    return AskedTimeline(
        timeline=cast(str, asked["timeline"]), beneath=beneath_or_nothing(asked["beneath"])
    )


def beneath_or_nothing(read: object) -> AskedBeneath:
    """What `BENEATH` read; where it read nothing, nothing is connected."""
    return NOTHING if read is None else cast(AskedBeneath, read)


def source_of(body: object) -> AskedSource:
    """The source of a request."""
    return cast(AskedSource, SOURCE(body, ""))


def preview_of(body: object, values: Fields) -> AskedPreview:
    """A preview that is asked for, of a node with these widgets."""
    asked = read_object(body, "", _with_values(_PREVIEW, values))
    return AskedPreview(
        sender=cast(str, asked["sender"]),
        source=cast(AskedSource, asked["source"]),
        like=cast("AskedSource | None", asked["like"]),
        values=cast("Mapping[str, object]", asked["values"]),
        view=cast(View, asked["view"]),
        side_px=cast(int, asked["side_px"]),
    )


def seed_of(body: object) -> int:
    """The number that something random is drawn with."""
    return cast(int, read_object(body, "", _SEED)["seed"])


def values_of(body: object, values: Fields) -> Mapping[str, object]:
    """A node's widgets by their names."""
    asked = read_object(body, "", _with_values({}, values))
    return cast("Mapping[str, object]", asked["values"])


def named_values_of(body: object, values: Fields) -> tuple[str, Mapping[str, object]] | None:
    """The same, and before them the name that they are to have; None where there is no name."""
    named = {"name": Field(text, None), "values": Field(object_of(values), None)}
    asked = read_object(body, "", named)
    if asked["name"] is None:
        return None
    return cast(str, asked["name"]), cast("Mapping[str, object]", asked["values"] or {})


def _with_values(fields: Fields, values: Fields) -> Fields:
    return {**fields, "values": Field(object_of(values))}
