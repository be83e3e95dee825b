"""Draw the presets that ship: python -m tools.expression_sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageDraw

from liveportrait_core.animation.render import render
from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.assets.shipped_expressions import SHIPPED_EXPRESSIONS_FOLDER
from liveportrait_core.media.expression_file import load_expression
from liveportrait_core.media.images import read_image
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.controls import motion_of_controls
from liveportrait_core.options import AnimateOptions
from liveportrait_core.pipeline import prepare

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PORTRAIT: Final = DOCS / "demo" / "portrait.jpg"
SHEET: Final = DOCS / "pictures" / "expressions.jpg"
COLUMNS: Final = 5
CELL_PX: Final = 176
CROP: Final = (96, 88, 416, 408)
"""Left, top, right, bottom of the face in its crop of 512 pixels."""
QUALITY: Final = 85


def draw() -> Image.Image:
    """The portrait as it is, and with each preset, under their names."""
    paths = sorted(SHIPPED_EXPRESSIONS_FOLDER.glob("*.json"))
    faces = {"as it is": Controls()} | {path.stem: load_expression(path) for path in paths}
    rows = -(-len(faces) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL_PX, rows * CELL_PX), "white")
    pen = ImageDraw.Draw(sheet)
    model, portrait = load_model(), read_image(PORTRAIT).rgb
    for number, (name, controls) in enumerate(faces.items()):
        corner = number % COLUMNS * CELL_PX, number // COLUMNS * CELL_PX
        sheet.paste(_cell(model, portrait, controls), corner)
        pen.text(
            (corner[0] + 5, corner[1] + CELL_PX - 16),
            name,
            "white",
            stroke_width=2,
            stroke_fill="black",
        )
    return sheet


def _cell(model: LivePortraitModel, portrait: np.ndarray, controls: Controls) -> Image.Image:
    motion = motion_of_controls(controls, shipped_blendshape_map(model.preset.space))
    with torch.inference_mode():
        animation = prepare(model, portrait, motion, AnimateOptions(paste_back=False))
        crop = next(render(animation)).picture
    return Image.fromarray(crop).crop(CROP).resize((CELL_PX, CELL_PX), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    draw().save(SHEET, quality=QUALITY, optimize=True)
