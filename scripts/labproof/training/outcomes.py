"""What a run of a user's command left behind -> its history, predictions and scalars, checked."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from labproof.errors import LabError, first_line

MOST_NAMED = 12  # files or columns in a message
# Columns in which a run may differ from the next though nothing of the training does.
TIMES = r"time|second|duration"


class Outcome(NamedTuple):
    """What one run came to; the tables begin with the column seed."""

    history: pd.DataFrame  # epoch from 1 without a gap, then any columns, all finite numbers
    predictions: pd.DataFrame  # split, image, label, and the answer's columns; may be empty
    scalars: pd.DataFrame  # name, value; may be empty
    facts: dict  # parameters, versions, … as far as they were recorded


def read(folder: Path, run: Mapping, seed: int, epochs: int | None, what: str) -> Outcome:
    """Read what a run wrote into its folder.

    Parameters
    ----------
    run, epochs
        Of the resolved cell: what it reads, and how many epochs it should have (None: any).
    what
        What a message calls this run.

    Raises
    ------
    LabError
        It wrote nothing, or a history with gaps, with values that are no finite numbers, or with
        other than its epochs.
    """
    reads = run["reads"]
    fit = None if reads.get("history") else _fit(folder, reads.get("fit"), what)
    places = [folder, fit] if fit else [folder]
    scalars: dict[str, float] = {}
    for place in places:
        scalars |= _json(place / reads.get("scalars", "scalars.json"), what)
    predictions = _predictions(places[-1] / reads.get("predictions", "predictions.csv"), seed, what)
    file = (fit or folder) / (reads.get("history") or "history.csv")
    if file.is_file():
        history = _history(file, reads, what)
    elif scalars and not reads.get("history"):
        # a model without epochs: what was told of it is its only line
        history = pd.DataFrame([{"epoch": 1, **scalars}])
    else:
        raise LabError(f"{what}: it wrote no history. {_expected(folder, reads)}")
    _check(history, epochs, run["stops_early"], what)
    history.insert(0, "seed", seed)
    names = pd.DataFrame({"seed": seed, "name": list(scalars), "value": list(scalars.values())})
    facts: dict = {}
    for place in places:
        facts |= _json(place / "facts.json", what, numbers=False)
    return Outcome(history, predictions, names, facts)


def given(file: Path, run: Mapping, seed: int, epochs: int | None) -> Outcome:
    """Read a history that was there already, as `read` does."""
    what = str(file)
    history = _history(file, run["reads"], what)
    _check(history, epochs, run["stops_early"], what)
    history.insert(0, "seed", seed)
    return Outcome(history, _no_predictions(), pd.DataFrame(columns=["seed", "name", "value"]), {})


def check_seeds(histories: pd.DataFrame, cell: str) -> None:
    """LabError where two seeds of a cell have equal numbers throughout: its seed is not used."""
    columns = histories.columns[~histories.columns.str.contains(TIMES, case=False)].drop("seed")
    seen: dict[bytes, int] = {}
    each = histories[columns].groupby(histories["seed"])
    for seed, rows in each:
        key = rows.to_numpy(dtype=float).tobytes()
        first = seen.setdefault(key, seed)
        # one epoch of a coarse number can be equal by chance
        if first != seed and (rows.size > 8 or each.ngroups == 2):
            raise LabError(
                f"{cell}: seeds {first} and {seed} give equal numbers in all columns "
                f"({', '.join(columns[:MOST_NAMED])}), so the code does not use the seed, and "
                "intervals over such seeds would be of width 0. Seed it by {seed} or "
                "LABPROOF_SEED, or run it by python -m labproof.run, which seeds from outside. If "
                "nothing in it is random, write deterministic: true."
            )


def _fit(folder: Path, wanted: int | str | None, what: str) -> Path | None:
    """The folder of the recorded fit that is asked for; None where none was recorded."""
    fits = sorted(path.name.removeprefix("fit-") for path in folder.glob("fit-*") if path.is_dir())
    if not fits:
        return None
    if wanted is None and len(fits) > 1:
        raise LabError(
            f"{what}: it trained {len(fits)} networks ({', '.join(fits[:MOST_NAMED])}). Say which "
            f"one is this cell: reads: {{fit: {fits[-1]}}}"
        )
    name = fits[0] if wanted is None else str(wanted)
    if name not in fits:
        raise LabError(
            f"{what}: it trained no network {name}, but {', '.join(fits[:MOST_NAMED])}. Mend "
            "reads.fit."
        )
    return folder / f"fit-{name}"


def _expected(folder: Path, reads: Mapping) -> str:
    written = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    listed = ", ".join(written[:MOST_NAMED]) + (", …" if len(written) > MOST_NAMED else "")
    told = (
        f"There is no {reads['history']} in its folder, which LABPROOF_OUT and {{out}} name"
        if reads.get("history")
        else "Run it by python -m labproof.run, which records Keras and calls of log, or let it "
        "write a CSV file and name that under reads.history"
    )
    return f"{told}. In the folder are: {listed or 'no files'}."


def _history(file: Path, reads: Mapping, what: str) -> pd.DataFrame:
    """A history as it was written, with the columns' names and units of the lab."""
    try:
        if file.suffix == ".json":
            table = pd.DataFrame(json.loads(file.read_text(encoding="utf-8")))
        else:
            table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise LabError(
            f"{what}: {file.name} cannot be read as a table ({first_line(error)}). Write a CSV "
            "file with a line an epoch, or Keras' history as JSON."
        ) from None
    for name in (*reads.get("columns", {}), *reads.get("percent", ())):
        if name not in table:
            listed = ", ".join(map(str, table.columns[:MOST_NAMED]))
            raise LabError(f"{what}: {file.name} has no column {name}, but {listed}. Mend reads.")
    for name in reads.get("percent", ()):
        table[name] = table[name] / 100
    table = table.rename(columns=reads.get("columns", {}))
    if table.columns.duplicated().any():
        twice = table.columns[table.columns.duplicated()][0]
        raise LabError(
            f"{what}: two columns of {file.name} are called {twice}. Mend reads.columns."
        )
    table = table.dropna(axis="columns", how="all")
    if "epoch" not in table:
        table.insert(0, "epoch", range(1, len(table) + 1))
    numbers = [name for name in table if pd.api.types.is_numeric_dtype(table[name])]
    table = table[["epoch", *(name for name in numbers if name not in ("epoch", "seed"))]]
    if len(table) and table["epoch"].iloc[0] == 0:  # Keras' CSVLogger counts from 0
        table = table.assign(epoch=table["epoch"] + 1)
    return table


