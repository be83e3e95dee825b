"""Colours and patterns of fur."""

from typing import Final

import numpy as np

from ..arrays import FloatArray, Floats, pick
from ..paint import lay_over, rgb, waves
from .species import FUR_COLOURS, PINK, WHITE, Pattern, Species

SHARP: Final = 6.0


class FurColours:
    """Colours of an animal's fur by place; places are those of the face model's neutral head."""

    def __init__(self, species: Species, random: np.random.Generator) -> None:
        """Draw colours and a pattern.

        Args:
            species: whose fur it is.
            random: source of colours and pattern.
        """
        self._pattern: Pattern = pick(random, species.patterns)
        tint = (1 + random.normal(size=3) * 0.05).astype(np.float32)
        self.base = pick(random, species.fur_colours) * tint * np.float32(random.uniform(0.8, 1.2))
        pale = random.uniform(0.45, 0.95)
        self.light = (self.base + (WHITE - self.base) * np.float32(pale)).astype(np.float32)
        self.dark = self.base * np.float32(random.uniform(0.25, 0.55))
        self._other = pick(random, FUR_COLOURS)
        self.skin = pick(random, (PINK, PINK * rgb(1.05, 1.1, 1.1), rgb(0.25, 0.18, 0.16)))
        self._stripes = random.uniform(1.6, 2.6, 2)
        self._phase = random.uniform(0, 6, 3)
        self._edge = random.uniform(-1, 1)
        self._waves = int(random.integers(2**31))
        self._muzzle = random.uniform(0, 0.9)

    def at(self, places: FloatArray) -> FloatArray:
        """Colours (N, 3) at places (N, 3)."""
        fur = np.tile(self.base, (len(places), 1))
        again = np.random.default_rng(self._waves)  # the same waves for every part
        blotches = waves(places, again, 0.35)
        coarse, fine = waves(places, again, 2.0), waves(places, again, 7.0)
        cover = self._cover(places, blotches)
        lay_over(fur, self._second(), np.clip(cover, 0, 1).astype(np.float32))
        if self._pattern not in ("bare face", "points"):
            x, y, z = places.T
            muzzle = np.exp(-((x / 3.0) ** 2) - ((y + 3.2) / 3.4) ** 2) * _front(z, 4)
            lay_over(fur, self.light, (muzzle * self._muzzle).astype(np.float32))
        shade = 1 + 0.04 * blotches + 0.03 * coarse + 0.05 * fine
        return np.clip(fur * shade[:, None], 0.01, 1).astype(np.float32)

    def _second(self) -> FloatArray:
        match self._pattern:
            case "tabby" | "points":
                return self.dark
            case "pale below" | "blaze":
                return self.light
            case "patches":
                return self._other
            case "mask":
                return self.dark
            case "bare face":
                return self.skin
            case _:
                return self.base

    def _cover(self, places: FloatArray, blotches: FloatArray) -> Floats:
        """Where the second colour lies, about 0 to 1."""
        x, y, z = places.T
        wide = np.abs(x)
        match self._pattern:
            case "pale below":
                edge = y - (
                    0.6 + self._edge + 0.5 * np.sin(wide * 0.9 + self._phase[0]) - 0.12 * wide
                )
                spots = np.exp(-((wide - 2.7) ** 2) / 0.7 - (y - 6.0) ** 2 / 0.7)
                return _soft(-edge * 1.2 + 0.4 * blotches) * _front(z, -1) + 0.8 * spots * _front(
                    z, 5
                )
            case "blaze":
                width = 0.9 + 0.35 * np.maximum(3 - y, 0) + 0.3 * self._edge
                return _soft((width - wide) * 2 + 0.3 * blotches) * _front(z, 0)
            case "tabby":
                brow = np.sin(wide * self._stripes[0] * 1.6 + self._phase[0] - 0.25 * y)
                sides = np.sin(y * self._stripes[1] - 0.5 * wide + self._phase[1])
                top = _soft((y - 5.2) * 1.5)
                line = top * brow + (1 - top) * sides * _soft((wide - 3.6) * 1.5)
                return 0.85 * _soft((line + 0.25 * blotches - 0.35) * SHARP)
            case "patches":
                return _soft((blotches + self._edge * 0.6) * SHARP)
            case "mask":
                place = (wide - 3.7) ** 2 / 5 + (y - 3.0 + 0.25 * (wide - 3)) ** 2 / 4
                return 0.95 * _soft((1.1 + 0.4 * self._edge - place) * 2.5) * _front(z, 2)
            case "points":
                place = x**2 / 16 + (y + 0.5) ** 2 / 22
                return 0.9 * np.maximum(
                    _soft((0.9 - place) * 3) * _front(z, 4), _soft((y - 13) * 2)
                )
            case "bare face":
                eyes = (wide - 2.6) ** 2 / 9.5 + (y - 3.6) ** 2 / 6.5
                mouth = x**2 / 17 + (y + 2.6) ** 2 / 24
                return _soft((1.05 - np.minimum(eyes, mouth)) * SHARP) * _front(z, 3)
            case _:
                return np.zeros(len(places))


def _soft(x: Floats) -> Floats:
    return 1 / (1 + np.exp(np.clip(-x, -30, 30)))


def _front(z: Floats, start: float) -> Floats:
    return _soft((z - start) * 3)
