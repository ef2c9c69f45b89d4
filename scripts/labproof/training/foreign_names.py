"""What a user's code calls its numbers -> the lab's names and units, checked."""

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from labproof.errors import LabError

log = logging.getLogger(__name__)

# What versions of Keras have called one metric.
ACCURACY = "acc|binary_accuracy|categorical_accuracy|sparse_categorical_accuracy"


def renamed(scalars: dict, reads: Mapping) -> dict[str, float]:
    """Scalars under our names and in our units; `reads` as in `foreign_runs.read_run`."""
    columns, percent = reads.get("columns", {}), reads.get("percent", [])
    found = {}
    for name, value in scalars.items():
        ours = columns.get(name, name)
        found[ours] = value / 100 if name in percent or ours in percent else value
    names = _one_accuracy(found)
    return {names.get(name, name): value for name, value in found.items()}


def _one_accuracy(names: Iterable[str]) -> dict[str, str]:
    """acc -> accuracy, val_acc -> val_accuracy and the like, where nothing else is called so."""
    told = {}
    for name in names:
        if found := re.fullmatch(rf"((?:val_|evaluate\d*_)?)(?:{ACCURACY})", name):
            told.setdefault(f"{found[1]}accuracy", []).append(name)
    return {old[0]: new for new, old in told.items() if len(old) == 1 and new not in names}


def tidy(history: pd.DataFrame, reads: Mapping, source: Path) -> pd.DataFrame:
    """A history under our names and in our units; LabError where an epoch or a number is wrong.

    What is infinite becomes NaN, as what a diverging run has no value for, and is told in the log.
    """
    columns, percent = reads.get("columns", {}), reads.get("percent", [])
    for name in set(columns) & set(history):
        if columns[name] in history and columns[name] != name:
            raise LabError(
                f"{source}: has a column {columns[name]} beside {name}, which `columns` calls the "
                "same. Give one of them another name."
            )
    theirs = list(history.columns)
    history = history.rename(columns=columns)
    for old, new in zip(theirs, list(history.columns), strict=True):
        if old in percent or new in percent:
            history[new] = history[new] / 100
    history = history.rename(columns=_one_accuracy(history))
    _check(history, source)
    return history.where(np.isfinite(history))


def check_extent(
    history: pd.DataFrame, source: Path, epochs: int | None, needs: Collection[str]
) -> None:
    """LabError where a history lacks a column, or epochs at its end."""
    names = list(history.columns[1:])
    if missing := [name for name in needs if name not in names]:
        raise LabError(
            f"{source}: has no column {missing[0]}, which a sentence asks for; it has "
            f"{', '.join(names)}. Let the code write it, or say which it is by `reads: {{columns: "
            f"{{theirs: {missing[0]}}}}}`."
        )
    if epochs is not None and len(history) < epochs:
        raise LabError(
            f"{source}: has {len(history)} epochs instead of {epochs}. See in its output why it "
            "stopped; where it may stop early, write stops_early: true."
        )


def _check(history: pd.DataFrame, source: Path) -> None:
    expected = list(range(1, len(history) + 1))
    if history["epoch"].tolist() != expected:
        gap = next(x for x, y in zip(expected, history["epoch"], strict=True) if x != y)
        raise LabError(
            f"{source}: epoch {gap} is missing. Write one line an epoch, numbered from 0 or from 1."
        )
    for name in history.columns[1:]:
        broken = history.loc[~np.isfinite(history[name]), "epoch"]
        if len(broken):
            log.warning(
                "%s: %s is missing, NaN or infinite at epoch %d; a sentence about it stays "
                "undecided. Where the training has not diverged, let the code write a number at "
                "each epoch.",
                *(source, name, broken.iloc[0]),
            )
        known = history[name][np.isfinite(history[name])]
        if name.removeprefix("val_") == "accuracy" and (known > 1.0001).any():
            raise LabError(
                f"{source}: {name} is {known.max():g}, but a share is from 0 to 1. Where "
                f"it is in per cent, say `reads: {{percent: [{name}]}}`."
            )