def _check(history: pd.DataFrame, epochs: int | None, stops_early: bool, what: str) -> None:
    count = len(history)
    if not count or history.shape[1] < 2:
        raise LabError(f"{what}: its history has no numbers. Write a line of numbers an epoch.")
    if history["epoch"].tolist() != list(range(1, count + 1)):
        told = ", ".join(f"{x:g}" for x in history["epoch"][:MOST_NAMED])
        raise LabError(
            f"{what}: its epochs are {told}, and should be 1, 2, 3, … with one line each. Is the "
            "file that of another run, or of several?"
        )
    if epochs is not None and (count > epochs or (count < epochs and not stops_early)):
        mend = (
            "Hand {epochs} to the code, mend epochs, or write stops_early: true if a run may end "
            "before."
            if count < epochs
            else "Hand {epochs} to the code, or mend epochs."
        )
        raise LabError(
            f"{what}: its history has {count} epochs, and the cell says {epochs}. {mend}"
        )
    for name in history.columns:
        wrong = ~np.isfinite(history[name].to_numpy(dtype=float))
        if wrong.any():
            first = history[wrong].iloc[0]
            raise LabError(
                f"{what}: {name} is {first[name]} in epoch {first['epoch']:.0f}. A "
                "mean over the seeds that worked would be biased, so this one is not left out. "
                "Mend the training, by a smaller learning rate say, or leave the column out."
            )


def _no_predictions() -> pd.DataFrame:
    return pd.DataFrame(columns=["seed", "split", "image", "label"])


def _predictions(file: Path, seed: int, what: str) -> pd.DataFrame:
    if not file.is_file():
        return _no_predictions()
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise LabError(f"{what}: {file.name} cannot be read ({first_line(error)}).") from None
    known = {"seed", "split", "image", "label"}
    answers = [name for name in table if name not in known]
    classes = [f"p{number}" for number in range(len(answers))]
    if "label" not in table or answers not in (["probability"], ["prediction"], classes):
        raise LabError(
            f"{what}: {file.name} has the columns {', '.join(map(str, table.columns))}. It needs "
            "label, and probability (of class 1), or p0, p1, … of each class; and image, a number "
            "that one image has in every run."
        )
    if not np.isfinite(table[["label", *answers]].to_numpy(dtype=float)).all():
        raise LabError(f"{what}: {file.name} holds values that are no finite numbers.")
    if "image" not in table:
        table["image"] = range(len(table))
    if "split" not in table:
        table["split"] = "validation"
    return table.assign(seed=seed)[["seed", "split", "image", "label", *answers]]


def _json(file: Path, what: str, *, numbers: bool = True) -> dict:
    """What a JSON file holds, nothing where there is none."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it is no mapping of names to values")
    except (OSError, ValueError) as error:
        raise LabError(f"{what}: {file.name} cannot be read ({first_line(error)}).") from None
    for name, value in found.items() if numbers else ():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise LabError(f"{what}: {name} in {file.name} is {value}, which is no finite number.")
    return found


def gather(files: list[Path], cell: str, table: str) -> pd.DataFrame:
    """The tables of a cell's seeds, one below the other; LabError where their columns differ."""
    parts = [pd.read_csv(file) for file in files]
    filled = [part for part in parts if len(part)]
    if table in ("histories", "predictions") and filled:
        for part in parts:
            gone = set(filled[0]) ^ set(part)
            if gone or not len(part):
                listed = ", ".join(sorted(gone)) or "nothing at all"
                raise LabError(
                    f"{cell}: the {table} of its seeds have not the same columns: {listed} is "
                    "in some alone. Does the code write it in every run?"
                )
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
