"""From a training run to a `LivePortraitModel`, and to the file that ships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from liveportrait_core.checkpoints.keymaps import FILE_OF_NETWORK
from liveportrait_core.checkpoints.saving import save_checkpoint
from liveportrait_core.errors import CheckpointError, counted
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.networks.build import build
from liveportrait_core.preset import COMPACT, Preset

from ..engine import checkpoint
from ..engine.config import CONFIG_NAME
from .presets import DETAIL_PX, PAPER_PRESETS

MODEL_NAME = "model.safetensors"
GROWTH = ("detail_px", "blocks", "depth_probes", "relief_blocks", "mouth_px", "eyes_px")
"""Fields of a preset that a run may choose."""
CREDIT = "heads rendered from ICT-FaceKit (USC Institute for Creative Technologies, MIT)"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """What training is done on top of."""

    preset: Preset
    networks: Mapping[str, nn.Module]


def compact_model(modules: Mapping[str, nn.Module], size_px: int) -> LivePortraitModel:
    """The compact model made of these networks, for crops of `size_px`; not trained further."""
    preset = replace(
        COMPACT,
        face_size_px=size_px,
        output_size_px=size_px,
        depth_probes=getattr(modules.get("warping"), "depth_probes", 0),
        relief_blocks=getattr(modules.get("appearance"), "relief_blocks", None) or 0,
        mouth_px=getattr(modules.get("decoder"), "mouth_px", 0),
        eyes_px=getattr(modules.get("decoder"), "eyes_px", 0),
    )
    return LivePortraitModel(preset=preset, origin="", **dict(modules))


def write_model(
    run: Path,
    preset: Preset,
    networks: Mapping[str, nn.Module],
    steps: str,
    out: Path | None = None,
) -> Path:
    """Write the networks as one float16 file, ready for `load_model`.

    Args:
        run: Folder of the run.
        preset: Of the networks.
        networks: By the names that `LivePortraitModel` gives them.
        steps: What trained them, for the file's metadata ("compact 9000").
        out: The file; by default one in the run's folder.
    """
    path = out or run / MODEL_NAME
    metadata = {"trained": steps, "credit": CREDIT}
    save_checkpoint(path, preset, networks, dtype=torch.float16, metadata=metadata)
    return path


def load_run(run: Path) -> dict[str, nn.Module]:
    """The averaged networks of a run, frozen and in eval mode.

    Raises:
        CheckpointError: There is no checkpoint in the folder, or its networks are not those that
            its config describes.
    """
    state = checkpoint.load(run)
    if state is None:
        raise CheckpointError(
            f"{run} has no {checkpoint.NAME}; the run of a finished stage is expected. Train it "
            "first, or name another folder."
        )
    if preset_of(run).family == "published":  # trained in another form than it is used in
        return dict(load_model(run / MODEL_NAME).modules())
    averages: dict[str, dict[str, Tensor]] = state["average"]
    networks = {name: net for name, net in build(preset_of(run)).items() if name in averages}
    for name, network in networks.items():
        if not have_same_form(network.state_dict(), averages[name]):
            raise CheckpointError(
                f"The checkpoint in {run} holds another form of '{name}' than its {CONFIG_NAME} "
                "describes; a run of this version is expected. Train it anew, or name a model."
            )
        network.load_state_dict(averages[name])
        network.eval().requires_grad_(False)
    return networks


def have_same_form(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether two states hold tensors of the same names and shapes."""
    return {k: v.shape for k, v in one.items()} == {k: v.shape for k, v in other.items()}


def saved_settings(run: Path) -> dict[str, Any]:
    """What a run was started with; nothing in a new folder.

    Raises:
        CheckpointError: The file is damaged, or is not that of a run.
    """
    path = run / CONFIG_NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise _wrong_settings(path, f"cannot be read ({error})") from error
    if not isinstance(found, dict) or (path.is_file() and "run" not in found):
        raise _wrong_settings(path, "is not that of a run")
    return found


