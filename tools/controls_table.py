"""What the front end knows of the controls, made from the library's: groups, sides, rest.

python -m tools.controls_table
"""

from __future__ import annotations

import json

from liveportrait_core.config.fields import specs_of
from liveportrait_core.motion.control_options import CONTROL_GROUPS, OPPOSITE, Controls
from tests.support.comfyui.stand_in import ROOT

FILE = ROOT / "web" / "src" / "controls.json"


def written() -> str:
    """The content of the file."""
    groups = {name: list(controls) for name, controls in CONTROL_GROUPS.items()}
    opposite = {name: other for name, other in OPPOSITE.items() if name != other}
    rest = {spec.name: spec.default for spec in specs_of(Controls)}
    return json.dumps({"groups": groups, "opposite": opposite, "rest": rest}, indent=2) + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(written(), "ascii")
    print(FILE)


if __name__ == "__main__":
    main()
