"""From controls to what a face does."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, get_args

import torch
from torch import Tensor

from ..constants import FACE_PARTS, NUM_KEYPOINTS, FacePart
from .blendshape_map import BlendshapeMap, driver_of_moves, kept_apart, with_meeting_lips
from .blendshapes import ARKIT_SHAPES
from .control_options import TURNS, ControlValues, control_values
from .control_shapes import RECIPES, SIDED_RECIPES, Weights
from .regions import KeypointSpace, Side, keypoint_space
from .types import Channel, Motion

DEFAULT_FPS: Final = Fraction(25)

OWN_PARTS: Final[Mapping[str, frozenset[FacePart]]] = MappingProxyType(
    {
        **dict.fromkeys(("blink", "squint", "gaze"), frozenset[FacePart](("eyes",))),
        "brow": frozenset[FacePart](("brows",)),
        **dict.fromkeys(
            ("smile", "mouth", "jaw", "lip", "upper", "lower"),
            frozenset[FacePart](("lip", "rest")),
        ),
    }
)
"""Parts of the face that controls move, by how their names begin; others move all of them."""

OPENING_PULL: Final = 0.4
CLOSING_PULL: Final = 0.27
"""Share of an upper lid's way up, and down, by which the rendered picture takes the iris along, so
the iris is asked to go as far the other way (python -m benchmarks.cross_talk)."""
LIFTING_PULL: Final = 0.14
"""Share of a lower lid's way up in a squint by which the picture takes the iris along, likewise."""
LOOKING_PULL: Final = 0.16
"""Share of an iris's way down by which the picture takes the upper lid along, likewise."""
SHUT_OVERLAP: Final = 0.002
"""How far shut lids go over one another, crop units: as those of idle motion."""


def motion_of_controls(
    controls: ControlValues, shape_map: BlendshapeMap, fps: Fraction = DEFAULT_FPS
) -> Motion:
    """What a face does, as a driver for models of the map's keypoint space.

    `motion_of_controls(Controls(jaw_open=0.5), shipped_blendshape_map(model.preset.space))`

    Convention:
        - measured from a face at rest that looks ahead, as `motion_of_blendshapes`
        - each control adds its own movement; `lip_open` below 0 shuts what the jaw opens
        - where keypoints have names, lips and lids meet and do not cross
        - what no control moves is left to the source

    Args:
        controls: The values; (B,) tensors give each frame its own.
        shape_map: Of the keypoint space that is wanted.
        fps: Frames per second.

    Returns:
        B frames, or one.

    Raises:
        MotionSpaceError: The map's keypoint space is unknown.
        ValueError: There is no control of a name, or lengths of tensors differ.
    """
    tracks = _tracks(control_values(controls))
    space = keypoint_space(shape_map.space)
    moved = face_moves(tracks, shape_map)
    head_deg, travel = (
        torch.stack([tracks[name] for name in names], -1)
        for names in (TURNS, ("shift_x", "shift_y"))
    )
    parts = frozenset[FacePart](
        part for part in FACE_PARTS if bool((moved * space.part_mask({part})).any())
    )
    moves: dict[Channel, bool] = {
        "expression": bool(parts),
        "pose": bool(head_deg.any()),
        "scale": bool((tracks["zoom"] != 1).any()),
        "translation": bool(travel.any()),
    }
    return driver_of_moves(
        moved,
        space,
        head_deg=head_deg,
        scale=tracks["zoom"][:, None],
        translation=torch.nn.functional.pad(travel, (0, 1)),
        fps=fps,
        producer="controls",
        absent=frozenset(name for name, does in moves.items() if not does),
        parts=parts,
    )


