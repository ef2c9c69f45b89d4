"""Config, preset and a lab's protocol -> the resolved lab: every cell with its own numbers.

The resolved lab is a plain nested dict, so that Snakemake can compare, look up and pass it on:

- `name`, `title`, `preset`; `seeds`, those that are asked for (list)
- `ladder`: after how many seeds the sentences are looked at, in order; `planned`: whether each cell
  has the seeds that plan.json grants it, see `grants`, and not those that are asked for; `budget`:
  the preset's, in words, for steps behind the first
- `seeds_of`: cell -> its seeds, in the order in which they come; `blocks`: cell -> its blocks of
  them, a list such as "0-4": those that are on the disk, and new ones of the seeds that lack
- `folder`: the path of the lab's folder; `where`: what the config's key `lab` says of it
- `sources`: what the config says of the sources that the lab uses
- `datasets`: name -> source, size, channels, train, validation, final (numbers of images of each
  split, at most), classes (negative, positive), and
  `images`: where they come from, as the config says it, but for a published archive as a folder
- `tasks`: id -> title, did, cells (names), gallery (datasets, may be empty)
- `cells`: name -> all that training needs, after the preset's scaling; `same_as`, the cell that is
  the same training, or None; `continues`, the cell with the same training of fewer epochs that it
  goes on from, or None; `continued`, the cell that goes on from it, or None
  Of a cell that a command trains: as `commands.cells` gives it
- `protocol`: name -> the same before scaling
- `backbone` (name or None, weights, …), `heatmaps`: the preset's settings, or the config's
- `asked`: dataset name -> size, train, validation before scaling
- `curves`, `findings`: what the lab claims, as `claims.resolve` gives it
- `prose`: the report as it was written, as `prose.read` gives it, or None
- `reports`: name -> these three of each report, where the lab has several; empty where it has one.
  Then `findings` are those of all, `report/id` their ids; `of_report` gives the lab as one has it
- `report`: the name of the report that the lab is that of, or None
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from labproof import paths
from labproof.errors import LabError
from labproof.lab import (
    archives,
    commands,
    folders,
    grants,
    layers,
    published,
    reports,
    seeds,
    trainings,
    validation,
)
from labproof.lab.folders import NAME
from labproof.lab.validation import problem, suggest

CONFIG = Path("config/config.yaml")
# Classes of the drawn images, negative first; phantoms.py draws them.
PHANTOMS = {"skin": ["nevus", "melanoma"], "bone": ["NFF", "AFF"]}
# What "augmentation: true" stands for in the protocol: degrees, shares of the side.
AUGMENTATION = {"rotation": 10, "shift": 0.1, "flip": True}
# Behind the last look there are many seeds, and to plan a block takes as long as to plan any.
LONGER = 4
INDEX = "index.csv"  # of a folder, where a column of it is named as group
NEEDED = {"dataset": "skin", "learning_rate": 1.0e-4, "epochs": 50}  # that defaults may leave out
# Pooling halves the image so often, and something has to be left of it.
SMALLEST = {"alexnet": 8, "vgg16": 32, "mlp": 32}


def presets(root: Path) -> list[str]:
    """Names of the presets under config/presets/; an editor's files have names that are none."""
    files = (root / "config/presets").glob("*.yaml")
    return sorted(file.stem for file in files if re.fullmatch(NAME, file.stem))


def published_of(lab: str, root: Path) -> str | list[str]:
    """The path of a lab's published.csv; as a rule's input has it, nothing where there is none."""
    folder, base = folders.find(lab, root)
    file = base / folder / "published.csv"
    return str(file) if file.is_file() else []


def read_config(root: Path) -> dict:
    """What config/config.yaml holds; LabError unless that is keys with values."""
    config = validation.read(CONFIG, root)
    if not isinstance(config, dict):
        raise LabError(f"{CONFIG}: must be keys with values, such as\n\n    preset: demo")
    return config


def overridden(config: Mapping, written: Mapping, root: Path) -> dict:
    """The config after a command line, whose nested numbers are text, as numbers."""
    schemas = validation.Schemas(root / "workflow/schemas")
    return schemas.typed(config, "config.schema.yaml", written)


def check_config(config: Mapping, root: Path) -> None:
    """What can be said of a config before its preset and its lab are read; LabError if wrong."""
    schemas = validation.Schemas(root / "workflow/schemas")
    schemas.check(config, "config.schema.yaml", CONFIG)
    _seeds(config, CONFIG)
    known = presets(root)
    _known(config["preset"], known, "preset", "there is no such file in config/presets/")
    folders.check(config["lab"], root)


