"""How far a control moves what belongs to others: python -m benchmarks.cross_talk."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.animation.drive import drive
from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import CompactKeypoint as K
from liveportrait_core.imaging.tensors import tensor_from_pixels
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.control_shapes import RECIPES, SIDED_RECIPES
from liveportrait_core.motion.controls import motion_of_controls
from liveportrait_core.motion.types import Motion
from liveportrait_core.stages import extract_appearance, extract_motion, warp_decode
from train.authoring.shape_frames import ShapeRenderer
from train.authoring.shape_samples import rest
from train.rendering.arrays import FloatArray
from train.rendering.head.load import load_head

LEGEND = """\
Rendered people, still and facing, are driven by one control at a time. Of what each other control
is for, the change is printed in per cent of that control's whole range; medians over people.
keypoints: as they are asked of the networks. picture: as M reads the rendered picture, where
ranges are M's own. true: as M reads the same shapes rendered of the person, whose lids follow a
look: of blinks, squints and brows this is M's own error. picture less true: what is left of those
without it. Both eyes look together unless a side is named; a shut eye shows no gaze, so blinks are
half shut. Left and right are the image's."""
CHANGES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "half blink": {"blink_left": 0.5, "blink_right": 0.5},
        "wide eyes": {"blink_left": -1, "blink_right": -1},
        "half blink left": {"blink_left": 0.5},
        "look left": {"gaze_left_x": -1, "gaze_right_x": -1},
        "look right": {"gaze_left_x": 1, "gaze_right_x": 1},
        "look up": {"gaze_left_y": 1, "gaze_right_y": 1},
        "look down": {"gaze_left_y": -1, "gaze_right_y": -1},
        "squint": {"squint_left": 1, "squint_right": 1},
        "brows up": {"brow_left": 1, "brow_right": 1},
        "brows down": {"brow_left": -1, "brow_right": -1},
        "left brow up": {"brow_left": 1},
        "smile": {"smile_left": 1, "smile_right": 1},
        "left smile": {"smile_left": 1},
        "jaw open": {"jaw_open": 1},
    }
)
ENDS: Final[Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]] = MappingProxyType(
    {
        name: (
            {f"{stem}_left{axis}": low, f"{stem}_right{axis}": low},
            {f"{stem}_left{axis}": 1, f"{stem}_right{axis}": 1},
        )
        for name, stem, axis, low in (
            ("lids", "blink", "", -1),
            ("gaze x", "gaze", "_x", -1),
            ("gaze y", "gaze", "_y", -1),
            ("brows", "brow", "", -1),
            ("corners", "smile", "", -1),
        )
    }
)
"""The range of what is measured: controls at both ends."""


def measured(motion: Motion) -> dict[str, Tensor]:
    """What each group of controls is for, (B, 2) of the image's left and right, in crop units."""
    assert motion.canonical is not None
    points = motion.canonical + motion.expression @ motion.rotation.mT

    def place(left: K, right: K) -> Tensor:
        return points[:, [left, right]]

    eyes = (
        place(K.LEFT_EYE_OUTER, K.RIGHT_EYE_OUTER) + place(K.LEFT_EYE_INNER, K.RIGHT_EYE_INNER)
    ) / 2
    irises = place(K.LEFT_IRIS, K.RIGHT_IRIS) - eyes
    brows = place(K.LEFT_BROW_MIDDLE, K.RIGHT_BROW_MIDDLE) - eyes
    lids = place(K.LEFT_LOWER_LID, K.RIGHT_LOWER_LID) - place(K.LEFT_UPPER_LID, K.RIGHT_UPPER_LID)
    corners = place(K.LEFT_LIP_CORNER, K.RIGHT_LIP_CORNER) - points[:, [K.NOSE_TIP]]
    return {
        "lids": lids[..., 1],
        "gaze x": irises[..., 0],
        "gaze y": irises[..., 1],
        "brows": brows[..., 1],
        "corners": corners[..., 1],
    }


