"""Cells that a command of the user's trains: from tasks.yaml to what one run of each needs.

A resolved cell of this kind has, beside `task`, `label`, `control` and `epochs` (or None):

- `settings`: keys of the user's own and their values
- `run`: what its jobs need: `command` or `given` (a template each, the other is None), the other
  keys of `RUN`, and `shares`: the cell whose run trains this one too, or None
- None for what only a training of Labproof's own has, such as `dataset`
"""

import itertools
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from labproof.errors import LabError
from labproof.lab.seeds import spell
from labproof.lab.validation import problem, suggest

# What a lab or a cell says of how its runs go, and what holds where neither does.
RUN = {
    "run": None,
    "given": None,
    "python": None,
    "environment": None,
    "files": ["*.py"],
    "reads": {},
    "fit": None,
    "classes": None,
    "threads": 1,
    "gpu": False,
    "mem_mb": 4000,
    "runtime": 24 * 60,
    "deterministic": False,
    "stops_early": False,
}
# What Labproof hands to every command, beside the cell's own keys.
OURS = ("seed", "out", "config", "checkpoints", "cell")
# Keys of a built-in cell that code for all cells asks for.
FOREIGN = ("dataset", "backbone", "heatmaps", "same_as", "continues", "continued")
SHELL = re.compile(r"^(&&?|\|\|?|;|[0-9&]?[<>].*)$|;$|\$\(|`")
FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
INTERPRETERS = ("python", "python3")
CODE = (".py", ".ipynb", ".sh", ".R")
LONGEST_LABEL = 24  # of the schema


def is_one(lab: Mapping) -> bool:
    """Whether a tasks.yaml is of a lab whose cells a command trains."""
    return isinstance(lab, dict) and "datasets" not in lab


def cells(lab: Mapping, file: Path, base: Path = Path()) -> dict[str, dict]:
    """The cells of all tasks, resolved; LabError for the first thing that is wrong.

    Parameters
    ----------
    lab
        What tasks.yaml holds, its schema already checked.
    file, base
        The file as messages name it, and what that is relative to.
    """
    found: dict[str, dict] = {}
    above = {key: lab[key] for key in RUN if key in lab}
    for task, contents in lab["tasks"].items():
        labels: dict[str, str] = {}
        for written, given in contents["cells"].items():
            place = ["tasks", task, "cells", written]
            for name, entry in _grid(written, given, lab.get("defaults", {}), file, place):
                if name in found:
                    cause = f"the name {name} is taken by task {found[name]['task']}."
                    raise problem(file, place, cause)
                if labels.setdefault(entry["label"], name) != name:
                    cause = (
                        f"cell {labels[entry['label']]} of this task has the label "
                        f'"{entry["label"]}" too. Two curves of one figure need two.'
                    )
                    raise problem(file, [*place, "label"], cause, name)
                cell = _cell(task, {**above, **entry})
                _check(name, cell, file, place, base)
                found[name] = cell
    _share(found)
    return found


def _share(cells: Mapping[str, dict]) -> None:
    """Set `shares` of cells that differ in `fit` alone: the first of them, whose run makes all."""
    first: dict[str, str] = {}
    for name, cell in cells.items():
        run = {key: x for key, x in cell["run"].items() if key not in ("fit", "reads", "classes")}
        told = [sorted(cell["settings"].items()), run, cell["epochs"]]
        alone = cell["run"]["fit"] is None or "{cell}" in (run["command"] or "{cell}")
        leader = name if alone else first.setdefault(repr(told), name)
        cell["run"]["shares"] = None if leader == name else leader


