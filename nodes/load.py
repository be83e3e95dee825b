"""Load Model: ours, or the published files that users have."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakValueDictionary

import folder_paths
import torch
from comfy_api.latest import io

from ..liveportrait_core.checkpoints.manifest import file_named, files_for
from ..liveportrait_core.command_options import ModelOptions
from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import CheckpointError, about, shortened
from . import library, runtime
from .adapt.running import LiveRuns
from .schema import field, schema
from .sockets import LoadedModel, ModelSocket
from .widgets import AUTO, check_choice

if TYPE_CHECKING:
    from ..liveportrait_core.checkpoints.manifest import ModelFile

FOLDER: Final = "liveportrait"
"""Key and name of the folder under ComfyUI's `models`, as the KJ pack has it."""
ENDINGS: Final = frozenset({".safetensors", ".pth", ".onnx"})
INSIGHTFACE: Final = "insightface"
ANIMAL_OR_OURS: Final = "animal, else default"
NAMED_MODELS: Final = ("default", "human", "animal", ANIMAL_OR_OURS)
PUBLISHED_FILES: Final = frozenset(
    {
        "appearance_feature_extractor",
        "motion_extractor",
        "spade_generator",
        "stitching_retargeting_module",
        "warping_module",
    }
)
DTYPE: Final = spec_of(ModelOptions, "dtype")
PRECISIONS: Final = {
    name.replace("bfloat", "bf").replace("float", "fp"): name
    for name in DTYPE.choices
    if name != AUTO
}
"""Number types by what ComfyUI calls them: float16 is fp16 there; auto is ComfyUI's own choice."""
PRECISION_HELP: Final = f"{DTYPE.help[0].upper()}{DTYPE.help[1:]}".partition("; auto ")[0]
COMPILE: Final = spec_of(ModelOptions, "compile")
FINDERS: Final = ("ours", "landmark.onnx", "insightface (non-commercial)")


def register_folder() -> None:
    """Make `models/liveportrait` known to ComfyUI; the user's extra paths stay."""
    default = str(Path(folder_paths.models_dir, FOLDER))
    folder_paths.add_model_folder_path(FOLDER, default, is_default=True)
    paths, endings = folder_paths.folder_names_and_paths[FOLDER]
    folder_paths.folder_names_and_paths[FOLDER] = (paths, set(endings) | ENDINGS)


def own_files() -> list[str]:
    """Files in `models/liveportrait` that may be models of ours: not the published ones."""
    names = folder_paths.get_filename_list(FOLDER)
    return [
        name
        for name in names
        if name.endswith(".safetensors") and Path(name).stem not in PUBLISHED_FILES
    ]


class LoadModel(io.ComfyNode):
    """A model for all other nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_LoadModel",
            display_name="Load Model",
            description="Loads the model that animates. 'default' comes with this pack.",
            stage="stages",
            first=True,
            search_aliases=["LivePortrait", "Load LivePortraitModels", "weights", "checkpoint"],
            inputs=[
                field(
                    io.Combo,
                    "model_name",
                    options=[*NAMED_MODELS, *own_files()],
                    default="default",
                    tooltip="default: ours, in the pack, nothing to download. human, animal: the "
                    "published weights in models/liveportrait (animals in its folder animal). "
                    "'animal, else default' uses ours where those are missing.",
                ),
                field(
                    io.Combo,
                    "precision",
                    options=[AUTO, *PRECISIONS],
                    default=AUTO,
                    tooltip=f"{PRECISION_HELP}. auto: fp16 where ComfyUI prefers it. A "
                    "network that overflows in fp16 continues in fp32 by itself.",
                ),
                field(
                    io.Combo,
                    "face_finder",
                    options=list(FINDERS),
                    default="ours",
                    advanced=True,
                    tooltip="What finds faces and landmarks. ours: nothing to install. "
                    "landmark.onnx: the published 203 points in models/liveportrait; needs "
                    "onnxruntime. insightface: models/insightface/models/buffalo_l as well; "
                    "licensed for non-commercial research only.",
                ),
                field(
                    io.Combo,
                    "compile",
                    options=list(COMPILE.choices),
                    default=COMPILE.default,
                    advanced=True,
                    tooltip=f"{COMPILE.help[0].upper()}{COMPILE.help[1:]}. Where it is not "
                    "possible the networks run as they are; previews always do.",
                ),
            ],
            outputs=[
                ModelSocket.Output(
                    "model", display_name="model", tooltip="For every other LivePortrait node."
                )
            ],
        )

    @classmethod
    def execute(
        cls, model_name: str, precision: str, face_finder: str, compile: str = COMPILE.default
    ) -> io.NodeOutput:
        """Load the files and hand them to ComfyUI's model management."""
        check_choice("compile", compile, COMPILE.choices)
        return io.NodeOutput(
            compiled_model(loaded_model(model_name, precision, face_finder), compile)
        )


_COMPILED: Final = WeakValueDictionary[int, LoadedModel]()
"""Compiled models by the identity of the plain ones, which they hold."""
_LIVING: Final = WeakValueDictionary[tuple[object, ...], LoadedModel]()
"""Models that someone holds: a run's and a preview's are one."""