def _wrong_settings(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path} {what}; what a run was started with is expected. Delete the folder to start the "
        "run anew, or name another."
    )


def require_same_run(run: Path, fixed: Mapping[str, object]) -> None:
    """Only the same training is resumed.

    Args:
        run: Folder of the run; it may be new.
        fixed: Settings that it must agree in.

    Raises:
        CheckpointError: The folder holds one with other settings.
    """
    if not checkpoint.is_begun(run):
        return
    before = saved_settings(run)
    for key, value in fixed.items():
        if before and not _is_same(before.get(key), value):
            has = f"with {key}={before[key]}" if key in before else f"without {key}"
            raise CheckpointError(
                f"{run} holds a run {has}, and this command asks for {key}={value}. Give another "
                "folder with run=FOLDER."
            )


def _is_same(one: object, other: object) -> bool:
    """Whether two values are equal, or two spellings of one path."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or Path(one).resolve() == Path(other).resolve()
    return one == other


def preset_of(run: Path) -> Preset:
    """The preset of a run, as its config says, or of a model's file or folder, or of `default`.

    Raises:
        CheckpointError: There is no model, or the run's config is damaged or foreign.
    """
    return _preset_of(run, ())


def _preset_of(run: Path, above: tuple[Path, ...]) -> Preset:
    """As `preset_of`; `above` are the runs that led here by their `base`."""
    if run.is_file() or not run.exists() or _is_published(run):
        return load_model(str(run)).preset
    config, path = saved_settings(run), run / CONFIG_NAME
    if "base" in config:  # a run on top of another has that one's
        file, base = run / MODEL_NAME, config["base"]
        if file.is_file():
            return load_model(str(file)).preset
        above = (*above, run.resolve())
        if not isinstance(base, str) or Path(base).resolve() in above:
            raise _wrong_settings(path, f"names {base!r} as base, which is no other run or model")
        return _preset_of(Path(base), above)
    name, growth = config.get("preset"), {k: config[k] for k in GROWTH if k in config}
    if isinstance(name, str) and name in PAPER_PRESETS:
        return PAPER_PRESETS[name]
    for key, value in growth.items():
        if type(value) is not int or value < 0 or (key == "detail_px" and value not in DETAIL_PX):
            raise _wrong_settings(path, f"has {key}={value!r}")
    return replace(COMPACT, **growth)


def open_model(place: str) -> BaseModel:
    """The preset and the networks of what `preset_of` and `open_networks` take, read once.

    Raises:
        CheckpointError: There is none.
    """
    folder = Path(place)
    if not folder.is_dir() or _is_published(folder):
        model = load_model(place)
        return BaseModel(model.preset, model.modules())
    networks = load_run(folder)
    return BaseModel(preset_of(folder), networks)


def open_networks(place: str) -> Mapping[str, nn.Module]:
    """The networks of a run's folder, of a model's file or published folder, or of `default`.

    Raises:
        CheckpointError: There is none.
    """
    return open_model(place).networks


def _is_published(folder: Path) -> bool:
    """Whether a folder is a published model's, and not that of a run (which may hold one)."""
    if checkpoint.is_begun(folder):
        return False
    return any(folder.rglob(f"{FILE_OF_NETWORK['motion']}.*"))


def initialise_from(network: nn.Module, trained: nn.Module) -> None:
    """Take the trained weights; what only the new network has stays as it was built.

    Raises:
        CheckpointError: The trained network has a tensor that the new one has not, or has in
            another shape.
    """
    own, theirs = network.state_dict(), trained.state_dict()
    wrong = [k for k, v in theirs.items() if k not in own or own[k].shape != v.shape]
    if wrong:
        raise CheckpointError(
            f"The weights to begin with have {counted(len(wrong), 'tensor')} that this network has "
            f"not ({wrong[0]} first); a model of its family is expected, of this size or smaller. "
            "Name another to begin with."
        )
    network.load_state_dict({**own, **theirs})


def zero_initialised(network: nn.Module) -> nn.Module:
    """The MLP with a last layer that gives zero, so that training starts from no offset."""
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return network