def _grid(
    name: str, written: Mapping, defaults: Mapping, file: Path, place: list
) -> Iterable[tuple[str, dict]]:
    """(name, what holds) of each cell that a `for` stands for; of one without it, itself.

    The values, in the order of `for`, come behind the name: sizes-4, sizes-16.
    """
    entry = {**defaults, **written}
    axes = entry.pop("for", None)
    if axes is None:
        yield name, entry
        return
    for key in axes:
        if key in written:
            raise problem(file, [*place, key], "stands under for too. Take one of them away.")
        if key in (*RUN, *OURS, "label", "control", "for"):
            raise problem(
                file, [*place, "for", key], "cannot be varied: it is no key of a cell's own."
            )
    for values in itertools.product(*axes.values()):
        own = dict(zip(axes, values, strict=True))
        parts = [re.sub(r"[^a-z0-9]+", "-", text(x).lower()) for x in values]
        each = "-".join([name, *(part.strip("-") for part in parts)])
        label = entry["label"]
        if FIELD.search(label):
            label = filled(
                label, {**entry, **own}, lambda cause: problem(file, [*place, "label"], cause)
            )
        else:
            label = f"{label}, {', '.join(f'{key} {text(x)}' for key, x in own.items())}"
        if len(label) > LONGEST_LABEL:
            cause = f'"{label}" is longer than {LONGEST_LABEL} characters. Put the keys in braces.'
            raise problem(file, [*place, "label"], cause, " ".join(f"{{{key}}}" for key in axes))
        yield each, {**entry, **own, "label": label}


def _cell(task: str, entry: Mapping) -> dict:
    run = {key: entry.get(key, default) for key, default in RUN.items()}
    own = {
        key: value
        for key, value in entry.items()
        if key not in (*RUN, "label", "control", "epochs")
    }
    return {
        "task": task,
        "label": entry["label"],
        "control": entry.get("control", False),
        "epochs": entry.get("epochs"),
        "settings": own,
        "run": {"command": run.pop("run"), **run},
        **dict.fromkeys(FOREIGN),
    }


def _check(name: str, cell: Mapping, file: Path, place: list, base: Path) -> None:
    run, folder = cell["run"], base / file.parent
    for key in OURS:
        if key in cell["settings"]:
            raise problem(
                file,
                [*place, key],
                "is what Labproof hands to the command itself. Call it otherwise.",
            )
    if (run["command"] is None) == (run["given"] is None):
        if run["command"] is None:
            cause = (
                "is missing, here or for the whole lab: the command that trains the cell. For "
                "histories that are there already write given."
            )
            example = "python train.py --seed {seed} --out {out}"
            raise problem(file, [*place, "run"], cause, example, at=["run"])
        cause = "stands beside run: histories are given, or a command makes them. Take one away."
        raise problem(file, [*place, "given"], cause)

    def wrong(key: str):
        return lambda cause: problem(file, [*place, key], cause)

    if run["given"]:
        filled(run["given"], {"seed": 0, "cell": name}, wrong("given"))
        if "{seed}" not in run["given"]:
            cause = "has no {seed}: each seed has a file of its own."
            raise problem(
                file, [*place, "given"], cause, "runs/{cell}/seed{seed}.csv", at=["given"]
            )
        return
    words(run["command"], fields(name, cell, 0, "out"), wrong("run"))
    if run["python"] and run["environment"]:
        raise problem(file, [*place, "python"], "stands beside environment. Take one of them away.")
    if run["environment"] and not (folder / run["environment"]).is_file():
        cause = f"there is no file {file.parent / run['environment']}."
        raise problem(file, [*place, "environment"], cause)
    if run["python"] and interpreter(run["python"], folder) is None:
        cause = (
            f"there is no program {run['python']}. Give a path from the lab's folder, or a name."
        )
        raise problem(file, [*place, "python"], cause, ".venv/bin/python", at=["python"])
    for pattern in run["files"]:
        if not any(folder.glob(pattern)) and (pattern,) != tuple(RUN["files"]):
            cause = f"nothing in {file.parent} is called {pattern}."
            raise problem(file, [*place, "files"], cause, ["*.py"], at=["files"])
    _check_code(run, folder, wrong("run"))