def face_moves(tracks: Mapping[str, Tensor], shape_map: BlendshapeMap) -> Tensor:
    """(B, K, 3) what (B,) values of the controls add to the expression of an upright face."""
    space = keypoint_space(shape_map.space)
    moved = tracks["zoom"].new_zeros(len(tracks["zoom"]), NUM_KEYPOINTS, 3)
    for name, (up, down) in control_effects(shape_map).items():
        value = tracks[name][:, None, None]
        moved += value.clamp(min=0) * up.to(value)
        lessened = (-value).clamp(min=0)
        if name == "lip_open":
            lessened = lessened * tracks["jaw_open"][:, None, None]
        moved += lessened * down.to(value)
    for lids in space.lids:
        moved = kept_apart(moved, space, lids, SHUT_OVERLAP)
    return with_meeting_lips(moved, space)


def control_effects(shape_map: BlendshapeMap) -> dict[str, tuple[Tensor, Tensor]]:
    """(K, 3) of each control of the face at 1 and at -1, crop units.

    Convention:
        - where keypoints have names, a control moves none but its own (`OWN_PARTS`): what a fit
          found besides is not asked for
    """
    space = keypoint_space(shape_map.space)
    effects: dict[str, tuple[Tensor, Tensor]] = {}
    for pattern, recipe in SIDED_RECIPES.items():
        both = tuple(_sum_of_shapes(weights, shape_map) for weights in (recipe.up, recipe.down))
        for side in get_args(Side):
            up, down = (_own(pattern, space.of_side(moved, side), space) for moved in both)
            effects[pattern.format(side)] = up, down
    for name, recipe in RECIPES.items():
        up, down = (_sum_of_shapes(weights, shape_map) for weights in (recipe.up, recipe.down))
        effects[name] = _own(name, up, space), _own(name, down, space)
    return effects


def _tracks(values: Mapping[str, float | Tensor]) -> dict[str, Tensor]:
    """(B,) of every control, float32."""
    given = [torch.as_tensor(value, dtype=torch.float32) for value in values.values()]
    lengths = {len(track) for track in given if track.ndim} - {1}
    if len(lengths) > 1:
        raise ValueError(
            f"Controls have {' and '.join(map(str, sorted(lengths)))} values; one number of frames "
            "is expected. Give each control one value, or one for each frame."
        )
    frames = lengths.pop() if lengths else 1
    return {name: track.expand(frames) for name, track in zip(values, given, strict=True)}


def _sum_of_shapes(weights: Weights, shape_map: BlendshapeMap) -> Tensor:
    moved = shape_map.expression.new_zeros(NUM_KEYPOINTS, 3)
    for name, weight in weights.items():
        for shape in (name, f"{name}Left", f"{name}Right"):
            if shape in ARKIT_SHAPES:
                moved = moved + weight * shape_map.expression[ARKIT_SHAPES.index(shape)]
    return moved


def _own(name: str, moved: Tensor, space: KeypointSpace) -> Tensor:
    """A control's movement without what belongs to other controls, where keypoints have names.

    A blink and a squint move lids; a look takes both lids of an eye along as far as the lower one
    goes, so that the eye stays as open as it is, and leaves its corners. What the rendered picture
    makes of irises by lids, and of lids by a look down, is taken off beforehand.
    """
    if space.openness is None:
        return moved
    stem = name.partition("_")[0]
    moved = moved * space.part_mask(OWN_PARTS.get(stem, FACE_PARTS), moved.device)
    lids = [keypoint for pair in space.lids for keypoint in pair]
    if stem in ("blink", "squint"):
        only_lids = torch.zeros_like(moved)
        only_lids[lids] = moved[lids]
        for (upper, lower), iris in zip(space.lids, space.irises, strict=True):
            way = moved[upper, 1]
            only_lids[iris, 1] = -OPENING_PULL * way.clamp(max=0) - CLOSING_PULL * way.clamp(min=0)
            if stem == "squint":
                only_lids[iris, 1] -= LIFTING_PULL * moved[lower, 1].clamp(max=0)
        return only_lids
    if stem == "gaze":
        for (upper, lower), iris in zip(space.lids, space.irises, strict=True):
            moved[upper] = moved[lower]
            moved[upper, 1] -= LOOKING_PULL * moved[iris, 1].clamp(min=0)
        for eye in (space.openness.first_eye, space.openness.second_eye):
            moved[list(eye.width)] = 0  # the corners
    return moved