def resolve(config: Mapping, root: Path, *, preset: str | None = None) -> dict:
    """Resolve a config, its file already read and overrides merged in.

    Parameters
    ----------
    config
        What config/config.yaml holds.
    root
        The project's folder, which has config/ and workflow/schemas/.
    preset
        Instead of the config's.

    Raises
    ------
    LabError
        For the first thing that is wrong, naming the file, the key, the cause and the mend.
    """
    check_config(config, root)
    schemas = validation.Schemas(root / "workflow/schemas")
    preset = preset or config["preset"]
    folder, base = folders.find(config["lab"], root)
    _known(preset, presets(root), "preset", "there is no such file in config/presets/")

    def load(file: Path, schema: str, base: Path):
        data = validation.read(file, base)
        schemas.check(data, schema, file)
        return data

    preset_file = Path(f"config/presets/{preset}.yaml")
    scaling = load(preset_file, "preset.schema.yaml", root)
    chosen = _seeds(config, CONFIG) or _seeds(scaling, preset_file)
    ladder = _ladder(scaling, preset_file, len(chosen))
    tasks_file = folder / "tasks.yaml"
    lab = validation.read(tasks_file, base)
    commanded = commands.is_one(lab)
    schemas.check(lab, "runs.schema.yaml" if commanded else "tasks.schema.yaml", tasks_file)
    backbone = _backbone(config, scaling, preset)
    if commanded:
        lab["datasets"] = datasets = {}
        protocol = cells = commands.cells(lab, tasks_file, base)
    else:
        _check_sources(config["sources"], CONFIG)
        protocol = _cells(lab, tasks_file)
        datasets = {
            key: _scale_dataset(dataset, scaling, config["sources"], tasks_file, key)
            for key, dataset in lab["datasets"].items()
        }
        cells = {
            key: _scale_cell(cell, scaling, backbone["name"]) for key, cell in protocol.items()
        }
        for cell in cells.values():
            cell["images"] = trainings.images(datasets[cell["dataset"]])
        trainings.chain(cells, datasets)
        _check_sizes(cells, datasets, preset_file)
        _check_layers(cells, tasks_file)
    tasks = {
        key: {
            "title": task["title"],
            "did": task["did"].strip(),
            "cells": [name for name, cell in cells.items() if cell["task"] == key],
            "gallery": task.get("gallery", []),
        }
        for key, task in lab["tasks"].items()
    }
    for key, task in tasks.items():
        for dataset in task["gallery"]:
            if dataset not in datasets:
                cause = f'there is no dataset "{dataset}".{suggest(dataset, datasets)}'
                raise problem(tasks_file, ["tasks", key, "gallery"], cause)
    claimed = reports.read(folder, base, schemas, tasks, cells)
    if published_of(config["lab"], root):
        published.read(folder / "published.csv", base, cells)
    used = dict.fromkeys(dataset["source"] for dataset in lab["datasets"].values())
    if config.get("finding") is not None:
        findings_of(claimed, config["finding"])
    # a command trains one seed at a time
    block, longer = (1, 1) if commanded else (scaling["block"], LONGER * scaling["block"])
    if any(cell.get("run") and cell["run"]["given"] for cell in cells.values()):
        ladder = [len(chosen)]  # no look can bring histories that are not there
    planned = "seeds" not in config and len(ladder) > 1
    results = paths.of(config["lab"], preset)
    granted = grants.read(Path(results.plan)) if planned else None
    own = (
        grants.seeds_of(granted, cells, chosen, ladder) if granted else dict.fromkeys(cells, chosen)
    )
    return {
        "name": folders.name_of(config["lab"]),
        "folder": str(base / folder),
        "where": folder.name if folder.parent == folders.LABS and base == root else str(folder),
        "title": lab["title"],
        "preset": preset,
        "seeds": chosen,
        "ladder": ladder,
        "planned": planned,
        "budget": scaling.get("budget", "0s"),
        "granted": granted
        and {key: granted[key] for key in ("budget", "spent", "looks", "changed")},
        "seeds_of": own,
        "blocks": {
            key: seeds.in_steps(given, ladder, block, longer, _there(results, cells, key))
            for key, given in own.items()
        },
        "sources": {key: config["sources"][key] for key in used},
        "datasets": datasets,
        "tasks": tasks,
        "cells": cells,
        "protocol": protocol,
        "backbone": backbone,
        "heatmaps": scaling["heatmaps"],
        "asked": {
            key: {size: dataset[size] for size in ("size", "train", "validation")}
            for key, dataset in lab["datasets"].items()
        },
        "report": None,
        **claimed,
    }


def _there(results: paths.Results, cells: Mapping, name: str) -> list[str]:
    """The blocks that are trained: a cell's own, then those of the cell that it goes on from."""
    trained = trainings.trained_as(cells, name)
    found, shorter = results.blocks(trained), cells[trained].get("continues")
    return found + (_there(results, cells, shorter) if shorter else [])


