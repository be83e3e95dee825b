"""Ways to wear hair."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import chance, pick


@dataclass(frozen=True, slots=True, kw_only=True)
class HairStyle:
    """How hair grows and falls; lengths in model units."""

    pole_deg: tuple[float, float] = (-10.0, 0.0)
    """Where strands start from on the skull: forwards and to the side of its top."""
    fringe: float = 5.0
    """Where hair ends over the forehead, above the brows."""
    temples: float = 0.0
    """How much higher it ends beside the forehead."""
    face_half_angle: float = 0.9
    """To each side of the nose, radians: from here on hair is not a fringe."""
    side_y: float = 4.0
    back_y: float = -6.0
    """Heights where hair ends at the ears and at the nape."""
    lift: float = 0.6
    """How far it stands off the skull."""
    locks: int = 150
    lock_width: float = 0.9
    wave: float = 0.0
    wave_length: float = 4.0
    ragged: float = 0.6
    """Differences in where strands end."""
    frizz: float = 0.1
    """How far single locks stray."""
    flyaways: int = 60
    bun: bool = False
    tail: bool = False
    cover: float = 1.0
    """How densely the scalp is painted."""


STYLES: Final = {
    "cropped": HairStyle(lift=0.25, locks=200, lock_width=0.5, ragged=0.5, flyaways=20),
    "short": HairStyle(lift=0.7, side_y=4.5, locks=190, lock_width=0.7, ragged=0.9),
    "side parting": HairStyle(
        pole_deg=(38.0, 30.0), lift=0.9, side_y=4.0, back_y=-5.0, lock_width=0.8
    ),
    "swept back": HairStyle(pole_deg=(52.0, 0.0), lift=0.7, fringe=5.6, side_y=4.0),
    "fringe": HairStyle(fringe=1.2, side_y=-6.0, back_y=-8.0, face_half_angle=0.95),
    "long": HairStyle(
        pole_deg=(28.0, 6.0), side_y=-22.0, back_y=-26.0, face_half_angle=1.0, locks=130
    ),
    "long with fringe": HairStyle(fringe=1.4, side_y=-20.0, back_y=-24.0, locks=130),
    "bob": HairStyle(pole_deg=(30.0, -12.0), side_y=-8.0, back_y=-8.0, lift=0.9),
    "wavy": HairStyle(
        pole_deg=(26.0, 14.0),
        side_y=-16.0,
        back_y=-20.0,
        lift=1.3,
        wave=0.45,
        wave_length=5.0,
        locks=170,
        ragged=2.0,
    ),
    "curly": HairStyle(
        side_y=-6.0,
        back_y=-9.0,
        fringe=3.4,
        lift=2.0,
        wave=0.6,
        wave_length=2.2,
        locks=300,
        lock_width=0.55,
        ragged=2.2,
        frizz=0.5,
        flyaways=140,
    ),
    "afro": HairStyle(
        side_y=-1.0,
        back_y=-6.0,
        fringe=4.6,
        lift=3.2,
        wave=0.5,
        wave_length=1.2,
        locks=380,
        lock_width=0.5,
        ragged=0.6,
        frizz=0.8,
        flyaways=220,
    ),
    "bun": HairStyle(
        pole_deg=(58.0, 0.0), lift=0.35, fringe=5.6, side_y=2.0, back_y=-3.0, bun=True
    ),
    "tail": HairStyle(pole_deg=(58.0, 0.0), lift=0.4, fringe=5.6, side_y=1.0, back_y=-4, tail=True),
    "receding": HairStyle(fringe=8.0, temples=2.0, lift=0.35, locks=160, lock_width=0.5, cover=0.6),
    "ring of hair": HairStyle(
        fringe=11.0, temples=1.0, face_half_angle=1.25, lift=0.4, locks=120, cover=0.35
    ),
}
YOUNG_STYLES: Final = (
    *("cropped", "cropped", "short", "short", "side parting", "side parting", "swept back"),
    *("fringe", "long", "long", "long with fringe", "bob", "wavy", "wavy", "curly", "curly"),
    *("afro", "bun", "tail"),
)
OLD_STYLES: Final = ("receding", "ring of hair", "receding")
BALD_FROM_AGE: Final = 0.55


def draw_style(age: float, *, under_hat: bool, random: np.random.Generator) -> HairStyle:
    """A way to wear hair, varied; flat and without a bun under a hat."""
    bald = age > BALD_FROM_AGE and chance(random, 0.4)
    style = STYLES[pick(random, OLD_STYLES if bald else YOUNG_STYLES)]
    factor = random.uniform(0.75, 1.3, 6)
    forwards, sideways = style.pole_deg
    mirrored = -1 if chance(random, 0.5) else 1
    drop = random.normal() * 1.2
    style = replace(
        style,
        pole_deg=(forwards + random.normal() * 6, mirrored * sideways + random.normal() * 6),
        fringe=max(0.9, style.fringe + random.normal() * 0.5),
        temples=max(0.0, style.temples + random.normal() * 0.5),
        face_half_angle=style.face_half_angle * random.uniform(0.92, 1.1),
        side_y=style.side_y + drop,
        back_y=style.back_y + drop,
        lift=style.lift * factor[0],
        lock_width=style.lock_width * factor[1],
        wave=style.wave * factor[2] + random.uniform(0, 0.1),
        wave_length=style.wave_length * factor[3],
        ragged=style.ragged * factor[4],
        frizz=style.frizz * factor[5],
    )
    if under_hat:
        lift = min(style.lift, 0.3)
        return replace(style, lift=lift, bun=False, tail=False, frizz=0.05, flyaways=10)
    return style
