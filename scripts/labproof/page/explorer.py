"""What the page's explorer draws: every cell's curves as columns, and what was published of them.

It is a boundary of its own, beside `escaping`: it goes into the page packed, as data, and the
explorer's script puts a lab's text into the page by ways that make no HTML of it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
from scipy.special import stdtrit

from labproof import tables
from labproof.lab import published as numbers
from labproof.lab import vocabulary
from labproof.page import vega

DIGITS = 6  # Keras computes in float32, which has seven
NOT_DRAWN = ("seed", "epoch")
WRITTEN = {name: case for case, name in vocabulary.CASES.items()}


def packed(lab: Mapping, histories: Mapping[str, Path], published: Path | str | None) -> str:
    """`data` of these files, as the page takes it; empty where there is no history."""
    found = {name: tables.read(path) for name, path in histories.items()}
    found = {name: history for name, history in found.items() if history is not None}
    told = pd.DataFrame(numbers.read(published), columns=numbers.COLUMNS)
    found = data(lab, found, told)
    return vega.packed(json.dumps(found, separators=(",", ":"))) if found["cells"] else ""


def data(lab: Mapping, histories: Mapping[str, pd.DataFrame], published: pd.DataFrame) -> dict:
    """Curves, published finals and Student's t of the intervals.

    Parameters
    ----------
    lab
        The resolved lab, its text as it was written.
    histories
        Cell -> seed, epoch (from 1, without gaps) and any further columns, of which those of
        numbers are drawn.
    published
        cell, group, metric (a column's name) and value, one run each.

    Returns
    -------
    dict
        `cells`: of each its name, label, task, seeds and `columns`, of each column one list a seed,
        its values in the order of the epochs, to six digits and None where not finite.
        `published`: the rows with a value. `t`: by the number of seeds, the factor of the standard
        error in a 95 % interval; None below two.
    """
    cells = [
        {
            "name": name,
            "label": lab["cells"][name].get("label") or name,
            "task": lab["cells"][name]["task"],
            "seeds": sorted(history["seed"].unique().tolist()),
            "columns": columns(history),
        }
        for name, history in histories.items()
    ]
    most = max((len(cell["seeds"]) for cell in cells), default=0)
    told = published[published["cell"].isin(list(histories)) & published["value"].notna()]
    return {
        "cells": cells,
        "published": told[["cell", "group", "metric", "value"]].to_dict("records"),
        "t": [float(stdtrit(n - 1, 0.975)) if n > 1 else None for n in range(most + 1)],
    }


def address(cells: Sequence[str], measure: str = "") -> str:
    """Where the explorer shows these cells, and what the measure is taken of; empty for no cell.

    Parameters
    ----------
    cells
        Names of cells that are drawn.
    measure
        The name of a measure. One that is not of a column leaves to the explorer what it shows.
    """
    _, of = vocabulary.split(WRITTEN.get(measure, measure))
    shown = {"show": of.split(" - ")[0].removeprefix("val_")} if of else {}
    return "#" + urlencode({"explore": " ".join(cells), **shown}) if cells else ""


def columns(history: pd.DataFrame) -> dict[str, list[list[float | None]]]:
    """The columns of numbers of one cell's history: of each, one list a seed."""
    ordered = history.sort_values(["seed", "epoch"])
    return {
        name: [
            [_short(value) for value in values.tolist()]
            for _, values in ordered.groupby("seed")[name]
        ]
        for name in history
        if name not in NOT_DRAWN and pd.api.types.is_numeric_dtype(history[name])
    }


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
