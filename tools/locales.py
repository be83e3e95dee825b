"""The English texts of the nodes, made from their schemas.

python -m tools.locales

Run it after a name or a tooltip of a node changed; the translations have to follow by hand.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.comfyui.stand_in import NEWEST, ROOT, active

FILE = Path("nodeDefs.json")
LOCALES = ROOT / "locales"
ENGLISH = LOCALES / "en" / FILE

Texts = dict[str, dict[str, Any]]
"""By node: display_name, description, inputs and outputs, as front ends look them up."""


def texts_of(info: Mapping[str, Mapping[str, Any]]) -> Texts:
    """The texts in an /object_info; inputs are named by their ids, as front ends show them."""
    return {name: _node(entry) for name, entry in info.items()}


def _node(entry: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {
        name: {"name": name, **_tooltip(spec[1] if len(spec) > 1 else {})}
        for group in ("required", "optional")
        for name, spec in entry["input"].get(group, {}).items()
    }
    tooltips = entry.get("output_tooltips") or [None] * len(entry["output"])
    outputs = {
        str(index): {"name": name, **_tooltip({"tooltip": tooltip})}
        for index, (name, tooltip) in enumerate(zip(entry["output_name"], tooltips, strict=True))
    }
    texts = {"display_name": entry["display_name"], "description": entry["description"]}
    return {**texts, "inputs": inputs, **({"outputs": outputs} if outputs else {})}


def _tooltip(options: Mapping[str, Any]) -> dict[str, str]:
    return {"tooltip": options["tooltip"]} if options.get("tooltip") else {}


def read(file: Path) -> Texts:
    """A file of texts."""
    return json.loads(file.read_text("utf-8"))


def written(texts: Texts) -> str:
    """The content of a file of texts."""
    return json.dumps(texts, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the English file."""
    with tempfile.TemporaryDirectory() as base, active(Path(base), NEWEST) as comfyui:
        comfyui.import_pack()
        texts = texts_of(comfyui.object_info())
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    ENGLISH.write_text(written(texts), "utf-8")
    print(ENGLISH)


if __name__ == "__main__":
    main()