def driven(
    model: LivePortraitModel, face: Tensor, values: Sequence[Mapping[str, float]]
) -> tuple[Motion, Motion]:
    """A face driven by controls: the motion that is asked for, and what M reads of the pictures."""
    source, volume = extract_motion(model, face), extract_appearance(model, face)
    shape_map = shipped_blendshape_map(model.preset.space)
    names = {name for one in values for name in one}
    tracks = {name: torch.tensor([one.get(name, 0.0) for one in values]) for name in names}
    keypoints = drive(model, source, motion_of_controls(tracks, shape_map))
    pictures = [
        warp_decode(model, volume, keypoints.source_keypoints[:1], one[None], edge_held=True)
        for one in keypoints.driving_keypoints
    ]
    size = model.preset.face_size_px
    faces = torch.nn.functional.interpolate(torch.cat(pictures), (size, size), mode="area")
    return keypoints.motion, extract_motion(model, faces)


def true_faces(
    renderer: ShapeRenderer, seed: int, number: int, values: Sequence[Mapping[str, float]]
) -> Tensor:
    """(F, 3, S, S) the person who makes the shapes that the controls are made of."""
    return tensor_from_pixels(renderer.faces(seed, number, [shapes_of(one) for one in values]))


def shapes_of(values: Mapping[str, float]) -> FloatArray:
    """(52,) shapes of controls; those of both sides are half of each."""
    weights = rest()
    for control, value in values.items():
        side = next((side for side in ("left", "right") if f"_{side}" in control), None)
        recipe = RECIPES[control] if side is None else SIDED_RECIPES[control.replace(side, "{}")]
        own = {"left": "Right", "right": "Left"}.get(side or "", "")  # the person's side
        for name, weight in (recipe.up if value > 0 else recipe.down).items():
            for shape in (name, f"{name}Left", f"{name}Right"):
                if shape in ARKIT_SHAPES and (not side or shape.endswith(own)):
                    weights[ARKIT_SHAPES.index(shape)] += abs(value) * weight
                elif shape in ARKIT_SHAPES and not shape.endswith(("Left", "Right")):
                    weights[ARKIT_SHAPES.index(shape)] += abs(value) * weight / 2
    return weights.clip(0, 1)


def shares(motion: Motion) -> dict[str, Tensor]:
    """(C, 2) of what is measured: how far each change moves it, in shares of its range."""
    found: dict[str, Tensor] = {}
    for number, (name, values) in enumerate(measured(motion).items()):
        low, high = values[1 + 2 * number], values[2 + 2 * number]
        found[name] = (values[1 + 2 * len(ENDS) :] - values[0]) / (high - low)
    return found


def frames() -> list[Mapping[str, float]]:
    """At rest, both ends of each range, and the changes."""
    ends = [end for both in ENDS.values() for end in both]
    return [{}, *ends, *CHANGES.values()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each of both readings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cross_talk", description=__doc__)
    parser.add_argument("--face-model", type=Path, help="as for train.render")
    parser.add_argument("--people", type=int, default=8, help="how many are driven (8)")
    parser.add_argument("--seed", type=int, default=1, help="of the people (1)")
    options = parser.parse_args(arguments)
    if options.people < 1:
        print("error: --people must be 1 or more.", file=sys.stderr)
        return 2
    model = load_model()
    try:
        head = load_head(options.face_model)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    renderer = ShapeRenderer(head, model.preset.face_size_px, model.preset.source_crop)
    read: dict[str, list[dict[str, Tensor]]] = {"keypoints": [], "picture": [], "true": []}
    with torch.inference_mode():
        for number in range(options.people):
            face = tensor_from_pixels(renderer.person(options.seed, number, 0).images)
            true = extract_motion(model, true_faces(renderer, options.seed, number, frames()))
            for name, motion in zip(read, (*driven(model, face, frames()), true), strict=True):
                read[name].append(shares(motion))
    read["picture less true"] = [
        {one: picture[one] - true[one] for one in ENDS}
        for picture, true in zip(read["picture"], read["true"], strict=True)
    ]
    print(LEGEND)
    for name, people in read.items():
        print(f"\n{name:<18}" + "".join(f"{one:>16}" for one in ENDS))
        for number, change in enumerate(CHANGES):
            cells = (_cell([person[one][number] for person in people]) for one in ENDS)
            print(f"{change:<18}" + "".join(f"{cell:>16}" for cell in cells))
    return 0


def _cell(people: Sequence[Tensor]) -> str:
    """Medians of both sides, per cent."""
    left, right = 100 * np.median(torch.stack(list(people)).numpy(), 0)
    return f"{left:+.1f} {right:+.1f}"


if __name__ == "__main__":
    sys.exit(main())