def _check_code(run: Mapping, folder: Path, wrong) -> None:
    """LabError where the first file of code that the command names will not be there."""
    named = (word for word in shlex.split(run["command"])[1:] if word.endswith(CODE))
    code = next((word for word in named if "{" not in word), None)
    if code is None or Path(code).expanduser().is_absolute():
        return
    folder = Path(os.path.normpath(folder))  # a job's path to it has `..` in it
    there = files(run, folder)
    path = Path(os.path.normpath(folder / code))
    if path.exists() and any(path.is_relative_to(each) for each in there):
        return
    if path.exists():
        raise wrong(f"{code} is not named under files, and a run has no other files.")
    found = [each.relative_to(folder).as_posix() for each in there if each.name.endswith(CODE)]
    mend = suggest(code, found) if found else " Put it into the lab's folder."
    raise wrong(f"the lab has no file {code}.{mend}")


def fields(name: str, cell: Mapping, seed: int, folder: str) -> dict:
    """What the command of one run may have in braces; `folder` is its own, where it writes."""
    epochs = {} if cell["epochs"] is None else {"epochs": cell["epochs"]}
    return {
        **cell["settings"],
        **epochs,
        "cell": name,
        "seed": seed,
        "out": folder,
        "config": f"{folder}/labproof.json",
        "checkpoints": f"{folder}/checkpoints",
    }


def fits(run: Mapping) -> tuple[list[str], bool]:
    """Names of the recorder's fits that make a cell, none where the only one does; and whether
    they are stages of one training, in a row.
    """
    named, stages = run["fit"], isinstance(run["fit"], dict)
    if stages:
        named = named["stages"]
    elif not isinstance(named, list):
        named = [] if named is None else [named]
    return [str(name) for name in named], stages


def check_given(lab: Mapping) -> None:
    """LabError where a history that should be there already is not."""
    folder, gone = Path(lab["folder"]), {}
    for name, cell in lab["cells"].items():
        for seed in lab["seeds_of"][name] if cell["run"]["given"] else []:
            file = folder / filled(cell["run"]["given"], {"cell": name, "seed": seed})
            if not file.is_file():
                gone.setdefault(seed, file)
    if not gone:
        return
    there = [seed for seed in lab["seeds"] if seed not in gone]
    seed, file = next(iter(gone.items()))
    mend = "Correct the path under given."
    if there:
        mend = f"Ask for those that are there: --config seeds={spell(there)} " + (
            f'(make report LAB={lab["where"]} CONFIG="seeds={spell(there)}").'
        )
    raise LabError(
        f"{file}: there is no such history, though seeds={spell(lab['seeds'])} is asked for. {mend}"
    )


def text(value: object) -> str:
    """A value as a command line has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(text, value))
    return str(value)


def filled(template: str, values: Mapping, wrong=LabError) -> str:
    """A template with what stands in braces filled in; {{ is a brace. `wrong` makes the error."""

    def put(found: re.Match) -> str:
        if found[1] is None:
            return found[0][0]
        if found[1] not in values:
            raise wrong(f"{{{found[1]}}} is no key of the cell.{suggest(found[1], values)}")
        return text(values[found[1]])

    return FIELD.sub(put, template)


def words(template: str, values: Mapping, wrong=LabError) -> list[str]:
    """A command as the list of its words, values filled in behind the splitting: no shell reads it,
    so a value is one word, whatever it holds.
    """
    try:
        parts = shlex.split(template)
    except ValueError as error:
        raise wrong(f"its quotes do not close ({error}).") from None
    for part in parts:
        if SHELL.search(part):
            raise wrong(
                f'"{part}" is for a shell, and none reads the command. Put what needs one into a '
                "script of the lab's folder, name it under files, and run: bash train.sh {seed}"
            )
    if not parts:
        raise wrong("is empty.")
    return [filled(part, values, wrong) for part in parts]


def interpreter(python: str, folder: Path) -> Path | None:
    """The program that `python` names: a path from the lab's folder, or what is called so."""
    if "/" in python:
        # not resolved: an environment is known by the link to its Python
        path = folder / Path(python).expanduser()
        return path.absolute() if path.exists() else None
    found = shutil.which(python)
    return Path(found) if found else None


def files(run: Mapping, folder: Path) -> list[Path]:
    """The files and folders of a lab's folder that a run needs, in order; folders once."""
    found = dict.fromkeys(path for pattern in run["files"] for path in sorted(folder.glob(pattern)))
    return [path for path in found if path.name != "__pycache__"]