def loaded_model(model_name: str, precision: str, face_finder: str) -> LoadedModel:
    """The model of Load Model's choices: the one that is there, or a new one.

    Raises:
        CheckpointError: Files are missing or wrong.
        OptionError: A choice is none of its combo.
    """
    with about("model_name"):
        place = place_of(model_name)
    dtype = dtype_of(precision)
    with about("face_finder"):
        finder = face_models(face_finder)
    changed = place.stat().st_mtime_ns if isinstance(place, Path) else None
    key = (model_name, place, changed, dtype, finder)
    loaded = _LIVING.get(key)
    if loaded is None:
        with about("model_name"):
            model = library.model.load_model(place, dtype=dtype)
        if isinstance(place, Path) and model_name in NAMED_MODELS:
            model = replace(model, origin=str(place))
        kept = library.kept.Kept()
        live = LiveRuns()

        def forget() -> None:
            kept.forget("features")
            live.forget_features()

        loaded = LoadedModel(
            model=model,
            patcher=runtime.patcher_of(model, on_unload=forget),
            face_models=finder,
            kept=kept,
            live=live,
        )
        _LIVING[key] = loaded
    return loaded


def compiled_model(loaded: LoadedModel, choice: str) -> LoadedModel:
    """The model compiled, where the choice of the combo says so; its networks are the same ones."""
    engines = library.compiled.compiled_on(loaded.model, choice, loaded.patcher.load_device)
    if engines is loaded.model:
        return loaded
    return _COMPILED.setdefault(id(loaded), replace(loaded, model=engines, plain=loaded))


def dtype_of(precision: str) -> torch.dtype:
    """The number type of a choice of the combo.

    Raises:
        OptionError: It is none.
    """
    check_choice("precision", precision, (AUTO, *PRECISIONS))
    if precision == AUTO:
        return runtime.preferred_dtype()
    dtype: torch.dtype = getattr(torch, PRECISIONS[precision])
    return dtype


def place_of(model_name: str) -> str | Path:
    """Where the files of a model of the combo are, for `load_model`.

    Raises:
        CheckpointError: Files are missing.
    """
    if model_name == "default":
        return model_name
    if model_name == "human":
        return published_folder("human")
    if model_name == "animal":
        return published_folder("animal")
    if model_name == ANIMAL_OR_OURS:
        return find_published("animal") or "default"
    return own_file(model_name)


def own_file(name: str) -> Path:
    """The file that a name of `own_files` means.

    Raises:
        CheckpointError: It is not there.
    """
    path = None
    with suppress(OSError):  # a name that no file can have
        path = folder_paths.get_full_path(FOLDER, name)
    if path is None:  # some versions of ComfyUI do not compare a choice with the list
        raise CheckpointError(
            f"There is no model {shortened(name)} in {Path(folder_paths.models_dir, FOLDER)}. "
            "Choose another from the list, or 'default'."
        )
    return Path(path)


def find_published(subject: Literal["human", "animal"]) -> Path | None:
    """The folder of all large files of a published model, where there is one."""
    for folder in map(Path, folder_paths.get_folder_paths(FOLDER)):
        found = [file.found_in(folder) for file in _large_files(subject)]
        if found[0] is not None and all(found):
            return found[0].parent  # tells people and animals apart where both are there
    return None


def published_folder(subject: Literal["human", "animal"]) -> Path:
    """The same, or what to download.

    Raises:
        CheckpointError: A file is missing.
    """
    found = find_published(subject)
    if found is not None:
        return found
    folders = [Path(folder) for folder in folder_paths.get_folder_paths(FOLDER)]
    missing = {
        folder: [file for file in _large_files(subject) if not file.found_in(folder)]
        for folder in folders
    }
    folder = min(folders, key=lambda folder: len(missing[folder]))
    paths = [Path(file.paths["comfyui"]) for file in missing[folder]]
    link = str(missing[folder][0].url("comfyui"))
    if len(paths) > 1:  # the page that lists them all
        link = "them from " + link.rpartition("/")[0].replace("/resolve/", "/tree/")
    raise CheckpointError(
        f"The published {subject} model lacks {', '.join(path.name for path in paths)} in the "
        f"folder {folder / paths[0].parent}. Download {link} there, or choose 'default'."
    )


def _large_files(subject: Literal["human", "animal"]) -> list[ModelFile]:
    return [file for file in files_for(subject) if file.required]


def face_models(face_finder: str) -> Path | None:
    """The folder of the face networks of a choice in the combo; None for ours.

    Raises:
        CheckpointError: The files are missing.
        OptionError: It is no choice.
    """
    check_choice("face_finder", face_finder, FINDERS)
    if face_finder == FINDERS[0]:
        return None
    if face_finder == FINDERS[1]:
        for folder in map(Path, folder_paths.get_folder_paths(FOLDER)):
            if (folder / FINDERS[1]).is_file():
                return folder
        url = file_named("landmark").url("comfyui")
        path = Path(folder_paths.models_dir, FOLDER, FINDERS[1])
        raise CheckpointError(
            f"The file {path} is missing; the face finder landmark.onnx needs it. "
            f"Download {url} there, or choose the face finder 'ours'."
        )
    folder = Path(folder_paths.models_dir, INSIGHTFACE)
    if (folder / "models" / "buffalo_l" / "det_10g.onnx").is_file():
        return folder
    raise CheckpointError(
        f"det_10g.onnx and 2d106det.onnx are missing in {folder / 'models' / 'buffalo_l'}; the "
        "face finder insightface needs them. Put them there, or choose the face finder 'ours'."
    )


NODES: tuple[type[io.ComfyNode], ...] = (LoadModel,)
register_folder()
