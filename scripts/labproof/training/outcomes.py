"""The runs of a user's command -> the tables of a cell, as those of Labproof's own trainings."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from labproof.errors import LabError
from labproof.lab import commands
from labproof.training import foreign_runs

MOST_NAMED = 12  # columns in a message
# Columns in which a run may differ from the next though nothing of the training does.
TIMES = r"time|second|duration"
ANSWERS = ["seed", "split", "image", "label"]


class Outcome(NamedTuple):
    """What one run came to; the tables begin with the column seed."""

    history: pd.DataFrame  # epoch from 1 without a gap, then any columns
    predictions: pd.DataFrame  # split, image, label, and the answer's columns; may be empty
    scalars: pd.DataFrame  # name, value; may be empty
    facts: dict  # parameters, versions, … as far as they were recorded


def read(folder: Path, cell: Mapping, seed: int, output: Path) -> Outcome:
    """Read what a run of a resolved cell left in its folder; `output` is what it printed.

    LabError, with the last lines of its output, where that is nothing, or of no use.
    """
    run, epochs = cell["run"], cell["epochs"]
    fits, stages = commands.fits(run)
    try:
        found = foreign_runs.read_run(
            folder,
            run["reads"],
            fits=fits,
            stages=stages,
            output=output,
            epochs=None if run["stops_early"] else epochs,
        )
        if found.history is not None and epochs is not None and len(found.history) > epochs:
            raise LabError(
                f"its history has {len(found.history)} epochs, and the cell says {epochs}. Hand "
                "{epochs} to the code, or mend epochs."
            )
    except LabError as error:
        raise LabError(f"{error}\n\nThe last lines that it printed:\n\n{tail(output)}") from None
    history = found.history
    if history is None:  # a model without epochs: what was told of it is its only line
        history = pd.DataFrame([{"epoch": 1, **found.scalars}])
    predictions = pd.DataFrame(columns=ANSWERS)
    if found.predictions is not None:
        predictions = found.predictions.assign(seed=seed)
        predictions = predictions[list(dict.fromkeys([*ANSWERS, *predictions]))]
    names = {"name": list(found.scalars), "value": list(found.scalars.values())}
    scalars = pd.DataFrame(names).assign(seed=seed)[["seed", "name", "value"]]
    history = history[[name for name in history if name != "seed"]]
    history.insert(0, "seed", seed)
    return Outcome(history, predictions, scalars, found.facts)


def given(file: Path, cell: Mapping, seed: int) -> Outcome:
    """Take a history that was there already."""
    history = foreign_runs.read_history(file, cell["run"]["reads"])
    epochs = cell["epochs"]
    if epochs is not None and len(history) < epochs and not cell["run"]["stops_early"]:
        raise LabError(
            f"{file}: has {len(history)} epochs, and the cell says {epochs}. Mend one of the two, "
            "or write stops_early: true."
        )
    history = history[[name for name in history if name != "seed"]]
    history.insert(0, "seed", seed)
    nothing = pd.DataFrame(columns=["seed", "name", "value"])
    return Outcome(history, pd.DataFrame(columns=ANSWERS), nothing, {})


def tail(output: Path, count: int = 15) -> str:
    """The last lines of a file, set in; a progress bar as a terminal would show it last."""
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    shown = [f"    {line}" for line in lines if line.strip()]
    return "\n".join(shown) or "    (it printed nothing)"


def gather(files: list[Path], cell: str, table: str) -> pd.DataFrame:
    """The tables of a cell's seeds, one below the other; LabError where their columns differ."""
    parts = [pd.read_csv(file) for file in files]
    filled = [part for part in parts if len(part)]
    if table in ("histories", "predictions") and filled:
        _check_columns(parts, cell, table)
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _check_columns(parts: list[pd.DataFrame], cell: str, table: str) -> None:
    filled = [part for part in parts if len(part)]
    having = {
        name: [part["seed"].iloc[0] for part in filled if name in part]
        for part in filled
        for name in part
    }
    if len(filled) < len(parts):
        those = ", ".join(str(seed) for seed in having["seed"][:MOST_NAMED])
        raise LabError(
            f"{cell}: of {len(parts)} seeds only {those} left {table}. Let the code write them in "
            "every run, or in none."
        )
    for name, seeds in having.items():
        lacking = [seed for seed in having["seed"] if seed not in seeds]
        if lacking:
            raise LabError(
                f"{cell}: the {table} of its seeds have not the same columns: {name} is in that of "
                f"seed {seeds[0]}, and not in that of seed {lacking[0]}. Let the code write the "
                "same ones in every run."
            )


def unlike(first: Mapping[str, Path], second: Outcome) -> list[str]:
    """What a second run of one seed left otherwise than the first, to the last digit; times aside.

    Parameters
    ----------
    first
        Files of the first run: `history`, `predictions`, `scalars`.
    second
        What the second one came to.

    Returns
    -------
    list of str
        Columns of the history and names of scalars, and "predictions"; empty where all is the same.
    """
    told = []
    for key, file in first.items():
        text = io.StringIO(getattr(second, key).to_csv(index=False))
        tables = [pd.read_csv(each, dtype=str, keep_default_na=False) for each in (file, text)]
        if key == "scalars":
            tables = [table.set_index("name")["value"].to_frame().T for table in tables]
        before, after = tables
        names = list(dict.fromkeys([*before, *after]))
        names = [name for name in names if not re.search(TIMES, name, re.I)]
        found = [
            name
            for name in names
            if name not in before or name not in after or list(before[name]) != list(after[name])
        ]
        told += (["predictions"] if found else []) if key == "predictions" else found
    return list(dict.fromkeys(told))


def check_seeds(histories: pd.DataFrame, cell: str) -> None:
    """LabError where two seeds of a cell have equal numbers throughout: its seed is not used."""
    columns = histories.columns[~histories.columns.str.contains(TIMES, case=False)].drop("seed")
    seen: dict[bytes, int] = {}
    each = histories[columns].groupby(histories["seed"])
    for seed, rows in each:
        if rows.isna().all().any():  # it has diverged at once, whatever its seed
            continue
        first = seen.setdefault(rows.to_numpy(dtype=float).tobytes(), seed)
        # one epoch of a coarse number can be equal by chance
        if first != seed and (rows.size > 8 or each.ngroups == 2):
            named = ", ".join(columns.drop("epoch")[:MOST_NAMED])
            raise LabError(
                f"{cell}: seeds {first} and {seed} give equal numbers in all columns "
                f"({named}), so the code does not use the seed, and intervals over such seeds "
                "would be of width 0. Seed it by {seed} or LABPROOF_SEED, or run it by python -m "
                "labproof.run, which seeds from outside. If nothing in it is random, write "
                "deterministic: true."
            )