def of_report(lab: Mapping, report: str | None) -> dict:
    """The resolved lab as one of its reports claims it; as it is for none.

    `report` is a name, or the place of its results as `paths.of_report` has it.
    """
    name = (report or "").removeprefix(paths.REPORTS)
    if not name:
        return dict(lab)
    if name not in lab["reports"]:
        cause = f'"{name}": there is no such report.{suggest(name, lab["reports"])}'
        raise LabError(f"{Path(lab['folder']) / reports.FOLDER}: {cause}")
    granted = lab["granted"]
    if granted:
        changed = granted["changed"]  # True: it was planned when the lab had one report
        granted = {**granted, "changed": changed is True or name in (changed or [])}
    return {
        **lab,
        **lab["reports"][name],
        "reports": {},  # nothing of a report's hangs on what the others claim
        "title": f"{lab['title']}: {name}",
        "report": name,
        "granted": granted,
    }


def findings_of(lab: Mapping, finding: str | None) -> list[dict]:
    """The resolved finding of this id alone, or all for None; LabError if there is none."""
    found = [entry for entry in lab["findings"] if finding in (None, entry["id"])]
    if not found:
        names = [entry["id"] for entry in lab["findings"]]
        _known(finding, names, "finding", "there is no such finding")
    return found


def _seeds(data: Mapping, file: Path) -> list[int] | None:
    if "seeds" not in data:
        return None
    try:
        return seeds.parse(data["seeds"])
    except ValueError as error:
        raise problem(file, ["seeds"], str(error), 5) from None


def _ladder(scaling: Mapping, file: Path, count: int) -> list[int]:
    """The preset's steps; with fewer seeds than the first of them, one look at all there are."""
    steps = scaling.get("ladder", [])
    if any(later <= earlier for earlier, later in pairwise(steps)):
        listed = ", ".join(map(str, steps))
        cause = f"must go upwards, but is {listed}: each step adds seeds to the one before it."
        raise problem(file, ["ladder"], cause, [5, 10, 20, 40])
    return list(steps) if steps and count >= steps[0] else [count]


def _known(name: str, known: Sequence[str], key: str, cause: str) -> None:
    if name not in known:
        cause = f'"{name}": {cause}.{suggest(name, known)}'
        raise problem(CONFIG, [key], cause, known[0] if known else None)


def _check_sources(sources: Mapping, file: Path) -> None:
    own = {"overlap": "skin", "marker": "bone", "visibility": "bone"}
    for name, source in sources.items():
        if source["kind"] == "phantom":
            if name not in PHANTOMS:
                cause = f'phantoms are drawn of {" and ".join(PHANTOMS)}, not of "{name}".'
                example = {"kind": "folder", "path": f"data/{name}", "classes": ["no", "yes"]}
                raise problem(file, ["sources", name], cause, example)
            for key in source:
                if own.get(key, name) != name:
                    cause = f"is a setting of {own[key]} phantoms. Move it to sources.{own[key]}."
                    raise problem(file, ["sources", name, key], cause)
            continue
        if source["kind"] != "folder":
            continue
        path = Path(source["path"])
        splits = ("",) if "split" in source else ("train", "validation")
        gone = [
            path / split / label
            for split in splits
            for label in source["classes"]
            if not (path / split / label).is_dir()
        ]
        if gone:
            classes = " and ".join(source["classes"])
            raise problem(
                file,
                ["sources", name, "path"],
                f"the folder {gone[0]} does not exist. Images are expected in "
                + (
                    f"{path}/CLASS/, with the classes {classes}. "
                    if "split" in source
                    else f"{path}/SPLIT/CLASS/, with the splits train and validation and the "
                    f"classes {classes}; without splits, set split. "
                )
                + "Mend the path or the classes, or take kind: phantom.",
            )
        needed = {"boxes": source.get("boxes"), "masks": source.get("masks")}
        needed["group"] = INDEX if "group" in source else None
        for key, wanted in needed.items():
            if wanted and not (path / wanted).exists():
                what = "folder" if key == "masks" else "file"
                cause = f"there is no {what} {path / wanted}. Make it, or take this key away."
                raise problem(file, ["sources", name, key], cause)


