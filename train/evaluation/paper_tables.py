"""The figures of the paper's Tables 2 and 3, and our row beneath them.

Source: Guo et al., "LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control", 2024 (arXiv 2407.03168), Tables 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

Mode = Literal["self", "cross"]
Figures = tuple[float, ...]

COLUMNS: Final[Mapping[Mode, tuple[str, ...]]] = {
    "self": ("psnr_db", "ssim", "lpips", "l1", "csim", "mae_deg"),
    "cross": ("fid", "csim", "aed", "apd", "mae_deg"),
}
"""Keys of the measures, in the tables' order."""
TITLES: Final[Mapping[Mode, str]] = {
    "self": "Table 2, self-reenactment",
    "cross": "Table 3, cross-reenactment",
}
DECIMALS: Final = 4

_SELF: Final[dict[str, tuple[Figures, Figures]]] = {
    "FOMM": (
        (31.0681, 0.7620, 0.1201, 0.0419, 0.8805, 10.1745),
        (30.5912, 0.7098, 0.1410, 0.0505, 0.8700, 10.9327),
    ),
    "Face vid2vid": (
        (30.8438, 0.7743, 0.0940, 0.0432, 0.8774, 10.8117),
        (30.5166, 0.7247, 0.1132, 0.0500, 0.8775, 11.1500),
    ),
    "DaGAN": (
        (31.3657, 0.7903, 0.0969, 0.0389, 0.8798, 11.8655),
        (30.7038, 0.7315, 0.1258, 0.0481, 0.8747, 11.2051),
    ),
    "MCNet": (
        (32.0013, 0.8042, 0.1018, 0.0349, 0.8876, 10.9035),
        (31.3459, 0.7540, 0.1209, 0.0429, 0.8849, 9.6634),
    ),
    "TPSM": (
        (31.2934, 0.7965, 0.0990, 0.0395, 0.8848, 9.6036),
        (31.0262, 0.7476, 0.1177, 0.0466, 0.8884, 9.8169),
    ),
    "FADM": (
        (30.2141, 0.7695, 0.1049, 0.0484, 0.8708, 11.4484),
        (30.0932, 0.7180, 0.1252, 0.0535, 0.8707, 11.7523),
    ),
    "AniPortrait": (
        (31.4669, 0.7144, 0.0922, 0.0470, 0.8550, 12.0807),
        (30.9013, 0.6718, 0.1073, 0.0542, 0.8570, 14.2411),
    ),
    "LivePortrait": (
        (32.0082, 0.8193, 0.0664, 0.0347, 0.9125, 7.0535),
        (31.5616, 0.7653, 0.0798, 0.0422, 0.9121, 6.6966),
    ),
}
_CROSS: Final[dict[str, tuple[Figures, Figures]]] = {
    "FOMM": (
        (90.8068, 0.3057, 0.7934, 0.0411, 18.3946),
        (94.1640, 0.2011, 0.7374, 0.0336, 18.6282),
    ),
    "Face vid2vid": (
        (82.9066, 0.3687, 0.8285, 0.0559, 20.2687),
        (83.8891, 0.2360, 0.7891, 0.0470, 19.9852),
    ),
    "DaGAN": (
        (81.1110, 0.2937, 0.7636, 0.0405, 21.0156),
        (82.6255, 0.1969, 0.7108, 0.0334, 20.6918),
    ),
    "MCNet": (
        (89.3218, 0.2863, 0.7163, 0.0375, 17.0721),
        (89.9694, 0.1907, 0.6545, 0.0329, 17.3642),
    ),
    "TPSM": (
        (80.5436, 0.3289, 0.7492, 0.0387, 17.4371),
        (77.5867, 0.2197, 0.6700, 0.0290, 16.8058),
    ),
    "FADM": (
        (95.4043, 0.3755, 0.8158, 0.0525, 18.8346),
        (98.2516, 0.2473, 0.7811, 0.0438, 18.9776),
    ),
    "AniPortrait": (
        (47.8739, 0.3733, 0.9127, 0.0450, 19.7136),
        (70.8077, 0.2538, 0.9018, 0.0501, 20.1085),
    ),
    "LivePortrait": (
        (58.0370, 0.3909, 0.6772, 0.0333, 14.7946),
        (56.4165, 0.2606, 0.6476, 0.0271, 13.3464),
    ),
}
SETS: Final = ("talkinghead-1kh", "vfhq")
"""Layouts whose figures the tables hold, in their order."""
TABLES: Final[Mapping[Mode, Mapping[str, tuple[Figures, Figures]]]] = {
    "self": _SELF,
    "cross": _CROSS,
}
"""For each method its figures on both sets, in the order of `COLUMNS`."""


def paper_rows(mode: Mode, layout: str) -> list[tuple[str, Figures]]:
    """The paper's rows for a set; for one that it does not know those of the first."""
    place = SETS.index(layout) if layout in SETS else 0
    return [(method, figures[place]) for method, figures in TABLES[mode].items()]


def with_ours(
    mode: Mode, layout: str, headings: Mapping[str, str], ours: Mapping[str, float | None]
) -> list[list[str]]:
    """A table as cells: headings, the paper's rows, and ours.

    Args:
        mode: Which table.
        layout: Whose columns.
        headings: Of each measure's key.
        ours: Values by key; None or a missing key shows as "-".
    """
    keys = COLUMNS[mode]
    rows = [["", *(headings[key] for key in keys)]]
    rows += [
        [method, *(f"{value:.{DECIMALS}f}" for value in figures)]
        for method, figures in paper_rows(mode, layout)
    ]
    values = [ours.get(key) for key in keys]
    rows.append(["ours", *("-" if v is None else f"{v:.{DECIMALS}f}" for v in values)])
    return rows


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns of even width: the first to the left, the rest to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    )
