"""Animals: how each kind's head differs from a person's."""

from dataclasses import dataclass
from typing import Final, Literal

from ..arrays import FloatArray
from ..paint import from_hue, rgb

EarShape = Literal["pointed", "round", "long", "hanging", "none"]
Pupil = Literal["round", "slit", "bar"]
Pattern = Literal["plain", "pale below", "blaze", "tabby", "patches", "mask", "points", "bare face"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """Shape and colours of a kind; lengths in model units, scales against a person's head.

    Every number is varied a little from one animal to the next.
    """

    width: float = 1.0
    forehead: float = 0.6
    """Height of the head above the brows."""
    cheeks: float = 0.1
    """How much wider the head is at the height of the mouth."""
    eye_scale: tuple[float, float] = (1.25, 1.7)
    """Width of the eyes and height between the lids; eyeballs grow with the width."""
    eye_apart: float = 0.3
    eye_slant_deg: float = 8.0
    """Outer corners up."""
    eye_outwards_deg: float = 5.0
    nose_forward: float = 0.0
    nose_up: float = 0.0
    nose_scale: tuple[float, float, float] = (1.0, 0.7, 0.5)
    mouth_forward: float = 1.0
    mouth_up: float = 0.8
    mouth_scale: tuple[float, float, float] = (0.9, 1.0, 1.0)
    pads: float = 0.5
    """How far the pads that whiskers grow from stand out."""
    chin_up: float = 1.4
    chin_scale: float = 0.75
    ear: EarShape = "pointed"
    ear_size: tuple[float, float] = (5.0, 5.5)
    """Width and length."""
    ear_apart: float = 5.0
    ear_tilt_deg: float = 18.0
    pupils: tuple[Pupil, ...] = ("round",)
    iris_deg: float = 44.0
    """Half the iris seen from the eyeball's centre; a person's is 24."""
    iris_colours: tuple[FloatArray, ...]
    patterns: tuple[Pattern, ...]
    fur_colours: tuple[FloatArray, ...]
    nose_colours: tuple[FloatArray, ...]
    nose_pad: tuple[float, float] = (1.15, 1.2)
    """Half the width and the height of the bare nose."""
    whiskers: float = 0.0
    """Their length; 0 for none."""
    fur_length: float = 0.9
    size: float = 1.0
    """In the picture, against a person's head."""


BLACK: Final = rgb(0.05, 0.05, 0.055)
CHARCOAL: Final = rgb(0.17, 0.16, 0.16)
GREY: Final = rgb(0.5, 0.49, 0.48)
WHITE: Final = rgb(0.92, 0.91, 0.88)
CREAM: Final = rgb(0.86, 0.77, 0.62)
FAWN: Final = rgb(0.70, 0.55, 0.38)
GINGER: Final = rgb(0.72, 0.46, 0.25)
RUST: Final = rgb(0.52, 0.31, 0.17)
BROWN: Final = rgb(0.33, 0.21, 0.13)
FUR_COLOURS: Final = (BLACK, CHARCOAL, GREY, WHITE, CREAM, FAWN, GINGER, RUST, BROWN)

PINK: Final = rgb(0.80, 0.50, 0.47)
DARK_EYES: Final = (rgb(0.10, 0.06, 0.04), rgb(0.20, 0.11, 0.05), rgb(0.34, 0.20, 0.08))
CAT_EYES: Final = (
    from_hue(0.14, 0.75, 0.75),
    from_hue(0.20, 0.6, 0.65),
    from_hue(0.27, 0.5, 0.6),
    from_hue(0.09, 0.8, 0.65),
    from_hue(0.57, 0.5, 0.75),
)

CAT: Final = Species(
    width=1.08,
    forehead=0.5,
    cheeks=0.16,
    eye_scale=(1.4, 2.5),
    eye_apart=0.35,
    eye_slant_deg=10,
    nose_forward=-0.6,
    nose_up=-0.3,
    nose_scale=(0.85, 0.55, 0.45),
    mouth_forward=0.7,
    mouth_up=1.3,
    mouth_scale=(0.7, 0.8, 0.7),
    chin_up=2.4,
    chin_scale=0.65,
    ear_size=(6.6, 7.2),
    ear_apart=6.0,
    pupils=("round", "round", "slit"),
    iris_deg=50,
    iris_colours=CAT_EYES,
    patterns=("plain", "tabby", "tabby", "tabby", "patches", "mask", "points", "blaze"),
    fur_colours=FUR_COLOURS,
    nose_colours=(PINK, PINK, rgb(0.35, 0.2, 0.18), BLACK),
    nose_pad=(0.95, 0.85),
    whiskers=6.5,
    ear_tilt_deg=24,
    fur_length=0.7,
)
DOG: Final = Species(
    width=1.1,
    forehead=0.5,
    cheeks=0.18,
    eye_scale=(1.1, 1.7),
    eye_apart=0.45,
    eye_slant_deg=10,
    nose_forward=2.6,
    nose_up=-1.2,
    nose_scale=(1.25, 0.75, 0.5),
    mouth_forward=2.6,
    mouth_up=0.3,
    mouth_scale=(1.05, 0.85, 1.0),
    chin_up=2.2,
    chin_scale=0.7,
    ear_size=(5.6, 6.0),
    ear_apart=6.2,
    ear_tilt_deg=24,
    iris_deg=46,
    iris_colours=(*DARK_EYES, *DARK_EYES, from_hue(0.57, 0.4, 0.7)),
    patterns=("plain", "pale below", "pale below", "pale below", "blaze", "patches", "points"),
    fur_colours=FUR_COLOURS,
    nose_colours=(BLACK, BLACK, BLACK, rgb(0.28, 0.16, 0.12)),
    nose_pad=(1.35, 1.5),
    fur_length=0.8,
)
HOUND: Final = Species(
    width=0.95,
    forehead=0.6,
    cheeks=0.0,
    eye_scale=(1.1, 1.6),
    eye_apart=0.5,
    eye_slant_deg=-2,
    eye_outwards_deg=8,
    nose_forward=4.0,
    nose_up=-1.6,
    nose_scale=(1.35, 0.8, 0.5),
    mouth_forward=3.8,
    mouth_up=-0.2,
    mouth_scale=(1.05, 0.9, 1.1),
    chin_up=1.8,
    chin_scale=0.7,
    ear="hanging",
    ear_size=(6.0, 9.5),
    ear_apart=6.6,
    iris_deg=44,
    iris_colours=DARK_EYES,
    patterns=("plain", "plain", "blaze", "patches", "pale below", "points"),
    fur_colours=FUR_COLOURS,
    nose_colours=(BLACK, BLACK, rgb(0.28, 0.16, 0.12)),
    nose_pad=(1.45, 1.5),
    fur_length=0.5,
)
FOX: Final = Species(
    width=1.05,
    forehead=0.45,
    cheeks=0.25,
    eye_scale=(1.2, 1.7),
    eye_slant_deg=16,
    nose_forward=2.8,
    nose_up=-1.2,
    nose_scale=(0.8, 0.6, 0.5),
    mouth_forward=2.4,
    mouth_up=0.6,
    mouth_scale=(0.7, 0.85, 1.1),
    chin_up=2.0,
    chin_scale=0.6,
    ear_size=(6.2, 8.2),
    ear_apart=5.8,
    pupils=("round", "slit"),
    iris_deg=46,
    iris_colours=(from_hue(0.09, 0.8, 0.6), from_hue(0.12, 0.7, 0.7), DARK_EYES[1]),
    patterns=("pale below", "pale below", "blaze", "mask"),
    fur_colours=(GINGER, RUST, GREY, WHITE, CHARCOAL),
    nose_colours=(BLACK,),
    nose_pad=(0.95, 1.0),
    whiskers=3.5,
    fur_length=1.0,
)
BEAR: Final = Species(
    width=1.12,
    forehead=0.6,
    cheeks=0.14,
    eye_scale=(0.85, 1.15),
    eye_apart=0.2,
    eye_slant_deg=4,
    nose_forward=2.2,
    nose_up=-1.0,
    nose_scale=(1.2, 0.75, 0.5),
    mouth_forward=2.2,
    mouth_up=0.4,
    mouth_scale=(0.9, 0.85, 0.9),
    ear="round",
    ear_size=(5.4, 4.4),
    ear_apart=7.0,
    ear_tilt_deg=30,
    iris_deg=46,
    iris_colours=DARK_EYES,
    patterns=("plain", "plain", "pale below", "mask"),
    fur_colours=(BLACK, BROWN, RUST, WHITE, CHARCOAL, FAWN, GREY),
    nose_colours=(BLACK, BLACK, rgb(0.2, 0.13, 0.1)),
    nose_pad=(1.35, 1.3),
    fur_length=0.9,
    chin_up=2.0,
)
RABBIT: Final = Species(
    width=0.92,
    forehead=0.5,
    cheeks=0.16,
    eye_scale=(1.4, 2.3),
    eye_apart=0.9,
    eye_slant_deg=4,
    eye_outwards_deg=18,
    nose_forward=0.6,
    nose_up=-0.8,
    nose_scale=(0.8, 0.6, 0.5),
    mouth_forward=1.3,
    mouth_up=1.2,
    mouth_scale=(0.6, 0.8, 0.9),
    chin_up=2.2,
    chin_scale=0.6,
    ear="long",
    ear_size=(4.0, 12.0),
    ear_apart=3.2,
    ear_tilt_deg=10,
    iris_deg=52,
    iris_colours=(*DARK_EYES, from_hue(0.58, 0.35, 0.6)),
    patterns=("plain", "plain", "blaze", "patches", "points", "pale below"),
    fur_colours=FUR_COLOURS,
    nose_colours=(PINK, rgb(0.5, 0.33, 0.3)),
    nose_pad=(0.7, 0.7),
    whiskers=5.0,
    size=0.88,
    fur_length=0.7,
)
SHEEP: Final = Species(
    width=0.82,
    forehead=0.55,
    cheeks=-0.06,
    eye_scale=(1.3, 2.0),
    eye_apart=0.9,
    eye_slant_deg=6,
    eye_outwards_deg=20,
    nose_forward=3.6,
    nose_up=-1.6,
    nose_scale=(1.15, 0.8, 0.6),
    mouth_forward=3.4,
    mouth_up=-0.4,
    mouth_scale=(0.8, 0.9, 1.1),
    chin_up=1.0,
    chin_scale=0.65,
    ear="long",
    ear_size=(3.4, 7.0),
    ear_apart=4.8,
    ear_tilt_deg=35,
    pupils=("bar", "round"),
    iris_deg=46,
    iris_colours=(*DARK_EYES, from_hue(0.11, 0.6, 0.55)),
    patterns=("plain", "plain", "plain", "patches", "points"),
    fur_colours=(WHITE, CREAM, FAWN, GREY, BROWN, BLACK),
    nose_colours=(rgb(0.42, 0.36, 0.34), PINK, BLACK),
    nose_pad=(1.0, 0.9),
    fur_length=1.1,
    size=0.9,
)
MONKEY: Final = Species(
    width=0.97,
    forehead=0.62,
    cheeks=0.02,
    eye_scale=(1.05, 1.3),
    eye_apart=-0.15,
    eye_slant_deg=2,
    eye_outwards_deg=0,
    nose_forward=-1.4,
    nose_up=0.0,
    nose_scale=(1.05, 0.8, 0.35),
    mouth_forward=1.3,
    mouth_up=0.0,
    mouth_scale=(1.15, 1.0, 1.0),
    chin_up=0.8,
    chin_scale=0.85,
    ear="none",
    iris_deg=38,
    iris_colours=(*DARK_EYES, from_hue(0.08, 0.7, 0.45)),
    patterns=("bare face",),
    fur_colours=(BLACK, CHARCOAL, BROWN, RUST, FAWN, GREY, WHITE),
    nose_colours=(),
    fur_length=1.0,
    size=1.0,
)
SPECIES: Final = (CAT, CAT, CAT, DOG, DOG, DOG, HOUND, HOUND, FOX, BEAR, RABBIT, SHEEP, MONKEY)
"""Cats and dogs are what people take pictures of."""