def _cells(lab: Mapping, file: Path) -> dict[str, dict]:
    """The cells of all tasks with the lab's defaults filled in, checked against one another."""
    cells: dict[str, dict] = {}
    for task, contents in lab["tasks"].items():
        labels: dict[str, str] = {}
        if not contents.get("cells") and not contents.get("gallery"):
            raise problem(file, ["tasks", task], "has neither cells nor a gallery.")
        for name, given in contents.get("cells", {}).items():
            place = ["tasks", task, "cells", name]
            if name in cells:
                raise problem(file, place, f"the name is taken by task {cells[name]['task']}.")
            cell = {
                "control": False,
                "backbone": None,
                "heatmaps": None,
                **lab["defaults"],
                **given,
            }
            gone = {key: example for key, example in NEEDED.items() if key not in cell}
            if gone:
                raise validation.missing(file, place, gone, place)
            taken = labels.setdefault(cell["label"], name)
            if taken != name:
                cause = (
                    f'cell {taken} of this task has the label "{cell["label"]}" too. Two curves '
                )
                cause += "of one figure need two."
                raise problem(file, [*place, "label"], cause, name)
            if cell["dataset"] not in lab["datasets"]:
                cause = f'there is no dataset "{cell["dataset"]}".'
                cause += suggest(cell["dataset"], lab["datasets"])
                raise problem(file, [*place, "dataset"], cause, next(iter(lab["datasets"])))
            if (cell["network"] == "mlp") != (cell["backbone"] is not None):
                cause = "network mlp needs a backbone, and no other network can have one."
                raise problem(file, [*place, "backbone"], cause, "vgg16")
            if cell["network"] == "mlp" and cell["augmentation"]:
                cause = (
                    "an mlp trains on features that were extracted once, so nothing can augment."
                )
                raise problem(file, [*place, "augmentation"], cause, False)
            cell["augmentation"] = AUGMENTATION if cell["augmentation"] else None
            cells[name] = {"task": task, **cell, "initializer": "glorot_uniform"}
    return cells


def _scale_dataset(
    dataset: dict, scaling: Mapping, sources: Mapping, file: Path, name: str
) -> dict:
    scale = scaling["scale"]
    if dataset["source"] not in sources:
        cause = f'there is no source "{dataset["source"]}" in config/config.yaml.'
        cause += suggest(dataset["source"], sources)
        raise problem(file, ["datasets", name, "source"], cause, next(iter(sources)))
    size = _whole(dataset["size"] * scale["image_size"])
    source = dict(sources[dataset["source"]])
    dataset = dict(dataset)
    own = dataset.pop("phantom", {})
    if source["kind"] == "phantom":
        source |= own
    if source["kind"] not in ("phantom", "folder"):
        source = archives.as_folder(source, size)
    return {
        **dataset,
        "images": source,
        "size": size,
        "train": _whole(dataset["train"] * scale["images"], least=2),
        "validation": _whole(dataset["validation"] * scale.get("validation_images", 1), least=2),
        "final": scaling.get("final_images", 0),
        "classes": source.get("classes") or PHANTOMS[dataset["source"]],
    }


def _scale_cell(cell: Mapping, scaling: Mapping, backbone: str | None) -> dict:
    scale = scaling["scale"]
    return {
        **cell,
        "backbone": (backbone or cell["backbone"]) if cell["backbone"] else None,
        "base": min(cell["base"], scale.get("largest_base", cell["base"])),
        "epochs": _whole(cell["epochs"] * scale["epochs"]),
        "learning_rate": float(f"{cell['learning_rate'] * scale['learning_rate']:.6g}"),
        "initializer": scaling["initializer"],
    }


def _check_sizes(cells: Mapping, datasets: Mapping, file: Path) -> None:
    for name, cell in cells.items():
        size, least = datasets[cell["dataset"]]["size"], SMALLEST[cell["network"]]
        if size < least:
            cause = (
                f"images of {size} pixels are too small for the {cell['network']} of cell {name}, "
                f"which needs {least}. Raise the factor."
            )
            raise problem(file, ["scale", "image_size"], cause)


def _check_layers(cells: Mapping, file: Path) -> None:
    """A layer that is not there would be found out behind all the training."""
    for name, cell in cells.items():
        wanted, known = (cell["heatmaps"] or {}).get("layer"), layers.maps(cell)
        if wanted and known and wanted not in known:
            cause = f'its network has no layer with maps "{wanted}".{suggest(wanted, known)}'
            keys = ["tasks", cell["task"], "cells", name, "heatmaps", "layer"]
            raise problem(file, keys, cause, known[-1])


def _backbone(config: Mapping, scaling: Mapping, preset: str) -> dict:
    """The preset's backbone, or the config's in its place; `name` is None for the protocol's."""
    own = "backbone" in config
    settings = {"name": None, **(config if own else scaling)["backbone"]}
    weights = settings["weights"]
    if weights not in ("procedural", "imagenet") and not Path(weights).is_file():
        cause = f"there is no file {weights}. Give a weights file, procedural or imagenet."
        file = CONFIG if own else Path(f"config/presets/{preset}.yaml")
        raise problem(file, ["backbone", "weights"], cause, "imagenet" if own else "procedural")
    return settings


def _whole(value: float, least: int = 1) -> int:
    return max(least, round(value))
