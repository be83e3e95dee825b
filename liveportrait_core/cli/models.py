"""liveportrait models: list, check, convert, export, download."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..checkpoints.convert import convert
from ..checkpoints.loading import read_model
from ..checkpoints.manifest import FILES, FileLayout, ModelFile, file_named, files_for
from ..checkpoints.model_folders import DEFAULT_FILE, weight_folders
from ..command_options import DownloadOptions, JoyvasaFiles, ModelOptions, ReportOptions
from ..config.arguments import from_arguments
from ..engines.onnx_export import OPSET, export_model
from ..errors import CheckpointError
from ..media.atomic import check_output
from ..model import load_model
from ..speech.joyvasa_file import save_joyvasa
from ..speech.joyvasa_import import read_joyvasa
from .downloading import download, sha256_of
from .progress import ProgressBar


def run(args: argparse.Namespace) -> int:
    """The action that was named."""
    actions = {
        "list": _list,
        "check": _check,
        "convert": _convert,
        "joyvasa": _joyvasa,
        "download": _download,
        "export": _export,
    }
    return actions[args.action](args)


def found_files() -> dict[str, Path]:
    """Where each file of the table was found, by its name."""
    folders = [DEFAULT_FILE.parents[2], *weight_folders()]
    places: dict[str, Path] = {}
    for file in FILES:
        hits = (path for folder in folders if (path := file.found_in(folder)) is not None)
        first = next(hits, None)
        if first is not None:
            places[file.name] = first
    return places


def table() -> list[dict[str, Any]]:
    """Every known file of weights, as plain values."""
    places = found_files()
    return [
        {
            "name": file.name,
            "purpose": file.purpose,
            "subject": file.subject,
            "maker": file.maker,
            "licence": file.licence,
            "commercial_use": file.commercial,
            "size_mb": file.size_mb,
            "found": str(places[file.name]) if file.name in places else None,
        }
        for file in FILES
    ]


def _list(args: argparse.Namespace) -> int:
    rows = table()
    folders = [str(folder) for folder in weight_folders()]
    if from_arguments(ReportOptions, args).json:
        print(json.dumps({"files": rows, "searched": folders}, indent=2))
        return 0
    for row in rows:
        size = f", {row['size_mb']:g} MB" if row["size_mb"] else ""
        print(f"{row['name']}: {row['purpose']} ({row['maker']}; {row['licence']}{size})")
        print(f"    {row['found'] or 'not found'}")
    print(f"Searched: the package, {', '.join(folders) or 'and no other folder'}")
    return 0


def _check(args: argparse.Namespace) -> int:
    results: list[dict[str, Any]] = []
    for name in args.model or ["default"]:
        try:
            stored = read_model(name)
        except CheckpointError as error:
            results.append({"model": name, "whole": False, "problem": str(error)})
            continue
        origin = Path(stored.origin)
        results.append(
            {
                "model": name,
                "whole": True,
                "preset": stored.preset.name,
                "space": stored.preset.space,
                "networks": sorted(stored.states),
                "parameters": stored.num_parameters,
                "origin": stored.origin,
                "sha256": sha256_of(origin) if origin.is_file() else None,
                "metadata": stored.metadata,
            }
        )
    if from_arguments(ReportOptions, args).json:
        print(json.dumps(results, indent=2))
    else:
        for result in results:
            print(_line(result))
    return 0 if all(result["whole"] for result in results) else 1


def _line(result: dict[str, Any]) -> str:
    if not result["whole"]:
        return f"{result['model']}: {result['problem']}"
    digest = f", sha256 {result['sha256']}" if result["sha256"] else ""
    return (
        f"{result['model']}: whole; {result['preset']}, {millions(result['parameters'])} in "
        f"{', '.join(result['networks'])}; {result['origin']}{digest}"
    )


def millions(parameters: int) -> str:
    """A number of parameters as it is printed."""
    return f"{parameters / 1e6:.1f} M parameters"


def _joyvasa(args: argparse.Namespace) -> int:
    files = from_arguments(JoyvasaFiles, args)
    check_output(args.output, args.input, suffixes=(".safetensors",))
    made = read_joyvasa(
        args.input, template=files.template, encoder=files.encoder, positions=files.positions
    )
    save_joyvasa(made, args.output)
    form = made.network.form
    print(
        f"{args.output}: a speech model of JoyVASA's weights; width {form.width}, windows of "
        f"{form.frames} frames after {form.past}, {form.steps} steps, {form.positions} position "
        f"code; from {made.origin}"
    )
    return 0


def _convert(args: argparse.Namespace) -> int:
    stored = convert(args.input, args.output)
    written = "a file of ours"
    if args.output.is_dir():
        family = stored.preset.family
        written = (
            "the published layout"
            if family == "published"
            else f"the published layout with the keys of {family} networks, for this program"
        )
    print(
        f"{args.output}: {written}; {stored.preset.name}, {millions(stored.num_parameters)} in "
        f"{', '.join(sorted(stored.states))}; from {stored.origin}"
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    options = from_arguments(ModelOptions, args)
    report = from_arguments(ReportOptions, args)
    model = load_model(options.model)
    names = list(model.modules())
    written: list[dict[str, Any]] = []
    with ProgressBar("exporting", shown=report.progress, unit="networks") as bar:
        for file in export_model(model, args.folder):
            written.append(
                {"network": file.name, "path": str(file.path), "difference": file.difference}
            )
            bar(len(written), len(names))
    if report.json:
        print(json.dumps({"opset": OPSET, "files": written}, indent=2))
        return 0
    for row in written:
        print(f"{row['path']}: {row['difference']:.1g} from torch at most")
    return 0


def _download(args: argparse.Namespace) -> int:
    options = from_arguments(DownloadOptions, args)
    report = from_arguments(ReportOptions, args)
    for file in _chosen(args.name, options.layout):
        path = options.to / file.paths[options.layout]
        if path.is_file():
            print(f"{path}: there already")
            continue
        url = file.url(options.layout)
        if options.mirror is not None:
            url = f"{options.mirror.rstrip('/')}/{file.paths[options.layout]}"
        assert url is not None  # every published file has an address
        print(f"{file.name} by {file.maker}, licence: {file.licence}", flush=True)
        with ProgressBar(path.name, shown=report.progress, unit="bytes") as bar:
            digest = download(url, path, sha256=file.sha256.get(options.layout), progress=bar)
        known = "as expected" if options.layout in file.sha256 else "not known beforehand"
        print(f"{path}: sha256 {digest} ({known})")
    return 0


def _chosen(names: list[str], layout: FileLayout) -> list[ModelFile]:
    """The files that the names stand for, each once.

    Raises:
        ValueError: A name stands for nothing, or for a file that this layout does not have.
    """
    chosen: dict[str, ModelFile] = {}
    for name in names:
        if name in {"human", "animal"}:
            files = [
                file
                for file in files_for("human" if name == "human" else "animal")
                if file.commercial and layout in file.paths
            ]
        else:
            files = [file_named(name)]
        for file in files:
            if "package" in file.paths:
                raise ValueError(
                    f"{file.name} is part of the package; it is not downloaded. Leave it out."
                )
            if layout not in file.paths:
                raise ValueError(
                    f"{file.name} is not published in the {layout} layout; it has "
                    f"{', '.join(file.paths)}. Choose another --layout."
                )
            chosen[file.name] = file
    return list(chosen.values())
